//! Parallel map: one function over many items on up to eight threads, or in turn where there are no threads.

/// Results in the order of `items`.
#[cfg(not(target_arch = "wasm32"))]
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    use std::sync::{Mutex, PoisonError, mpsc};

    let threads = width().min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = Mutex::new(items.iter().enumerate());
    let (sender, receiver) = mpsc::channel();
    let work_off = |sender: mpsc::Sender<(usize, R)>| {
        loop {
            let item = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, item)) = item else { break };
            // The receiver outlives the threads.
            let _ = sender.send((number, work(item)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let (sender, work_off) = (sender.clone(), &work_off);
            // Where the system gives no more threads, those that there are do the work.
            if std::thread::Builder::new().spawn_scoped(scope, move || work_off(sender)).is_err() {
                break;
            }
        }
        work_off(sender);
    });
    let mut results: Vec<(usize, R)> = receiver.into_iter().collect();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Results in the order of `items`.
#[cfg(target_arch = "wasm32")]
pub fn map<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

/// How many things are worked on at once.
pub fn width() -> usize {
    if cfg!(target_arch = "wasm32") {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}
