//! `yolov4 view`: a camera, a video, a stream or pictures, with boxes on what is found.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use yolov4::{
    Error, Result,
    low_level::{
        detect::formats::{self, JsonFrame},
        video::{CameraMode, OpenOptions, Source, Spec, open},
        view::{Bell, Outcome, Pace, Summary},
    },
};

use crate::{
    CommandResult,
    factory::FromOptions,
    interrupt, options, output,
    viewer::{
        self, Present, Session, SessionOptions,
        window::{self, WindowOptions},
    },
};

#[derive(clap::Args, Debug)]
pub struct ViewArgs {
    /// A camera (its number or path, or camera:NAME; the first if nothing is named), a video file, the address of a stream, pictures (a
    /// file, a folder, a glob), screen (or screen:NAME: a display of X11, the title of a window on Windows, a number on macOS), or - for y4m or MJPEG on standard input
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    model: options::ModelOptions,
    /// Use no network: a model that is neither in the cache nor named as files is an error; a mirror is named by
    /// $YOLOV4_MIRROR
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    machine: options::PlayerOptions,
    #[command(flatten)]
    resize: options::Resize,
    #[command(flatten)]
    detecting: options::Detecting,
    /// Size and rate of the camera: 1280x720, or 1280x720@30 [default: its own choice]
    #[arg(long, value_name = "WxH[@FPS]", value_parser = camera_mode)]
    camera_size: Option<CameraMode>,
    /// Frames per second instead of the video's own
    #[arg(long, value_parser = rate)]
    fps: Option<f64>,
    /// Start again at the end of a file
    #[arg(long = "loop")]
    looped: bool,
    /// Exchange left and right, as in a mirror
    #[arg(long)]
    mirror: bool,
    /// Number objects, and keep their numbers from frame to frame
    #[arg(long)]
    track: bool,
    /// Write the video with its boxes: .mjpeg, or whatever ffmpeg writes, by the ending
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write a picture, with its boxes, of the last frame that --frames asks for, else of the first one
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
    /// Write a line of JSON for every frame, to a file or - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the figures of the whole run as JSON when it ends, to a file or - for standard output
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Stop after this many frames
    #[arg(long, value_name = "N")]
    frames: Option<u64>,
    /// Open no window; a file is then played to its end, every frame, as fast as it goes
    #[arg(long)]
    headless: bool,
    /// How pictures are handed to the screen: in step with it, the newest in step with it, or at once
    #[arg(long, value_enum, default_value_t = Present::Fifo, conflicts_with = "headless")]
    present: Present,
    /// A font for class names that DejaVu Sans cannot write (Chinese, say): a .ttf or .otf
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
    /// Destroy the device after this many frames, to see it built again
    #[arg(long, value_name = "N", hide = true)]
    lose_device_at: Option<u64>,
}

/// `1280x720`, `1280x720@30`.
fn camera_mode(text: &str) -> std::result::Result<CameraMode, String> {
    let (size, fps) = text.split_once('@').map_or((text, None), |(size, fps)| (size, Some(fps)));
    let (width, height) = options::size(size)?;
    Ok(CameraMode { width, height, fps: fps.map(rate).transpose()? })
}

/// Frames per second, above 0.
fn rate(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| format!("expected frames per second above 0, found `{text}`"))
}

pub fn run(args: ViewArgs) -> CommandResult {
    let spec = Spec::parse(args.source.as_deref())?;
    let font = args.font.as_ref().map(|path| std::fs::read(path).map_err(Error::io(path))).transpose()?;
    let file = !matches!(spec, Spec::Camera(_) | Spec::Screen(_) | Spec::Stream(_));
    unused(&args, &spec)?;
    args.machine.check(!args.headless)?;
    let options = SessionOptions {
        spec,
        open: OpenOptions { camera: args.camera_size, no_exif: args.resize.no_exif },
        pace: Pace { every: args.headless && file && args.fps.is_none(), fps: args.fps, looped: args.looped },
        track: args.track,
        wants_boxes: args.json.is_some(),
        screenshot: args.screenshot.clone().map(|path| (args.frames.unwrap_or(1), path)),
        font,
        display: None,
        lose_device_at: args.lose_device_at,
    };
    let factory = FromOptions {
        model: args.model.clone(),
        fetching: options::Fetching { offline: args.offline, mirror: options::Mirror::default() },
        machine: args.machine.clone(),
        resize: args.resize.clone(),
        detecting: args.detecting.clone(),
    };
    let source = open(&options.spec, &options.open)?;
    let mut lines = args.json.as_deref().map(Lines::open).transpose()?;
    let both = [&args.json, &args.summary].map(|file| file.as_deref().is_some_and(|file| file.as_os_str() == "-"));
    if both == [true, true] {
        return Err(Error::Usage("--json - and --summary -: only one of them can have standard output".into()).into());
    }
    args.summary.iter().filter(|file| file.as_os_str() != "-").try_for_each(|file| output::check_file(file))?;
    if args.headless {
        return headless(&args, source, options, factory, &mut lines);
    }
    windowed(&args, source, options, factory, lines)
}

