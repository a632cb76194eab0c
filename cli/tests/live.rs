//! The chain on the GPU: nothing is read back that nobody asked for, nothing grows, what is lost is built again, and what is
//! drawn is what is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use yolov4::{
    BoxPx, Detection, Detector, DetectorBuilder, Error, Gpu, Picture, PlayerChoice, Precision, Result,
    low_level::{
        detect::draw,
        gpu::{DeviceRequirements, GpuOptions},
        host::Candidate,
        kernels::rank::MAX_DRAWN,
        video::{Colour, Frame, FrameFormat, Next, Source, Spec},
        view::{
            Bell, Boxes, Chain, FrameInput, IN_FLIGHT, Live, LiveChain, LiveOptions, Offscreen, Pace, SceneSource,
            Summary, View,
        },
    },
};
use yolov4_cli::viewer::{DetectorFactory, Display, ModelRequest, Session, SessionOptions, Stop, run_headless};

const NIGHT: &[u8] = include_bytes!("../../assets/images/night.jpg");
const CROSSING: &[u8] = include_bytes!("../../assets/images/crossing.jpg");

fn gpu() -> Gpu {
    let requirements = DeviceRequirements { timestamps: true, ..DeviceRequirements::default() };
    pollster::block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() })).expect("a GPU adapter")
}

fn detector(gpu: &Gpu) -> Detector {
    of_size(gpu, 160)
}

fn of_size(gpu: &Gpu, side: usize) -> Detector {
    let builder = Detector::builder().model("demo").size((side, side)).device(gpu.clone());
    builder.build().unwrap()
}

fn picture(bytes: &[u8]) -> Picture {
    Picture::decode(bytes, "scene", true).unwrap()
}

/// Every fourth pixel of every fourth row: enough to see whether anything grows.
fn quarter(picture: &Picture) -> Picture {
    let (width, height) = (picture.width / 4, picture.height / 4);
    let pixel = |i: usize| (i / width * picture.width + i % width) * 16;
    let rgba = (0..width * height).flat_map(|i| picture.rgba[pixel(i)..pixel(i) + 4].to_vec()).collect();
    Picture { width, height, rgba }
}

fn frame(picture: &Picture, number: u64) -> Frame {
    Frame {
        width: picture.width,
        height: picture.height,
        format: FrameFormat::Rgba8,
        colour: Colour::JPEG,
        data: picture.rgba.clone(),
        pts: Duration::from_millis(40 * number),
        captured: Instant::now(),
    }
}

/// A source of given pictures in turn, `left` of them.
struct Scenes {
    pictures: Vec<Picture>,
    next: u64,
    left: u64,
}

impl Scenes {
    fn new(pictures: Vec<Picture>, left: u64) -> Box<Self> {
        Box::new(Self { pictures, next: 0, left })
    }
}

impl Source for Scenes {
    fn next(&mut self) -> Result<Next> {
        if self.next == self.left {
            return Ok(Next::End);
        }
        let number = self.next;
        self.next += 1;
        Ok(Next::Frame(frame(&self.pictures[number as usize % self.pictures.len()], number)))
    }

    fn describe(&self) -> String {
        "scenes".into()
    }

    fn rate(&self) -> Option<f64> {
        Some(25.0)
    }
}

struct Bench;

impl DetectorFactory for Bench {
    fn gpu(&self, _: Option<Display>) -> Result<Option<Gpu>> {
        Ok(Some(gpu()))
    }

    fn detector(&self, gpu: Option<&Gpu>, _: &ModelRequest) -> Result<Detector> {
        Ok(detector(gpu.unwrap()))
    }

    fn requests(&self) -> Vec<ModelRequest> {
        vec![request()]
    }
}

fn request() -> ModelRequest {
    ModelRequest { model: "demo".into(), weights: None, precision: Precision::F32 }
}

fn options() -> SessionOptions {
    SessionOptions { pace: Pace { every: true, ..Pace::default() }, ..SessionOptions::new(Spec::Stdin) }
}

/// Plays to the end; the boxes of every frame, as far as they were read back.
fn play(source: Box<dyn Source>, options: SessionOptions) -> (Summary, Vec<Vec<Detection>>) {
    let bell = Bell::default();
    let mut session = Session::new(Arc::new(Bench), request(), source, options, bell.wake()).unwrap();
    let mut found = Vec::new();
    let summary = run_headless(&mut session, &bell, &Stop::default(), &mut |outcomes, said| {
        assert!(said.iter().all(|line| line.starts_with("first frame after ")), "{said:?}");
        found.extend(outcomes.iter().filter_map(|o| o.detections.clone()));
        Ok(())
    });
    (summary.unwrap(), found)
}

