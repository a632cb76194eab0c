//! `yolov4 detect`: objects in pictures, or in a video.

mod batch;
mod pictures;
mod shard;
mod video;

use std::{path::PathBuf, time::Instant};

use yolov4::{Detector, Error, Result, low_level::video::paths};

use crate::{CommandResult, options, progress, results::OutputFormat};
use batch::BatchSize;
use shard::Shard;

#[derive(clap::Args, Debug)]
pub struct DetectArgs {
    /// Pictures: files, folders, globs, @FILE for a list of them, or - for a picture or a list on standard input; or one video file
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: options::ModelOptions,
    #[command(flatten)]
    fetching: options::Fetching,
    #[command(flatten)]
    machine: options::PlayerOptions,
    #[command(flatten)]
    resize: options::Resize,
    #[command(flatten)]
    detecting: options::Detecting,
    /// Pictures that are played at once: it fills a GPU that one picture does not, and takes memory for all of them; auto tries out how many
    /// are worth it
    #[arg(long, value_name = "N|auto", default_value = "1")]
    batch: BatchSize,
    /// Only a part of the pictures, i from 0, for one of n machines: all parts one after the other are the whole
    #[arg(long, value_name = "i/n")]
    shard: Option<Shard>,
    /// Go on with --out where a run that was stopped has left it: nothing is lost and nothing is there twice
    #[arg(long)]
    resume: bool,
    /// How results are written
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    /// Where results go instead of standard output: a file; a folder for labels of several pictures
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Write a copy of each picture with its boxes into this folder (made if its parent exists)
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
    /// Write the video with its boxes: .mjpeg, or whatever ffmpeg writes, by the ending
    #[arg(long, value_name = "FILE", conflicts_with = "draw")]
    out_video: Option<PathBuf>,
}

pub fn run(args: &DetectArgs) -> CommandResult {
    let started = Instant::now();
    args.machine.check(false)?;
    if let [path] = args.paths.as_slice()
        && paths::names_a_video(path)
        && path.is_file()
    {
        return video::run(args, path);
    }
    if let [_, _, ..] = args.paths.as_slice()
        && let Some(video) = args.paths.iter().find(|path| paths::names_a_video(path) && path.is_file())
    {
        let video = video.display();
        return Err(Error::Usage(format!("{video}: a video is played by itself, without other paths")).into());
    }
    if args.out_video.is_some() {
        return Err(Error::Usage("--out-video: expected one video, as a file".into()).into());
    }
    pictures::run(args, started)
}

fn build(args: &DetectArgs, batch: usize) -> Result<Detector> {
    let builder = args.model.apply(args.fetching.apply(Detector::builder()));
    let builder = args.detecting.apply(args.resize.apply(args.machine.apply(builder))).batch(batch);
    let (builder, bar) = progress::building(builder);
    let built = builder.build();
    bar.finish_and_clear();
    built
}
