//! What the host holds: pictures and frames, where they lie on a network's input, boxes and what they are filtered by. Plain data,
//! which GPU and oracle share.

mod boxes;
mod frame;
mod look;
mod picture;
mod placement;
mod resample;

pub use boxes::{Candidate, NmsKind, Thresholds};
pub use frame::{Colour, Frame, FrameFormat, Matrix, Range, Siting};
pub use look::Look;
pub use picture::Picture;
pub use placement::{Placement, ResizeMode, Sampling};
