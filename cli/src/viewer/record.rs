//! Pictures to a video file, on a thread of its own: MJPEG in the process, everything else by `ffmpeg`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

use yolov4::{Error, Picture, Result, low_level::video::ffmpeg};

/// Pictures that may wait for the encoder.
const WAITING: usize = 8;
const QUALITY: u8 = 92;

/// A video that is being written. It gets its name when it is whole.
pub struct Recorder {
    path: PathBuf,
    sender: Option<SyncSender<Picture>>,
    thread: Option<JoinHandle<Result<()>>>,
    size: (u32, u32),
    dropped: u64,
}

impl Recorder {
    /// Starts a file; its ending says what is written.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be created; [`Error::Source`] if ffmpeg is needed and not there.
    pub fn start(path: &Path, size: (u32, u32), fps: f64) -> Result<Self> {
        let part = part_of(path);
        let mut sink = VideoWriter::open(&part, path, size, fps)?;
        let (sender, receiver) = sync_channel::<Picture>(WAITING);
        let target = path.to_owned();
        let run = move || {
            let written = receiver.iter().try_for_each(|picture| sink.write(&picture)).and_then(|()| sink.finish());
            let named = written.and_then(|()| std::fs::rename(&part, &target).map_err(Error::io(&target)));
            if named.is_err() {
                // Nothing half-written is left; the error that matters is the one before.
                let _ = std::fs::remove_file(&part);
            }
            named
        };
        let thread =
            std::thread::Builder::new().name("record".into()).spawn(run).map_err(Error::io("the recording thread"))?;
        Ok(Self { path: path.to_owned(), sender: Some(sender), thread: Some(thread), size, dropped: 0 })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Hands a picture over. `wait`: until there is room; otherwise one that finds none is dropped and counted.
    ///
    /// # Errors
    /// Why the file cannot be written any more.
    pub fn add(&mut self, picture: Picture, wait: bool) -> Result<()> {
        let Some(sender) = &self.sender else { return Ok(()) };
        let gone = if wait {
            sender.send(picture).is_err()
        } else {
            match sender.try_send(picture) {
                Ok(()) => false,
                Err(TrySendError::Full(_)) => {
                    self.dropped += 1;
                    false
                }
                Err(TrySendError::Disconnected(_)) => true,
            }
        };
        if gone { self.join().and(Err(Error::source(self.path.display().to_string(), "ended early"))) } else { Ok(()) }
    }

    /// Writes what waits, and names the file. Returns how many pictures were dropped.
    ///
    /// # Errors
    /// Why the file could not be written.
    pub fn finish(mut self) -> Result<u64> {
        self.join()?;
        Ok(self.dropped)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn join(&mut self) -> Result<()> {
        self.sender = None;
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(e))) => Err(e),
            Some(Err(_)) => Err(Error::source(self.path.display().to_string(), "the encoder failed")),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish`.
        let _ = self.join();
    }
}

/// `.clip.part.mp4` for `clip.mp4`: ffmpeg looks at the ending.
fn part_of(path: &Path) -> PathBuf {
    let text = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |p| p.to_string_lossy().into_owned());
    let name = format!(".{}.part-{}.{}", text(path.file_stem()), std::process::id(), text(path.extension()));
    path.with_file_name(name)
}

enum VideoWriter {
    Mjpeg(std::io::BufWriter<std::fs::File>, PathBuf),
    Ffmpeg(Box<Child>, PathBuf),
}

impl VideoWriter {
    /// Writes `part`, which will be `path`: that is the one that people know.
    fn open(part: &Path, path: &Path, (width, height): (u32, u32), fps: f64) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if ending == "mjpeg" || ending == "mjpg" {
            let file = std::fs::File::create(part).map_err(Error::io(path))?;
            return Ok(Self::Mjpeg(std::io::BufWriter::new(file), path.to_owned()));
        }
        // ffmpeg would say so too, but after the first frames.
        drop(std::fs::File::create(part).map_err(Error::io(path))?);
        // H.264 wants even sides in 4:2:0.
        let even = "pad=ceil(iw/2)*2:ceil(ih/2)*2";
        let mut command = Command::new(ffmpeg::program());
        command
            .args(["-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgba"])
            .args(["-s", &format!("{width}x{height}"), "-r", &format!("{fps}"), "-i", "-"])
            .args(["-vf", even, "-pix_fmt", "yuv420p"])
            .arg(part)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // Ctrl-C is for this program, which then ends the file as it should.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(|e| {
            let _ = std::fs::remove_file(part);
            let missing = e.kind() == std::io::ErrorKind::NotFound;
            let why = if missing { ffmpeg::missing() } else { format!("ffmpeg cannot be started: {e}") };
            Error::source(path.display().to_string(), format!("{why}; a .mjpeg is written without it"))
        })?;
        Ok(Self::Ffmpeg(Box::new(child), path.to_owned()))
    }

    fn write(&mut self, picture: &Picture) -> Result<()> {
        match self {
            Self::Mjpeg(file, path) => {
                let rgb: Vec<u8> = picture.rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
                let mut jpeg = Vec::new();
                JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
                    .encode(&rgb, picture.width as u32, picture.height as u32, ExtendedColorType::Rgb8)
                    .map_err(|e| Error::Image { path: path.clone(), message: format!("cannot be encoded: {e}") })?;
                file.write_all(&jpeg).map_err(Error::io(&*path))
            }
            Self::Ffmpeg(child, path) => {
                let Some(stdin) = &mut child.stdin else { return Ok(()) };
                match stdin.write_all(&picture.rgba) {
                    Ok(()) => Ok(()),
                    // It says itself why it went.
                    Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Err(ended(child, path)),
                    Err(e) => Err(Error::io(&*path)(e)),
                }
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        match &mut self {
            Self::Mjpeg(file, path) => file.flush().map_err(Error::io(&*path)),
            Self::Ffmpeg(child, path) => {
                drop(child.stdin.take());
                let status = child.wait().map_err(Error::io(&*path))?;
                if status.success() { Ok(()) } else { Err(ended(child, path)) }
            }
        }
    }
}

fn ended(child: &mut Child, path: &Path) -> Error {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        // What cannot be read is not told.
        let _ = std::io::Read::read_to_string(&mut stderr, &mut text);
    }
    let _ = child.wait();
    let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it gave no reason");
    Error::source(path.display().to_string(), format!("ffmpeg does not write it: {last}"))
}
