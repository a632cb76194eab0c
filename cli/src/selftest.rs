//! `yolov4 selftest`: every kernel on this machine's adapter against the CPU oracle. The program brings the problems along.

use std::time::Instant;

use clap::Args;
use serde::Serialize;
use yolov4::{
    Backend, Error, Gpu, Precision, Result,
    low_level::gpu::{DeviceRequirements, GpuOptions},
};
use yolov4_suite::{
    Played, Round,
    checks::{self, Fault},
    play,
    problems::suite,
};

use crate::{CommandResult, Failure, output, progress};

#[derive(Args, Debug)]
pub struct SelftestArgs {
    /// Only this graphics API
    #[arg(long, value_enum)]
    backend: Option<Backend>,
    /// Part of an adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// How values and weights are stored on the GPU
    #[arg(long, value_enum, value_delimiter = ',', default_value = "f32,f16")]
    precision: Vec<Precision>,
    /// Everything as JSON
    #[arg(long)]
    json: bool,
}

/// What came of all rounds.
#[derive(Serialize)]
struct Outcome {
    adapter: String,
    backend: String,
    driver: String,
    software: bool,
    rounds: Vec<RoundRow>,
}

/// What came of one.
#[derive(Serialize)]
struct RoundRow {
    precision: &'static str,
    round: &'static str,
    problems: usize,
    /// The largest difference of a value from the oracle's.
    worst: f64,
    seconds: f64,
    /// Rungs of the ladder of convolutions.
    rungs: Vec<&'static str>,
    kernels: Vec<&'static str>,
    /// What the adapter has no features for.
    skipped: Vec<String>,
    failures: Vec<String>,
    devices_lost: usize,
}

pub async fn run(args: &SelftestArgs) -> CommandResult {
    let mut outcome = None;
    for precision in &args.precision {
        let gpu = match device(args, *precision).await {
            Ok(gpu) => gpu,
            // f16 is no must.
            Err(error @ Error::Limit { .. }) if args.precision.len() > 1 => {
                output::say(format_args!("note: {}: skipped: {error}", precision.name()));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let report = gpu.report();
        let outcome = outcome.get_or_insert_with(|| Outcome {
            adapter: report.name.clone(),
            backend: report.backend.clone(),
            driver: report.driver.clone(),
            software: report.software,
            rounds: vec![],
        });
        let mut gpu = Some(gpu);
        for round in Round::OF_AN_ADAPTER {
            let row = played(args, &mut gpu, *precision, round).await;
            if !args.json {
                output::print(&row.text())?;
            }
            outcome.rounds.push(row);
        }
        if *precision == Precision::F32 {
            let row = pictures_and_boxes(args, gpu).await;
            if !args.json {
                output::print(&row.text())?;
            }
            outcome.rounds.push(row);
        }
    }
    let Some(outcome) = outcome else { return Err(Error::Usage("no precision that this adapter has".into()).into()) };
    let failed: usize = outcome.rounds.iter().map(|row| row.failures.len()).sum();
    let all: usize = outcome.rounds.iter().map(|row| row.problems).sum();
    if args.json {
        output::print(&output::json("the outcome", &outcome)?)?;
    } else {
        let software = if outcome.software { ", a processor that poses as a GPU" } else { "" };
        output::print(&format!(
            "{} ({}, {}{software}): {all} problems, {failed} failures\n",
            outcome.adapter, outcome.backend, outcome.driver,
        ))?;
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Reported) }
}

async fn device(args: &SelftestArgs, precision: Precision) -> Result<Gpu> {
    let requirements = DeviceRequirements { precision, ..DeviceRequirements::default() };
    let (backend, adapter) = (args.backend, args.adapter.clone());
    Gpu::new(&GpuOptions { backend, adapter, requirements, ..GpuOptions::default() }).await
}

/// One round; a device that is lost on the way is a failure, and another takes its place. Where none does, the round ends, and says so.
async fn played(args: &SelftestArgs, gpu: &mut Option<Gpu>, precision: Precision, round: Round) -> RoundRow {
    let problems = suite();
    let bar = progress::bar(problems.len());
    let start = Instant::now();
    let (mut all, mut done, mut devices_lost) = (Played::default(), 0, 0);
    while done < problems.len() {
        let here = match gpu.take() {
            Some(gpu) => gpu,
            None => match device(args, precision).await {
                Ok(gpu) => gpu,
                Err(error) => {
                    all.failures.push(format!("{} problems were not played: {error}", problems.len() - done));
                    break;
                }
            },
        };
        let ways = |problem: &_| round.ways(&here, problem, precision);
        let mut begun = |number: usize| bar.set_position((done + number) as u64);
        let (some, begun, lost) = play(&here, &problems[done..], precision, ways, &mut begun).await;
        all.add(some);
        done += begun;
        devices_lost += usize::from(lost);
        *gpu = (!lost).then_some(here);
    }
    bar.finish_and_clear();
    RoundRow::new(precision, round.name(), start, all, devices_lost)
}

/// What no op is lowered to: letterbox, decode, sort and NMS.
async fn pictures_and_boxes(args: &SelftestArgs, gpu: Option<Gpu>) -> RoundRow {
    let start = Instant::now();
    let mut played = Played::default();
    let gpu = match gpu {
        Some(gpu) => Ok(gpu),
        None => device(args, Precision::F32).await,
    };
    let mut add = |checked: std::result::Result<usize, Fault>| match checked {
        Ok(count) => played.count += count,
        Err(fault) => {
            played.count += 1;
            played.failures.push(fault.to_string());
        }
    };
    match gpu {
        Ok(gpu) => {
            add(checks::letterboxes(&gpu).await);
            add(checks::every_head(&gpu).await);
        }
        Err(error) => add(Err(error.into())),
    }
    RoundRow::new(Precision::F32, "pictures and boxes", start, played, 0)
}

impl RoundRow {
    fn new(precision: Precision, round: &'static str, start: Instant, played: Played, devices_lost: usize) -> Self {
        Self {
            precision: precision.name(),
            round,
            problems: played.count,
            worst: played.worst,
            seconds: (1e3 * start.elapsed().as_secs_f64()).round() / 1e3,
            rungs: played.rungs.iter().map(|rung| rung.name()).collect(),
            kernels: played.kernels.into_iter().collect(),
            skipped: played.skipped.into_iter().collect(),
            failures: played.failures,
            devices_lost,
        }
    }

    /// A line, and one for everything that is wrong.
    fn text(&self) -> String {
        let Self { precision, round, problems, worst, seconds, rungs, skipped, failures, .. } = self;
        let of_rungs = if rungs.is_empty() { String::new() } else { format!(" on {} rungs", rungs.len()) };
        let off = if *worst > 0.0 { format!(", none off by more than {worst:.1e}") } else { String::new() };
        let verdict = if failures.is_empty() { off } else { format!(", {} FAILED", failures.len()) };
        let mut text = format!("{precision}, {round}: {problems} problems{of_rungs}{verdict} ({seconds:.1} s)\n");
        skipped.iter().for_each(|why| text += &format!("  {why}\n"));
        failures.iter().for_each(|what| text += &format!("  FAILED: {what}\n"));
        text
    }
}
