//! Capture and pipeline with a source and a network that only sleep: overlap, the newest frame, nothing lost uncounted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use yolov4::{
    Result,
    low_level::{
        video::{Colour, Frame, FrameFormat, Next, Source},
        view::{Bell, Capture, Chain, Finished, IN_FLIGHT, Pace, Pipeline, Wake},
    },
};

const MS: Duration = Duration::from_millis(1);

/// A camera: a frame every `period`, numbered in its pixel; `left` of them.
struct Clicks {
    period: Duration,
    next: u32,
    left: u32,
    start: Option<Instant>,
    live: bool,
    /// Time between frames, as it really was.
    gaps: Arc<Mutex<Vec<Duration>>>,
    last: Option<Instant>,
}

impl Clicks {
    fn new(period: Duration, left: u32, live: bool) -> Self {
        Self { period, next: 0, left, start: None, live, gaps: Arc::default(), last: None }
    }
}

impl Source for Clicks {
    fn next(&mut self) -> Result<Next> {
        if self.next == self.left {
            return Ok(Next::End);
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let due = start + self.period * self.next;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let data = self.next.to_le_bytes().to_vec();
        self.next += 1;
        let pts = self.period * (self.next - 1);
        let captured = Instant::now();
        if let Some(last) = self.last.replace(captured) {
            self.gaps.lock().unwrap().push(captured - last);
        }
        Ok(Next::Frame(Frame {
            width: 1,
            height: 1,
            format: FrameFormat::Rgba8,
            colour: Colour::JPEG,
            data,
            pts,
            captured,
        }))
    }

    fn describe(&self) -> String {
        "clicks".into()
    }

    fn rate(&self) -> Option<f64> {
        Some(1.0 / self.period.as_secs_f64())
    }

    fn live(&self) -> bool {
        self.live
    }
}

/// A GPU: one frame after the other, each takes `period`.
struct Sleeper {
    work: Sender<(u64, Instant)>,
    done: Receiver<Finished>,
    flying: usize,
    /// Numbers in the pixels, as submitted.
    seen: Vec<u32>,
    most: usize,
    /// How long each frame took: a loaded machine sleeps longer than it is told.
    took: Arc<Mutex<Vec<Duration>>>,
}

impl Sleeper {
    fn new(period: Duration, wake: Wake) -> Self {
        let (work, todo) = channel::<(u64, Instant)>();
        let (sender, done) = channel();
        let took = Arc::new(Mutex::new(vec![]));
        let own = Arc::clone(&took);
        thread::spawn(move || {
            for (number, captured) in todo {
                let start = Instant::now();
                thread::sleep(period);
                own.lock().unwrap().push(start.elapsed());
                let _ = sender.send(Finished { number, captured, finished: Instant::now() });
                wake();
            }
        });
        Self { work, done, flying: 0, seen: vec![], most: 0, took }
    }
}

impl Chain for Sleeper {
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()> {
        self.seen.push(u32::from_le_bytes(frame.data[..4].try_into().unwrap()));
        self.flying += 1;
        self.most = self.most.max(self.flying);
        self.work.send((number, frame.captured)).unwrap();
        Ok(())
    }

    fn poll(&mut self) -> Result<Vec<Finished>> {
        let done: Vec<Finished> = self.done.try_iter().collect();
        self.flying -= done.len();
        Ok(done)
    }

    fn in_flight(&self) -> usize {
        self.flying
    }
}

struct Run {
    fps: f64,
    chain: Sleeper,
    counts: (u64, u64, u64),
    shown: u64,
    /// How old a frame was when its work ended, at most.
    oldest: Duration,
    /// Mean and longest of what each stage really took: capture, network, present.
    took: [(f64, Duration); 3],
}

/// Mean in seconds, and the longest.
fn mean_and_most(all: &[Duration]) -> (f64, Duration) {
    let sum: Duration = all.iter().sum();
    (sum.as_secs_f64() / all.len().max(1) as f64, all.iter().max().copied().unwrap_or_default())
}

/// A chain whose finished frames are looked at on their way.
struct Watched<'a>(&'a mut Sleeper, Vec<Finished>);

