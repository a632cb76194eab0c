//! How good a detector is on labelled pictures: average precision as COCO's own program counts it, and as Darknet does; precision and
//! recall over scores; what is taken for what.

mod average_precision;
mod confusion;
mod curves;
mod darknet_map;
mod matching;

pub use average_precision::{ApSummary, AveragePrecision};
pub use confusion::Confusion;
pub use curves::{CurvePoint, ScoreCurve};
pub use darknet_map::{ClassCounts, DarknetMap, Points};
pub use matching::{LabelledBox, ScoredBox};
