//! Pictures, one after the other: decoded on all cores, played, and written, all at once and in order.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use yolov4::{
    Detections, Detector, Error, Input, Picture, Result,
    low_level::{
        digest, files,
        ordered::{Upcoming, ahead, cores, ordered},
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
    let destination = Destination { format: args.format, out: args.out.clone(), resume: args.resume };
    destination.check(&given.paths)?;
    if let Some(shard) = args.shard {
        let range = shard.range(given.paths.len());
        names = names.drain(range.clone()).collect();
        given.paths = given.paths.drain(range).collect();
    }
    if let Some(dir) = &args.draw {
        output::folder(dir)?;
    }
    if let Some(out) = args.out.as_ref().filter(|_| destination.is_whole()) {
        output::say(format_args!(
            "note: {} is whole: nothing is left to do (whether this run would write the same was not looked at)",
            out.display()
        ));
        return Ok(());
    }
    let mut detector = args.batch.build(|size| super::build(args, size))?;
    args.model.say(detector.choices());
    if args.model.verbose {
        output::say(format_args!("batch {}", detector.batch()));
    }
    for note in detector.notes() {
        output::say(format_args!("note: {note}"));
    }
    output::say(format_args!("player: {}; ready after {:.2} s", detector.player(), started.elapsed().as_secs_f64()));
    let run = identity(args, &detector, &given.paths);
    let (results, done) = Results::begin(&destination, Some(&run))?;
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
    // Another machine may go on, which has its files elsewhere.
    settings.remove("player");
    for what in ["model", "weights"] {
        if let Some(file) = settings.get_mut(what)
            && let Ok(sum) = files::sha1(Path::new(file))
        {
            *file = format!("a file with the SHA-1 {sum}");
        }
    }
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
        ("draw", args.draw.is_some().to_string()),
        ("reading", format!("{:?}", args.model.reading.options())),
        ("bn-eps", format!("{:?}", args.model.bn_eps)),
        ("allow-truncated", args.model.allow_truncated.to_string()),
    ];
    settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let list: Vec<String> = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    RunIdentity {
        settings,
        pictures: paths.len(),
        list: digest::short(list.iter().map(String::as_str)),
        shard: args.shard.map(|shard| shard.to_string()),
    }
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
    let (sender, seen) = mpsc::sync_channel(ahead(detector.batch()));
    let writer = writer(args, seen, results, bar.clone(), detector.graph().classes())?;
    let paths = left.iter().map(|listed| listed.path.clone()).collect();
    let mut decoded = pictures::reader(paths, pipes, detector.batch(), !args.resize.no_exif)?;
    // How long the player has waited for pictures.
    let mut starved = Duration::ZERO;
    let upcoming = |wait: bool| {
        let asked = Instant::now();
        let next = decoded.upcoming(wait);
        if wait {
            starved += asked.elapsed();
        }
        next.map(|decoded| {
            let (picture, remark) = decoded?;
            if let Some(remark) = remark {
                bar.suspend(|| output::say(format_args!("note: {remark}")));
            }
            Ok(picture.into())
        })
    };
    let (lost, held) = send(detector, upcoming, left, args.draw.is_some(), &sender);
    drop(sender);
    let Written { results, written, failed } =
        writer.join().map_err(|_| Error::Gpu("the thread that writes has ended".into()))??;
    bar.finish_and_clear();
    let lost = lost.or_else(|| {
        let short = || Error::Gpu(format!("a thread that draws has ended after {written} of {count} pictures"));
        (written < count).then(short)
    });
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
        let busy = 100.0 * (1.0 - (starved + held).as_secs_f64() / seconds);
        output::say(format_args!("the player was busy {busy:.0} % of the time"));
    }
    if failed == 0 {
        return Ok(());
    }
    if count > 1 {
        let kept = args.format != OutputFormat::Table && args.out.as_ref().is_some_and(|o| o.is_file() || o.is_dir());
        let again = if kept { "; --resume tries them again" } else { "" };
        output::say(format_args!("error: {failed} of {count} pictures failed{again}"));
    }
    Err(Failure::Reported)
}

/// Plays what comes and hands it on; returns what ended it before its time, and how long it waited for those who draw and write.
fn send<'i>(
    detector: &mut Detector,
    upcoming: impl FnMut(bool) -> Upcoming<Result<Input<'i>>>,
    left: Vec<Listed>,
    draw: bool,
    to: &SyncSender<Seen>,
) -> (Option<Error>, Duration) {
    let count = left.len();
    let (mut played, mut held) = (0, Duration::ZERO);
    for (listed, (picture, outcome)) in left.into_iter().zip(detector.see_each(upcoming)) {
        let outcome = match outcome {
            // It would fail every picture that follows.
            Err(e @ Error::DeviceLost(_)) => return (Some(e), held),
            Ok(found) => Ok(Detections { image: listed.path.display().to_string(), ..found }),
            Err(e) => Err(e),
        };
        let picture = picture.filter(|_| draw).map(std::borrow::Cow::into_owned);
        let asked = Instant::now();
        if to.send(Seen { listed, picture, outcome }).is_err() {
            // The writer has failed, and says so itself.
            return (None, held);
        }
        held += asked.elapsed();
        played += 1;
    }
    let short = || Error::Gpu(format!("a thread that decodes has ended after {played} of {count} pictures"));
    ((played < count).then(short), held)
}

/// What the thread that writes returns.
struct Written {
    results: Results,
    /// Pictures that it was given, those that failed included.
    written: usize,
    failed: usize,
}

/// A thread that takes what was seen, has it drawn and put into words on all cores, and writes it in order.
fn writer(
    args: &DetectArgs,
    seen: Receiver<Seen>,
    mut results: Results,
    bar: ProgressBar,
    classes: usize,
) -> Result<JoinHandle<Result<Written>>> {
    let (format, draw) = (args.format, args.draw.clone());
    let render = move |seen: Seen| {
        let listed = seen.listed.clone();
        // A fault costs its picture, not all that follow.
        catch_unwind(AssertUnwindSafe(|| render(seen, format, draw.as_deref(), classes))).unwrap_or_else(|_| {
            let message = "cannot be drawn or written: this is a fault of the program".to_owned();
            Rendered { outcome: Err(Error::Image { path: listed.path.clone(), message }), listed }
        })
    };
    let thread = Error::io("a thread to write on");
    // Half of the cores: decoding has all of them, and where a processor plays it wants them too.
    let threads = cores().div_ceil(2);
    let rendered =
        ordered(seen.into_iter(), threads, ahead(threads), render).map_err(Error::io("a thread to draw on"))?;
    let write = move || {
        let (mut written, mut failed) = (0, 0);
        for Rendered { listed, outcome } in rendered {
            written += 1;
            match outcome {
                Ok((result, text)) => results.add(listed.place, &listed.name, result, &text)?,
                Err(e) => {
                    failed += 1;
                    results.fail();
                    bar.suspend(|| output::error_of(&listed.path, &e));
                }
            }
            bar.inc(1);
        }
        Ok(Written { results, written, failed })
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
