//! Everything else, through the `ffmpeg` program: it writes y4m on a pipe.
//!
//! A video whose size changes midway is scaled to its first size by ffmpeg itself, since y4m has one size. Nor has y4m times: those of a
//! file's frames are what the filter `showinfo` says of each on the child's standard error.

use std::{
    ffi::{OsStr, OsString},
    io::ErrorKind,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    video::{
        ByteStream, CameraMode, Next, Source, Stopper,
        showinfo::{self, Shown},
        y4m::Y4m,
    },
};

/// Longest wait for a first frame: some cameras send a key frame every ten seconds.
const FIRST: Duration = Duration::from_secs(20);
/// Longest wait for a child that has closed its output.
const LAST: Duration = Duration::from_secs(2);
/// Longest wait for the time of a frame that is there.
const TIME: Duration = Duration::from_secs(5);
/// How long a server may be silent, in microseconds.
const SILENCE: &str = "10000000";
/// Names that end like these are files, wherever they are.
const FILES: &[&str] = &[".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv"];

/// The program: `$YOLOV4_FFMPEG`, or `ffmpeg` on the search path.
pub fn program() -> OsString {
    std::env::var_os("YOLOV4_FFMPEG").filter(|p| !p.is_empty()).unwrap_or_else(|| "ffmpeg".into())
}

/// Whether there is such a program.
pub fn answers() -> bool {
    Command::new(program())
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// What to say where there is no such program.
pub fn missing() -> String {
    let install = if cfg!(target_os = "macos") {
        "brew install ffmpeg"
    } else if cfg!(windows) {
        "winget install ffmpeg"
    } else {
        "apt-get install ffmpeg"
    };
    let program = program();
    let program = program.to_string_lossy();
    let without =
        if cfg!(feature = "h264") { "" } else { "; a build with the feature h264 plays H.264 in MP4 without it" };
    format!(
        "needs the program ffmpeg, and {program} is not to be found: `{install}`, or set YOLOV4_FFMPEG to its path{without}"
    )
}

/// What a child is started with.
#[derive(Clone, Debug)]
struct FfmpegCommand {
    /// For people; no password is in it.
    name: String,
    /// As it is given to ffmpeg: struck from what it says.
    secret: String,
    input: Vec<OsString>,
    live: bool,
    /// Whether a clean end is one; a camera that hangs up is to be called again.
    ends: bool,
}

impl FfmpegCommand {
    fn new(name: &str, input: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let input = input.into_iter().map(Into::into).collect();
        Self { name: name.into(), secret: name.into(), input, live: true, ends: false }
    }
}

/// Frames from a child.
#[derive(Debug)]
pub struct Ffmpeg {
    plan: FfmpegCommand,
    frames: Y4m,
    running: Arc<Running>,
    start: Instant,
    /// What is said of each frame of a file, in their order.
    said: mpsc::Receiver<Shown>,
}

impl Ffmpeg {
    /// A video file of any kind.
    ///
    /// # Errors
    /// [`Error::Source`] with what ffmpeg said.
    pub fn file(path: &Path) -> Result<Self> {
        // The prefix keeps ffmpeg from reading options or protocols out of a name.
        let mut argument = OsString::from("file:");
        argument.push(path);
        let plan = FfmpegCommand::new(&path.display().to_string(), [OsStr::new("-i"), &argument]);
        Self::start(FfmpegCommand { live: false, ends: true, ..plan })
    }

    /// An address, or `lavfi:` and a filter graph, played at its own speed.
    ///
    /// # Errors
    /// As [`Ffmpeg::file`].
    pub fn stream(address: &str) -> Result<Self> {
        if let Some(graph) = address.strip_prefix("lavfi:") {
            let plan = FfmpegCommand::new(address, ["-re", "-f", "lavfi", "-i", graph]);
            return Self::start(FfmpegCommand { ends: true, ..plan });
        }
        let mut arguments: Vec<&str> = match address.split("://").next().unwrap_or_default() {
            // Until version 5 `-timeout` meant waiting for a caller.
            "rtsp" | "rtsps" if version() < (5, 0) => vec!["-rtsp_transport", "tcp", "-stimeout", SILENCE],
            "rtsp" | "rtsps" => vec!["-rtsp_transport", "tcp", "-timeout", SILENCE],
            "http" | "https" | "rtmp" | "rtmps" | "srt" | "tcp" => vec!["-rw_timeout", SILENCE],
            "udp" => vec!["-timeout", SILENCE],
            _ => vec![],
        };
        arguments.extend(["-i", address]);
        let path = address.split(['?', '#']).next().unwrap_or_default().to_lowercase();
        let http = path.starts_with("http");
        let file = path.starts_with("file:") || http && FILES.iter().any(|end| path.ends_with(end));
        let ends = file || http && path.ends_with(".m3u8");
        let name = without_password(address);
        Self::start(FfmpegCommand { secret: address.into(), live: !file, ends, ..FfmpegCommand::new(&name, arguments) })
    }

    /// What never ends of itself, by the arguments of its input.
    ///
    /// # Errors
    /// As [`Ffmpeg::file`].
    pub fn live<'a>(name: &str, input: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        Self::start(FfmpegCommand::new(name, input))
    }

    /// A camera: a path on Linux, a number or a name on macOS, a name on Windows.
    ///
    /// # Errors
    /// As [`Ffmpeg::file`].
    pub fn camera(device: &str, mode: Option<CameraMode>) -> Result<Self> {
        let (system, input) = if cfg!(target_os = "macos") {
            ("avfoundation", format!("{device}:none"))
        } else if cfg!(windows) {
            ("dshow", format!("video={device}"))
        } else {
            ("v4l2", device.to_owned())
        };
        let mut arguments = vec!["-f".into(), system.into()];
        if let Some(CameraMode { width, height, .. }) = mode {
            arguments.extend(["-video_size".into(), format!("{width}x{height}")]);
        }
        // AVFoundation's own 29.97 is refused by most cameras.
        let usual = if cfg!(target_os = "macos") { Some(30.0) } else { None };
        if let Some(fps) = mode.and_then(|m| m.fps).or(usual) {
            arguments.extend(["-framerate".into(), fps.to_string()]);
        }
        arguments.extend(["-i".into(), input]);
        Self::start(FfmpegCommand::new(&format!("camera {device}"), arguments))
    }

    fn start(plan: FfmpegCommand) -> Result<Self> {
        let (running, said) = Running::start(&plan)?;
        let start = Instant::now();
        let (sender, header) = mpsc::channel();
        let output = running.lock().stdout.take();
        let output = output.ok_or_else(|| Error::source(&plan.name, "ffmpeg has no output"))?;
        let input = ByteStream::new(&plan.name, output);
        // Nobody listens after the longest wait.
        thread::spawn(move || drop(sender.send(Y4m::new(input))));
        match header.recv_timeout(FIRST) {
            Ok(Ok(frames)) => Ok(Self { plan, frames, running, start, said }),
            Ok(Err(_)) => Err(running.end(&plan).err().unwrap_or_else(|| Error::source(&plan.name, "has no video"))),
            Err(_) => {
                running.kill();
                Err(Error::source(&plan.name, format!("gave no frame within {} seconds", FIRST.as_secs())))
            }
        }
    }
}

