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
    /// Try again, among the steps that are wanted, those that failed, were wrong or could not be done
    #[arg(long)]
    again: bool,
    /// The Python whose ncnn, ONNX Runtime and PyTorch are timed beside; those that it lacks are named and left out
    #[arg(long, value_name = "PROGRAM", default_value = peers::PYTHON)]
    python: PathBuf,
}

/// Minutes above 0, a year at most.
fn minutes(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| *n > 0.0 && *n <= 366.0 * 24.0 * 60.0);
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
    let lock = lock(&args.out)?;
    let mut record = Record::open(&args.out, identity)?;
    if record.identity.software {
        let quick = if args.quick { "" } else { "; --quick is for trying the day itself" };
        output::say(format_args!(
            "SOFTWARE ADAPTER: {} is a processor that poses as a GPU; its times say nothing about a GPU{quick}",
            record.identity.adapter
        ));
    }
    let day = Day { args: &args, networks, f16, stop: interrupt::stop(Arc::new(|| {})), start: Instant::now() };
    let left = day.play(&steps, &mut record)?;
    drop(lock);
    let ended = |state| steps.iter().filter(|step| record.step(&step.id).is_some_and(|s| s.state == state)).count();
    let (wrong, failed) = (ended(State::Wrong), ended(State::Failed));
    output::print(&format!(
        "{} done, {wrong} wrong, {failed} failed, {} skipped, {left} left\n{}\n{}\n",
        ended(State::Done),
        ended(State::Skipped),
        Record::file(&args.out).display(),
        page::file(&args.out).display()
    ))?;
    if day.stop.asked() {
        output::say(format_args!("stopped; the same command goes on"));
        return Err(Failure::Reported);
    }
    if left > 0 {
        output::say(format_args!("the minutes are over; the same command goes on"));
    }
    if wrong + failed == 0 { Ok(()) } else { Err(Failure::Reported) }
}

