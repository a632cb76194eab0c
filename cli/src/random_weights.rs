//! `yolov4 random-weights`: a weights file for trying shapes and speed.

use std::path::PathBuf;

use yolov4::low_level::model::{CfgOptions, Model};

use crate::CommandResult;

#[derive(clap::Args, Debug)]
pub struct RandomWeightsArgs {
    /// Name of a network (see `yolov4 models`), Darknet network description, or .safetensors file; nothing is fetched
    #[arg(value_name = "NAME|FILE")]
    cfg: PathBuf,
    /// Equal seeds give equal files
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the weights go
    #[arg(long, value_name = "FILE.weights")]
    out: PathBuf,
}

pub fn run(args: &RandomWeightsArgs) -> CommandResult {
    let network = Model::open(&args.cfg, &CfgOptions::default())?;
    network.save_weights(&network.random_params(args.seed), &args.out)?;
    Ok(())
}
