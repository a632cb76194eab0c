//! `yolov4 gpu-day`: the first hour on a card, as one record and one page. Every step is a process of its own, and what it has found is kept
//! before the next one begins.

mod child;
mod network;
mod page;
mod peers;
mod plan;
mod record;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};
use yolov4::{
    Backend, Error, Gpu, Result,
    low_level::{
        digest,
        gpu::{AdapterReport, GpuOptions},
        kernels::catalogue,
        model::zoo::SCENES,
    },
};

use crate::{CommandResult, Failure, interrupt, output, viewer::Stop};
use child::{Ended, ProcessOutcome};
use plan::{DayStep, NetworkSpec, StepWork};
use record::{Identity, Record, State, StepRecord};

#[derive(Args, Debug)]
pub struct GpuDayArgs {
    /// Folder of the record (day.json), the page (day.html) and what is needed for them; made if its parent exists. A record that is there
    /// goes on where it ended
    #[arg(long, value_name = "DIR", default_value = "gpu-day")]
    out: PathBuf,
    /// End after so many minutes; the same command goes on from there
    #[arg(long, value_name = "M", value_parser = minutes)]
    minutes: Option<f64>,
    /// Graphics API
    #[arg(long, value_enum)]
    backend: Option<Backend>,
    /// Part of the adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Networks [default: the whole family]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    model: Vec<String>,
    /// Small inputs and few frames, to see the day itself work: its times say nothing
    #[arg(long)]
    quick: bool,
    /// Only steps whose names begin so
    #[arg(long, value_name = "STEP,..", value_delimiter = ',')]
    only: Vec<String>,
    /// Name the steps, and which are done, and end
    #[arg(long)]
    list: bool,
    /// Try again what failed or could not be done
    #[arg(long)]
    again: bool,
    /// The Python whose ncnn, ONNX Runtime and PyTorch are timed beside; those that it lacks are named and left out
    #[arg(long, value_name = "PROGRAM", default_value = peers::PYTHON)]
    python: PathBuf,
}

/// Minutes above 0.
fn minutes(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| format!("expected minutes above 0, found `{text}`"))
}

/// Longest time of a step.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Frames of the video.
const FRAMES: [usize; 2] = [20, 300];

pub async fn run(args: GpuDayArgs) -> CommandResult {
    let networks = plan::networks(&args.model, args.quick)?;
    let steps = plan::only(plan::steps(&networks, args.quick), &args.only)?;
    let options = GpuOptions { backend: args.backend, adapter: args.adapter.clone(), ..GpuOptions::default() };
    let gpu = Gpu::new(&options).await?;
    let (identity, f16) = (identity(gpu.report(), &networks, args.quick), gpu.report().f16);
    // From here on the device is the steps'.
    drop(gpu);
    if args.list {
        return list(&args, &steps, identity);
    }
    output::folder(&args.out)?;
    let mut record = Record::open(&args.out, identity)?;
    if args.again {
        record.steps.retain(|step| step.state == State::Done);
    }
    if record.identity.software {
        let quick = if args.quick { "" } else { "; --quick is for trying the day itself" };
        output::say(format_args!(
            "SOFTWARE ADAPTER: {} is a processor that poses as a GPU; its times say nothing about a GPU{quick}",
            record.identity.adapter
        ));
    }
    let day = Day { args: &args, networks, f16, stop: interrupt::stop(Arc::new(|| {})), start: Instant::now() };
    let whole = day.play(&steps, &mut record)?;
    let count = |state| record.steps.iter().filter(|step| step.state == state).count();
    let left = steps.iter().filter(|step| record.step(&step.id).is_none()).count();
    output::print(&format!(
        "{} done, {} wrong, {} failed, {} skipped, {left} left\n{}\n{}\n",
        count(State::Done),
        count(State::Wrong),
        count(State::Failed),
        count(State::Skipped),
        Record::file(&args.out).display(),
        page::file(&args.out).display()
    ))?;
    if day.stop.asked() {
        output::say(format_args!("stopped; the same command goes on"));
        return Err(Failure::Reported);
    }
    if !whole {
        output::say(format_args!("the minutes are over; the same command goes on"));
    }
    if count(State::Failed) + count(State::Wrong) == 0 { Ok(()) } else { Err(Failure::Reported) }
}