/// Resident memory, in bytes.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split_whitespace().nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

/// Buffers, textures, bind groups and texture views that the device holds.
fn held(gpu: &Gpu) -> [usize; 4] {
    let report = gpu.origin().unwrap().0.generate_report().expect("a report");
    let hub = report.hub_report();
    [&hub.buffers, &hub.textures, &hub.bind_groups, &hub.texture_views].map(|r| r.num_allocated)
}

/// Memory is counted for the whole process, so whoever counts it plays alone.
static ALONE: RwLock<()> = RwLock::new(());

#[test]
fn five_hundred_frames_leave_no_trace() {
    let _turn = ALONE.write().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let bell = Bell::default();
    let mut live =
        pollster::block_on(Live::new(of_size(&gpu, 96), &LiveOptions { wants_boxes: false, wake: bell.wake() }))
            .unwrap();
    let pictures = [NIGHT, CROSSING].map(|bytes| quarter(&picture(bytes)));
    let mut screen = Offscreen::new(&gpu, &live.detector().class_names(), draw::FONT, (320, 240), 14.0).unwrap();
    let (mut before, mut done) = (None, 0);
    for number in 0..500 {
        while live.in_flight() >= IN_FLIGHT {
            bell.wait(Duration::from_millis(20));
            done += live.poll().unwrap().len();
        }
        live.submit(&frame(&pictures[number as usize % 2], number), number).unwrap();
        let view = View { size: (320, 240), slot: live.newest(), boxes: Boxes::OnGpu, panel: &[], mirror: false };
        screen.draw(&live, &view).unwrap();
        if number == 50 {
            before = Some((held(&gpu), resident(), gpu.readbacks()));
        }
    }
    done += live.finish().unwrap().len();
    assert_eq!(done, 500);
    let (held_before, resident_before, readbacks_before) = before.unwrap();
    println!("held {held_before:?} -> {:?}, resident {resident_before:?} -> {:?}", held(&gpu), resident());
    assert_eq!(held(&gpu), held_before, "buffers, textures, bind groups, views");
    assert_eq!(gpu.readbacks().results, 0, "nobody asked for anything");
    assert_eq!(readbacks_before.results, 0);
    assert!(gpu.readbacks().telemetry >= 499, "{:?}", gpu.readbacks());
    if let (Some(before), Some(after)) = (resident_before, resident()) {
        assert!(after < before + (16 << 20), "memory grew from {before} to {after} bytes");
    }
    // And the counter is no ornament: asked for once, it rises.
    live.want_boxes(true);
    live.submit(&frame(&pictures[0], 500), 500).unwrap();
    live.finish().unwrap();
    assert_eq!(gpu.readbacks().results, 1);
}

#[test]
fn boxes_of_a_video_are_those_of_its_pictures() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let pictures = vec![picture(NIGHT), picture(CROSSING)];
    let mut alone = detector(&gpu());
    let want: Vec<Vec<Detection>> = pictures.iter().map(|p| alone.detect(p).unwrap().detections).collect();
    assert!(want.iter().all(|found| !found.is_empty()));
    let (summary, found) = play(Scenes::new(pictures, 7), SessionOptions { wants_boxes: true, ..options() });
    assert_eq!((summary.captured, summary.shown, summary.dropped), (7, 7, 0));
    assert_eq!(summary.readbacks, 7);
    for (number, found) in found.iter().enumerate() {
        assert_eq!(found, &want[number % 2], "frame {number}");
    }
}

#[test]
fn a_video_that_changes_its_size_goes_on() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let (large, small) = (picture(NIGHT), Picture { width: 2, height: 1, rgba: vec![9; 8] });
    let (summary, found) = play(Scenes::new(vec![large, small], 6), SessionOptions { wants_boxes: true, ..options() });
    assert_eq!((summary.shown, found.len()), (6, 6));
    assert!(!found[4].is_empty() && found[5].is_empty());
    assert_eq!(found[0], found[4]);
}

#[test]
fn a_lost_device_is_built_again_and_counted() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let pictures = vec![picture(NIGHT)];
    let options = SessionOptions { wants_boxes: true, lose_device_at: Some(5), ..options() };
    let (summary, found) = play(Scenes::new(pictures, 12), options);
    assert_eq!((summary.captured, summary.shown, summary.devices_lost), (12, 12, 1));
    // The one or two that were in flight are gone.
    assert!(found.len() >= 12 - IN_FLIGHT, "{} frames came back", found.len());
    assert_eq!(found.first(), found.last());
}

