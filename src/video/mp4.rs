//! H.264 in MP4 files, decoded by OpenH264: no program beside this one is needed.
//!
//! What is not read here - other codecs, more than 8 bits, interlaced pictures, an index in fragments - is refused when the
//! file is opened, and left to ffmpeg.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    video::{
        Colour, Frame, FrameFormat, Matrix, Next, Siting, Source,
        boxes::{self, Movie, Sample},
        decoder::{DecodedFrame, H264},
        sps::{self, Sps},
    },
};

/// Most bytes of one compressed picture.
const MAX_SAMPLE: u32 = 64 << 20;
/// Most pictures that wait for one that is shown before them (H.264, A.3.1: `MaxDpbFrames`).
const MAX_WAITING: usize = 16;
/// Before a NAL unit (H.264, annex B).
const START: [u8; 4] = [0, 0, 0, 1];

/// An MP4 file.
pub struct Mp4 {
    name: String,
    file: File,
    movie: Movie,
    sps: Sps,
    /// Before every sync sample.
    sets: Vec<u8>,
    /// The earliest time at which any of the samples from here on is shown.
    earliest: Vec<i64>,
    size: (usize, usize),
    decoder: H264,
    /// Given to the decoder, and not yet taken back.
    inside: BTreeSet<(i64, usize)>,
    at: usize,
    /// Decoded, to be shown after one that is not.
    waiting: BTreeMap<(i64, usize), Frame>,
    /// A sample was broken: what leans on it is left out.
    lost: bool,
    /// Pictures from this time on are shown: others lean on those before.
    from: i64,
    /// The sequence parameter set in the last sync sample itself, if it has one.
    own_set: Option<Vec<u8>>,
}

/// Why a sample gives no frame.
enum Fault {
    /// It is broken.
    Broken(String),
    /// The file ends before it.
    Cut,
    /// The file cannot be read.
    Io(io::Error),
}

impl Mp4 {
    /// Reads the index and tries the first frame.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Source`] if it is of a kind that is not read here.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let fail = |message: String| Error::source(&name, message);
        let mut file = File::open(path).map_err(Error::io(path))?;
        let movie = boxes::read(&mut file).map_err(fail)?;
        let sps = movie.sets.iter().find(|s| s.first().is_some_and(|b| b & 31 == 7)).and_then(|s| sps::parse(s));
        let sps = sps.ok_or_else(|| fail("its sequence parameter set is missing or broken".into()))?;
        if !matches!(sps.profile, 66 | 77 | 100) || sps.chroma != 1 || sps.bits != (8, 8) || !sps.frames {
            return Err(fail(format!("its H.264 is not of whole frames in 4:2:0 of 8 bits (profile {})", sps.profile)));
        }
        let sets = movie.sets.iter().flat_map(|set| START.into_iter().chain(set.iter().copied())).collect();
        let mut earliest = vec![i64::MAX; movie.samples.len() + 1];
        for (i, sample) in movie.samples.iter().enumerate().rev() {
            earliest[i] = earliest[i + 1].min(sample.shown);
        }
        let decoder = decoder(&name)?;
        let (size, at, inside, waiting) = ((0, 0), 0, BTreeSet::new(), BTreeMap::new());
        let (lost, from, own_set) = (false, i64::MIN, None);
        let mut this =
            Self { name, file, movie, sps, sets, earliest, size, decoder, inside, at, waiting, lost, from, own_set };
        match this.decode(0).map(|()| this.drain()) {
            Ok(()) => match this.waiting.values().next() {
                Some(frame) => this.size = (frame.width, frame.height),
                None => return Err(Error::source(&this.name, "its first frame gives no picture")),
            },
            Err(Fault::Broken(reason)) => return Err(Error::source(&this.name, format!("its first frame {reason}"))),
            Err(Fault::Cut) => return Err(Error::source(&this.name, "ends before its first frame")),
            Err(Fault::Io(e)) => return Err(Error::io(path)(e)),
        }
        this.from = 0;
        this.rewind()?;
        Ok(this)
    }

    /// Gives a sample to the decoder, and takes what picture it has ready.
    fn decode(&mut self, index: usize) -> Result<(), Fault> {
        let broken = |what: &str| Fault::Broken(what.into());
        let sample = *self.movie.samples.get(index).ok_or_else(|| broken("is missing"))?;
        let mut packet = if sample.sync { self.sets.clone() } else { Vec::new() };
        let bytes = read(&mut self.file, sample)?;
        annex_b(&bytes, self.movie.length, &mut packet)
            .ok_or_else(|| broken("is broken: a length in it leads beyond its end"))?;
        if sample.sync {
            // Another size, say: the decoder would forget the pictures that it still holds back.
            let own = units(&bytes, self.movie.length).flatten().find(|unit| unit.first().is_some_and(|b| b & 31 == 7));
            let own = own.map(<[u8]>::to_vec);
            if own != self.own_set && index > 0 {
                self.drain();
                self.decoder = H264::new().map_err(Fault::Broken)?;
            }
            self.own_set = own;
        }
        let picture = self.decoder.decode(&packet, index as u64).map_err(Fault::Broken)?;
        self.inside.insert((sample.shown, index));
        self.keep(picture);
        Ok(())
    }

    /// What the decoder holds back; it is not to be used any more.
    fn drain(&mut self) {
        while let Ok(Some(picture)) = self.decoder.flush() {
            self.keep(Some(picture));
        }
        self.inside.clear();
    }

    fn keep(&mut self, picture: Option<DecodedFrame>) {
        let Some(DecodedFrame { tag, width, height, data }) = picture else { return };
        let Some((index, sample)) = usize::try_from(tag).ok().and_then(|i| Some((i, self.movie.samples.get(i)?)))
        else {
            return;
        };
        let shown = sample.shown;
        self.inside.remove(&(shown, index));
        let colour = Colour {
            matrix: self.sps.matrix.unwrap_or(Matrix::usual(height)),
            range: self.sps.range.unwrap_or_default(),
            siting: if self.sps.siting == 1 { Siting::Center } else { Siting::Left },
        };
        if shown >= self.from {
            let (pts, captured) = (self.pts(shown), Instant::now());
            let frame = Frame { width, height, format: FrameFormat::I420, colour, data, pts, captured };
            self.waiting.insert((shown, index), self.movie.turn.apply(frame));
        }
    }

    fn pts(&self, ticks: i64) -> Duration {
        let nanos = i128::from(ticks.max(0)) * 1_000_000_000 / i128::from(self.movie.timescale);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The frame whose turn it is, if it is decoded.
    fn ready(&mut self) -> Option<Frame> {
        let first = self.waiting.first_entry()?;
        let before = |shown: Option<i64>| shown.is_none_or(|shown| first.key().0 < shown);
        // The last entry of `earliest` is later than any.
        let turn = before(self.earliest.get(self.at).copied()) && before(self.inside.first().map(|(shown, _)| *shown));
        if turn || self.waiting.len() > MAX_WAITING { self.waiting.pop_first().map(|(_, frame)| frame) } else { None }
    }
}

