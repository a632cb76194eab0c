//! How good a detector is on labelled pictures: average precision as COCO's own program counts it.

mod average_precision;
mod matching;

pub use average_precision::{ApSummary, AveragePrecision};
pub use matching::{LabelledBox, ScoredBox};