impl Source for Ffmpeg {
    fn next(&mut self) -> Result<Next> {
        match self.frames.next()? {
            Next::Frame(mut frame) => {
                // Frames of live sources come when they come, whatever rate they promise.
                if self.plan.live {
                    frame.pts = frame.captured.saturating_duration_since(self.start);
                } else if let Ok(Shown { time, matrix }) = self.said.recv_timeout(TIME) {
                    frame.pts = time;
                    frame.colour.matrix = matrix.unwrap_or(frame.colour.matrix);
                }
                Ok(Next::Frame(frame))
            }
            Next::End => {
                self.running.end(&self.plan)?;
                if self.plan.ends { Ok(Next::End) } else { Err(Error::source(&self.plan.name, "has hung up")) }
            }
            other => Ok(other),
        }
    }

    fn describe(&self) -> String {
        let (width, height) = self.frames.size();
        let rate = self.rate().map_or_else(String::new, |r| format!(", {r:.2} fps").replace(".00", ""));
        format!("{}: {width}x{height}{rate}, through ffmpeg", self.plan.name)
    }

    fn rate(&self) -> Option<f64> {
        self.frames.rate()
    }

    fn live(&self) -> bool {
        self.plan.live
    }

    fn stopper(&self) -> Option<Stopper> {
        let running = Arc::clone(&self.running);
        Some(Stopper::new(move || running.kill()))
    }

    fn rewind(&mut self) -> Result<bool> {
        if self.plan.live {
            return Ok(false);
        }
        // The old child is ended when the new one has begun.
        *self = Self::start(self.plan.clone())?;
        Ok(true)
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        self.running.kill();
    }
}

