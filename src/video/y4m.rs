//! YUV4MPEG2: frames as they are, behind a line of text each.
//!
//! Read here and not by the `y4m` crate, which cannot tell a last frame that is cut off from the end, copies every frame
//! and multiplies the sides of a header before it looks at them.

use std::{
    io::{BufRead, Read},
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    video::{ByteStream, Colour, Frame, FrameFormat, MAX_FRAME, MAX_SIDE, Matrix, Next, Range, Siting, Source},
};

/// How a file of this kind begins.
pub const MAGIC: &[u8] = b"YUV4MPEG2";
/// Longest line; ffmpeg's are below 150 bytes.
const MAX_LINE: u64 = 4096;

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Header {
    width: usize,
    height: usize,
    format: FrameFormat,
    colour: Colour,
    /// Frames per second as a fraction.
    rate: (u32, u32),
    /// Of a frame.
    bytes: usize,
}

/// A y4m file or pipe.
#[derive(Debug)]
pub struct Y4m {
    input: ByteStream,
    header: Header,
    at: u64,
    ended: bool,
}

impl Y4m {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Source`] if it is none, or is of a kind that is not read here: more than 8 bits a sample, 4:1:1.
    pub fn new(mut input: ByteStream) -> Result<Self> {
        let line = line(&mut input).map_err(|e| input.unreadable(&e))?;
        let header = header(&line).map_err(|message| Error::source(&input.name, message))?;
        Ok(Self { input, header, at: 0, ended: false })
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.header.width, self.header.height)
    }

    /// When frame `n` is shown.
    fn pts(&self, n: u64) -> Duration {
        let (num, den) = self.header.rate;
        let nanos = u128::from(n) * u128::from(den) * 1_000_000_000 / u128::from(num.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn cut(&mut self) -> Next {
        self.ended = true;
        Next::Corrupt(format!("frame {} is cut off: the video ends in the middle of it", self.at))
    }
}

impl Source for Y4m {
    fn next(&mut self) -> Result<Next> {
        if self.ended {
            return Ok(Next::End);
        }
        let line = line(&mut self.input).map_err(|e| self.input.unreadable(&e))?;
        if line.is_empty() {
            self.ended = true;
            return Ok(Next::End);
        }
        if !line.starts_with(b"FRAME") {
            let at = self.at;
            return Err(Error::source(&self.input.name, format!("frame {at}: expected FRAME, found {}", shown(&line))));
        }
        if line.last() != Some(&b'\n') {
            return Ok(self.cut());
        }
        let Header { width, height, format, colour, bytes, .. } = self.header;
        let mut data = Vec::with_capacity(bytes);
        let read = self.input.by_ref().take(bytes as u64).read_to_end(&mut data);
        read.map_err(|e| self.input.unreadable(&e))?;
        if data.len() < bytes {
            return Ok(self.cut());
        }
        let pts = self.pts(self.at);
        self.at += 1;
        Ok(Next::Frame(Frame { width, height, format, colour, data, pts, captured: Instant::now() }))
    }

    fn describe(&self) -> String {
        let Header { width, height, format, .. } = self.header;
        let rate = self.rate().map_or_else(String::new, |r| format!(", {r:.5} fps").replace(".00000", ""));
        format!("{}: {width}x{height}, y4m {}{rate}", self.input.name, format.name())
    }

    fn rate(&self) -> Option<f64> {
        let (num, den) = self.header.rate;
        Some(f64::from(num) / f64::from(den))
    }

    fn rewind(&mut self) -> Result<bool> {
        if !self.input.rewind()? {
            return Ok(false);
        }
        line(&mut self.input).map_err(|e| self.input.unreadable(&e))?;
        (self.at, self.ended) = (0, false);
        Ok(true)
    }
}

/// A line with its end, if that is there.
fn line(input: &mut ByteStream) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The beginning of what was found, for an error.
fn shown(line: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&line[..line.len().min(40)]).trim_end())
}

fn header(line: &[u8]) -> Result<Header, String> {
    let whole = line.strip_suffix(b"\n").filter(|l| l.starts_with(MAGIC));
    let Some(whole) = whole else {
        return Err(format!("is no y4m: expected a first line YUV4MPEG2 W.. H.. F.., found {}", shown(line)));
    };
    let text = String::from_utf8_lossy(whole);
    let (mut width, mut height, mut rate) = (0, 0, (25, 1));
    let (mut space, mut range) = ("420", Range::Limited);
    for field in text.split(' ').skip(1).filter(|f| !f.is_empty()) {
        let Some((tag, value)) = field.split_at_checked(1) else { continue };
        let side = || value.parse::<usize>().ok().filter(|v| (1..=MAX_SIDE).contains(v));
        let wrong = |expected: &str| format!("y4m header: expected {expected}, found {field}");
        match tag {
            "W" => width = side().ok_or_else(|| wrong("a width of 1 to 65535"))?,
            "H" => height = side().ok_or_else(|| wrong("a height of 1 to 65535"))?,
            // 0:0 is "unknown" by the format's description.
            "F" if value == "0:0" => {}
            "F" => rate = fraction(value).ok_or_else(|| wrong("a rate such as F30:1"))?,
            "C" => space = value,
            "X" if value == "COLORRANGE=FULL" => range = Range::Full,
            _ => {}
        }
    }
    if width == 0 || height == 0 {
        return Err(format!("y4m header: expected a width W.. and a height H.., found {}", shown(line)));
    }
    let (format, siting) = match space {
        "420" | "420jpeg" => (FrameFormat::I420, Siting::Center),
        // PAL DV has its Cb and Cr on different rows: half a pixel is not worth a kernel of its own.
        "420mpeg2" | "420paldv" => (FrameFormat::I420, Siting::Left),
        "422" => (FrameFormat::I422, Siting::Left),
        "444" => (FrameFormat::I444, Siting::Left),
        "mono" => (FrameFormat::Gray8, Siting::Left),
        other => {
            return Err(format!(
                "y4m header: expected colours of 8 bits (C420.., C422, C444, Cmono), found C{other}; \
                 `ffmpeg -i IN -pix_fmt yuv420p OUT.y4m` makes them"
            ));
        }
    };
    let bytes = format.bytes(width, height).filter(|b| *b <= MAX_FRAME);
    let bytes = bytes.ok_or_else(|| format!("y4m header: {width} x {height} pixels are more than a frame may have"))?;
    let colour = Colour { matrix: Matrix::usual(height), range, siting };
    Ok(Header { width, height, format, colour, rate, bytes })
}

/// `30000:1001`
fn fraction(text: &str) -> Option<(u32, u32)> {
    let (num, den) = text.split_once(':')?;
    let (num, den) = (num.parse().ok()?, den.parse().ok()?);
    (num > 0 && den > 0).then_some((num, den))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_understood_or_refused_by_name() {
        let ok = header(b"YUV4MPEG2 W98 H66 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL\n").unwrap();
        assert_eq!((ok.width, ok.height, ok.rate, ok.bytes), (98, 66, (30000, 1001), 98 * 66 * 3 / 2));
        assert_eq!((ok.format, ok.colour.siting, ok.colour.range), (FrameFormat::I420, Siting::Left, Range::Full));
        let plain = header(b"YUV4MPEG2 W1 H721\n").unwrap();
        assert_eq!((plain.colour.siting, plain.colour.matrix, plain.bytes), (Siting::Center, Matrix::Bt709, 721 + 722));
        for (line, says) in [
            (&b"YUV4MPEG2 W0 H66\n"[..], "found W0"),
            (b"YUV4MPEG2 W65536 H66\n", "found W65536"),
            (b"YUV4MPEG2 W99999999999999999999 H66\n", "expected a width"),
            (b"YUV4MPEG2 W65535 H65535\n", "more than a frame may have"),
            (b"YUV4MPEG2 W8\n", "a height H.."),
            (b"YUV4MPEG2 W8 H8 C420p10\n", "found C420p10"),
            (b"YUV4MPEG2 W8 H8 F0:1\n", "found F0:1"),
            (b"YUV4MPEG2 W8 H8", "is no y4m"),
            (b"RIFF\n", "is no y4m"),
            (b"", "is no y4m"),
        ] {
            let message = header(line).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
