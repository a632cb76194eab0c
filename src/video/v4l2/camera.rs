//! A camera as a source of frames.

use std::{
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use bytemuck::Zeroable;

use crate::{
    error::{Error, Result},
    video::{
        CameraMode, Colour, Frame, FrameFormat, Next, Source, mjpeg,
        v4l2::{
            io::{V4l2Device, V4l2Io},
            layout::{Plane, colour, planes},
            modes::{FORMATS, USUAL, choose, modes, rate},
            query::{ask, capability, fault, not_a_camera, text},
            sys::{self, BUF_TYPE_VIDEO_CAPTURE as CAPTURE, MEMORY_MMAP, PixFormat, Request},
        },
    },
};

/// Frames the driver may fill while one is looked at.
const BUFFERS: u32 = 4;
/// After this long without a frame the camera is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open camera that streams.
#[derive(Debug)]
pub struct Camera<I: V4l2Io = V4l2Device> {
    io: I,
    /// Path and name.
    name: String,
    format: FrameFormat,
    pix: PixFormat,
    planes: Vec<Plane>,
    rate: Option<f64>,
    /// What was asked for, where it is not what came of it.
    note: String,
    buffers: usize,
    first: Option<Instant>,
    pts: Duration,
    streaming: bool,
}

impl Camera {
    /// Opens a node such as `/dev/video0`.
    ///
    /// # Errors
    /// [`Error::Source`]: it is missing, forbidden, in use, no camera, or offers nothing that is understood.
    pub fn open(path: &Path, mode: Option<CameraMode>) -> Result<Self> {
        Self::open_with(&path.display().to_string(), || V4l2Device::open(path), mode)
    }
}

impl<I: V4l2Io> Camera<I> {
    /// As [`Camera::open`], by another way to the kernel; `path` is for the messages.
    ///
    /// # Errors
    /// As [`Camera::open`].
    pub fn open_with(path: &str, open: impl FnOnce() -> io::Result<I>, mode: Option<CameraMode>) -> Result<Self> {
        let mut io = open().map_err(|e| fault(path, "opening the camera", &e))?;
        let failed = |what: &'static str| move |e: io::Error| fault(path, what, &e);
        let (about, streams) = capability(&mut io).map_err(failed("asking what it is"))?;
        let card = text(&about.card);
        if !streams {
            return Err(Error::source(path, not_a_camera(&format!("{card} is a node of another kind"))));
        }
        let wanted = mode.unwrap_or(USUAL);
        let offered = modes(&mut io, &wanted).map_err(failed("listing its modes"))?;
        let Some(chosen) = choose(&offered, &wanted) else {
            let known = FORMATS.iter().map(|f| text(&f.0.to_le_bytes())).collect::<Vec<_>>().join(", ");
            return Err(Error::source(
                path,
                format!("expected one of the pixel formats {known}, but {card} offers none"),
            ));
        };
        let mut asked = sys::Format { kind: CAPTURE, ..Zeroable::zeroed() };
        (asked.pix.width, asked.pix.height) = (chosen.width, chosen.height);
        (asked.pix.pixelformat, asked.pix.field) = (chosen.fourcc, sys::FIELD_NONE);
        ask(&mut io, Request::SFmt, &mut asked).map_err(failed("setting its format"))?;
        let pix = asked.pix;
        // The driver may answer with another format than the one it was asked for.
        let format = FORMATS.iter().find(|f| f.0 == pix.pixelformat).map(|f| f.1);
        let Some(format) = format.filter(|_| pix.width > 0 && pix.height > 0) else {
            let found = text(&pix.pixelformat.to_le_bytes());
            let message = format!("expected {}, but {card} gives {found}; ask for another size", chosen.format.name());
            return Err(Error::source(path, message));
        };
        let interval = chosen.nearest(wanted.fps.unwrap_or(30.0));
        let rate = set_rate(&mut io, interval).map_err(failed("setting its rate"))?;
        let planes = planes(format, &pix);
        let name = format!("{path} ({card})");
        let (first, pts, streaming) = (None, Duration::ZERO, false);
        let note = mode.map_or_else(String::new, |mode| note(&mode, &pix, rate));
        let mut camera = Self { io, name, format, pix, planes, rate, note, buffers: 0, first, pts, streaming };
        camera.start()?;
        Ok(camera)
    }

    /// Buffers are asked for, mapped and queued, and the stream begins.
    fn start(&mut self) -> Result<()> {
        let mut wish = sys::RequestBuffers { count: BUFFERS, kind: CAPTURE, memory: MEMORY_MMAP, ..Zeroable::zeroed() };
        self.ask(Request::ReqBufs, &mut wish, "asking for buffers")?;
        if wish.count == 0 {
            return Err(Error::source(&self.name, "expected buffers, but the driver has no memory for any"));
        }
        let needed = self.planes.iter().map(Plane::end).max().unwrap_or(1);
        for index in 0..wish.count {
            let mut buffer = blank(index);
            self.ask(Request::QueryBuf, &mut buffer, "asking for a buffer")?;
            let length = buffer.length as usize;
            if length < needed {
                let message =
                    format!("expected buffers of {needed} bytes, but the driver has {length}; take another mode");
                return Err(Error::source(&self.name, message));
            }
            let mapped = self.io.map(buffer.offset, length);
            mapped.map_err(|e| fault(&self.name, "mapping a buffer", &e))?;
            self.buffers += 1;
            self.ask(Request::QBuf, &mut blank(index), "queueing a buffer")?;
        }
        self.ask(Request::StreamOn, &mut CAPTURE.clone(), "starting the stream")?;
        self.streaming = true;
        Ok(())
    }

    fn ask<T: bytemuck::Pod>(&mut self, request: Request, argument: &mut T, what: &str) -> Result<()> {
        ask(&mut self.io, request, argument).map_err(|e| fault(&self.name, what, &e))
    }

    /// The next buffer that is filled.
    fn filled(&mut self) -> Result<sys::Buffer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.io.poll(left) {
                Ok(true) => {}
                Ok(false) => return Err(self.silent()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted && !left.is_zero() => continue,
                Err(e) => return Err(fault(&self.name, "waiting for a frame", &e)),
            }
            let mut buffer = blank(0);
            match ask(&mut self.io, Request::DqBuf, &mut buffer) {
                Ok(()) => return Ok(buffer),
                // Woken for nothing. A node in trouble may wake us again at once, hence the nap.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && !left.is_zero() => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Err(self.silent()),
                Err(e) => return Err(fault(&self.name, "fetching a frame", &e)),
            }
        }
    }

    fn silent(&self) -> Error {
        let message = format!("no frame for {} s; unplug the camera and plug it in again", PATIENCE.as_secs());
        Error::source(&self.name, message)
    }

    /// The bytes of a filled buffer without padding, or why there are none.
    fn take(&self, buffer: &sys::Buffer) -> Result<Vec<u8>, String> {
        let (index, used) = (buffer.index as usize, buffer.bytesused as usize);
        if buffer.flags & sys::BUF_FLAG_ERROR != 0 {
            return Err("the camera marked the frame as broken".into());
        }
        let whole = [Plane { at: 0, stride: used, bytes: used, rows: 1 }];
        let planes = if self.planes.is_empty() { &whole[..] } else { &self.planes };
        let needed = planes.iter().map(Plane::end).max().unwrap_or(0).max(1);
        if used < needed {
            return Err(format!("a frame cut short: expected {needed} bytes, found {used}"));
        }
        let mut data = vec![0; planes.iter().map(|p| p.bytes * p.rows).sum()];
        let mut rest = data.as_mut_slice();
        for plane in planes {
            // Without padding a plane is one long row.
            let (bytes, rows) =
                if plane.stride == plane.bytes { (plane.bytes * plane.rows, 1) } else { (plane.bytes, plane.rows) };
            for row in 0..rows {
                let (into, after) = rest.split_at_mut(bytes);
                let copied = self.io.copy(index, plane.at + row * plane.stride, into);
                copied.map_err(|e| format!("buffer {index}: {e}"))?;
                rest = after;
            }
        }
        Ok(data)
    }

    /// When the frame was taken. `Instant` runs by the kernel's monotonic clock but does not show it, so it is found by
    /// its distance from now.
    fn captured(&self, buffer: &sys::Buffer) -> Instant {
        let (now, clock) = (Instant::now(), self.io.monotonic());
        if buffer.flags & sys::BUF_FLAG_TIMESTAMP_MASK != sys::BUF_FLAG_TIMESTAMP_MONOTONIC {
            return now;
        }
        let sec = u64::try_from(buffer.timestamp.sec).unwrap_or(0);
        let usec = u64::try_from(buffer.timestamp.usec).unwrap_or(0);
        let age = clock.checked_sub(Duration::from_secs(sec) + Duration::from_micros(usec));
        // Some cameras stamp with a clock of their own: a frame is not of the future, nor older than we would wait.
        age.filter(|age| *age <= PATIENCE).and_then(|age| now.checked_sub(age)).unwrap_or(now)
    }
}

