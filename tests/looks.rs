//! Test-time augmentation: where its looks lie, that all players see them alike, and that their boxes are one list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::Path;

use yolov4::{
    Detection, Detector, DetectorBuilder, Picture, PlayerChoice, ResizeMode,
    low_level::{
        gpu::{Gpu, GpuOptions, Program, ProgramInput, ProgramOptions},
        host::{Candidate, Look, NmsKind, Placement, Thresholds},
        model::{CfgOptions, Model},
        oracle,
        tensor::Shape,
    },
};

const SCENE: &str = "assets/images/rain.jpg";

fn builder(player: PlayerChoice) -> DetectorBuilder {
    Detector::builder().model("demo").size((128, 96)).player(player).score_threshold(0.1)
}

/// As many, of the same classes and in the same places to a fraction of a pixel.
fn assert_alike(found: &[Detection], wanted: &[Detection], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: {found:?} and {wanted:?}");
    for (a, b) in found.iter().zip(wanted) {
        assert_eq!(a.class, b.class, "{what}");
        let sides = |d: &Detection| [d.bbox.x, d.bbox.y, d.bbox.w, d.bbox.h];
        let far = sides(a).iter().zip(sides(b)).any(|(p, q)| (p - q).abs() > 0.05);
        assert!(!far && (a.score - b.score).abs() < 1e-3, "{what}: {a:?} and {b:?}");
    }
}

#[test]
fn a_look_and_its_way_back_by_hand() {
    let looks = Look::augmented((416, 320));
    let covered: Vec<_> = looks.iter().map(|look| (look.covered, look.mirrored)).collect();
    assert_eq!(covered, [((416, 320), false), ((345, 265), true), ((278, 214), false)]);
    // A box a quarter from the left and a half from the top of the whole, a tenth wide.
    let whole = Candidate { x: 0.25, y: 0.5, w: 0.1, h: 0.2, score: 0.5, ..Candidate::default() };
    for look in looks {
        let (across, down) = (look.covered.0 as f32 / 416.0, look.covered.1 as f32 / 320.0);
        let x = if look.mirrored { 0.75 * across } else { 0.25 * across };
        let seen = Candidate { x, y: 0.5 * down, w: 0.1 * across, h: 0.2 * down, ..whole };
        let back = look.undo(seen);
        for (a, b) in [(back.x, whole.x), (back.y, whole.y), (back.w, whole.w), (back.h, whole.h)] {
            assert!((a - b).abs() < 1e-6, "{look:?}: {back:?}");
        }
    }
}

/// A picture of columns whose red is their number.
fn columns(width: usize, height: usize) -> Picture {
    let row = (0..width).flat_map(|x| [x as u8, 0, 0, 255]);
    Picture { width, height, rgba: row.collect::<Vec<u8>>().repeat(height) }
}