/// One call at a time works on a folder; on a file system without locks that is the user's care.
fn lock(dir: &Path) -> Result<std::fs::File> {
    let path = dir.join("day.lock");
    let file = std::fs::File::create(&path).map_err(Error::io(&path))?;
    if matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
        return Err(Error::Usage(format!("{}: another call is at work on this day", dir.display())));
    }
    Ok(file)
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
        networks: networks.iter().map(|n| format!("{} {}x{}", n.name, n.size.0, n.size.1)).collect(),
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
    /// Every step that has not ended yet; how many are left.
    fn play(&self, steps: &[DayStep], record: &mut Record) -> Result<usize> {
        let before = record.seconds;
        std::fs::create_dir_all(self.work()).map_err(Error::io(self.work()))?;
        let open =
            |step: &&DayStep| record.step(&step.id).is_none_or(|known| self.args.again && known.state != State::Done);
        let open: Vec<&DayStep> = steps.iter().filter(open).collect();
        for (number, step) in open.iter().enumerate() {
            let left = self.left().filter(|_| !self.stop.asked());
            let Some(left) = left else { return Ok(open.len() - number) };
            output::say(format_args!("{}/{} {}: {}", number + 1, open.len(), step.id, step.title));
            let Some(ended) = self.step(step, left, number == 0, &record.identity) else {
                return Ok(open.len() - number);
            };
            let said = if ended.said.is_empty() { String::new() } else { format!(": {}", ended.said) };
            output::say(format_args!("    {}, {:.1} s{said}", page::state(ended.state), ended.seconds));
            record.seconds = before + self.start.elapsed().as_secs_f64();
            match record.steps.iter_mut().find(|known| known.id == ended.id) {
                Some(known) => *known = ended,
                None => record.steps.push(ended),
            }
            record.save(&self.args.out)?;
            page::write(&self.args.out, record, &self.networks)?;
        }
        Ok(0)
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

    /// What came of a step; nothing if it was cut off and is to be begun again in the next call. Whatever goes wrong with it is the step's own.
    fn step(&self, step: &DayStep, left: Duration, first: bool, identity: &Identity) -> Option<StepRecord> {
        let without = |state: State, why: String| Some(ended(step, state, String::new(), why, Value::Null, 0.0));
        if step.wants_f16() && !self.f16 {
            return without(State::Skipped, "the adapter has no f16".into());
        }
        let limit = left.min(PATIENCE);
        let begin = || {
            let command = match self.command(step, identity)? {
                Ok(command) => command,
                Err(why) => return Ok(Err(why)),
            };
            let typed = typed(&command);
            if let StepWork::StartUp { cold: false } = step.work {
                // What it keeps is there afterwards: the tables of tuning, and what the driver has compiled.
                if let Ok(command) = self.command(step, identity)? {
                    child::run(command, limit, &self.stop)?;
                }
            }
            Ok(Ok((child::run(command, limit, &self.stop)?, typed)))
        };
        let (outcome, typed) = match begin() {
            Ok(Ok(begun)) => begun,
            Ok(Err(why)) => return without(State::Skipped, why),
            Err(error) => {
                let error: Error = error;
                return without(State::Failed, format!("error: {error}"));
            }
        };
        // What is cut off by the minutes is begun again in the next call, unless it has had all of them.
        let cut = matches!(outcome.ended, Ended::Late) && limit < PATIENCE && !first;
        (!cut && !self.stop.asked()).then(|| judged(step, typed, &outcome, identity))
    }

    /// The process of a step, or why there is none.
    fn command(&self, step: &DayStep, identity: &Identity) -> Result<std::result::Result<Command, String>> {
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
                let how = (self.args.quick, self.f16);
                match peers::command(&self.args.python, &program, network, &work, how)? {
                    Ok(peers) => command = peers,
                    Err(why) => return Ok(Err(why)),
                }
            }
        }
        command.env("YOLOV4_CACHE", cache);
        // The day's own, so that no step goes to another one where this one has gone.
        command.args(["--backend", &identity.backend]);
        if step.id != "adapters" {
            command.arg("--adapter").arg(self.args.adapter.as_ref().unwrap_or(&identity.adapter));
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
    let quoted = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./\\:,=+@".contains(c));
        if plain { word.into_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    let variables = command.get_envs().filter_map(|(name, value)| Some(format!("{}={}", quoted(name), quoted(value?))));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

/// A step whose process has ended: there are results if it has written some, and whether they are good is theirs to say.
fn judged(step: &DayStep, command: String, outcome: &ProcessOutcome, identity: &Identity) -> StepRecord {
    let status = match &outcome.ended {
        Ended::Itself(status) => Some(status),
        Ended::Late | Ended::Stopped => None,
    };
    let success = status.is_some_and(std::process::ExitStatus::success);
    let wrote = match &step.work {
        StepWork::StartUp { .. } => success.then(|| json!({ "seconds": outcome.seconds })),
        _ => serde_json::from_slice(&outcome.stdout).ok().filter(|_| status.is_some()),
    };
    let end = |state, said, result| ended(step, state, command, said, result, outcome.seconds);
    match wrote {
        None => end(State::Failed, outcome.complaint(), Value::Null),
        Some(result) => match (elsewhere(&result, identity), differs(&result)) {
            (Some(other), _) => {
                let said = format!("error: it was played by {other} instead of {}", identity.adapter);
                end(State::Failed, said, Value::Null)
            }
            (None, Some(said)) => end(State::Wrong, said, result),
            // A driver may end a process after all was written.
            (None, None) => end(State::Done, if success { String::new() } else { outcome.complaint() }, result),
        },
    }
}

/// The adapter that a result names, if it is another.
fn elsewhere(result: &Value, identity: &Identity) -> Option<String> {
    let named = [&result["adapter"], &result["results"][0]["adapter"], &result["roofs"][0]["adapter"]];
    named.into_iter().filter_map(Value::as_str).find(|name| *name != identity.adapter).map(str::to_owned)
}

/// What a comparison with the oracle says, if it is one that has found something.
fn differs(result: &Value) -> Option<String> {
    if let Some(rounds) = result["rounds"].as_array() {
        let failures: Vec<&Value> = rounds.iter().filter_map(|round| round["failures"].as_array()).flatten().collect();
        let all: u64 = rounds.iter().filter_map(|round| round["problems"].as_u64()).sum();
        let first = failures.first()?.as_str()?;
        return Some(format!("{} of {all} problems differ from the oracle; the first: {first}", failures.len()));
    }
    let worst = &result["nodes"][0];
    let apart = worst["relative"].as_f64().map_or_else(|| "infinitely".into(), |relative| format!("{relative:.1e}"));
    let said = || Some(format!("{} is {apart} apart, allowed {}", worst["name"].as_str()?, result["allowed"]));
    (result["agrees"] == false).then(said)?
}

fn ended(step: &DayStep, state: State, command: String, said: String, result: Value, seconds: f64) -> StepRecord {
    StepRecord { id: step.id.clone(), state, seconds: (1e3 * seconds).round() / 1e3, command, said, result }
}
