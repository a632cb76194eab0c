//! The way to the frames of a source.

use std::path::Path;

#[cfg(feature = "h264")]
use crate::video::boxes::NO_VIDEO;
use crate::{
    error::{Error, Result},
    video::{
        ByteStream, CameraMode, OpenOptions, Pictures, Reconnect, Source, Spec, cameras,
        ffmpeg::Ffmpeg,
        mjpeg::{self, Mjpeg},
        piped::Piped,
        screen,
        y4m::{self, Y4m},
    },
};

/// Opens a source. One that is live is opened again whenever it is lost.
///
/// # Errors
/// [`Error::Source`] or [`Error::Io`], with what to do about it.
pub fn open(spec: &Spec, options: &OpenOptions) -> Result<Box<dyn Source>> {
    match spec {
        Spec::Camera(name) => {
            let (name, mode) = (name.clone(), options.camera);
            Ok(Box::new(Reconnect::new(move || camera(name.as_deref(), mode))?))
        }
        Spec::Screen(which) => {
            let which = which.clone();
            Ok(Box::new(Reconnect::new(move || screen::open(which.as_deref()))?))
        }
        Spec::Stream(address) => {
            let first = Ffmpeg::stream(address)?;
            if !first.live() {
                return Ok(Box::new(first));
            }
            let address = address.clone();
            let again = move || Ok(Box::new(Ffmpeg::stream(&address)?) as Box<dyn Source>);
            Ok(Box::new(Reconnect::with(Box::new(first), again)))
        }
        Spec::Stdin => pipe(ByteStream::new("standard input", std::io::stdin())),
        Spec::Pictures(paths) => {
            if let [one] = paths.as_slice() {
                std::fs::metadata(one).map_err(Error::io(one))?;
            }
            Ok(Box::new(Pictures::new(paths.clone(), !options.no_exif)))
        }
        Spec::File(path) => file(path),
    }
}

/// Whether there is something of that name that is neither a file nor a folder nor a device: a pipe.
#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|m| m.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// By its number in the list of [`cameras`], its path or its name: on Linux by the kernel's own interface, elsewhere
/// through ffmpeg.
fn camera(name: Option<&str>, mode: Option<CameraMode>) -> Result<Box<dyn Source>> {
    let wish = name.unwrap_or("0");
    if is_pipe(Path::new(wish)) {
        return Ok(Box::new(Piped(pipe(ByteStream::open(Path::new(wish))?)?)));
    }
    let by_path = wish.starts_with("/dev/");
    let all = if by_path { vec![] } else { cameras()? };
    let known = all.iter().find(|c| c.number.to_string() == wish || c.path == wish || c.name == wish);
    let path = match known {
        Some(camera) => camera.path.clone(),
        None if by_path => wish.to_owned(),
        None if all.is_empty() => {
            let hint = "no camera answers; plug one in, or name a video, the address of a stream or pictures";
            return Err(Error::source(format!("camera {wish}"), hint));
        }
        None => {
            let names: Vec<String> = all.iter().map(|c| format!("{} ({})", c.number, c.name)).collect();
            return Err(Error::source(format!("camera {wish}"), format!("there is {}", names.join(", "))));
        }
    };
    #[cfg(target_os = "linux")]
    return Ok(Box::new(crate::video::v4l2::Camera::open(Path::new(&path), mode)?));
    #[cfg(not(target_os = "linux"))]
    return Ok(Box::new(Ffmpeg::camera(&path, mode)?));
}

/// Told by its first bytes, whatever its name.
fn file(path: &Path) -> Result<Box<dyn Source>> {
    let regular = std::fs::metadata(path).map_err(Error::io(path))?.is_file();
    let mut input = ByteStream::open(path)?;
    if !regular {
        return pipe(input);
    }
    let head = input.peek()?;
    if head.is_empty() {
        return Err(Error::source(input.name, "is empty"));
    }
    if head.starts_with(y4m::MAGIC) {
        return Ok(Box::new(Y4m::new(input)?));
    }
    if head.starts_with(JPEG) {
        return Ok(Box::new(Mjpeg::new(input, mjpeg::RATE)));
    }
    #[cfg(feature = "h264")]
    if head.get(4..8) == Some(b"ftyp") {
        return match crate::video::mp4::Mp4::open(path) {
            Ok(video) => Ok(Box::new(video)),
            Err(Error::Source { source_name, message }) if message == NO_VIDEO => {
                Err(Error::source(source_name, message))
            }
            Err(reason) => Ok(Box::new(Ffmpeg::file(path).map_err(|e| both(reason, e))?)),
        };
    }
    Ok(Box::new(Ffmpeg::file(path)?))
}

/// Why a file is not read here, and why ffmpeg does not read it either.
#[cfg(feature = "h264")]
fn both(here: Error, there: Error) -> Error {
    match (here, there) {
        (Error::Source { source_name, message: here }, Error::Source { message: there, .. }) => {
            Error::source(source_name, format!("{here}; {there}"))
        }
        (_, there) => there,
    }
}

/// Start-of-image, and the marker that follows it.
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];

/// A pipe can be read only once, so ffmpeg is not asked.
fn pipe(mut input: ByteStream) -> Result<Box<dyn Source>> {
    let head = input.peek()?;
    if head.starts_with(y4m::MAGIC) {
        return Ok(Box::new(Y4m::new(input)?));
    }
    // The body of an HTTP answer in parts begins with a boundary.
    let boundary = head.starts_with(b"--") || head.starts_with(b"\r\n--");
    if head.starts_with(JPEG) || boundary {
        return Ok(Box::new(Mjpeg::new(input, mjpeg::RATE)));
    }
    let found = if head.is_empty() { "nothing".into() } else { format!("{:?}", String::from_utf8_lossy(&head)) };
    Err(Error::source(
        &input.name,
        format!(
            "expected y4m (YUV4MPEG2) or MJPEG, found {found}: `ffmpeg -i IN -f yuv4mpegpipe -` makes y4m of anything"
        ),
    ))
}