/// A buffer by its number.
fn blank(index: u32) -> sys::Buffer {
    sys::Buffer { index, kind: CAPTURE, memory: MEMORY_MMAP, ..Zeroable::zeroed() }
}

/// Sets the interval, if there is a choice; the rate that the driver took.
fn set_rate(io: &mut impl V4l2Io, interval: Option<sys::Fract>) -> io::Result<Option<f64>> {
    let Some(interval) = interval else { return Ok(None) };
    let mut parm = sys::StreamParm { kind: CAPTURE, ..Zeroable::zeroed() };
    parm.capture.timeperframe = interval;
    match ask(io, Request::SParm, &mut parm) {
        Ok(()) => {}
        // A driver whose rate cannot be set.
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL)) => return Ok(Some(rate(interval))),
        Err(e) => return Err(e),
    }
    let found = parm.capture.timeperframe;
    let told = parm.capture.capability & sys::CAP_TIMEPERFRAME != 0 && found.numerator > 0 && found.denominator > 0;
    Ok(Some(rate(if told { found } else { interval })))
}

/// `; asked for 1920x1080 at 60 fps` where that is not what came of it.
fn note(asked: &CameraMode, pix: &PixFormat, rate: Option<f64>) -> String {
    let same = asked.width == pix.width as usize && asked.height == pix.height as usize;
    let fps = asked.fps.filter(|fps| rate.is_none_or(|rate| (rate - fps).abs() > 0.01 * fps));
    match (same, asked.fps) {
        (true, _) if fps.is_none() => String::new(),
        (_, Some(fps)) => format!("; asked for {}x{} at {fps} fps", asked.width, asked.height),
        (_, None) => format!("; asked for {}x{}", asked.width, asked.height),
    }
}

