//! Where frames come from: one trait, one file per kind of source. Nothing here converts colours; that is the GPU's.

pub mod cameras;
pub mod ffmpeg;
mod open;
mod pictures;
#[cfg(target_os = "linux")]
pub mod v4l2;

pub use cameras::{CameraFormat, CameraInfo, cameras};
pub use open::{CameraMode, OpenOptions, Spec, open};
pub use pictures::Pictures;

use crate::error::Result;
pub use crate::kernels::to_rgba::{Colour, Format, Frame, Matrix, Range, Siting};

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

    /// Starts again from the first frame; `false` if it cannot, as a pipe.
    ///
    /// # Errors
    /// As [`Source::next`].
    fn rewind(&mut self) -> Result<bool> {
        Ok(false)
    }
}
