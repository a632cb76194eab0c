//! `yolov4`: Scaled-YOLOv4 on any GPU, at the terminal. One file per subcommand; [`viewer`] is what has a window.

mod adapters;
mod advice;
mod bench;
mod cameras;
mod check;
mod completions;
mod convert;
mod day;
mod demo;
mod detect;
mod download;
mod eval;
mod explain;
mod factory;
mod gradients;
mod heads;
mod interrupt;
mod log;
mod model;
mod models;
mod numbers;
mod options;
mod output;
mod pictures;
mod progress;
mod random_weights;
mod results;
mod scale;
mod selftest;
mod train;
mod view;
pub mod viewer;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use yolov4::low_level::task;

/// Scaled-YOLOv4 object detection on any GPU.
#[derive(Debug, Parser)]
#[command(name = "yolov4", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See it work: the network and the pictures that are part of the program, without a download
    Demo(demo::DemoArgs),
    /// Find objects in pictures, or in every frame of a video
    Detect(detect::DetectArgs),
    /// Watch a camera, a video, a stream or pictures with boxes on what is found, in a window
    View(view::ViewArgs),
    /// List the cameras that answer
    Cameras(cameras::CamerasArgs),
    /// Measure how good a network is on labelled pictures: COCO's AP and AR, Darknet's mAP
    Eval(eval::EvalArgs),
    /// Look at labelled pictures as training will: everything that is wrong, with file and line (training itself is being built)
    Train(train::TrainArgs),
    /// Write what enters the [yolo] layers for one picture, as safetensors
    Heads(heads::HeadsArgs),
    /// Write the gradients of every number of a network for a batch of pictures, in f64, as safetensors
    Gradients(gradients::GradientsArgs),
    /// Write seeded random weights for a network
    RandomWeights(random_weights::RandomWeightsArgs),
    /// Print a network: nodes, shapes, costs, memory plan
    Explain(explain::ExplainArgs),
    /// Write a network of the family, composed from numbers
    Model(model::ModelArgs),
    /// The paper as a tool: its tables, computed; what a network costs, stage by stage, and how long it takes
    Scale(scale::ScaleArgs),
    /// Write a network in another format: Darknet's, one file with everything, from PyTorch checkpoints too
    Convert(convert::ConvertArgs),
    /// List the networks that have names; fetch their weights
    Models(models::ModelsArgs),
    /// Compare the GPU with the CPU oracle, node by node, on this machine
    Check(check::CheckArgs),
    /// Compare every kernel with the CPU oracle, on this machine's adapter; the problems are part of the program
    Selftest(selftest::SelftestArgs),
    /// Measure how fast networks are here, beside what the adapter can do at most; compare two such measurements
    Bench(bench::BenchArgs),
    /// Everything that is worth knowing of a card, as one record and one page: kernels, networks, roofs, start-up, other programs beside
    GpuDay(day::GpuDayArgs),
    /// List the GPUs that answer
    Adapters(adapters::AdaptersArgs),
    /// Write a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual page
    #[command(hide = true)]
    Man,
}

/// Why a command did not do all it was asked to.
pub enum Failure {
    /// Said already, picture by picture.
    Reported,
    /// To be said: exit code 1, or 2 for options that cannot be.
    Error(yolov4::Error),
}

impl From<yolov4::Error> for Failure {
    fn from(error: yolov4::Error) -> Self {
        Self::Error(error)
    }
}

/// What a command returns.
pub type CommandResult = Result<(), Failure>;

/// The program: reads its arguments, and returns its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = log::start() {
        return fail(&error);
    }
    let outcome = task::wait(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Detect(args) => detect::run(&args),
            Command::View(args) => view::run(args),
            Command::Cameras(args) => cameras::run(&args),
            Command::Eval(args) => eval::run(args),
            Command::Train(args) => train::run(&args),
            Command::Heads(args) => heads::run(args).await,
            Command::Gradients(args) => gradients::run(&args),
            Command::RandomWeights(args) => random_weights::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Model(args) => model::run(&args),
            Command::Scale(args) => scale::run(args).await,
            Command::Convert(args) => convert::run(&args),
            Command::Models(args) => models::run(&args),
            Command::Check(args) => check::run(args).await,
            Command::Selftest(args) => selftest::run(&args).await,
            Command::Bench(args) => bench::run(args).await,
            Command::GpuDay(args) => day::run(args).await,
            Command::Adapters(args) => adapters::run(&args).await,
            Command::Completions(args) => completions::run(&args),
            Command::Man => completions::man(),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::from(1),
        Err(Failure::Error(error)) => fail(&error),
    }
}

/// Says what went wrong; 2 for options that cannot be.
fn fail(error: &yolov4::Error) -> ExitCode {
    output::error(error);
    ExitCode::from(if matches!(error, yolov4::Error::Usage(_)) { 2 } else { 1 })
}