#[test]
fn a_look_shows_the_whole_canvas_smaller_mirrored_and_in_the_upper_left() {
    let picture = columns(200, 100);
    for mode in ResizeMode::ALL {
        let placement = Placement::new(mode, true, 200, 100, Shape::new(3, 100, 100));
        let whole = placement.resample(&picture);
        for look in Look::augmented((100, 100)) {
            let seen = placement.seen_by(&look).resample(&picture);
            let (columns, rows) = look.covered;
            for y in 0..100 {
                for x in 0..100 {
                    let value = seen.data[y * 100 + x];
                    let within = x < columns && y < rows;
                    // The rows of grey above and below the picture are a quarter of the canvas each; its border may be a pixel off.
                    let from_top = (y as f32 + 0.5) * 100.0 / rows as f32;
                    let shown = within && from_top > 27.0 && from_top < 73.0;
                    if shown {
                        let across = (x as f32 + 0.5) * 100.0 / columns as f32 - 0.5;
                        let at = if look.mirrored { 99.0 - across } else { across };
                        let (low, high) = (at.floor().clamp(0.0, 99.0), at.ceil().clamp(0.0, 99.0));
                        let of = |x: f32| whole.data[50 * 100 + x as usize];
                        let want = of(low) + (of(high) - of(low)) * (at - low);
                        assert!((value - want).abs() < 3e-3, "{mode} {look:?} at {x}, {y}: {value}, expected {want}");
                    } else if !within || !(23.0..77.0).contains(&from_top) {
                        assert_eq!(value, placement.fill, "{mode} {look:?} at {x}, {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn all_players_see_the_same_looks_in_every_mode() {
    for resize in ResizeMode::ALL {
        let find = |player| {
            let mut detector = builder(player).resize(resize).tta(true).build().unwrap();
            detector.detect(SCENE).unwrap().detections
        };
        let oracle = find(PlayerChoice::Oracle);
        assert!(!oracle.is_empty());
        assert_alike(&find(PlayerChoice::Gpu), &oracle, &format!("GPU, {resize}"));
        assert_alike(&find(PlayerChoice::Cpu), &oracle, &format!("processor, {resize}"));
        let plain = builder(PlayerChoice::Oracle).resize(resize).build().unwrap().detect(SCENE).unwrap().detections;
        assert_ne!(oracle, plain, "three looks find what one does");
    }
}

#[test]
fn a_batch_of_looks_is_what_each_picture_has_alone() {
    let pictures = ["assets/images/rain.jpg", "assets/images/night.jpg", "assets/images/avenue.jpg"];
    let mut alone = builder(PlayerChoice::Gpu).tta(true).build().unwrap();
    let mut batch = builder(PlayerChoice::Gpu).tta(true).batch(2).build().unwrap();
    assert_eq!((alone.batch(), batch.batch()), (1, 2));
    let together = batch.detect_batch(pictures.iter().copied()).unwrap();
    for (path, found) in pictures.iter().zip(&together) {
        assert_alike(&found.detections, &alone.detect(*path).unwrap().detections, path);
    }
}

#[test]
fn looks_that_the_host_has_resampled_give_the_same_boxes_and_their_numbers_are_their_own() {
    let mut detector = builder(PlayerChoice::Oracle).tta(true).build().unwrap();
    let picture = Picture::open(SCENE).unwrap();
    let model = Model::open(Path::new("demo"), &CfgOptions { size: Some((128, 96)), ..Default::default() }).unwrap();
    let (placement, _, thresholds) = detector.frame(picture.width, picture.height);
    let gpu = pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter");
    let options = ProgramOptions { tta: true, ..ProgramOptions::default() };
    let mut program = program(&gpu, &model, &options);
    let looks: Vec<_> = program.looks().iter().map(|look| placement.seen_by(look).resample(&picture)).collect();
    let mut find = |input: ProgramInput<'_>, thresholds| pollster::block_on(program.detect(input, thresholds)).unwrap();
    let by_gpu = find(ProgramInput::Picture(&picture, &placement), &thresholds);
    let by_host = find(ProgramInput::Looks(&looks), &thresholds);
    assert_eq!(by_gpu.len(), by_host.len());
    assert_eq!(by_gpu.len(), detector.detect(&picture).unwrap().len());
    for (a, b) in by_gpu.iter().zip(&by_host) {
        assert!((a.x - b.x).abs() < 1e-3 && (a.score - b.score).abs() < 1e-3 && a.index == b.index, "{a:?} {b:?}");
    }
    // Without NMS every box of every look is there, under a number of its own.
    let all = find(ProgramInput::Looks(&looks), &Thresholds { iou_threshold: 1.0, kind: NmsKind::Iou, ..thresholds });
    let mut plain = self::program(&gpu, &model, &ProgramOptions::default());
    let heads = looks.iter().map(|look| pollster::block_on(plain.play(look, &[])).unwrap().heads);
    let (mut wanted, mut boxes) = (Vec::new(), 0);
    for (heads, look) in heads.zip(Look::augmented(model.graph.canvas())) {
        let seen = oracle::decode(&model.graph, &heads, thresholds.score_threshold, &[]);
        wanted.extend(seen.into_iter().map(|c| look.undo(Candidate { index: c.index + boxes, ..c })));
        boxes +=
            model.graph.heads.iter().zip(&heads).map(|(h, t)| h.anchors.len() * t.shape.pixels()).sum::<usize>() as u32;
    }
    let numbers = |list: &[Candidate]| {
        let mut numbers: Vec<(u32, u32)> = list.iter().map(|c| (c.index, c.class)).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&all), numbers(&wanted));
    let tensor = &looks[..1];
    let error = pollster::block_on(program.detect(ProgramInput::Looks(tensor), &thresholds)).unwrap_err();
    assert!(error.to_string().contains("one a look, 3"), "{error}");
}

fn program(gpu: &Gpu, model: &Model, options: &ProgramOptions) -> Program {
    let mut model = model.clone();
    let params = model.take_params(&Default::default()).unwrap();
    pollster::block_on(Program::new(gpu, &model.graph, params, options, &mut |_, _| {})).unwrap()
}
