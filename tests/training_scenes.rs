//! What is seen of pictures while a network learns, and where their objects are in that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::{
    Picture, Shape, Tensor,
    low_level::{
        model::random::Random,
        train::{
            augment::{AugmentKeys, Mixup, Mosaic, Spread},
            darknet_loss::Truth,
            scene::{LeastBox, SceneKind, ScenePiece, TrainingScene},
            variation::Variation,
        },
    },
};

/// A picture whose red says the column and whose green the row; red and green stay what they are in other colours' absence.
fn gradient(width: usize, height: usize) -> Picture {
    let at = |n: usize| [(n % width * 255 / (width - 1)) as u8, (n / width * 255 / (height - 1)) as u8, 0, 255];
    Picture { width, height, rgba: (0..width * height).flat_map(at).collect() }
}

/// The scene of a single look.
fn scene(variation: Variation, canvas: (usize, usize)) -> TrainingScene {
    let piece = ScenePiece { picture: 0, area: [0.0, 0.0, canvas.0 as f64, canvas.1 as f64], variation };
    TrainingScene { layers: vec![(1.0, vec![piece])], ..TrainingScene::plain((1, 1), canvas, false) }
}

#[test]
fn boxes_go_where_their_pixels_go() {
    let (width, height) = (120, 80);
    let picture = gradient(width, height);
    let keys = AugmentKeys { jitter: 0.3, resize: 1.5, flip: true, ..AugmentKeys::default() };
    let shape = Shape::new(3, 48, 64);
    let (mut flipped, mut beyond) = (0, 0);
    for seed in 0..40 {
        for letterbox in [false, true] {
            let seen = Variation::drawn(&keys, (width, height), (64, 48), letterbox, &mut Random::new(seed));
            let input = scene(seen, (64, 48)).input(&[&picture], shape);
            let object = [0.5, 0.5, 0.1, 0.1];
            let truths = scene(seen, (64, 48)).truths(&[vec![(4, object)]], &[(width, height)]);
            let [truth] = truths[..] else { continue };
            assert_eq!(truth.class, 4);
            // The middle of the box is the middle of the picture, whatever was done to both.
            let at = |side: f64, n: usize| ((side * n as f64) as usize).min(n - 1);
            let (x, y) = (at(truth.cx, shape.w), at(truth.cy, shape.h));
            let whole = |side: f64, length: f64| side - length / 2.0 > 0.0 && side + length / 2.0 < 1.0;
            if whole(truth.cx, truth.w) && whole(truth.cy, truth.h) {
                let (red, green) = (input.at(0, y, x), input.at(1, y, x));
                let step = [seen.crop[2] / 64.0 / width as f64, seen.crop[3] / 48.0 / height as f64];
                assert!((f64::from(red) - 0.5).abs() < step[0] + 0.01, "seed {seed}: {red} at {x}, {y} of {seen:?}");
                assert!(
                    (f64::from(green) - 0.5).abs() < step[1] + 0.01,
                    "seed {seed}: {green} at {x}, {y} of {seen:?}"
                );
            }
            flipped += usize::from(seen.flip);
            // Beyond the picture it is grey, in blue too, of which the picture has none.
            beyond += usize::from(input.plane(2).contains(&0.5));
        }
    }
    assert!((20..60).contains(&flipped) && beyond > 10, "{flipped} flipped, {beyond} beyond");
}

#[test]
fn what_is_not_varied_is_the_picture() {
    let picture = gradient(64, 48);
    let none = TrainingScene::plain((64, 48), (64, 48), true);
    let input = none.input(&[&picture], Shape::new(3, 48, 64));
    for (n, pixel) in picture.rgba.chunks(4).enumerate() {
        let found = [0, 1, 2].map(|c| input.plane(c)[n]);
        assert_eq!(found, [0, 1, 2].map(|c| f32::from(pixel[c]) / 255.0));
    }
    let truths = none.truths(&[vec![(0, [0.25, 0.5, 0.2, 0.4])]], &[(64, 48)]);
    assert!((truths[0].cx - 0.25).abs() < 1e-12 && (truths[0].h - 0.4).abs() < 1e-12);
    // A tall picture lies in the middle of a square canvas.
    let tall = Variation::none((50, 100), (64, 64), true);
    assert_eq!(tall.crop, [-25.0, 0.0, 100.0, 100.0]);
}