/// A buffer on the GPU.
fn bytes(gpu: &Gpu, buffer: &wgpu::Buffer) -> Vec<u8> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let size = buffer.size();
    let copy =
        gpu.device().create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
    let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 0, &copy, 0, None);
    gpu.queue().submit([encoder.finish()]);
    copy.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    copy.get_mapped_range(..).unwrap().to_vec()
}

/// The boxes of the newest frame, a picture, as they lie on the GPU to be drawn, best first.
fn drawn(live: &Live, picture: &Picture) -> Vec<Detection> {
    let (places, args) = pollster::block_on(live.rank().read(live.gpu())).unwrap();
    assert_eq!(args[1] as usize % places.len().max(1), 0, "as many quads for each box");
    let kept: Vec<Candidate> = bytemuck::pod_collect_to_vec(&bytes(live.gpu(), live.kept().unwrap()));
    // The counter comes first, as long as a box.
    let boxes: Vec<Candidate> = places.iter().map(|place| kept[1 + place]).collect();
    live.detector().detections(&boxes, &live.to_image((picture.width, picture.height)))
}

#[test]
fn more_candidates_than_room_are_found_again_with_room() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let build = |conf| {
        let builder = Detector::builder().model("demo").device(gpu.clone()).score_threshold(conf).iou_threshold(1.0);
        builder.build().unwrap()
    };
    let picture = picture(NIGHT);
    let want = build(4e-6).detect(&picture).unwrap().detections;
    assert!(want.len() > 1024, "only {} boxes", want.len());
    let bell = Bell::default();
    let mut live =
        pollster::block_on(Live::new(build(4e-6), &LiveOptions { wants_boxes: true, wake: bell.wake() })).unwrap();
    // Two in flight: both find too little room.
    live.submit(&frame(&picture, 0), 0).unwrap();
    live.submit(&frame(&picture, 1), 1).unwrap();
    assert_eq!(live.finish().unwrap().iter().map(|f| f.number).collect::<Vec<_>>(), [0, 1]);
    for outcome in live.outcomes() {
        assert_eq!(outcome.detections.unwrap(), want, "frame {}", outcome.number);
    }
}

#[test]
fn a_frame_that_nobody_reads_is_drawn_with_all_boxes() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let picture = picture(NIGHT);
    let builder = Detector::builder().model("demo").device(gpu.clone()).iou_threshold(1.0);
    let mut alone = builder.build().unwrap();
    let many = 4e-6;
    // Of two in flight it is the second that is drawn: submitted before the first one made room, whether it needs it or not.
    for confs in [&[many][..], &[many, many], &[many, 0.25]] {
        alone.set_thresholds(confs[confs.len() - 1], 1.0);
        let mut want = alone.detect(&picture).unwrap().detections;
        assert!(confs.ends_with(&[0.25]) && !want.is_empty() || want.len() > MAX_DRAWN, "only {} boxes", want.len());
        want.truncate(MAX_DRAWN);
        let builder = Detector::builder().model("demo").device(gpu.clone());
        let options = LiveOptions { wants_boxes: false, wake: Bell::default().wake() };
        let mut live = pollster::block_on(Live::new(builder.build().unwrap(), &options)).unwrap();
        let before = gpu.readbacks().results;
        for (number, conf) in confs.iter().enumerate() {
            live.detector_mut().set_thresholds(*conf, 1.0);
            live.submit(&frame(&picture, number as u64), number as u64).unwrap();
        }
        assert!(!live.catch_up().unwrap(), "{confs:?}: what is drawn when it is submitted is not fresh");
        let done: Vec<u64> = live.finish().unwrap().iter().map(|f| f.number).collect();
        assert!(done.iter().copied().eq(0..confs.len() as u64), "{confs:?}: each frame counts once: {done:?}");
        assert_eq!(gpu.readbacks().results, before, "{confs:?}: nobody reads boxes");
        let found = drawn(&live, &picture);
        assert!(found == want, "{confs:?}: {} boxes are drawn instead of {}, or others", found.len(), want.len());
        assert!(live.catch_up().unwrap(), "{confs:?}: it must be drawn once more");
        assert!(!live.catch_up().unwrap(), "{confs:?}: and no more");
        assert!(live.outcomes().iter().map(|outcome| outcome.number).eq(0..confs.len() as u64), "{confs:?}");
    }
}

