//! `yolov4 bench`: how fast networks are on this machine, beside what it can do at most.

mod compare;
pub mod html;
mod ladder;
pub mod machines;
pub mod nodes;
pub mod plot;
pub mod report;
pub mod roofs;
pub mod run;
pub mod table;
mod trace;
pub mod weights;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Subcommand, ValueEnum};
use yolov4::{
    Error, Precision, TuneChoice,
    low_level::{
        gpu::Roof,
        kernels::conv::Variant,
        model::{CfgOptions, Model, zoo},
    },
};

use crate::{CommandResult, Failure, options, output};
use machines::{AdapterSpec, BackendChoice};
use report::Report;
use roofs::Roofs;
use run::{Case, Settings};
use weights::Weights;

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    action: Option<BenchCommand>,
    #[command(flatten)]
    measuring: Measuring,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Compare two files of `yolov4 bench --format json`: what got slower, what faster
    Compare(compare::CompareArgs),
}

#[derive(clap::Args, Debug)]
struct Measuring {
    /// Names of networks (see `yolov4 models`), Darknet network descriptions, or .safetensors files; nothing is fetched
    #[arg(long, value_name = "NAME|FILE,..", value_delimiter = ',', default_value = zoo::DEFAULT)]
    model: Vec<PathBuf>,
    /// Input sizes instead of the networks' own: one side, or width x height
    #[arg(long, value_name = "W[xH],..", value_delimiter = ',', value_parser = options::size)]
    size: Vec<(usize, usize)>,
    /// Pictures at once; times are those of the whole batch
    #[arg(long, value_name = "N", default_value = "1")]
    batch: NonZeroUsize,
    /// How values and weights are stored on the GPU
    #[arg(long, value_enum, value_delimiter = ',', default_value = "f32")]
    precision: Vec<Precision>,
    /// Graphics API; all: every one that is there, and every adapter
    #[arg(long, value_enum)]
    backend: Option<BackendChoice>,
    /// Part of the adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Measure which kernels are the fastest here, once; what was found is kept in the cache folder
    #[arg(long, value_enum, default_value_t = TuneChoice::Auto)]
    tune: TuneChoice,
    /// Frames that count
    #[arg(long, value_name = "N", default_value = "20")]
    frames: NonZeroUsize,
    /// Frames before them that do not
    #[arg(long, value_name = "N", default_value_t = 3)]
    warmup: usize,
    /// Seed of random weights, where none are at hand
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How the results are written
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// Where they go [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Every node: its kernel, time, rate, share of its roof and bytes
    #[arg(long)]
    nodes: bool,
    /// Write the time of every dispatch as a trace for Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    profile: Option<PathBuf>,
    /// Only what the adapter can do at most: multiply-adds, storage, workgroup memory, dispatch, submit
    #[arg(long, conflicts_with_all = ["model", "size", "precision", "nodes", "profile"])]
    roof: bool,
    /// Instead of networks: every rung of the ladder on each shape of their convolutions, beside the least time the roofs allow
    #[arg(long, conflicts_with_all = ["nodes", "profile", "roof"])]
    ladder: bool,
    /// Only these rungs of the ladder [default: all but direct]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', requires = "ladder", value_parser = options::rung)]
    rung: Vec<Variant>,
    /// Measure the roofs although they are known; they are kept in the cache folder, by adapter, driver and kernels
    #[arg(long)]
    again: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportFormat {
    Table,
    /// As assets/bench.schema.json says
    Json,
    /// Markdown
    Md,
    /// One page with plots, whole in itself
    Html,
}

pub async fn run(args: BenchArgs) -> CommandResult {
    match args.action {
        Some(BenchCommand::Compare(args)) => compare::run(&args),
        None => measure(args.measuring).await,
    }
}

async fn measure(args: Measuring) -> CommandResult {
    let machines = machines::choose(args.backend, args.adapter.as_deref()).await?;
    let mut report = Report::default();
    let mut roofs = Roofs::new(args.again);
    let failed = if args.roof {
        let mut failed = Failures::of(machines.len());
        for machine in &machines {
            if let Err(error) = roofs.of(machine).await {
                failed.add(machine, error)?;
            }
        }
        failed
    } else if args.ladder {
        every_rung(&args, &machines, &mut roofs, &mut report).await?
    } else {
        every_case(&args, &machines, &mut roofs, &mut report).await?
    };
    report.roofs = roofs.rows();
    if let Some(path) = &args.profile {
        output::write(path, trace::text(&report)?.as_bytes())?;
    }
    let text = match args.format {
        ReportFormat::Table => table::text(&report),
        ReportFormat::Md => table::markdown(&report),
        ReportFormat::Json => report::json(&report)?,
        ReportFormat::Html => html::page(&report),
    };
    output::put(args.out.as_ref(), &text)?;
    if failed.any { Err(Failure::Reported) } else { Ok(()) }
}

/// What `--model` names, the size asked for, the network.
type Opened<'a> = (&'a PathBuf, Option<(usize, usize)>, Model);

