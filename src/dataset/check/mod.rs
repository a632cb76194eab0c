//! Everything that is wrong with a set, in one list.

mod classes;
mod leaks;
mod look;
mod report;
mod whole;

pub use look::PictureDecoder;
pub use report::{ClassCount, PartCount, SetReport, SetSummary};
pub use whole::check;
