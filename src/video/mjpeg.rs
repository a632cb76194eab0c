//! JPEG pictures one after the other: a file, a pipe, the body of an HTTP answer in parts. No clock is in them.

use std::{
    io::Read,
    time::{Duration, Instant},
};

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use crate::{
    detect::picture::Picture,
    error::{Error, Result},
    video::{ByteStream, Colour, Frame, FrameFormat, MAX_FRAME, MAX_SIDE, Next, Source},
};

/// Frames per second of a file that does not say.
pub const RATE: f64 = 30.0;
/// Most bytes of one picture.
const MAX_PICTURE: usize = 64 << 20;
/// Bytes asked for at a time.
const CHUNK: u64 = 1 << 16;

/// The samples of a JPEG: its columns, rows, layout and bytes. They stay Y'CbCr, [`Colour::JPEG`]: the GPU makes colours of
/// them. Only what is neither Y'CbCr nor gray becomes [`FrameFormat::Rgb8`] here.
///
/// # Errors
/// [`Error::Image`] if the picture is cut off or broken.
pub fn decode(bytes: &[u8], name: &str) -> Result<(usize, usize, FrameFormat, Vec<u8>)> {
    let fail = |message: String| Error::Image { path: name.into(), message };
    let broken = |e: zune_jpeg::errors::DecodeErrors| fail(format!("cannot be decoded: {e}"));
    // Strict, or the decoder would paint grey what is missing and say nothing.
    let options = DecoderOptions::default().set_max_width(MAX_SIDE).set_max_height(MAX_SIDE).set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(broken)?;
    let (layout, format) = match decoder.input_colorspace() {
        Some(ColorSpace::YCbCr) => (ColorSpace::YCbCr, FrameFormat::Ycbcr8),
        Some(ColorSpace::Luma) => (ColorSpace::Luma, FrameFormat::Gray8),
        _ => return other(bytes, name),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(layout));
    let (width, height) = decoder.dimensions().ok_or_else(|| fail("has no size".into()))?;
    let size = format.bytes(width, height).filter(|b| (1..=MAX_FRAME).contains(b));
    let size =
        size.ok_or_else(|| fail(format!("{width} x {height} pixels are none, or more than a frame may have")))?;
    let mut data = vec![0; size];
    decoder.decode_into(&mut data).map_err(broken)?;
    Ok((width, height, format, data))
}

/// CMYK, RGB: what no camera gives.
fn other(bytes: &[u8], name: &str) -> Result<(usize, usize, FrameFormat, Vec<u8>)> {
    let Picture { width, height, rgba } = Picture::decode(bytes, name, false)?;
    let data = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    Ok((width, height, FrameFormat::Rgb8, data))
}

/// A stream of JPEGs.
#[derive(Debug)]
pub struct Mjpeg {
    input: ByteStream,
    splitter: Splitter,
    rate: f64,
    at: u64,
    ended: bool,
}

impl Mjpeg {
    /// So many frames per second; [`RATE`] if nobody knows.
    pub fn new(input: ByteStream, rate: f64) -> Self {
        Self { input, splitter: Splitter::default(), rate, at: 0, ended: false }
    }

    /// The next piece of the stream.
    fn piece(&mut self) -> Result<JpegChunk> {
        loop {
            match self.splitter.next(self.ended) {
                JpegChunk::More if !self.ended => {
                    let read = self.input.by_ref().take(CHUNK);
                    self.ended = fill(read, &mut self.splitter.buffer).map_err(|e| self.input.unreadable(&e))? == 0;
                }
                piece => return Ok(piece),
            }
        }
    }
}