#[test]
fn an_older_frame_that_is_run_again_takes_no_boxes_from_the_newest() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let (crowded, other) = (picture(NIGHT), picture(CROSSING));
    let mut alone = detector(&gpu);
    let want = alone.detect(&other).unwrap().detections;
    alone.set_thresholds(0.0, 1.0);
    let all = alone.detect(&crowded).unwrap();
    assert!(all.len() > 1024, "only {} boxes", all.len());
    let bell = Bell::default();
    let options = LiveOptions { wants_boxes: false, wake: bell.wake() };
    let mut live = pollster::block_on(Live::new(detector(&gpu), &options)).unwrap();
    let usual = live.detector().thresholds();
    // The first makes room. The second has flown with too little, and comes back when the third flies with enough.
    live.detector_mut().set_thresholds(0.0, 1.0);
    live.submit(&frame(&crowded, 0), 0).unwrap();
    live.want_boxes(true);
    live.submit(&frame(&crowded, 1), 1).unwrap();
    while live.poll().unwrap().is_empty() {
        bell.wait(Duration::from_millis(1));
    }
    live.detector_mut().set_thresholds(usual.0, usual.1);
    live.want_boxes(false);
    live.submit(&frame(&other, 2), 2).unwrap();
    live.finish().unwrap();
    assert_eq!(drawn(&live, &other), want);
    let read: Vec<bool> = live.outcomes().iter().map(|outcome| outcome.detections.is_some()).collect();
    assert_eq!(read, [false, true, false], "whoever has asked gets boxes");
}

#[test]
fn pixels_from_elsewhere_give_the_same_boxes_and_classes_can_change() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let picture = picture(CROSSING);
    let want = detector(&gpu).detect(&picture).unwrap().detections;
    let bell = Bell::default();
    let options = LiveOptions { wants_boxes: true, wake: bell.wake() };
    let mut live = pollster::block_on(Live::new(detector(&gpu), &options)).unwrap();
    let show = |live: &mut Live, number| {
        let mut fill = |texture: &wgpu::Texture| {
            let (w, h) = (picture.width as u32, picture.height as u32);
            let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * w), rows_per_image: Some(h) };
            gpu.queue().write_texture(texture.as_image_copy(), &picture.rgba, layout, texture.size());
            Ok(())
        };
        let shot = FrameInput::Outside { size: (picture.width, picture.height), fill: &mut fill };
        pollster::block_on(live.start(shot, number, false)).unwrap();
        live.finish().unwrap();
        live.outcomes().remove(0).detections.unwrap()
    };
    assert_eq!(show(&mut live, 0), want);
    live.detector_mut().set_classes(&["yield".to_owned()]).unwrap();
    let only: Vec<_> = want.iter().filter(|d| d.name == "yield").cloned().collect();
    assert!(!only.is_empty() && only.len() < want.len());
    assert_eq!(show(&mut live, 1), only);
    let refused = live.detector_mut().set_classes(&["elephant".to_owned()]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "there is no class `elephant` among the 10: stop, yield, no entry, speed limit, warning, priority road, direction, parking, red light, green light"
    );
    // What cannot be put in is no frame.
    let mut fail = |_: &wgpu::Texture| Err(Error::source("the frame", "is gone"));
    let shot = FrameInput::Outside { size: (8, 8), fill: &mut fail };
    assert!(pollster::block_on(live.start(shot, 2, false)).is_err());
    assert_eq!(live.flying(), 0);
}

/// A network that sees both of its classes everywhere, at one place each, the first with the higher score.
fn doubles() -> DetectorBuilder {
    let cfg = "[net]\nwidth=64\nheight=64\nchannels=3\n\
        [convolutional]\nfilters=7\nsize=1\nstride=32\npad=0\nactivation=linear\n\
        [yolo]\nmask=0\nanchors=16,16\nclasses=2\nnum=1\n";
    // Version 0.2 and pictures seen; then biases and weights of the convolution.
    let head = [0_u32, 2, 0, 0, 0].map(f32::from_bits);
    let bias = [0.0, 0.0, 0.0, 0.0, 3.0, 3.0, 2.0];
    let floats: Vec<f32> = head.into_iter().chain(bias).chain([0.0; 21]).collect();
    let weights = floats.iter().flat_map(|f| f.to_le_bytes()).collect();
    let builder = Detector::builder().file("doubles.cfg", cfg.into()).file("doubles.weights", weights);
    builder.model("doubles.cfg").weights("doubles.weights")
}