#[test]
fn colours_turn_round_and_light_is_bounded() {
    let red = Picture { width: 1, height: 1, rgba: vec![255, 0, 0, 255] };
    let seen = |hue: f64, saturation: f64, exposure: f64| {
        let plain = Variation::none((1, 1), (1, 1), false);
        let varied = Variation { hue, saturation, exposure, ..plain };
        scene(varied, (1, 1)).input(&[&red], Shape::new(3, 1, 1)).data
    };
    let near = |found: Vec<f32>, right: [f32; 3]| {
        assert!(found.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}, expected {right:?}");
    };
    near(seen(1.0 / 3.0, 1.0, 1.0), [0.0, 1.0, 0.0]);
    // A hue below none is one from the other end.
    near(seen(-1.0 / 3.0, 1.0, 1.0), [0.0, 0.0, 1.0]);
    near(seen(0.0, 0.5, 1.0), [1.0, 0.5, 0.5]);
    near(seen(0.0, 1.0, 0.5), [0.5, 0.0, 0.0]);
    near(seen(0.0, 2.0, 2.0), [1.0, 0.0, 0.0]);
}

/// Where the object of every one of these pictures is: class, centre, width and height.
const OBJECTS: [[f64; 4]; 4] =
    [[0.5, 0.5, 0.5, 0.4], [0.3, 0.6, 0.3, 0.5], [0.6, 0.4, 0.6, 0.3], [0.5, 0.5, 0.25, 0.75]];

/// A blue picture with a red object; its green says which one it is.
fn numbered(n: usize, (width, height): (usize, usize)) -> Picture {
    let [cx, cy, w, h] = OBJECTS[n % 4];
    let within = |at: usize, side: usize, centre: f64, length: f64| {
        ((at as f64 + 0.5) / side as f64 - centre).abs() < length / 2.0
    };
    let pixel = |at: usize| {
        let inside = within(at % width, width, cx, w) && within(at / width, height, cy, h);
        [if inside { 255 } else { 0 }, (n * 30) as u8, 255, 255]
    };
    Picture { width, height, rgba: (0..width * height).flat_map(pixel).collect() }
}

const CANVAS: (usize, usize) = (96, 64);

/// A scene of four pictures of their own sizes: what is seen, and the truths, whose class is the picture's number.
fn of_four(keys: &AugmentKeys, letterbox: bool, seed: u64) -> (TrainingScene, Tensor, Vec<Truth>) {
    let sizes = [(120, 80), (60, 90), (100, 100), (80, 120)];
    let pictures: Vec<Picture> = (0..4).map(|n| numbered(n, sizes[n])).collect();
    let objects: Vec<Vec<(usize, [f64; 4])>> = (0..4).map(|n| vec![(n, OBJECTS[n])]).collect();
    let kind = SceneKind { layers: 1, mosaic: true };
    let scene = TrainingScene::drawn(kind, keys, &sizes, CANVAS, letterbox, &mut Random::new(seed));
    let input = scene.input(&pictures.iter().collect::<Vec<_>>(), Shape::new(3, CANVAS.1, CANVAS.0));
    let truths = scene.truths(&objects, &sizes);
    (scene, input, truths)
}

/// Red pixels of a picture: how many, and the box around those that are surely inside and surely not outside.
fn red(input: &Tensor, n: usize) -> Vec<(usize, usize)> {
    let own = |x: usize, y: usize| {
        let rgb = [0, 1, 2].map(|c| input.at(c, y, x));
        // Grey where no picture is; between two pictures nothing is mixed, inside one edges are.
        (rgb[1] - n as f32 * 30.0 / 255.0).abs() < 0.01 && rgb[0] > 0.5 && rgb[2] > 0.9
    };
    (0..CANVAS.1).flat_map(|y| (0..CANVAS.0).map(move |x| (x, y))).filter(|(x, y)| own(*x, *y)).collect()
}