impl Chain for Watched<'_> {
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()> {
        self.0.submit(frame, number)
    }

    fn poll(&mut self) -> Result<Vec<Finished>> {
        let done = self.0.poll()?;
        self.1.extend(&done);
        Ok(done)
    }

    fn in_flight(&self) -> usize {
        self.0.in_flight()
    }
}

fn run(source: Clicks, pace: Pace, network: Duration, present: Duration) -> Run {
    let bell = Bell::default();
    let gaps = Arc::clone(&source.gaps);
    let capture = Capture::start(Box::new(source), pace, bell.wake()).unwrap();
    let mut chain = Sleeper::new(network, bell.wake());
    let mut pipeline = Pipeline::default();
    let (mut first, mut last, mut finished, mut presented) = (None, Instant::now(), Vec::new(), Vec::new());
    loop {
        let mut watched = Watched(&mut chain, vec![]);
        let started = pipeline.step(&capture, &mut watched).unwrap().is_some();
        for done in watched.1 {
            first.get_or_insert(done.finished);
            last = done.finished;
            finished.push(done);
        }
        if started {
            let start = Instant::now();
            thread::sleep(present);
            presented.push(start.elapsed());
        } else if capture.waiting().ended && chain.in_flight() == 0 {
            break;
        } else {
            bell.wait(20 * MS);
        }
    }
    let seconds = (last - first.unwrap()).as_secs_f64();
    // The very last frame has no newer one to make way for.
    let watched = &finished[..finished.len() - 1];
    let oldest = watched.iter().map(|f| f.finished - f.captured).max().unwrap();
    let fps = (finished.len() - 1) as f64 / seconds;
    let gaps = gaps.lock().unwrap().clone();
    let network = chain.took.lock().unwrap().clone();
    let took = [mean_and_most(&gaps), mean_and_most(&network), mean_and_most(&presented)];
    Run { took, fps, chain, counts: capture.counts(), shown: pipeline.stats.shown, oldest }
}

#[test]
fn frames_come_as_fast_as_the_slowest_stage() {
    for (capture, network, present) in [(40, 10, 10), (10, 40, 10), (10, 10, 40), (30, 30, 30), (25, 30, 28)] {
        let slowest = capture.max(network).max(present);
        let source = Clicks::new(capture * MS, 2000 / slowest, true);
        let run = run(source, Pace::default(), network * MS, present * MS);
        let want = 1.0 / run.took.iter().map(|(mean, _)| *mean).fold(0.0, f64::max);
        println!("{capture} {network} {present} ms: {:.1} fps, the slowest stage alone {want:.1}", run.fps);
        assert!(
            (run.fps / want - 1.0).abs() < 0.1,
            "{capture} {network} {present} ms: {:.1} of {want:.1} fps",
            run.fps
        );
        assert!(run.chain.most <= IN_FLIGHT, "{} in flight", run.chain.most);
    }
}

#[test]
fn a_slow_network_sees_the_newest_frame_and_the_others_are_counted() {
    let (camera, network) = (10 * MS, 60 * MS);
    let run = run(Clicks::new(camera, 200, true), Pace::default(), network, Duration::ZERO);
    let (captured, dropped, _) = run.counts;
    assert_eq!(captured, 200);
    assert_eq!(run.shown + dropped, captured, "every frame is shown or counted as dropped");
    assert_eq!(run.chain.seen.len() as u64, run.shown);
    assert!(run.chain.seen.windows(2).all(|w| w[0] < w[1]), "in order: {:?}", run.chain.seen);
    assert!(dropped > 100, "only {dropped} were dropped");
    // Two periods of the network and one of the camera, the longest that this machine made of them; and half of one for
    // the hands that pass it on, less than a third frame under way would take.
    let most = 2 * run.took[1].1 + run.took[0].1 + network / 2;
    assert!(run.oldest <= most, "a frame was {:?} old, allowed {most:?}", run.oldest);
    println!("oldest {:?}", run.oldest);
}

