//! A source on a thread of its own. A frame that nobody has taken when the next one comes is dropped and counted, so that
//! what is taken is never older than one frame; or, where every frame counts, the source waits.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    video::{Frame, Next, Source},
    view::Wake,
};

/// Complaints that are kept for whoever asks.
const COMPLAINTS: usize = 16;

/// When the frames of a source come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// No frame is dropped: the source waits until the last one was taken.
    pub every: bool,
    /// Frames per second instead of the source's own.
    pub fps: Option<f64>,
    /// From the start again at the end.
    pub looped: bool,
}

/// What there is when no frame is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    /// The source came to its end, and everything that it gave was taken.
    pub ended: bool,
    /// Why there is nothing for now: being opened again, a frame that could not be decoded.
    pub reason: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    frame: Option<Frame>,
    waiting: Waiting,
    error: Option<Error>,
    captured: u64,
    dropped: u64,
    corrupt: u64,
    recent: VecDeque<Instant>,
    complaints: VecDeque<String>,
    paused: bool,
    steps: usize,
}

impl State {
    fn complain(&mut self, why: &str) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push_back(why.to_owned());
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until then, or until it is to stop, or is paused.
    fn sleep_until(&self, due: Instant) {
        let mut state = self.lock();
        while !self.stop.load(Relaxed) && !state.paused {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The thread and what it has brought.
pub struct Capture {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    about: String,
    rate: Option<f64>,
    live: bool,
}

impl Capture {
    /// Starts reading; `wake` is called for every frame, and at the end.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub fn start(source: Box<dyn Source>, pace: Pace, wake: Wake) -> Result<Self> {
        let (about, rate, live) = (source.describe(), source.rate(), source.live());
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let run = move || Reader { source, pace, shared: own, wake }.run();
        let thread =
            std::thread::Builder::new().name("capture".into()).spawn(run).map_err(Error::io("the capture thread"))?;
        Ok(Self { shared, thread: Some(thread), about, rate, live })
    }

    /// The newest frame, if there is one that was not taken.
    ///
    /// # Errors
    /// What ended the source, once.
    pub fn take(&self) -> Result<Option<Frame>> {
        let mut state = self.shared.lock();
        if let Some(frame) = state.frame.take() {
            self.shared.changed.notify_all();
            return Ok(Some(frame));
        }
        state.error.take().map_or(Ok(None), Err)
    }

    /// Why there is no frame.
    pub fn waiting(&self) -> Waiting {
        let state = self.shared.lock();
        let ended = state.waiting.ended && state.frame.is_none() && state.error.is_none();
        Waiting { ended, reason: state.waiting.reason.clone() }
    }

    /// What went wrong since the last call, without an end of it all: frames that could not be decoded, a camera that is
    /// opened again.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.lock().complaints.drain(..).collect()
    }

    /// Stops and goes on. A live source is read on, its frames dropped, so that the first one after is a new one.
    pub fn pause(&self, paused: bool) {
        self.shared.lock().paused = paused;
        self.shared.changed.notify_all();
    }

    /// Lets one frame through while paused.
    pub fn step(&self) {
        self.shared.lock().steps += 1;
        self.shared.changed.notify_all();
    }

    /// Frames that came from the source; those of them that nobody took; those that could not be decoded.
    pub fn counts(&self) -> (u64, u64, u64) {
        let state = self.shared.lock();
        (state.captured, state.dropped, state.corrupt)
    }

    /// Frames per second over the last second or so.
    pub fn fps(&self) -> f64 {
        let state = self.shared.lock();
        match (state.recent.front(), state.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (state.recent.len() - 1) as f64 / last.duration_since(*first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// What the source is, in words.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Its own rate.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Whether it is a camera or a stream.
    pub fn live(&self) -> bool {
        self.live
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        self.shared.changed.notify_all();
        // A camera may keep its thread waiting for seconds: it ends by itself, for it looks at `stop` first.
        if let Some(thread) = self.thread.take().filter(|t| t.is_finished() || !self.live) {
            let _ = thread.join();
        }
    }
}

struct Reader {
    source: Box<dyn Source>,
    pace: Pace,
    shared: Arc<Shared>,
    wake: Wake,
}

impl Reader {
    fn run(mut self) {
        let outcome = self.read();
        let mut state = self.shared.lock();
        state.waiting.ended = true;
        state.error = outcome.err();
        drop(state);
        (self.wake)();
    }

    fn read(&mut self) -> Result<()> {
        let mut clock = FramePacer::new(self.pace.fps.or_else(|| self.source.rate()));
        let mut brought = false;
        while self.may_go_on() {
            match self.source.next()? {
                Next::Frame(frame) => {
                    brought = true;
                    if !self.source.live() && (!self.pace.every || self.pace.fps.is_some()) {
                        let due = clock.due(self.pace.fps.is_none().then_some(frame.pts));
                        self.shared.sleep_until(due);
                    }
                    self.put(frame);
                }
                Next::Corrupt(why) => {
                    let mut state = self.shared.lock();
                    state.corrupt += 1;
                    state.complain(&why);
                    state.waiting.reason = Some(why);
                }
                Next::Waiting(why) => {
                    let mut state = self.shared.lock();
                    if state.waiting.reason.as_ref() != Some(&why) {
                        state.complain(&why);
                    }
                    state.waiting.reason = Some(why);
                    drop(state);
                    (self.wake)();
                }
                // A source without one good frame would be rewound for ever.
                Next::End if self.pace.looped && brought && self.source.rewind()? => {
                    brought = false;
                    clock = FramePacer::new(clock.fps);
                }
                Next::End => return Ok(()),
            }
        }
        Ok(())
    }

    /// Waits while paused; `false` when it is to stop.
    fn may_go_on(&self) -> bool {
        let mut state = self.shared.lock();
        while state.paused && state.steps == 0 && !self.source.live() && !self.shared.stop.load(Relaxed) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !self.shared.stop.load(Relaxed)
    }

    fn put(&self, mut frame: Frame) {
        let now = Instant::now();
        if !self.source.live() {
            // What was read ahead of its time is as old as the moment it was due.
            frame.captured = now;
        }
        let mut state = self.shared.lock();
        let holds = |s: &State| {
            let paused = s.paused && s.steps == 0 && !self.source.live();
            paused || (self.pace.every && s.frame.is_some())
        };
        while holds(&state) && !self.shared.stop.load(Relaxed) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.captured += 1;
        state.waiting.reason = None;
        state.recent.push_back(now);
        while state.recent.len() > 2 && state.recent.front().is_some_and(|t| now - *t > Duration::from_secs(1)) {
            state.recent.pop_front();
        }
        if state.paused && state.steps == 0 {
            state.dropped += 1;
            return;
        }
        state.steps = state.steps.saturating_sub(1);
        if state.frame.replace(frame).is_some() {
            state.dropped += 1;
        }
        drop(state);
        (self.wake)();
    }
}

/// When a file's frames are due.
struct FramePacer {
    fps: Option<f64>,
    start: Option<(Instant, Duration)>,
    next: u32,
}

impl FramePacer {
    fn new(fps: Option<f64>) -> Self {
        Self { fps, start: None, next: 0 }
    }

    /// When the next frame is due: by its own time, else by the rate.
    fn due(&mut self, pts: Option<Duration>) -> Instant {
        let now = Instant::now();
        let number = self.next;
        self.next += 1;
        let by_rate = self.fps.filter(|fps| *fps > 0.0).map(|fps| Duration::from_secs_f64(f64::from(number) / fps));
        let at = pts.or(by_rate).unwrap_or_default();
        let (start, first) = *self.start.get_or_insert((now, at));
        let due = start + at.saturating_sub(first);
        if now > due + Duration::from_secs(1) {
            // After a pause, or a machine that cannot keep up at all: no race to make up for it.
            self.start = Some((now, at));
            return now;
        }
        due
    }
}
