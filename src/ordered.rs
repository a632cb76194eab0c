//! Work on many threads whose results come in the order of the jobs.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TryRecvError},
    },
};

/// What comes next.
#[derive(Debug)]
pub enum Upcoming<T> {
    /// This.
    Now(T),
    /// Something that is not there yet.
    Later,
    /// Nothing.
    End,
}

impl<T> Upcoming<T> {
    /// The same about something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Upcoming<U> {
        match self {
            Self::Now(this) => Upcoming::Now(change(this)),
            Self::Later => Upcoming::Later,
            Self::End => Upcoming::End,
        }
    }
}

/// A job, and where its result is wanted.
type Job<J, T> = (J, SyncSender<T>);

/// Results in the order of the jobs. Whoever drops it ends the work: jobs that have not begun are never done.
#[derive(Debug)]
pub struct Ordered<T> {
    results: Receiver<Receiver<T>>,
    /// The next result, if it is in the making.
    next: Option<Receiver<T>>,
}

impl<T> Iterator for Ordered<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let next = match self.next.take() {
            Some(next) => next,
            None => self.results.recv().ok()?,
        };
        // A thread that ended before its job was done leaves nothing to wait for.
        next.recv().ok()
    }
}

impl<T> Ordered<T> {
    /// The next result: waited for, or if it is there.
    pub fn upcoming(&mut self, wait: bool) -> Upcoming<T> {
        if wait { self.next().map_or(Upcoming::End, Upcoming::Now) } else { self.next_if_ready() }
    }

    fn next_if_ready(&mut self) -> Upcoming<T> {
        if self.next.is_none() {
            match self.results.try_recv() {
                Ok(next) => self.next = Some(next),
                Err(TryRecvError::Empty) => return Upcoming::Later,
                Err(TryRecvError::Disconnected) => return Upcoming::End,
            }
        }
        match self.next.as_ref().map(Receiver::try_recv) {
            Some(Ok(result)) => {
                self.next = None;
                Upcoming::Now(result)
            }
            Some(Err(TryRecvError::Empty)) => Upcoming::Later,
            None | Some(Err(TryRecvError::Disconnected)) => Upcoming::End,
        }
    }
}

/// As many threads as there are cores.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// How many pictures may wait where so many are wanted at once: decoded ones are large, and a machine of many cores has not that much more
/// memory.
pub fn ahead(batch: usize) -> usize {
    cores().min(8).saturating_add(batch)
}

/// Does `work` for each of the jobs on `threads` threads. No more than `ahead` results wait to be taken, or are in the making.
///
/// # Errors
/// If the system gives no thread.
pub fn ordered<J: Send + 'static, T: Send + 'static>(
    jobs: impl Iterator<Item = J> + Send + 'static,
    threads: usize,
    ahead: usize,
    work: impl Fn(J) -> T + Send + Sync + 'static,
) -> std::io::Result<Ordered<T>> {
    // A result counts from the time its job is taken on: this queue is the limit of both.
    let (promised, results) = mpsc::sync_channel(ahead.saturating_sub(1));
    let (sender, queue) = mpsc::sync_channel::<Job<J, T>>(ahead);
    let (queue, work) = (Arc::new(Mutex::new(queue)), Arc::new(work));
    for number in 0..threads.max(1) {
        let (queue, work) = (Arc::clone(&queue), Arc::clone(&work));
        let run = move || {
            loop {
                let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((job, result)) = job else { break };
                // Nobody may want it any more.
                let _ = result.send(work(job));
            }
        };
        std::thread::Builder::new().name(format!("worker {number}")).spawn(run)?;
    }
    let feed = move || {
        for job in jobs {
            let (result, promise) = mpsc::sync_channel(1);
            if promised.send(promise).is_err() || sender.send((job, result)).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new().name("feeder".into()).spawn(feed)?;
    Ok(Ordered { results, next: None })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::ordered;

    #[test]
    fn results_come_in_order_whoever_is_done_first() {
        // The first job waits for the second one.
        let (done, waits) = mpsc::channel();
        let waits = std::sync::Mutex::new(waits);
        let results = ordered(0..100, 3, 8, move |job| {
            match job {
                0 => waits.lock().unwrap().recv().unwrap(),
                1 => done.send(()).unwrap(),
                _ => {}
            }
            job * 2
        });
        assert_eq!(results.unwrap().collect::<Vec<_>>(), (0..100).map(|job| job * 2).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_are_made_than_may_wait() {
        let (begun, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&begun);
        let results = ordered(0..1000, 4, 5, move |_| counter.fetch_add(1, Ordering::SeqCst)).unwrap();
        for (taken, _) in results.enumerate() {
            let ahead = begun.load(Ordering::SeqCst) - taken;
            // One that is being handed over, and the one that was just taken.
            seen.fetch_max(ahead, Ordering::SeqCst);
        }
        assert!(seen.load(Ordering::SeqCst) <= 5 + 2, "{seen:?}");
        assert_eq!(begun.load(Ordering::SeqCst), 1000);
    }
}
