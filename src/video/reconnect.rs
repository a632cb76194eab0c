//! A live source that is opened again when it breaks off, or falls silent.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    video::{Frame, Next, Source, Stopper},
};

/// Longest wait inside a call while there is nothing to give.
const SLICE: Duration = Duration::from_millis(50);
/// Silence that is worth a word.
const QUIET: Duration = Duration::from_secs(1);
/// Silence after which the source is given up.
const STALL: Duration = Duration::from_secs(5);
/// First and longest pause before it is opened again; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));

type Open = dyn Fn() -> Result<Box<dyn Source>> + Send + Sync;

/// The source is read on a thread of its own, which is left behind if it hangs.
pub struct Reconnect {
    open: Arc<Open>,
    about: SourceInfo,
    state: State,
    pause: Duration,
    reconnects: usize,
    clock: Timeline,
}

/// What is known of a source without asking it.
struct SourceInfo {
    name: String,
    rate: Option<f64>,
    stopper: Option<Stopper>,
}

impl SourceInfo {
    fn new(source: &dyn Source) -> Self {
        Self { name: source.describe(), rate: source.rate(), stopper: source.stopper() }
    }
}

enum State {
    /// Frames may come; the last did at that time.
    Up(Receiver<ReaderMessage>, Instant),
    /// Being opened; why.
    Opening(Receiver<ReaderMessage>, String),
    /// To be opened at that time; why.
    Down(Instant, String),
    Ended,
}

enum ReaderMessage {
    Open(SourceInfo),
    Item(Result<Next>),
}

impl Reconnect {
    /// Opens the source a first time; `open` is called again whenever it is lost.
    ///
    /// # Errors
    /// Those of the first `open`: a slip of the pen should not be tried for ever.
    pub fn new(open: impl Fn() -> Result<Box<dyn Source>> + Send + Sync + 'static) -> Result<Self> {
        let source = open()?;
        Ok(Self::with(source, open))
    }

    /// Takes a source that is open already; `open` is called whenever it is lost.
    pub fn with(source: Box<dyn Source>, open: impl Fn() -> Result<Box<dyn Source>> + Send + Sync + 'static) -> Self {
        let about = SourceInfo::new(source.as_ref());
        let (sender, events) = mpsc::sync_channel(1);
        thread::spawn(move || read(source, &sender));
        let state = State::Up(events, Instant::now());
        Self { open: Arc::new(open), about, state, pause: PAUSES.0, reconnects: 0, clock: Timeline::default() }
    }

    fn lose(&mut self, reason: String) -> Next {
        if let Some(stopper) = self.about.stopper.take() {
            stopper.stop();
        }
        tracing::info!("{reason}; opening it again in {:?}", self.pause);
        let waiting = Next::Waiting(reason.clone());
        self.state = State::Down(Instant::now() + self.pause, reason);
        self.pause = (self.pause * 2).min(PAUSES.1);
        waiting
    }

    fn opening(&self, reason: String) -> State {
        let (sender, events) = mpsc::sync_channel(1);
        let open = Arc::clone(&self.open);
        thread::spawn(move || match open() {
            Ok(source) => {
                if sender.send(ReaderMessage::Open(SourceInfo::new(source.as_ref()))).is_ok() {
                    read(source, &sender);
                }
            }
            // Nobody listens any more: nobody is to be told.
            Err(e) => drop(sender.send(ReaderMessage::Item(Err(e)))),
        });
        State::Opening(events, reason)
    }

    fn take(&mut self, item: Result<Next>) -> Next {
        match item {
            Ok(Next::Frame(mut frame)) => {
                self.pause = PAUSES.0;
                if let State::Up(_, last) = &mut self.state {
                    *last = Instant::now();
                }
                self.clock.set(&mut frame);
                Next::Frame(frame)
            }
            Ok(Next::End) => {
                self.state = State::Ended;
                Next::End
            }
            Ok(other) => other,
            Err(e) => self.lose(e.to_string()),
        }
    }

    fn nothing(&self) -> String {
        Error::source(&self.about.name, format!("no frame for {} seconds", STALL.as_secs())).to_string()
    }
}

/// Passes on what the source gives, until it ends or nobody listens.
fn read(mut source: Box<dyn Source>, to: &mpsc::SyncSender<ReaderMessage>) {
    loop {
        let item = source.next();
        let last = matches!(item, Err(_) | Ok(Next::End));
        if to.send(ReaderMessage::Item(item)).is_err() || last {
            return;
        }
    }
}

impl Source for Reconnect {
    fn next(&mut self) -> Result<Next> {
        loop {
            match &self.state {
                State::Ended => return Ok(Next::End),
                State::Up(events, last) => {
                    let since = last.elapsed();
                    match events.recv_timeout(QUIET.saturating_sub(since).max(SLICE)) {
                        Ok(ReaderMessage::Item(item)) => return Ok(self.take(item)),
                        Ok(ReaderMessage::Open(_)) => {}
                        Err(RecvTimeoutError::Timeout) if since < STALL => {
                            let text = format!("no frame for {} s", last.elapsed().as_secs());
                            return Ok(Next::Waiting(Error::source(&self.about.name, text).to_string()));
                        }
                        Err(_) => return Ok(self.lose(self.nothing())),
                    }
                }
                State::Opening(events, reason) => match events.recv_timeout(SLICE) {
                    Ok(ReaderMessage::Open(about)) => {
                        self.about = about;
                        self.reconnects += 1;
                        self.clock.again();
                        let ended = State::Ended;
                        if let State::Opening(events, _) = std::mem::replace(&mut self.state, ended) {
                            self.state = State::Up(events, Instant::now());
                        }
                    }
                    Ok(ReaderMessage::Item(item)) => return Ok(self.take(item)),
                    Err(RecvTimeoutError::Timeout) => return Ok(Next::Waiting(reason.clone())),
                    Err(RecvTimeoutError::Disconnected) => return Ok(self.lose(reason.clone())),
                },
                State::Down(at, reason) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        self.state = self.opening(reason.clone());
                    } else {
                        thread::sleep(left.min(SLICE));
                        return Ok(Next::Waiting(reason.clone()));
                    }
                }
            }
        }
    }

    fn describe(&self) -> String {
        self.about.name.clone()
    }

    fn rate(&self) -> Option<f64> {
        self.about.rate
    }

    fn live(&self) -> bool {
        true
    }

    fn reconnects(&self) -> usize {
        self.reconnects
    }
}

impl Drop for Reconnect {
    fn drop(&mut self) {
        if let Some(stopper) = &self.about.stopper {
            stopper.stop();
        }
    }
}

impl std::fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconnect").field("name", &self.about.name).finish_non_exhaustive()
    }
}

/// One time line over all openings; each source begins at zero.
#[derive(Debug, Default)]
struct Timeline {
    /// Of the last frame: when it was shown and when it came.
    last: Option<(Duration, Instant)>,
    /// What is added to the times of this opening; none before its first frame.
    base: Option<Duration>,
}

impl Timeline {
    fn again(&mut self) {
        self.base = None;
    }

    fn set(&mut self, frame: &mut Frame) {
        let base = *self.base.get_or_insert_with(|| {
            let now = self.last.map(|(pts, came)| pts + frame.captured.saturating_duration_since(came));
            now.map_or(Duration::ZERO, |now| now.saturating_sub(frame.pts))
        });
        frame.pts += base;
        self.last = Some((frame.pts, frame.captured));
    }
}