fn identity(report: &AdapterReport, networks: &[NetworkSpec], quick: bool) -> Identity {
    let texts = catalogue().into_iter().flat_map(|kernel| kernel.parts).map(|part| part.text);
    Identity {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernels: digest::short(texts),
        adapter: report.name.clone(),
        backend: report.backend.clone(),
        driver: report.driver.clone(),
        software: report.software,
        quick,
        networks: networks.iter().map(ToString::to_string).collect(),
    }
}

fn list(args: &GpuDayArgs, steps: &[DayStep], identity: Identity) -> CommandResult {
    let record = Record::open(&args.out, identity)?;
    let mut text = String::new();
    for step in steps {
        let state = record.step(&step.id).map_or("", |step| page::state(step.state));
        text += &format!("{:<34} {:<8} {}\n", step.id, state, step.title);
    }
    Ok(output::print(&text)?)
}

/// One call.
struct Day<'a> {
    args: &'a GpuDayArgs,
    networks: Vec<NetworkSpec>,
    /// Whether the adapter stores values in 16 bits.
    f16: bool,
    stop: Stop,
    start: Instant,
}

impl Day<'_> {
    /// Every step that has not ended yet; whether the time sufficed.
    fn play(&self, steps: &[DayStep], record: &mut Record) -> Result<bool> {
        let before = record.seconds;
        std::fs::create_dir_all(self.work()).map_err(Error::io(self.work()))?;
        for (number, step) in steps.iter().enumerate() {
            if record.step(&step.id).is_some() {
                continue;
            }
            if self.stop.asked() {
                break;
            }
            let Some(left) = self.left() else { return Ok(false) };
            output::say(format_args!("{}/{} {}: {}", number + 1, steps.len(), step.id, step.title));
            let ended = self.step(step, left)?;
            record.seconds = before + self.start.elapsed().as_secs_f64();
            if let Some(ended) = ended {
                let said = if ended.said.is_empty() { String::new() } else { format!(": {}", ended.said) };
                output::say(format_args!("    {}, {:.1} s{said}", page::state(ended.state), ended.seconds));
                record.steps.push(ended);
            }
            record.save(&self.args.out)?;
            page::write(&self.args.out, record, &self.networks)?;
        }
        Ok(true)
    }

    /// Where the steps put what they need, the tables of tuning and roofs among it: a day finds nothing that was known before.
    fn work(&self) -> PathBuf {
        self.args.out.join("work")
    }

    /// What is left of the minutes; none if they are over.
    fn left(&self) -> Option<Duration> {
        let Some(minutes) = self.args.minutes else { return Some(PATIENCE) };
        Duration::from_secs_f64(60.0 * minutes).checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }

    /// What came of a step; nothing if it is to be begun again in the next call.
    fn step(&self, step: &DayStep, left: Duration) -> Result<Option<StepRecord>> {
        let limit = left.min(PATIENCE);
        let skipped = |why: String| Ok(Some(ended(step, State::Skipped, String::new(), why, Value::Null, 0.0)));
        if step.wants_f16() && !self.f16 {
            return skipped("the adapter has no f16".into());
        }
        let command = match self.command(step)? {
            Ok(command) => command,
            Err(why) => return skipped(why),
        };
        let typed = typed(&command);
        let outcome = child::run(command, &self.work(), limit, &self.stop)?;
        // Ctrl-C reaches a step too.
        if self.stop.asked() {
            return Ok(None);
        }
        // What is cut off by the minutes gets all of them next time; it has had them if it began with them.
        let had_all = self.args.minutes.is_none_or(|minutes| outcome.seconds > 30.0 * minutes);
        if matches!(outcome.ended, Ended::Late) && limit < PATIENCE && !had_all {
            return Ok(None);
        }
        Ok(Some(judged(step, typed, &outcome)))
    }

    /// The process of a step, or why there is none.
    fn command(&self, step: &DayStep) -> Result<std::result::Result<Command, String>> {
        let program = std::env::current_exe().map_err(Error::io("this program"))?;
        let work = self.work();
        let (mut command, mut cache) = (Command::new(&program), work.join("cache"));
        match &step.work {
            StepWork::Program(arguments) => {
                command.args(arguments);
            }
            StepWork::StartUp { cold } => {
                command.args(["demo", "--player", "gpu", "--out"]).arg(work.join("demo"));
                if *cold {
                    // A folder that nobody has used, and no driver's own.
                    let fresh = work.join("fresh");
                    if fresh.exists() {
                        std::fs::remove_dir_all(&fresh).map_err(Error::io(&fresh))?;
                    }
                    cache = fresh;
                    command.env("__GL_SHADER_DISK_CACHE", "0").env("MESA_SHADER_CACHE_DISABLE", "true");
                }
            }
            StepWork::Viewer => {
                let video = video(&work)?;
                let frames = FRAMES[usize::from(!self.args.quick)].to_string();
                command.arg("view").arg(video).args(["--headless", "--loop", "--model", "demo", "--player", "gpu"]);
                command.args(["--frames", &frames, "--summary", "-"]);
            }
            StepWork::Peers(network) => {
                match peers::command(&self.args.python, &program, network, &work, self.args.quick)? {
                    Ok(peers) => command = peers,
                    Err(why) => return Ok(Err(why)),
                }
            }
        }
        command.env("YOLOV4_CACHE", cache);
        if let (false, Some(adapter)) = (step.id == "adapters", &self.args.adapter) {
            command.arg("--adapter").arg(adapter);
        }
        if let Some(backend) = self.args.backend.and_then(|backend| clap::ValueEnum::to_possible_value(&backend)) {
            command.arg("--backend").arg(backend.get_name());
        }
        Ok(Ok(command))
    }
}

