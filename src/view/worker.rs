//! A thread on which the processor plays frames, in their order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use web_time::Instant;

use crate::{
    detect::HostPlayer,
    error::{Error, Result},
    host::{Candidate, Frame, Picture, Placement, Thresholds},
    view::Wake,
};

/// What is to be played, and how.
pub struct Job {
    pub player: Arc<HostPlayer>,
    pub frame: Arc<Frame>,
    pub placement: Placement,
    pub thresholds: Thresholds,
    /// By class.
    pub wanted: Vec<bool>,
}

/// What came of it.
pub struct PlayedFrame {
    pub picture: Arc<Picture>,
    /// On the network's canvas, best first.
    pub boxes: Vec<Candidate>,
    /// Times of convert, network, boxes.
    pub passes: [Duration; 3],
    pub ended: Instant,
}

/// The thread, and the ways to it and back.
pub struct Worker {
    jobs: Option<Sender<Job>>,
    played: Receiver<Result<PlayedFrame>>,
    thread: Option<JoinHandle<()>>,
    /// What has not begun is not wanted any more.
    given_up: Arc<AtomicBool>,
}

impl Worker {
    /// `wake` is called when a frame is done.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub fn new(wake: Wake) -> Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let (sender, played) = channel();
        let given_up = Arc::<AtomicBool>::default();
        let own = Arc::clone(&given_up);
        let run = move || {
            for job in queue {
                if own.load(Relaxed) {
                    break;
                }
                // Nobody may want it any more.
                drop(sender.send(play(&job)));
                wake();
            }
        };
        let thread = std::thread::Builder::new().name("processor".into()).spawn(run);
        let thread = Some(thread.map_err(Error::io("the processor's thread"))?);
        Ok(Self { jobs: Some(jobs), played, thread, given_up })
    }

    /// Lines up a frame.
    ///
    /// # Errors
    /// If the thread has ended, which it does of itself only by a defect.
    pub fn send(&self, job: Job) -> Result<()> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(ended)
    }

    /// The next frame that is done, if it is.
    pub fn take(&self) -> Option<Result<PlayedFrame>> {
        match self.played.try_recv() {
            Ok(played) => Some(played),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(ended())),
        }
    }

    /// The next frame that is done; waits for it.
    ///
    /// # Errors
    /// What became of it, or that the thread has ended.
    pub fn wait(&self) -> Result<PlayedFrame> {
        self.played.recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        self.given_up.store(true, Relaxed);
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

fn play(job: &Job) -> Result<PlayedFrame> {
    let started = Instant::now();
    let picture = job.player.to_rgba(&job.frame);
    let converted = started.elapsed();
    let (boxes, mut passes) = job.player.boxes(&picture, &job.placement, &job.thresholds, &job.wanted)?;
    passes[0] += converted;
    Ok(PlayedFrame { picture: Arc::new(picture), boxes, passes, ended: Instant::now() })
}

fn ended() -> Error {
    Error::graph("the processor's thread", "has ended")
}