#[test]
fn a_class_that_nobody_wants_silences_nothing() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let picture = Picture { width: 64, height: 64, rgba: vec![128; 64 * 64 * 4] };
    let classes = |found: &[Detection]| found.iter().map(|d| d.class).collect::<Vec<_>>();
    for player in [PlayerChoice::Gpu, PlayerChoice::Oracle] {
        let found = |agnostic: bool, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|class| (*class).to_owned()).collect();
            let builder = doubles().device(gpu.clone()).player(player).batch(2).agnostic(agnostic).classes(wanted);
            let mut detector = builder.build().unwrap();
            let [first, second] = &detector.detect_batch([&picture; 2]).unwrap()[..] else {
                panic!("two pictures");
            };
            assert_eq!(first, second, "pictures of a batch");
            classes(first)
        };
        assert_eq!(found(false, &[]), [0, 0, 0, 0, 1, 1, 1, 1], "{player:?}");
        assert_eq!(found(true, &[]), [0; 4], "{player:?}");
        assert_eq!(found(false, &["1"]), [1; 4], "{player:?}");
        assert_eq!(found(true, &["1"]), [1; 4], "{player:?}: class 0 is not wanted, and silences class 1 all the same");
    }
    // From one frame to the next.
    let bell = Bell::default();
    let detector = doubles().device(gpu.clone()).agnostic(true).build().unwrap();
    let options = LiveOptions { wants_boxes: true, wake: bell.wake() };
    let mut live = pollster::block_on(Live::new(detector, &options)).unwrap();
    for (number, (wanted, want)) in [(None, 0), (Some("1"), 1), (Some("0"), 0)].into_iter().enumerate() {
        let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        live.detector_mut().set_classes(&wanted).unwrap();
        live.submit(&frame(&picture, number as u64), number as u64).unwrap();
        live.finish().unwrap();
        let found = live.outcomes().remove(0).detections.unwrap();
        assert_eq!(classes(&found), [want; 4], "frame {number}");
        assert_eq!(classes(&drawn(&live, &picture)), [want; 4], "frame {number}");
    }
    // And a frame that stands still.
    live.detector_mut().set_classes(&["1".to_owned()]).unwrap();
    live.again().unwrap();
    live.finish().unwrap();
    assert_eq!(classes(&drawn(&live, &picture)), [1; 4]);
}

/// A picture and its boxes, left and right exchanged.
fn mirrored(picture: &Picture, found: &[Detection]) -> (Picture, Vec<Detection>) {
    let rows = picture.rgba.chunks(4 * picture.width);
    let rgba = rows.flat_map(|row| row.chunks(4).rev().flatten()).copied().collect();
    let turn = |d: &Detection| {
        let x = picture.width as f32 - d.bbox.x - d.bbox.w;
        Detection { bbox: BoxPx { x, ..d.bbox }, ..d.clone() }
    };
    (Picture { rgba, ..picture.clone() }, found.iter().map(turn).collect())
}

#[test]
fn what_the_gpu_draws_is_what_the_host_draws() {
    let _turn = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let gpu = gpu();
    let bell = Bell::default();
    for (bytes, mirror) in [(NIGHT, false), (CROSSING, false), (NIGHT, true), (CROSSING, true)] {
        let picture = picture(bytes);
        let found = detector(&gpu).detect(&picture).unwrap().detections;
        // In a mirror the boxes change sides with the picture; their text does not.
        let host = if mirror { mirrored(&picture, &found) } else { (picture.clone(), found.clone()) };
        let host = draw::draw(&host.0, &host.1).unwrap().into_raw();
        let mut live =
            pollster::block_on(Live::new(detector(&gpu), &LiveOptions { wants_boxes: false, wake: bell.wake() }))
                .unwrap();
        let size = (picture.width as u32, picture.height as u32);
        let mut screen = Offscreen::new(&gpu, &live.detector().class_names(), draw::FONT, size, 14.0).unwrap();
        live.submit(&frame(&picture, 0), 0).unwrap();
        screen.shoot(&live, &View { size, slot: live.newest(), boxes: Boxes::OnGpu, panel: &[], mirror }).unwrap();
        live.finish().unwrap();
        let gpu_pixels = screen.take().unwrap().remove(0).rgba;
        // Blending rounds once on either side.
        let differ = |(a, b): &(&[u8], &[u8])| a[..3].iter().zip(&b[..3]).any(|(x, y)| x.abs_diff(*y) > 1);
        let wrong = host.chunks(4).zip(gpu_pixels.chunks(4)).enumerate().filter(|(_, p)| differ(p));
        let wrong: Vec<_> = wrong.map(|(i, _)| (i % picture.width, i / picture.width)).collect();
        println!("{} boxes, {} pixels differ: {:?}", found.len(), wrong.len(), wrong.first());
        assert!(wrong.is_empty(), "{} pixels differ, the first at {:?}", wrong.len(), wrong.first());
        assert_ne!(picture.rgba, gpu_pixels);
    }
}