/// Every network at every size; what cannot be is told before anything is measured.
fn networks(args: &Measuring) -> Result<Vec<Opened<'_>>, Failure> {
    let sizes: Vec<_> = if args.size.is_empty() { vec![None] } else { args.size.iter().copied().map(Some).collect() };
    let mut networks = Vec::new();
    for (model, size) in args.model.iter().flat_map(|model| sizes.iter().map(move |size| (model, *size))) {
        networks.push((model, size, Model::open(model, &CfgOptions { size, ..CfgOptions::default() })?));
    }
    Ok(networks)
}

/// The roofs of a machine; without them there are no percentages, and that is said.
async fn roof(roofs: &mut Roofs, machine: &AdapterSpec) -> Result<Option<Roof>, Failure> {
    match roofs.of(machine).await {
        Ok(roof) => Ok(Some(roof)),
        Err(error @ Error::NoAdapter(_)) => Err(error.into()),
        Err(error) => {
            output::say(format_args!("note: {machine}: no roofs, so no percentages: {error}"));
            Ok(None)
        }
    }
}

/// Every rung on every shape in every precision on every machine, into `report`.
async fn every_rung(
    args: &Measuring,
    machines: &[AdapterSpec],
    roofs: &mut Roofs,
    report: &mut Report,
) -> Result<Failures, Failure> {
    let networks = networks(args)?;
    let networks: Vec<_> = networks.iter().map(|(model, _, network)| (model.as_path(), network)).collect();
    let shapes = ladder::shapes(&networks)?;
    let mut failed = Failures::of(args.precision.len() * machines.len());
    for machine in machines {
        let roof = roof(roofs, machine).await?;
        for precision in &args.precision {
            let at = (machine, *precision);
            match ladder::measure(&networks, &shapes, &args.rung, at, roof.as_ref()).await {
                Ok(rows) => report.ladder.extend(rows),
                Err(error) => failed.add(machine, error)?,
            }
        }
    }
    Ok(failed)
}

/// Every network at every size in every precision on every machine, into `report`.
async fn every_case(
    args: &Measuring,
    machines: &[AdapterSpec],
    roofs: &mut Roofs,
    report: &mut Report,
) -> Result<Failures, Failure> {
    let networks: Vec<_> = networks(args)?
        .into_iter()
        .map(|(model, size, network)| (model, size, weights::at_hand(model, &network, args.seed)))
        .collect();
    let settings = Settings {
        batch: args.batch.get(),
        frames: args.frames.get(),
        warmup: args.warmup,
        nodes: args.nodes,
        dispatches: args.nodes || args.profile.is_some(),
        tune: args.tune,
    };
    let mut failed = Failures::of(networks.len() * args.precision.len() * machines.len());
    for machine in machines {
        let roof = roof(roofs, machine).await?;
        for (model, size, weights) in &networks {
            for precision in &args.precision {
                let precision = *precision;
                let case = Case { model, size: *size, drop_stages: 0, weights, precision, machine };
                if let Weights::Random(seed) = weights {
                    let model = model.display();
                    output::say(format_args!(
                        "note: {model}: no weights at hand: random ones (seed {seed}), with a threshold that leaves no boxes"
                    ));
                }
                match run::measure(&case, &settings, roof.as_ref()).await {
                    Ok(row) => report.results.push(row),
                    Err(error) => failed.add(&case, error)?,
                }
            }
        }
    }
    Ok(failed)
}

/// One among many that cannot be measured costs the exit code only.
struct Failures {
    alone: bool,
    any: bool,
}

impl Failures {
    fn of(all: usize) -> Self {
        Self { alone: all == 1, any: false }
    }

    fn add(&mut self, what: &dyn std::fmt::Display, error: Error) -> Result<(), Failure> {
        if self.alone {
            return Err(error.into());
        }
        output::say(format_args!("error: {what}: {error}"));
        self.any = true;
        Ok(())
    }
}
