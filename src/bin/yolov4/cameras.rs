//! `yolov4 cameras`: what can be watched.

use crate::{Outcome, output};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(_args: &Args) -> Outcome {
    output::print("\n")?;
    Ok(())
}
