//! What every source of frames is.

use std::{fmt, sync::Arc};

use crate::{error::Result, host::Frame};

/// What a source has to give.
#[derive(Debug)]
pub enum Next {
    /// A frame.
    Frame(Frame),
    /// A frame that cannot be decoded, and why; the ones that follow may be sound.
    Corrupt(String),
    /// No frame for now, and why: the source is being opened again.
    Waiting(String),
    /// Nothing more: the end of a file.
    End,
}

/// Longest side of a frame: beyond it a header is more likely broken than right.
pub(super) const MAX_SIDE: usize = 65_535;
/// Most bytes of a frame, for the same reason.
pub(super) const MAX_FRAME: usize = 1 << 30;

/// Ends a wait inside [`Source::next`] from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<dyn Fn() + Send + Sync>);

impl Stopper {
    /// With what is to be done: end a child, shut a socket.
    pub fn new(stop: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(stop))
    }

    /// Does it; once is enough, twice does no harm.
    pub fn stop(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}

/// A camera, a file, a stream.
pub trait Source: Send {
    /// The next frame; waits for it where the source has a rate of its own ([`Source::live`]).
    ///
    /// # Errors
    /// The source is of no further use as it is: unplugged, cut off, unreadable. [`crate::Error::Source`], or
    /// [`crate::Error::Io`]. What is live may be opened again.
    fn next(&mut self) -> Result<Next>;

    /// What it is, in words: `people.mp4: 768x432, H.264, 10 fps`.
    fn describe(&self) -> String;

    /// Frames per second, where known.
    fn rate(&self) -> Option<f64>;

    /// Whether it paces itself, as a camera or a stream does; a file comes as fast as it is read.
    fn live(&self) -> bool {
        false
    }

    /// How often it was opened again; see [`crate::video::Reconnect`].
    fn reconnects(&self) -> usize {
        0
    }

    /// What makes a [`Source::next`] that waits on another thread return; none if it never waits long.
    fn stopper(&self) -> Option<Stopper> {
        None
    }

    /// Starts again from the first frame; `false` if it cannot, as a pipe.
    ///
    /// # Errors
    /// As [`Source::next`].
    fn rewind(&mut self) -> Result<bool> {
        Ok(false)
    }
}
