//! `yolov4 eval`: how good a network is on labelled pictures.

mod plots;
mod report;
mod results_file;
mod run;
mod score;
mod settings;
mod table;

pub use run::{EvalArgs, run, see};
pub use score::{Class, Scores};