fn check_mosaic(keys: &AugmentKeys, name: &str) {
    let (mut seen, mut cut) = (0, 0);
    for seed in 0..60 {
        for letterbox in [false, true] {
            let (scene, input, truths) = of_four(keys, letterbox, seed);
            for n in 0..4 {
                let pixels = red(&input, n);
                let place = format!("{name}, seed {seed}, picture {n} of {scene:?}");
                let Some(truth) = truths.iter().find(|truth| truth.class == n) else {
                    // What is not asked for is hardly there: cut off, or a few pixels.
                    let [_, _, w, h] = OBJECTS[n];
                    let piece = &scene.layers[0].1[n];
                    let [_, _, cw, ch] = piece.variation.crop;
                    let size = [(120, 80), (60, 90), (100, 100), (80, 120)][n];
                    let whole = w * size.0 as f64 / cw * h * size.1 as f64 / ch * (CANVAS.0 * CANVAS.1) as f64;
                    let few = 4.0 * (CANVAS.0 + CANVAS.1) as f64;
                    assert!(
                        (pixels.len() as f64) < (0.2 * whole + 40.0).min(few.max(0.2 * whole)),
                        "{} of {whole}: {place}",
                        pixels.len()
                    );
                    cut += 1;
                    continue;
                };
                seen += 1;
                let (w, h) = (CANVAS.0 as f64, CANVAS.1 as f64);
                let (left, right) = ((truth.cx - truth.w / 2.0) * w, (truth.cx + truth.w / 2.0) * w);
                let (top, bottom) = ((truth.cy - truth.h / 2.0) * h, (truth.cy + truth.h / 2.0) * h);
                // All of its pixels lie in the box, and it is full of them, but for a pixel at its sides.
                for (x, y) in &pixels {
                    let (x, y) = (*x as f64 + 0.5, *y as f64 + 0.5);
                    assert!(
                        x > left - 1.0 && x < right + 1.0 && y > top - 1.0 && y < bottom + 1.0,
                        "{x}, {y} outside {truth:?}: {place}"
                    );
                }
                let inside = (right - left - 2.0).max(0.0) * (bottom - top - 2.0).max(0.0);
                assert!(
                    pixels.len() as f64 >= 0.95 * inside - 4.0,
                    "{} pixels of {inside}: {place}, {truth:?}",
                    pixels.len()
                );
            }
        }
    }
    assert!(seen > 150 && cut > 20, "{name}: {seen} seen, {cut} cut off");
}

#[test]
fn boxes_of_a_mosaic_end_where_their_picture_does() {
    let varied = AugmentKeys { jitter: 0.2, resize: 1.3, flip: true, ..AugmentKeys::default() };
    check_mosaic(&AugmentKeys { mosaic: Mosaic::Corners, ..varied }, "Darknet's");
    check_mosaic(&AugmentKeys { mosaic: Mosaic::Zoomed { scale: 0.5, shift: 0.5 }, ..varied }, "the paper's");
}

#[test]
fn two_looks_are_seen_one_through_the_other() {
    let keys = AugmentKeys { mixup: Mixup::Halves, ..AugmentKeys::default() };
    let sizes = [(96, 64); 2];
    let pictures = [numbered(0, sizes[0]), numbered(2, sizes[1])];
    let kind = SceneKind { layers: 2, mosaic: false };
    let scene = TrainingScene::drawn(kind, &keys, &sizes, CANVAS, false, &mut Random::new(1));
    let input = scene.input(&[&pictures[0], &pictures[1]], Shape::new(3, 64, 96));
    for (n, (one, two)) in pictures[0].rgba.chunks(4).zip(pictures[1].rgba.chunks(4)).enumerate() {
        for c in 0..3 {
            let right = (f32::from(one[c]) + f32::from(two[c])) / 510.0;
            assert!((input.plane(c)[n] - right).abs() < 1e-5);
        }
    }
    let truths = scene.truths(&[vec![(0, OBJECTS[0])], vec![(2, OBJECTS[2])]], &sizes);
    assert_eq!(truths.iter().map(|truth| truth.class).collect::<Vec<_>>(), [0, 2]);
    // The paper's shares lie around a half: Beta(8, 8) has a standard deviation of .121.
    let keys = AugmentKeys { mixup: Mixup::Beta { odds: 1.0 }, ..keys };
    let share =
        |seed| f64::from(TrainingScene::drawn(kind, &keys, &sizes, CANVAS, false, &mut Random::new(seed)).layers[0].0);
    let shares: Vec<f64> = (0..2000).map(share).collect();
    let mean = shares.iter().sum::<f64>() / 2000.0;
    let deviation = (shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 2000.0).sqrt();
    assert!((mean - 0.5).abs() < 0.01 && (deviation - 0.1213).abs() < 0.006, "{mean} {deviation}");
}

