//! `yolov4 bench`: how fast networks are on the adapters of this machine.

mod compare;
mod html;
mod measure;
mod report;
mod trace;

use std::path::PathBuf;

use yolov4::{
    Error, Gpu, Precision,
    low_level::{
        gpu::{self, GpuOptions, Needs, Roof},
        model::zoo,
    },
};

use crate::{Outcome, options, output};
use measure::Job;
use report::Row;

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Networks: names (see `yolov4 models`), .cfg or .safetensors files. Random weights where none are at hand
    #[arg(long, value_delimiter = ',', value_name = "A,B", default_value = zoo::DEFAULT)]
    model: Vec<PathBuf>,
    /// Input sizes instead of the networks' own: sides, or width x height
    #[arg(long, value_delimiter = ',', value_name = "W[xH],..", value_parser = options::size)]
    size: Vec<(usize, usize)>,
    /// Pictures at once
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// How values and weights are stored on the GPU
    #[arg(long, value_enum, value_delimiter = ',', default_value = "f32")]
    precision: Vec<options::PrecisionArg>,
    /// Graphics API; `all`: every adapter that answers, through every API
    #[arg(long, value_enum)]
    backend: Option<BackendArg>,
    /// Part of the adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Frames that count
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    frames: u32,
    /// Frames before them that do not
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    warmup: u32,
    /// Measure which kernels are the fastest here first
    #[arg(long, value_enum, default_value_t = options::TuneArg::Auto)]
    tune: options::TuneArg,
    /// How results are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A table of every node: kernel, time, rate, bytes
    #[arg(long)]
    nodes: bool,
    /// Write the nodes' times as a trace for Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    profile: Option<PathBuf>,
    /// Measure what the adapter can do at most, and nothing else
    #[arg(long)]
    roof: bool,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Compare two files of `--format json`: ratios of medians
    Compare(compare::Args),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum BackendArg {
    Vulkan,
    Metal,
    Dx12,
    Gl,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs; see assets/bench.schema.json
    Json,
    /// A table for Markdown
    Md,
    /// One page that needs nothing else
    Html,
}

pub async fn run(args: Args) -> Outcome {
    if let Some(Action::Compare(args)) = &args.action {
        return compare::run(args);
    }
    if args.batch != 1 {
        return Err(
            Error::Usage(format!("--batch: expected 1, found {}: frames are played one by one", args.batch)).into()
        );
    }
    let mut rows = Vec::new();
    for wish in wishes(&args).await? {
        for precision in &args.precision {
            measure_adapter(&args, &wish, (*precision).into(), &mut rows).await?;
        }
    }
    if args.roof {
        return Ok(());
    }
    let text = match args.format {
        Format::Table => report::table(&rows),
        Format::Json => report::json(&rows),
        Format::Md => report::markdown(&rows),
        Format::Html => html::page(&rows),
    };
    output::put(args.out.as_ref(), &text)?;
    Ok(())
}

/// The adapters to measure, as options that name one each.
async fn wishes(args: &Args) -> yolov4::Result<Vec<GpuOptions>> {
    let backend = match args.backend {
        None | Some(BackendArg::All) => None,
        Some(BackendArg::Vulkan) => Some(yolov4::Backend::Vulkan),
        Some(BackendArg::Metal) => Some(yolov4::Backend::Metal),
        Some(BackendArg::Dx12) => Some(yolov4::Backend::Dx12),
        Some(BackendArg::Gl) => Some(yolov4::Backend::Gl),
    };
    if args.backend != Some(BackendArg::All) {
        return Ok(vec![GpuOptions { backend, adapter: args.adapter.clone(), needs: Needs::default() }]);
    }
    if let Some(adapter) = &args.adapter {
        return Err(Error::Usage(format!("--adapter {adapter}: `--backend all` takes every adapter")));
    }
    let count = gpu::adapters(None).await.len();
    if count == 0 {
        return Err(Error::NoAdapter(gpu::driver_hint().into()));
    }
    let numbered = |n: usize| GpuOptions { backend: None, adapter: Some(n.to_string()), needs: Needs::default() };
    Ok((0..count).map(numbered).collect())
}

async fn measure_adapter(args: &Args, wish: &GpuOptions, precision: Precision, rows: &mut Vec<Row>) -> Outcome {
    let needs = Needs { binding_bytes: u64::MAX, precision, timestamps: true };
    let gpu = match Gpu::new(&GpuOptions { needs, ..wish.clone() }).await {
        // One of many: the others may have it.
        Err(error @ Error::Limit { .. }) if args.backend == Some(BackendArg::All) => {
            output::say(format_args!("skipped: {error}"));
            return Ok(());
        }
        other => other?,
    };
    let report = gpu.report();
    let software = if report.software { ", a SOFTWARE ADAPTER: its figures say nothing about a GPU" } else { "" };
    output::say(format_args!("{} ({}, {}{software})", report.name, report.backend, report.driver));
    let roof = roof(&gpu, args.roof).await?;
    if args.roof {
        output::print(&report::roof(&gpu, &roof))?;
        return Ok(());
    }
    for model in &args.model {
        let sizes: Vec<Option<(usize, usize)>> =
            if args.size.is_empty() { vec![None] } else { args.size.iter().copied().map(Some).collect() };
        for size in sizes {
            let job = Job { model, size, precision, tune: args.tune.into(), frames: args.frames, warmup: args.warmup };
            let measured = job.run(&gpu, &roof).await?;
            if args.nodes {
                output::print(&report::nodes(&measured.row, &measured.nodes, &roof))?;
            }
            if let Some(path) = &args.profile {
                trace::write(path, &measured.row, &measured.nodes)?;
            }
            rows.push(measured.row);
        }
    }
    Ok(())
}

/// What the adapter can do at most: as kept in the cache folder, or measured, and then kept.
async fn roof(gpu: &Gpu, anew: bool) -> yolov4::Result<Roof> {
    let store = zoo::Store::from_env();
    let path = store.folder().ok().map(|folder| folder.join("roof").join(Roof::file_name(gpu)));
    let kept = path.as_ref().filter(|_| !anew).and_then(|path| std::fs::read(path).ok().map(|bytes| (path, bytes)));
    if let Some((path, bytes)) = kept {
        match serde_json::from_slice::<Roof>(&bytes) {
            Ok(roof) if roof.is_plausible() => return Ok(roof),
            _ => output::say(format_args!("{}: is no roof of an adapter: ignored, and measured again", path.display())),
        }
    }
    output::say(format_args!("measuring what the adapter can do at most ..."));
    let roof = Roof::measure(gpu).await?;
    if let Some(path) = path {
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written
            .map_err(Error::io(&path))
            .and_then(|()| output::write(&path, serde_json::to_string_pretty(&roof).unwrap_or_default().as_bytes()));
        if let Err(error) = written {
            output::say(format_args!("note: the roof cannot be kept: {error}"));
        }
    }
    Ok(roof)
}
