//! `yolov4 train`: a network learns from labelled pictures; with `--check` those are only looked at.

mod args;
mod batches;
mod check;
mod device;
mod first_batch;
mod outputs;
mod page;
mod remarks;
mod run;
mod training;
mod validation;

pub use args::TrainArgs;
pub use run::training_keys;

use crate::CommandResult;

pub fn run(args: &TrainArgs) -> CommandResult {
    run::run(args)
}