#[test]
fn how_often_scenes_are_put_together() {
    let count = |keys: AugmentKeys| {
        let kinds = (0..4000).map(|seed| SceneKind::drawn(&keys, &mut Random::new(seed)));
        let (mut mosaics, mut mixed) = (0, 0);
        kinds.for_each(|kind| {
            mosaics += usize::from(kind.mosaic);
            mixed += usize::from(kind.layers == 2);
        });
        [mosaics as f64 / 4000.0, mixed as f64 / 4000.0]
    };
    let near = |found: [f64; 2], right: [f64; 2]| {
        assert!(found.iter().zip(right).all(|(a, b)| (a - b).abs() < 0.025), "{found:?}, expected {right:?}");
    };
    let of = |mosaic, mixup| AugmentKeys { mosaic, mixup, ..AugmentKeys::default() };
    near(count(of(Mosaic::Corners, Mixup::Never)), [0.5, 0.0]);
    near(count(of(Mosaic::Never, Mixup::Halves)), [0.0, 0.5]);
    near(count(of(Mosaic::Corners, Mixup::Halves)), [0.5, 0.0]);
    near(count(of(Mosaic::Zoomed { scale: 0.8, shift: 0.5 }, Mixup::Beta { odds: 0.2 })), [1.0, 0.2]);
}

#[test]
fn the_paper_leaves_small_rests_out() {
    let least = LeastBox::Part { pixels: 2.0, area: 0.2, aspect: 20.0 };
    let plain = Variation::none((100, 100), (100, 100), false);
    let seen = |object: [f64; 4]| {
        let scene = TrainingScene { least, ..scene(plain, (100, 100)) };
        scene.truths(&[vec![(0, object)]], &[(100, 100)]).len()
    };
    assert_eq!(seen([0.5, 0.5, 0.05, 0.05]), 1);
    assert_eq!(seen([0.5, 0.5, 0.015, 0.5]), 0, "narrower than two pixels");
    assert_eq!(seen([0.5, 0.5, 0.9, 0.04]), 0, "more than twenty times as wide as high");
    assert_eq!(seen([0.0, 0.5, 0.4, 0.4]), 1, "half of it is there");
    assert_eq!(seen([-0.15, 0.5, 0.4, 0.4]), 0, "an eighth of it is there");
    let factor = |factor: Spread, seed: u64| {
        let keys = AugmentKeys { saturation: factor, ..AugmentKeys::default() };
        Variation::drawn(&keys, (9, 9), (9, 9), false, &mut Random::new(seed)).saturation
    };
    let all = |of: Spread| {
        let mut drawn: Vec<f64> = (0..3000).map(|seed| factor(of, seed)).collect();
        drawn.sort_by(f64::total_cmp);
        [drawn[0], drawn[1500], drawn[2999]]
    };
    let near = |found: [f64; 3], right: [f64; 3]| {
        assert!(found.iter().zip(right).all(|(a, b)| (a - b).abs() < 0.03), "{found:?}, expected {right:?}");
    };
    near(all(Spread::Times(1.5)), [1.0 / 1.5, 1.0, 1.5]);
    near(all(Spread::Around(0.7)), [0.3, 1.0, 1.7]);
}
