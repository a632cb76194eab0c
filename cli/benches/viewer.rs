//! A video from file to boxes, as `yolov4 view --headless` plays it: `YOLOV4_TEST_DATA=.. cargo bench -p yolov4-cli --features h264 --bench viewer`.
//! Prints rate, delay, processor time and the time of each stage, with and without what costs extra.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use yolov4::{
    Detector, Error, Gpu, Precision, Result,
    low_level::{
        gpu::{DeviceRequirements, GpuOptions},
        video::{Next, OpenOptions, Spec, open},
        view::{Bell, Pace, Stage},
    },
};
use yolov4_cli::viewer::{DetectorFactory, Display, ModelRequest, Session, SessionOptions, Stop, run_headless};

const FRAMES: u64 = 40;
/// Frames that are let by before anything is measured.
const WARM: u64 = 5;

/// A trained network at 320.
struct Trained(PathBuf, bool);

impl DetectorFactory for Trained {
    fn gpu(&self, _: Option<Display>) -> Result<Option<Gpu>> {
        let requirements = DeviceRequirements { timestamps: true, ..DeviceRequirements::default() };
        pollster::block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() })).map(Some)
    }

    fn detector(&self, gpu: Option<&Gpu>, request: &ModelRequest) -> Result<Detector> {
        let builder = Detector::builder().model(&request.model).weights(self.0.with_extension("weights"));
        let gpu = gpu.cloned().ok_or_else(|| Error::NoAdapter("none was made".into()))?;
        builder.size((320, 320)).letterbox(self.1).device(gpu).build()
    }

    fn requests(&self) -> Vec<ModelRequest> {
        vec![]
    }
}

/// What a run does beside finding boxes.
#[derive(Clone, Copy, PartialEq)]
enum Extra {
    Nothing,
    Boxes,
    Track,
    Record,
    /// So few frames a second that none waits for another.
    Slowly,
}

fn main() {
    let Some(data) = std::env::var_os("YOLOV4_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: set YOLOV4_TEST_DATA to a folder with models and video");
        return;
    };
    let clip = data.join("video/people-768x432.mp4");
    println!("decoding: {:.2} ms a frame", decoding(&clip));
    for (name, letterbox) in [("yolo-fastest-1.1-xl", false), ("yolov5n", true)] {
        let cfg = data.join("models").join(name).join(format!("{name}.cfg"));
        println!("{name}:\n  run        fps   delay    cpu | upload convert network boxes (ms a frame)");
        for (what, extra) in [
            ("plain", Extra::Nothing),
            ("boxes", Extra::Boxes),
            ("tracks", Extra::Track),
            ("recording", Extra::Record),
            ("1.5 fps", Extra::Slowly),
        ] {
            println!("  {what:<9} {}", run(&Trained(cfg.clone(), letterbox), &clip, extra));
        }
    }
}

/// Milliseconds from compressed bytes to samples.
fn decoding(clip: &Path) -> f64 {
    let mut source = open(&Spec::File(clip.to_owned()), &OpenOptions::default()).unwrap();
    let start = Instant::now();
    for number in 0..FRAMES {
        assert!(matches!(source.next().unwrap(), Next::Frame(_)), "frame {number}");
    }
    start.elapsed().as_secs_f64() * 1e3 / FRAMES as f64
}

fn run(trained: &Trained, clip: &Path, extra: Extra) -> String {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec::File(clip.to_owned());
    let source = open(&spec, &OpenOptions::default()).unwrap();
    let slowly = extra == Extra::Slowly;
    let options = SessionOptions {
        pace: Pace { every: true, fps: slowly.then_some(1.5), looped: false },
        track: extra == Extra::Track,
        wants_boxes: extra == Extra::Boxes,
        ..SessionOptions::new(spec)
    };
    let bell = Bell::default();
    let request = ModelRequest { model: trained.0.clone(), weights: None, precision: Precision::F32 };
    let factory = Trained(trained.0.clone(), trained.1);
    let mut session = Session::new(Arc::new(factory), request, source, options, bell.wake()).unwrap();
    let frames = if slowly { FRAMES / 2 } else { FRAMES };
    session.pipeline.limit = Some(WARM + frames);
    session.capture_output.patient = true;
    if extra == Extra::Record {
        session.capture_output.record(folder.path().join("out.mjpeg"));
    }
    let (mut done, mut start) = (0, None);
    run_headless(&mut session, &bell, &Stop::default(), &mut |outcomes, said| {
        assert!(said.iter().all(|line| !line.starts_with("error")), "{said:?}");
        done += outcomes.len() as u64;
        if done >= WARM && start.is_none() {
            start = Some((Instant::now(), cpu(), done));
        }
        Ok(())
    })
    .unwrap();
    let (since, before, counted) = start.unwrap();
    let (left, wall) = ((done - counted) as f64, since.elapsed().as_secs_f64());
    let spent = cpu().saturating_sub(before).as_secs_f64() * 1e3 / left;
    let stage = |stage: Stage| session.live().stages().stages[stage as usize].value();
    format!(
        "{:>5.2} {:>7.1} {spent:>6.1} | {:>6.2} {:>7.2} {:>7.1} {:>5.2}",
        left / wall,
        session.pipeline.stats.delay.value(),
        stage(Stage::Upload),
        stage(Stage::Convert),
        stage(Stage::Network),
        stage(Stage::Boxes)
    )
}

/// Processor time of this process so far, in ticks of a hundredth of a second; none where the system does not tell.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}
