//! Jobs of several steps. `cargo xtask --help` lists them.

mod ci;
mod compilers;
mod demo;
mod driver;
mod isa;
mod mutants;
mod python;
mod referee;
mod run;
mod scenes;
mod tests;
mod web;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Jobs of several steps")]
struct Cli {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Run the tests; installs a software Vulkan driver where no adapter answers
    Test {
        /// The long ones too: every network on every kernel, every photograph, every browser
        #[arg(long)]
        all: bool,
    },
    /// What a change must pass besides the tests: format, lints, docs, licences, other platforms, referees
    Ci {
        /// Only these
        parts: Vec<ci::CiPart>,
    },
    /// Break one thing at a time and see that a suite goes red
    Mutants {
        /// Only patches whose name contains this
        #[arg(default_value = "")]
        only: String,
    },
    /// Compare with independent programs (needs YOLOV4_TEST_DATA and Python)
    Referee {
        /// A smaller selection, for a first look
        #[arg(long, conflicts_with = "full")]
        quick: bool,
        /// YOLOv4-P7 with all its channels as well, not only a narrow one: up to two minutes and 9 GB of memory more
        #[arg(long)]
        full: bool,
    },
    /// See what AMD's shader compiler makes of the convolutions, without a GPU (needs Debian 12, a C compiler and Python): benches/isa.md
    Isa {
        /// Compare with the table, and fail where registers are spilled or have become more
        #[arg(long)]
        check: bool,
    },
    /// Build the Python package's wheel and test it (needs Python 3.9 or later)
    Python,
    /// Train the demo network on generated scenes and judge it (an hour on one core)
    Demo(demo::TrainDemoArgs),
    /// Build the page and the npm package; serve or test them
    Web(web::WebArgs),
    /// Build the program for Windows with MinGW, and run it under Wine 9 or later: adapters, kernels on Vulkan, OpenGL and Direct3D
    /// 12, paths, the window
    Windows(windows::WindowsArgs),
    /// Draw street scenes with road signs and their labels (`cargo xtask scenes --help`)
    #[command(disable_help_flag = true)]
    Scenes {
        /// See `cargo xtask scenes --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let timed = matches!(cli.job, Job::Test { .. } | Job::Ci { .. } | Job::Python | Job::Windows(_));
    let outcome = start(cli.job);
    if timed {
        run::print_times();
    }
    // Not by returning it: with RUST_BACKTRACE a page of frames would come after what counts.
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(job: Job) -> anyhow::Result<()> {
    match job {
        Job::Test { all } => tests::run(all),
        Job::Ci { parts } => ci::run(&parts),
        Job::Mutants { only } => mutants::run(&only),
        Job::Python => python::test(false),
        Job::Isa { check } => isa::run(check),
        Job::Referee { quick, full } => referee::run(quick, full),
        Job::Demo(args) => demo::run(&args),
        Job::Web(args) => web::run(&args),
        Job::Windows(args) => windows::run(&args),
        Job::Scenes { arguments } => scenes::run(&arguments),
    }
}