/// A frame as it goes out: pictures of JPEG are decoded to their samples.
fn finish(frame: Frame, name: &str) -> Next {
    if frame.format != FrameFormat::Mjpeg {
        return Next::Frame(frame);
    }
    match mjpeg::decode(&frame.data, name) {
        Ok((width, height, format, data)) => {
            Next::Frame(Frame { width, height, format, data, colour: Colour::JPEG, ..frame })
        }
        Err(e) => Next::Corrupt(e.to_string()),
    }
}

impl<I: V4l2Io> Source for Camera<I> {
    fn next(&mut self) -> Result<Next> {
        let buffer = self.filled()?;
        let captured = self.captured(&buffer);
        if buffer.index as usize >= self.buffers {
            let (found, last) = (buffer.index, self.buffers.saturating_sub(1));
            return Err(Error::source(&self.name, format!("expected buffer 0 to {last}, the driver gave {found}")));
        }
        let data = self.take(&buffer);
        self.ask(Request::QBuf, &mut blank(buffer.index), "queueing a buffer")?;
        let first = *self.first.get_or_insert(captured);
        self.pts = self.pts.max(captured.saturating_duration_since(first));
        Ok(match data {
            Err(why) => Next::Corrupt(why),
            Ok(data) => finish(
                Frame {
                    width: self.pix.width as usize,
                    height: self.pix.height as usize,
                    format: self.format,
                    colour: colour(self.format, &self.pix),
                    data,
                    pts: self.pts,
                    captured,
                },
                &self.name,
            ),
        })
    }

    fn describe(&self) -> String {
        let PixFormat { width, height, .. } = self.pix;
        let rate = self.rate.map_or_else(String::new, |rate| format!(", {} fps", (rate * 100.0).round() / 100.0));
        format!("{}: {width}x{height}, {}{rate}{}", self.name, self.format.name(), self.note)
    }

    fn rate(&self) -> Option<f64> {
        self.rate
    }

    fn live(&self) -> bool {
        true
    }
}

impl<I: V4l2Io> Drop for Camera<I> {
    fn drop(&mut self) {
        if self.streaming {
            // It may be unplugged; there is nothing to be done about that here.
            let _ = ask(&mut self.io, Request::StreamOff, &mut CAPTURE.clone());
        }
        self.io.unmap();
    }
}
