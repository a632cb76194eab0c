//! `yolov4 detect`: objects in pictures.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use yolov4::{
    Detections, Detector, Error, Picture, Result,
    low_level::{
        video::{OpenOptions, Spec, open, paths},
        view::{Bell, Pace},
    },
};

use crate::{
    CommandResult, Failure,
    factory::FromOptions,
    interrupt, options, output, pictures, progress,
    results::{OutputFormat, Results},
    viewer::{self, Session, SessionOptions},
};

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
    /// Pictures that are played at once: it fills a GPU that one picture does not, and takes memory for all of them
    #[arg(long, value_name = "N", default_value = "1")]
    batch: NonZeroUsize,
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

pub async fn run(args: DetectArgs) -> CommandResult {
    let started = Instant::now();
    args.machine.check(false)?;
    if let [path] = args.paths.as_slice()
        && paths::names_a_video(path)
        && path.is_file()
    {
        return video(&args, path);
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
    let given = pictures::given(&args.paths)?;
    let paths = given.paths.clone();
    let names = pictures::names(&paths);
    if let Some(dir) = &args.draw {
        output::folder(dir)?;
    }
    let mut results = Results::new(args.format, args.out.clone(), &paths)?;
    let mut detector = build(&args)?;
    args.model.say(detector.choices());
    for note in detector.notes() {
        output::say(format_args!("note: {note}"));
    }
    output::say(format_args!("player: {}; ready after {:.2} s", detector.player(), started.elapsed().as_secs_f64()));
    let bar = progress::bar(paths.len());
    let (mut failed, mut lost) = (false, None);
    let all: Vec<_> = paths.iter().zip(&names).collect();
    let mut reader = pictures::reader(given.paths, given.stdin, args.batch.get(), !args.resize.no_exif)?;
    'pictures: for batch in all.chunks(args.batch.get()) {
        let mut pictures = Vec::with_capacity(batch.len());
        for one in reader.by_ref().take(batch.len()) {
            if let Ok((_, Some(remark))) = &one {
                bar.suspend(|| output::say(format_args!("note: {remark}")));
            }
            pictures.push(one.map(|(picture, _)| picture));
        }
        for (name, outcome) in some(&args, &mut detector, batch, pictures).await {
            match outcome {
                Ok(result) => results.add(name, result)?,
                // It would fail every picture that follows; what was found before is kept.
                Err(e @ Error::DeviceLost(_)) => {
                    lost = Some(e);
                    break 'pictures;
                }
                Err(e) => {
                    failed = true;
                    bar.suspend(|| output::error(&e));
                }
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    results.finish(detector.graph().classes())?;
    match lost {
        Some(e) => Err(e.into()),
        None if failed => Err(Failure::Reported),
        None => Ok(()),
    }
}

/// The frames of a video, every one of them; a frame is named after the video and its number, from 0.
fn video(args: &DetectArgs, path: &Path) -> CommandResult {
    if args.draw.is_some() {
        return Err(Error::Usage("--draw is for pictures; --out-video writes a video with its boxes".into()).into());
    }
    if args.batch.get() > 1 {
        return Err(Error::Usage("--batch is for pictures: a video is played frame by frame".into()).into());
    }
    if args.resize.no_exif {
        return Err(Error::Usage("--no-exif is for pictures".into()).into());
    }
    let spec = Spec::File(path.to_owned());
    let source = open(&spec, &OpenOptions::default())?;
    let mut results = Results::new(args.format, args.out.clone(), &[path.to_owned()])?;
    let factory = FromOptions {
        model: args.model.clone(),
        fetching: args.fetching.clone(),
        machine: args.machine.clone(),
        resize: args.resize.clone(),
        detecting: args.detecting.clone(),
    };
    let request = factory.request();
    let options = SessionOptions {
        pace: Pace { every: true, ..Pace::default() },
        wants_boxes: true,
        ..SessionOptions::new(spec)
    };
    let bell = Bell::default();
    let mut session = Session::new(Arc::new(factory), request, source, options, bell.wake())?;
    session.capture_output.patient = true;
    args.out_video.iter().for_each(|path| session.capture_output.record(path.clone()));
    output::say(format_args!("player: {}", session.live().detector().player()));
    let classes = session.live().detector().class_names().len();
    let bar = progress::bar(0);
    let (name, mut failed) = (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), false);
    viewer::run_headless(&mut session, &bell, &interrupt::stop(bell.wake()), &mut |outcomes, said| {
        for line in said {
            failed |= line.starts_with("error");
            bar.suspend(|| output::say(format_args!("{line}")));
        }
        for outcome in outcomes {
            let image = format!("{}#{}", path.display(), outcome.number);
            let (width, height) = outcome.size;
            let detections = outcome.detections.clone().unwrap_or_default();
            let frame = format!("{name}-{:06}", outcome.number);
            results.add(&frame, Detections { image, width, height, detections })?;
            bar.inc(1);
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let corrupt = session.counts().2;
    if corrupt > 0 {
        output::say(format_args!("error: {}: {corrupt} frames could not be decoded", path.display()));
        failed = true;
    }
    if let Some(trouble) = session.trouble() {
        output::say(format_args!("error: {trouble}"));
        failed = true;
    }
    results.finish(classes)?;
    if failed { Err(Failure::Reported) } else { Ok(()) }
}

fn build(args: &DetectArgs) -> Result<Detector> {
    let builder = args.model.apply(args.fetching.apply(Detector::builder()));
    let builder = args.detecting.apply(args.resize.apply(args.machine.apply(builder))).batch(args.batch.get());
    let (builder, bar) = progress::building(builder);
    let built = builder.build();
    bar.finish_and_clear();
    built
}

/// The results of a batch, in its order, each with the picture's name. They end with the first that lost the device.
async fn some<'a>(
    args: &DetectArgs,
    detector: &mut Detector,
    batch: &[(&PathBuf, &'a String)],
    pictures: Vec<Result<Picture>>,
) -> Vec<(&'a String, Result<Detections>)> {
    let readable: Vec<&Picture> = pictures.iter().flatten().collect();
    let mut found = pictures::boxes(detector, &readable).await.into_iter();
    let mut outcomes = Vec::with_capacity(batch.len());
    for ((path, name), picture) in batch.iter().zip(pictures) {
        let outcome = match picture {
            Err(e) => Err(e),
            Ok(picture) => match found.next() {
                Some(Ok(detections)) => result(args, path, name, &picture, detections),
                Some(Err(e)) => Err(e),
                None => break,
            },
        };
        outcomes.push((*name, outcome));
    }
    outcomes
}

fn result(args: &DetectArgs, path: &Path, name: &str, picture: &Picture, detections: Detections) -> Result<Detections> {
    if let Some(dir) = &args.draw {
        output::annotated(dir, name, picture, &detections)?;
    }
    Ok(Detections { image: path.display().to_string(), ..detections })
}
