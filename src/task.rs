//! Futures in boxes, who is told how far they are, and who may wait for them.

use std::pin::Pin;

/// What a door of this library returns. An `async fn` is compiled again in every crate that awaits it, with all that it awaits
/// itself; what is behind a box is compiled here, once. It may go from thread to thread.
#[cfg(not(target_arch = "wasm32"))]
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a door of this library returns in a browser: a boxed future that stays in its thread, as the GPU does.
#[cfg(target_arch = "wasm32")]
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Told of steps done, and of steps in all; it goes where the task goes that calls it.
#[cfg(not(target_arch = "wasm32"))]
pub type Steps<'a> = dyn FnMut(usize, usize) + Send + 'a;

/// Told of steps done, and of steps in all; in a browser it stays in its thread, as all functions do.
#[cfg(target_arch = "wasm32")]
pub type Steps<'a> = dyn FnMut(usize, usize) + 'a;

#[cfg(not(target_arch = "wasm32"))]
pub use waiting::{may_block, wait};

#[cfg(not(target_arch = "wasm32"))]
mod waiting {
    use std::cell::Cell;

    thread_local! {
        static WAITS: Cell<bool> = const { Cell::new(false) };
    }

    /// Says what it found when it goes, also by a panic.
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            WAITS.set(self.0);
        }
    }

    /// Drives a future to its end on this thread, which sleeps meanwhile. Not for a thread of an async runtime.
    pub fn wait<T>(future: impl Future<Output = T>) -> T {
        let _before = Before(WAITS.replace(true));
        pollster::block_on(future)
    }

    /// Whether this thread is one that waits: what takes long may be waited for in place.
    pub fn may_block() -> bool {
        WAITS.get()
    }
}