impl Source for Mp4 {
    fn next(&mut self) -> Result<Next> {
        loop {
            if let Some(mut frame) = self.ready() {
                frame.captured = Instant::now();
                return Ok(Next::Frame(frame));
            }
            let Some(sample) = self.movie.samples.get(self.at).copied() else {
                self.drain();
                if self.waiting.is_empty() {
                    return Ok(Next::End);
                }
                continue;
            };
            let index = self.at;
            self.at += 1;
            if self.lost && !sample.sync {
                continue;
            }
            match self.decode(index) {
                Ok(()) => self.lost = false,
                Err(Fault::Broken(reason)) => {
                    self.lost = true;
                    self.drain();
                    self.decoder = decoder(&self.name)?;
                    return Ok(Next::Corrupt(format!("frame {index} {reason}; going on at the next key frame")));
                }
                Err(Fault::Cut) => {
                    let left = self.movie.samples.len() - index;
                    self.at = self.movie.samples.len();
                    return Ok(Next::Corrupt(format!("frame {index} is cut off: the last {left} are not in the file")));
                }
                Err(Fault::Io(e)) => return Err(Error::source(&self.name, format!("cannot be read: {e}"))),
            }
        }
    }

    fn describe(&self) -> String {
        let rate = self.rate().map_or_else(String::new, |r| format!(", {r:.2} fps").replace(".00", ""));
        format!("{}: {}x{}, H.264{rate}", self.name, self.size.0, self.size.1)
    }

    fn rate(&self) -> Option<f64> {
        let shown = self.movie.samples.iter().map(|s| s.shown).filter(|s| *s >= 0);
        let (count, last) = shown.fold((0_u32, 0), |(count, last), s| (count + 1, s.max(last)));
        (count > 1 && last > 0).then(|| f64::from(count - 1) * f64::from(self.movie.timescale) / last as f64)
    }

    fn rewind(&mut self) -> Result<bool> {
        self.decoder = decoder(&self.name)?;
        self.waiting.clear();
        self.inside.clear();
        (self.at, self.lost) = (0, false);
        Ok(true)
    }
}

impl std::fmt::Debug for Mp4 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mp4").field("name", &self.name).field("at", &self.at).finish_non_exhaustive()
    }
}

fn decoder(name: &str) -> Result<H264> {
    H264::new().map_err(|message| Error::source(name, message))
}

fn read(file: &mut File, sample: Sample) -> Result<Vec<u8>, Fault> {
    if sample.size > MAX_SAMPLE {
        return Err(Fault::Broken("is said to be larger than 64 MiB".into()));
    }
    file.seek(SeekFrom::Start(sample.offset)).map_err(Fault::Io)?;
    let mut bytes = Vec::new();
    file.take(u64::from(sample.size)).read_to_end(&mut bytes).map_err(Fault::Io)?;
    if bytes.len() as u64 == u64::from(sample.size) { Ok(bytes) } else { Err(Fault::Cut) }
}

/// NAL units that have their lengths before them, `length` bytes each; none for the one whose length leads beyond the end.
fn units(mut sample: &[u8], length: usize) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        if sample.is_empty() {
            return None;
        }
        let unit = sample.split_at_checked(length).and_then(|(size, rest)| {
            let size = size.iter().fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
            rest.split_at_checked(size)
        });
        sample = unit.map_or(&[], |(_, rest)| rest);
        Some(unit.map(|(unit, _)| unit))
    })
}

/// Units with their lengths before them become units with start codes before them.
fn annex_b(sample: &[u8], length: usize, packet: &mut Vec<u8>) -> Option<()> {
    units(sample, length).try_for_each(|unit| {
        packet.extend(START);
        packet.extend(unit?);
        Some(())
    })
}