#[test]
fn where_every_frame_counts_none_is_dropped() {
    let pace = Pace { every: true, ..Pace::default() };
    let run = run(Clicks::new(Duration::ZERO, 50, false), pace, 5 * MS, Duration::ZERO);
    assert_eq!(run.counts, (50, 0, 0));
    assert_eq!(run.chain.seen, (0..50).collect::<Vec<u32>>());
}

#[test]
fn a_file_is_played_at_its_own_rate_or_another() {
    for (fps, want) in [(None, 50.0), (Some(25.0), 25.0)] {
        let pace = Pace { fps, ..Pace::default() };
        // 50 fps by its time stamps, read as fast as it goes.
        let mut source = Clicks::new(20 * MS, 40, false);
        source.start = Some(Instant::now() - Duration::from_secs(10));
        let run = run(source, pace, MS, Duration::ZERO);
        assert!((run.fps / want - 1.0).abs() < 0.1, "{:.1} fps instead of {want}", run.fps);
        assert_eq!(run.shown + run.counts.1, 40);
    }
}

/// Waits until there is something to see; a machine that is busy takes its time.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "{what}: not after a minute");
        thread::sleep(MS);
    }
}

#[test]
fn standing_still_lets_single_frames_through() {
    let bell = Bell::default();
    let mut source = Clicks::new(5 * MS, 100, false);
    source.start = Some(Instant::now() - Duration::from_secs(10));
    let capture = Capture::start(Box::new(source), Pace::default(), bell.wake()).unwrap();
    capture.pause(true);
    // What was on the way still comes, the 100 frames that there are do not.
    let mut quiet = 0;
    let mut late = 0;
    while quiet < 20 {
        quiet = if capture.take().unwrap().is_some() { 0 } else { quiet + 1 };
        late += u32::from(quiet == 0);
        thread::sleep(5 * MS);
    }
    assert!(late < 50, "it goes on while it is paused");
    let number = |frame: Frame| u32::from_le_bytes(frame.data[..4].try_into().unwrap());
    let mut steps = Vec::new();
    for _ in 0..3 {
        capture.step();
        steps.push(number(until("a step gives a frame", || capture.take().unwrap())));
    }
    assert!(steps.windows(2).all(|w| w[1] == w[0] + 1), "one by one: {steps:?}");
    capture.pause(false);
    until("it goes on", || capture.take().unwrap());
}

/// A camera that breaks off.
struct Broken(u32);

impl Source for Broken {
    fn next(&mut self) -> Result<Next> {
        self.0 += 1;
        match self.0 {
            1 => Ok(Next::Corrupt("frame 0 is cut off".into())),
            2 => Ok(Next::Waiting("opening it again".into())),
            _ => Err(yolov4::Error::source("camera", "was unplugged")),
        }
    }

    fn describe(&self) -> String {
        "broken".into()
    }

    fn rate(&self) -> Option<f64> {
        None
    }

    fn live(&self) -> bool {
        true
    }
}

#[test]
fn what_ends_a_source_is_told_once_and_what_does_not_is_counted() {
    let bell = Bell::default();
    let capture = Capture::start(Box::new(Broken(0)), Pace::default(), bell.wake()).unwrap();
    let mut complaints = Vec::new();
    until("two complaints", || {
        complaints.extend(capture.complaints());
        (complaints.len() > 1).then_some(())
    });
    assert_eq!(complaints, ["frame 0 is cut off", "opening it again"]);
    assert!(!capture.waiting().ended, "its error is still to be told");
    let error = until("its error", || capture.take().err());
    assert_eq!(error.to_string(), "camera: was unplugged");
    assert!(capture.take().unwrap().is_none() && capture.waiting().ended);
    assert_eq!(capture.counts(), (0, 0, 1));
}