/// The demo's street scenes, one after the other: a video in the form of MJPEG.
fn video(work: &Path) -> Result<PathBuf> {
    let file = work.join("scenes.mjpeg");
    let frames: Vec<u8> = SCENES.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    output::write(&file, &frames)?;
    Ok(file)
}

/// A command as it may be typed.
fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.into_owned() }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A step whose process has ended: there are results if it has written some, whatever its exit code says of them.
fn judged(step: &DayStep, command: String, outcome: &ProcessOutcome) -> StepRecord {
    let status = match &outcome.ended {
        Ended::Itself(status) => Some(status),
        Ended::Late | Ended::Stopped => None,
    };
    let wrote = match &step.work {
        StepWork::StartUp { .. } if status.is_some_and(std::process::ExitStatus::success) => {
            Some(json!({ "seconds": outcome.seconds }))
        }
        StepWork::StartUp { .. } => None,
        _ => serde_json::from_slice(&outcome.stdout).ok().filter(|_| status.is_some()),
    };
    match wrote {
        Some(result) => {
            let bad = status.is_some_and(|status| !status.success());
            let wrong = || differs(&result).unwrap_or_else(|| outcome.complaint());
            let (state, said) = if bad { (State::Wrong, wrong()) } else { (State::Done, String::new()) };
            ended(step, state, command, said, result, outcome.seconds)
        }
        None => ended(step, State::Failed, command, outcome.complaint(), Value::Null, outcome.seconds),
    }
}

/// What a comparison with the oracle says, if it is one.
fn differs(result: &Value) -> Option<String> {
    if let Some(rounds) = result["rounds"].as_array() {
        let failures: Vec<&Value> = rounds.iter().filter_map(|round| round["failures"].as_array()).flatten().collect();
        let all: u64 = rounds.iter().filter_map(|round| round["problems"].as_u64()).sum();
        let first = failures.first()?.as_str()?;
        return Some(format!("{} of {all} problems differ from the oracle; the first: {first}", failures.len()));
    }
    let worst = &result["nodes"][0];
    let apart = worst["relative"].as_f64().map_or_else(|| "infinitely".into(), |relative| format!("{relative:.1e}"));
    Some(format!("{} is {apart} apart, allowed {}", worst["name"].as_str()?, result["allowed"]))
}

fn ended(step: &DayStep, state: State, command: String, said: String, result: Value, seconds: f64) -> StepRecord {
    StepRecord { id: step.id.clone(), state, seconds: (1e3 * seconds).round() / 1e3, command, said, result }
}
