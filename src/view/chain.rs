//! What happens to a frame, seen from outside.

use std::sync::Arc;

use web_time::Instant;

use crate::{error::Result, host::Frame};

/// Called, from any thread, when there is something to look at.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Frames that are under way at once.
pub const IN_FLIGHT: usize = 2;

/// A frame that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// Its number among the frames shown, from 0.
    pub number: u64,
    /// When it was taken or came in.
    pub captured: Instant,
    /// When its work ended.
    pub finished: Instant,
}

/// What happens to a frame.
pub trait Chain {
    /// Starts a frame's work; does not wait for it.
    ///
    /// # Errors
    /// If the frame cannot be worked on, or the device is lost.
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()>;

    /// Frames that have ended since the last call, in order of their numbers; does not wait.
    ///
    /// # Errors
    /// If the device is lost.
    fn poll(&mut self) -> Result<Vec<Finished>>;

    /// Frames whose work has not ended.
    fn in_flight(&self) -> usize;
}