/// One read, so that a picture that is there is not kept waiting for the next one.
fn fill(mut from: impl Read, to: &mut Vec<u8>) -> std::io::Result<usize> {
    let before = to.len();
    to.resize(before + CHUNK as usize, 0);
    let read = loop {
        match from.read(&mut to[before..]) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    to.truncate(before + *read.as_ref().unwrap_or(&0));
    read
}

impl Source for Mjpeg {
    fn next(&mut self) -> Result<Next> {
        let jpeg = match self.piece()? {
            JpegChunk::Picture(jpeg) => jpeg,
            JpegChunk::Broken(reason) => return Ok(Next::Corrupt(format!("picture {}: {reason}", self.at))),
            JpegChunk::More => return Ok(Next::End),
        };
        let (at, captured) = (self.at, Instant::now());
        self.at += 1;
        Ok(match decode(&jpeg, &format!("picture {at}")) {
            Ok((width, height, format, data)) => {
                let pts = Duration::try_from_secs_f64(at as f64 / self.rate).unwrap_or_default();
                Next::Frame(Frame { width, height, format, colour: Colour::JPEG, data, pts, captured })
            }
            Err(e) => Next::Corrupt(e.to_string()),
        })
    }

    fn describe(&self) -> String {
        format!("{}: MJPEG", self.input.name)
    }

    fn rate(&self) -> Option<f64> {
        Some(self.rate)
    }

    fn rewind(&mut self) -> Result<bool> {
        if !self.input.rewind()? {
            return Ok(false);
        }
        (self.splitter, self.at, self.ended) = (Splitter::default(), 0, false);
        Ok(true)
    }
}

/// What lies in the buffer.
#[derive(Debug)]
enum JpegChunk {
    /// From its start-of-image marker to its end-of-image marker.
    Picture(Vec<u8>),
    /// The remains of one.
    Broken(&'static str),
    /// Not a whole picture yet.
    More,
}

/// Follows the markers, from segment to segment, so that a thumbnail inside a segment is no picture.
#[derive(Debug, Default)]
struct Splitter {
    buffer: Vec<u8>,
    /// Where the picture that is being followed starts; it does if `inside`.
    start: usize,
    inside: bool,
    /// What comes before is understood.
    at: usize,
    /// Where the last segment starts.
    segment: usize,
    /// Among the data of a scan.
    scan: bool,
}

impl Splitter {
    /// The next piece; `ended`: nothing will be added to the buffer.
    fn next(&mut self, ended: bool) -> JpegChunk {
        if !self.inside && !self.begin() {
            return JpegChunk::More;
        }
        loop {
            if self.at - self.start > MAX_PICTURE {
                return self.abandon(self.at, "it is longer than 64 MiB");
            }
            let rest = &self.buffer[self.at..];
            if self.scan {
                let stops = |w: &[u8]| w[0] == 0xff && !matches!(w[1], 0x00 | 0x01 | 0xd0..=0xd7 | 0xff);
                let Some(next) = rest.windows(2).position(stops) else {
                    self.at += rest.len().saturating_sub(1);
                    return self.wait(ended, self.buffer.len());
                };
                self.at += next;
                self.scan = false;
                continue;
            }
            let (marker, length) = match *rest {
                // Fill bytes may precede a marker.
                [0xff, 0xff, ..] | [0xff, 0x01, ..] => {
                    self.at += 1 + usize::from(rest[1] == 0x01);
                    continue;
                }
                [0xff, 0xd9, ..] => return self.finish(self.at + 2),
                [0xff, 0xd8, ..] => return self.abandon(self.at, "it is cut off: the next one begins before its end"),
                [0xff, marker, high, low, ..] if !matches!(marker, 0x00 | 0xd0..=0xd7) => {
                    (marker, usize::from(u16::from_be_bytes([high, low])))
                }
                [] | [0xff] | [0xff, _] | [0xff, _, _] => return self.wait(ended, self.at),
                // The length of the segment before may be what is broken: look for a picture inside it.
                _ => return self.abandon(self.segment + 2, "expected a JPEG marker, found something else"),
            };
            if length < 2 {
                return self.abandon(self.at, "a segment of it has a length below 2");
            }
            if rest.len() < 2 + length {
                return self.wait(ended, self.at + 2);
            }
            self.segment = self.at;
            self.at += 2 + length;
            self.scan = marker == 0xda;
        }
    }

    /// Finds the next start-of-image marker; a marker follows it, or it is no picture.
    fn begin(&mut self) -> bool {
        let rest = &self.buffer[self.start..];
        let found = rest.windows(3).position(|w| w == [0xff, 0xd8, 0xff]);
        let from = self.start + found.unwrap_or(rest.len().saturating_sub(2));
        self.buffer.drain(..from);
        (self.start, self.at, self.segment, self.scan, self.inside) = (0, 2, 0, false, found.is_some());
        self.inside
    }

    fn finish(&mut self, end: usize) -> JpegChunk {
        let picture = self.buffer[self.start..end].to_vec();
        (self.start, self.inside) = (end, false);
        JpegChunk::Picture(picture)
    }

    /// Gives this picture up and looks for the next one from `from`.
    fn abandon(&mut self, from: usize, reason: &'static str) -> JpegChunk {
        (self.start, self.inside) = (from.min(self.buffer.len()), false);
        JpegChunk::Broken(reason)
    }

    /// More bytes, or the picture is cut off.
    fn wait(&mut self, ended: bool, from: usize) -> JpegChunk {
        if self.buffer.len() - self.start > MAX_PICTURE {
            return self.abandon(self.buffer.len(), "it is longer than 64 MiB");
        }
        if ended {
            self.abandon(from, "it is cut off: the stream ends before its end-of-image marker")
        } else {
            JpegChunk::More
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of the pictures, and the reasons of what is none, with the bytes given `step` at a time.
    fn split(bytes: &[u8], step: usize) -> Vec<Result<usize, &'static str>> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        let mut chunks = bytes.chunks(step);
        let mut ended = false;
        loop {
            match splitter.next(ended) {
                JpegChunk::Picture(p) => found.push(Ok(p.len())),
                JpegChunk::Broken(reason) => found.push(Err(reason)),
                JpegChunk::More if ended => return found,
                JpegChunk::More => match chunks.next() {
                    Some(chunk) => splitter.buffer.extend_from_slice(chunk),
                    None => ended = true,
                },
            }
        }
    }

    #[test]
    fn pictures_are_split_whatever_the_pieces_they_come_in() {
        // A thumbnail in APP1, a scan with stuffing, restarts and fill; 29 bytes.
        let one: &[u8] = &[
            0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9, 0xff, 0xda, 0, 2, 1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff,
            0xff, 0xd7, 4, 5, 6, 0xff, 0xd9,
        ];
        let part = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
        let all = [&b"--frame\r\n"[..], one, part, one, &[0xff, 0xd8, 0x12], one].concat();
        let cut = [one, &one[..16], one, &one[..20]].concat();
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(split(&all, step), [Ok(29), Ok(29), Ok(29)], "{step}");
            let found = split(&cut, step);
            assert_eq!((found.len(), found[0], found[2]), (4, Ok(29), Ok(29)), "{step}: {found:?}");
            assert!(found[1].unwrap_err().contains("the next one begins"), "{step}");
            assert!(found[3].unwrap_err().contains("the stream ends"), "{step}");
        }
        // The length of a segment says 0x1006: it swallows the pictures up to the end; they are found all the same.
        let mut broken = [one, one, one].concat();
        broken[29 + 4] = 0x10;
        let found = split(&broken, 1000);
        assert_eq!((found.first(), found.last()), (Some(&Ok(29)), Some(&Ok(29))), "{found:?}");
    }
}
