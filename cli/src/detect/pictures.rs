//! Pictures, one after the other: decoded on all cores, played, and written, all at once and in order.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use yolov4::{
    Detections, Detector, Error, Input, Picture, Result,
    low_level::{
        digest,
        ordered::{Upcoming, cores, ordered},
    },
};

use super::DetectArgs;
use crate::{
    CommandResult, Failure, output, pictures, progress,
    results::{Destination, OutputFormat, Results, RunIdentity},
};

/// A picture of the list.
#[derive(Clone, Debug)]
struct Listed {
    /// Its place among those of this run, from 0.
    place: usize,
    path: PathBuf,
    /// What files made of it are called.
    name: String,
}

/// What was seen of it.
struct Seen {
    listed: Listed,
    /// To draw on.
    picture: Option<Picture>,
    outcome: Result<Detections>,
}

/// That as it will be written.
struct Rendered {
    listed: Listed,
    outcome: Result<(Detections, String)>,
}

pub fn run(args: &DetectArgs, started: Instant) -> CommandResult {
    let mut given = pictures::given(&args.paths)?;
    let mut names = pictures::names(&given.paths);
    if let Some(shard) = args.shard {
        let range = shard.range(given.paths.len());
        names = names.drain(range.clone()).collect();
        given.paths = given.paths.drain(range).collect();
    }
    let target = Destination { format: args.format, out: args.out.clone(), resume: args.resume };
    target.check(&given.paths)?;
    if let Some(dir) = &args.draw {
        output::folder(dir)?;
    }
    if let Some(out) = args.out.as_ref().filter(|_| target.is_whole()) {
        output::say(format_args!("note: {} is whole: nothing is left to do", out.display()));
        return Ok(());
    }
    let mut detector = args.batch.build(|size| super::build(args, size))?;
    args.model.say(detector.choices());
    for note in detector.notes() {
        output::say(format_args!("note: {note}"));
    }
    output::say(format_args!("player: {}; ready after {:.2} s", detector.player(), started.elapsed().as_secs_f64()));
    let run = identity(args, &detector, &given.paths);
    let (results, done) = Results::begin(&target, Some(&run))?;
    let all = given.paths.iter().zip(names).enumerate();
    let all = all.map(|(place, (path, name))| Listed { place, path: path.clone(), name });
    let left: Vec<Listed> = all.filter(|listed| !done[listed.place]).collect();
    if left.len() < done.len() {
        output::say(format_args!("note: {} of {} pictures are done already", done.len() - left.len(), done.len()));
    }
    play(args, &mut detector, results, left, given.pipes)
}

/// What makes an output this one and no other.
fn identity(args: &DetectArgs, detector: &Detector, paths: &[PathBuf]) -> RunIdentity {
    let mut settings: BTreeMap<String, String> =
        detector.choices().iter().map(|choice| (choice.what.to_owned(), choice.value.clone())).collect();
    // Another machine may go on.
    settings.remove("player");
    let joined = |list: &[String]| list.join(",");
    let max_det = detector.max_det().map_or_else(|| "none".into(), |most| most.to_string());
    let more = [
        ("format", args.format.name()),
        ("precision", args.machine.device.precision.name().into()),
        ("classes", joined(&args.detecting.classes)),
        ("agnostic", args.detecting.agnostic.to_string()),
        ("max-det", max_det),
        ("labels", joined(&detector.class_names())),
        ("no-exif", args.resize.no_exif.to_string()),
        ("shard", args.shard.map_or_else(|| "none".into(), |shard| shard.to_string())),
    ];
    settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let list: Vec<String> = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    RunIdentity { settings, pictures: paths.len(), list: digest::short(list.iter().map(String::as_str)) }
}

