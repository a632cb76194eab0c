//! Darknet's yolo loss in f64: what a `[yolo]` layer hands back to its head convolution, and what it prints.
//!
//! Darknet's box gradient is not the gradient of its loss; [`BoxGradient`] says which of the two is meant.

mod assign;
mod boxes;
mod classes;
mod dual;
pub(super) mod head;
mod loss;
mod misfit;
mod objectness;
pub(super) mod overlap;
mod section;
mod sheet;
pub(super) mod slope;
mod tally;
mod truth;

pub use head::HeadValues;
pub use loss::{HeadLoss, batch, picture};
pub use misfit::Misfit;
pub use section::{BoxGradient, BoxLoss, IouKind, YoloSection, multipliers};
pub use tally::{LossParts, Tally};
pub use truth::Truth;