/// A child and what it complains of.
#[derive(Debug)]
struct Running {
    child: Mutex<Child>,
    tail: Mutex<Option<thread::JoinHandle<Vec<String>>>>,
}

impl Running {
    fn start(plan: &FfmpegCommand) -> Result<(Arc<Self>, mpsc::Receiver<Shown>)> {
        let mut command = Command::new(program());
        let version = version();
        let level = if plan.live { "level+error" } else { "level+info" };
        command.args(["-nostdin", "-hide_banner", "-nostats", "-loglevel", level]).args(&plan.input);
        // Each frame once and, of what is live, at once.
        command.args(["-map", "0:v:0", if version < (5, 1) { "-vsync" } else { "-fps_mode" }, "passthrough"]);
        if !plan.live {
            // Without a sum over all samples, which nobody reads.
            command.args([
                "-vf",
                if version < (4, 4) { "format=yuv420p,showinfo" } else { "format=yuv420p,showinfo=checksum=0" },
            ]);
        }
        command.args(["-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| match e.kind() {
            ErrorKind::NotFound => Error::source(&plan.name, missing()),
            _ => Error::source(&plan.name, format!("ffmpeg cannot be started: {e}")),
        })?;
        let (sender, said) = mpsc::channel();
        let tail = child.stderr.take().map(|stderr| thread::spawn(move || showinfo::listen(stderr, &sender)));
        Ok((Arc::new(Self { child: Mutex::new(child), tail: Mutex::new(tail) }), said))
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it and takes its place in the table of processes back.
    fn kill(&self) {
        let mut child = self.lock();
        // Both fail only if it has ended already.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// How it ended, once its output is closed.
    fn end(&self, plan: &FfmpegCommand) -> Result<()> {
        let since = Instant::now();
        let status = loop {
            match self.lock().try_wait() {
                Ok(None) if since.elapsed() < LAST => {}
                Ok(status) => break status,
                Err(_) => break None,
            }
            thread::sleep(Duration::from_millis(5));
        };
        if status.is_some_and(|s| s.success()) {
            return Ok(());
        }
        self.kill();
        let handle = self.tail.lock().unwrap_or_else(PoisonError::into_inner).take();
        let said = handle.and_then(|h| h.join().ok()).unwrap_or_default().join("; ");
        if said.contains("'0:v:0' matches no streams") {
            return Err(Error::source(&plan.name, "there is no video in it"));
        }
        let said = if said.is_empty() { "nothing" } else { &said.replace(&plan.secret, &plan.name) };
        let how = status.map_or_else(|| "did not end".into(), |s| format!("ended with {s}"));
        Err(Error::source(&plan.name, format!("ffmpeg {how}, and said: {said}")))
    }
}

/// Major and minor; as good as new if it does not say, as a build from a repository.
fn version() -> (u32, u32) {
    let new = (u32::MAX, 0);
    // Asked once, not by every start: a file that is played in a loop has many.
    static SAID: OnceLock<(u32, u32)> = OnceLock::new();
    if let Some(said) = SAID.get() {
        return *said;
    }
    let Ok(output) = Command::new(program()).arg("-version").stdin(Stdio::null()).output() else { return new };
    *SAID.get_or_init(|| version_in(&String::from_utf8_lossy(&output.stdout)).unwrap_or(new))
}

/// `ffmpeg version n5.1.2-...`
fn version_in(text: &str) -> Option<(u32, u32)> {
    let word = text.strip_prefix("ffmpeg version ")?.split_whitespace().next()?;
    let mut numbers = word.trim_start_matches('n').split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0)))
}

/// `rtsp://me:***@camera/1`
fn without_password(address: &str) -> String {
    let masked = || {
        let (scheme, rest) = address.split_once("://")?;
        let (user, rest) = rest.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{rest}"))
    };
    masked().unwrap_or_else(|| address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version_in("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)"), Some((5, 1)));
        assert_eq!(version_in("ffmpeg version n7.0 Copyright"), Some((7, 0)));
        assert_eq!(version_in("ffmpeg version 4.4.2-0ubuntu0.22.04.1"), Some((4, 4)));
        assert_eq!(version_in("ffmpeg version N-118000-gabc"), None);
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("rtsp://me:p@ss/w:1@cam:554/1?a"), "rtsp://me:***@cam:554/1?a");
        assert_eq!(without_password("rtsp://me@cam/1"), "rtsp://me@cam/1");
        assert_eq!(without_password("http://cam:80/1"), "http://cam:80/1");
    }
}