fn play(
    args: &DetectArgs,
    detector: &mut Detector,
    results: Results,
    left: Vec<Listed>,
    pipes: pictures::Pipes,
) -> CommandResult {
    let started = Instant::now();
    let count = left.len();
    let bar = progress::bar(count);
    let (sender, seen) = mpsc::sync_channel(cores() + detector.batch());
    let writer = writer(args, seen, results, bar.clone(), detector.graph().classes())?;
    let paths = left.iter().map(|listed| listed.path.clone()).collect();
    let mut decoded = pictures::reader(paths, pipes, detector.batch(), !args.resize.no_exif)?;
    // How long the player has waited for pictures.
    let mut starved = Duration::ZERO;
    let upcoming = |wait: bool| {
        let next = if wait {
            let asked = Instant::now();
            let next = decoded.next().map_or(Upcoming::End, Upcoming::Now);
            starved += asked.elapsed();
            next
        } else {
            decoded.next_if_ready()
        };
        match next {
            Upcoming::Now(decoded) => Upcoming::Now(decoded.map(|(picture, remark)| {
                if let Some(remark) = remark {
                    bar.suspend(|| output::say(format_args!("note: {remark}")));
                }
                picture.into()
            })),
            Upcoming::Later => Upcoming::Later,
            Upcoming::End => Upcoming::End,
        }
    };
    let lost = send(detector, upcoming, left, args.draw.is_some(), &sender);
    drop(sender);
    let (results, failed) = writer.join().map_err(|_| Error::Gpu("the thread that writes has ended".into()))??;
    bar.finish_and_clear();
    if let Some(e) = lost {
        results.leave()?;
        return Err(e.into());
    }
    results.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    if count > 1 {
        let rate = count as f64 / seconds;
        output::say(format_args!("{count} pictures in {seconds:.2} s, {rate:.1} a second"));
    }
    if args.model.verbose && count > 0 {
        let busy = 100.0 * (1.0 - starved.as_secs_f64() / seconds);
        output::say(format_args!("the player was busy {busy:.0} % of the time"));
    }
    if failed == 0 {
        return Ok(());
    }
    if count > 1 {
        let again =
            if args.out.is_some() && args.format != OutputFormat::Table { "; --resume tries them again" } else { "" };
        output::say(format_args!("error: {failed} of {count} pictures failed{again}"));
    }
    Err(Failure::Reported)
}

/// Plays what comes and hands it on; returns what ended it before its time.
fn send<'i>(
    detector: &mut Detector,
    upcoming: impl FnMut(bool) -> Upcoming<Result<Input<'i>>>,
    left: Vec<Listed>,
    draw: bool,
    to: &SyncSender<Seen>,
) -> Option<Error> {
    let count = left.len();
    let mut played = 0;
    for (listed, (picture, outcome)) in left.into_iter().zip(detector.see_each(upcoming)) {
        let outcome = match outcome {
            // It would fail every picture that follows.
            Err(e @ Error::DeviceLost(_)) => return Some(e),
            Ok(found) => Ok(Detections { image: listed.path.display().to_string(), ..found }),
            Err(e) => Err(e),
        };
        let picture = picture.filter(|_| draw).map(std::borrow::Cow::into_owned);
        if to.send(Seen { listed, picture, outcome }).is_err() {
            // The writer has failed, and says so itself.
            return None;
        }
        played += 1;
    }
    (played < count).then(|| Error::Gpu(format!("a thread that decodes has ended after {played} of {count} pictures")))
}

/// What the thread that writes returns: the results, and how many pictures failed.
type Written = std::thread::JoinHandle<Result<(Results, usize)>>;

/// A thread that takes what was seen, has it drawn and put into words on all cores, and writes it in order.
fn writer(
    args: &DetectArgs,
    seen: Receiver<Seen>,
    mut results: Results,
    bar: ProgressBar,
    classes: usize,
) -> Result<Written> {
    let (format, draw) = (args.format, args.draw.clone());
    let render = move |seen: Seen| render(seen, format, draw.as_deref(), classes);
    let thread = Error::io("a thread to write on");
    // Half of the cores: decoding has all of them, and where a processor plays it wants them too.
    let threads = cores().div_ceil(2);
    let rendered = ordered(seen.into_iter(), threads, 2 * cores(), render).map_err(Error::io("a thread to draw on"))?;
    let write = move || {
        let mut failed = 0;
        for Rendered { listed, outcome } in rendered {
            match outcome {
                Ok((result, text)) => results.add(listed.place, &listed.name, result, &text)?,
                Err(e) => {
                    failed += 1;
                    results.fail();
                    bar.suspend(|| output::error(&e));
                }
            }
            bar.inc(1);
        }
        Ok((results, failed))
    };
    std::thread::Builder::new().name("writer".into()).spawn(write).map_err(thread)
}

fn render(seen: Seen, format: OutputFormat, draw: Option<&Path>, classes: usize) -> Rendered {
    let Seen { listed, picture, outcome } = seen;
    let outcome = outcome.and_then(|found| {
        if let (Some(dir), Some(picture)) = (draw, &picture) {
            output::annotated(dir, &listed.name, picture, &found)?;
        }
        let text = format.render(&found, classes)?;
        Ok((found, text))
    });
    Rendered { listed, outcome }
}