/// Refuses what this kind of source has no use for.
fn unused(args: &ViewArgs, spec: &Spec) -> Result<()> {
    let refused = |option: &str, what: &str| Err(Error::Usage(format!("{option} is for {what}")));
    match spec {
        _ if args.camera_size.is_some() && !matches!(spec, Spec::Camera(_)) => refused("--camera-size", "cameras"),
        _ if args.resize.no_exif && !matches!(spec, Spec::Pictures(_)) => refused("--no-exif", "pictures"),
        Spec::Camera(_) | Spec::Screen(_) | Spec::Stdin if args.looped => refused("--loop", "files and pictures"),
        _ => Ok(()),
    }
}

fn windowed(
    args: &ViewArgs,
    source: Box<dyn Source>,
    options: SessionOptions,
    factory: FromOptions,
    lines: Option<Lines>,
) -> CommandResult {
    let window = WindowOptions {
        present: args.present,
        mirror: args.mirror,
        font: options.font.clone(),
        stay: args.frames.is_none(),
        // The window looks ten times a second.
        stop: interrupt::stop(Arc::new(|| {})),
    };
    let (limit, record, summary_file) = (args.frames, args.record.clone(), args.summary.clone());
    let make = move |wake, display| {
        let request = factory.request();
        let options = SessionOptions { display: Some(display), ..options };
        let mut session = Session::new(Arc::new(factory), request, source, options, wake)?;
        session.pipeline.limit = limit;
        record.into_iter().for_each(|path| session.capture_output.record(path));
        output::say(format_args!("player: {}", session.live().detector().player()));
        Ok(session)
    };
    let lines = Rc::new(RefCell::new(lines));
    let own = Rc::clone(&lines);
    let each = move |outcomes: &[Outcome], said: &[String]| {
        said.iter().for_each(|line| output::say(format_args!("{line}")));
        own.borrow_mut().as_mut().map_or(Ok(()), |lines| lines.add(outcomes))
    };
    let summary = window::run(make, window, Box::new(each))?;
    lines.take().map_or(Ok(()), Lines::finish)?;
    tell(&summary, summary_file.as_ref())?;
    Ok(())
}

fn headless(
    args: &ViewArgs,
    source: Box<dyn Source>,
    options: SessionOptions,
    factory: FromOptions,
    lines: &mut Option<Lines>,
) -> CommandResult {
    let bell = Bell::default();
    let request = factory.request();
    let every = options.pace.every;
    let mut session = Session::new(Arc::new(factory), request, source, options, bell.wake())?;
    session.pipeline.limit = args.frames;
    session.capture_output.patient = every;
    session.capture_output.mirror = args.mirror;
    if let Some(path) = &args.record {
        session.capture_output.record(path.clone());
    }
    output::say(format_args!("player: {}", session.live().detector().player()));
    let mut failed = false;
    let summary = viewer::run_headless(&mut session, &bell, &interrupt::stop(bell.wake()), &mut |outcomes, said| {
        for line in said {
            failed |= line.starts_with("error");
            output::say(format_args!("{line}"));
        }
        lines.as_mut().map_or(Ok(()), |lines| lines.add(outcomes))
    })?;
    if let Some(lines) = lines.take() {
        lines.finish()?;
    }
    // A camera may lose a frame now and then; what a file has lost is missing.
    if summary.corrupt > 0 && !matches!(session.spec(), Spec::Camera(_) | Spec::Screen(_) | Spec::Stream(_)) {
        output::say(format_args!("error: {} frames could not be decoded", summary.corrupt));
        failed = true;
    }
    if let Some(trouble) = session.trouble() {
        output::say(format_args!("error: {trouble}"));
        failed = true;
    }
    tell(&summary, args.summary.as_ref())?;
    if failed { Err(crate::Failure::Reported) } else { Ok(()) }
}

/// The run in one line, on stderr, and as JSON where that is wanted.
fn tell(s: &Summary, file: Option<&PathBuf>) -> Result<()> {
    output::say(format_args!(
        "{} frames shown, {} dropped, {} corrupt; {:.1} fps, {:.1} ms from arrival to boxes; {} read-backs, {} of \
         telemetry; device lost {} times",
        s.shown, s.dropped, s.corrupt, s.fps, s.delay_ms, s.readbacks, s.telemetry, s.devices_lost
    ));
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_string(s).map_err(Error::format("the figures", "JSON"))? + "\n";
    output::put(Some(file).filter(|file| file.as_os_str() != "-"), &text)
}

/// A line of JSON for every frame.
struct Lines {
    path: Option<PathBuf>,
    text: String,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let path = (path.as_os_str() != "-").then(|| path.to_owned());
        if let Some(parent) = path.as_deref().and_then(|p| p.parent()).filter(|p| !p.as_os_str().is_empty()) {
            std::fs::metadata(parent).map_err(Error::io(parent))?;
        }
        Ok(Self { path, text: String::new() })
    }

    fn add(&mut self, outcomes: &[Outcome]) -> Result<()> {
        for outcome in outcomes {
            let ((width, height), detections) = (outcome.size, outcome.found());
            // Rounded once: 1.966666667, not 1.9666666670000001.
            let time = outcome.pts.as_nanos() as f64 / 1e9;
            let line = formats::frame_line(&JsonFrame { frame: outcome.number, time, width, height, detections })?;
            match &self.path {
                None => output::print(&line)?,
                Some(_) => self.text.push_str(&line),
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.path.map_or(Ok(()), |path| output::write(&path, self.text.as_bytes()))
    }
}
