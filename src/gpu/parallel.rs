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
    let fault = std::thread::scope(|scope| {
        let mut helpers = Vec::with_capacity(threads);
        for _ in 1..threads {
            let (sender, work_off) = (sender.clone(), &work_off);
            // Where the system gives no more threads, those that there are do the work.
            let Ok(helper) = std::thread::Builder::new().spawn_scoped(scope, move || work_off(sender)) else { break };
            helpers.push(helper);
        }
        work_off(sender);
        // One that the runtime had no memory to begin with has taken nothing: that is no fault of the work.
        helpers.into_iter().filter_map(|helper| helper.join().err()).last()
    });
    let mut results: Vec<(usize, R)> = receiver.into_iter().collect();
    if let Some(fault) = fault.filter(|_| results.len() < items.len()) {
        std::panic::resume_unwind(fault);
    }
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
