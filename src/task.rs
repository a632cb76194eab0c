//! Futures in boxes, and who is told how far they are.

use std::pin::Pin;

/// What a door of this library returns. An `async fn` is compiled again in every crate that awaits it, with all that it awaits
/// itself; what is behind a box is compiled here, once. It may go from thread to thread.
#[cfg(not(target_arch = "wasm32"))]
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The same in a browser, whose GPU stays in its thread.
#[cfg(target_arch = "wasm32")]
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Told of steps done, and of steps in all; it goes where the task goes that calls it.
#[cfg(not(target_arch = "wasm32"))]
pub type Steps<'a> = dyn FnMut(usize, usize) + Send + 'a;

/// The same in a browser, whose functions stay in their thread.
#[cfg(target_arch = "wasm32")]
pub type Steps<'a> = dyn FnMut(usize, usize) + 'a;
