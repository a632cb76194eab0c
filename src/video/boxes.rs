//! The boxes of an MP4 (ISO/IEC 14496-12), as far as they lead to the H.264 samples of its first video track.
//!
//! Read here and not by the `re_mp4` crate, which indexes tables by what other tables say, and panics when they disagree.

use std::io::{Read, Seek, SeekFrom};

use crate::video::turn::Turn;

/// What is said of a file of sound alone.
pub const NO_VIDEO: &str = "there is no video in it";
/// Most bytes of the index: 200 hours of video.
const MAX_INDEX: u64 = 256 << 20;

/// One picture, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// First byte in the file.
    pub offset: u64,
    /// Bytes.
    pub size: u32,
    /// When it is shown, in ticks from the first picture shown; negative if it is only decoded.
    pub shown: i64,
    /// Whether it is decoded without others.
    pub sync: bool,
}

/// A video track.
#[derive(Clone, Debug, Default)]
pub struct Movie {
    /// Ticks per second.
    pub timescale: u32,
    /// In the order in which they are decoded.
    pub samples: Vec<Sample>,
    /// Sequence and picture parameter sets.
    pub sets: Vec<Vec<u8>>,
    /// Bytes of the length before a NAL unit.
    pub length: usize,
    /// How its pictures are to be turned.
    pub turn: Turn,
}

/// Reads the index.
///
/// # Errors
/// What was expected and found; something else may be able to play it.
pub fn read(file: &mut (impl Read + Seek)) -> Result<Movie, String> {
    let moov = index(file)?;
    if child(&moov, b"mvex").is_some() {
        return Err("its index is in fragments".into());
    }
    let video = |trak: &&[u8]| path(trak, &[b"mdia", b"hdlr"]).and_then(|h| h.get(8..12)) == Some(b"vide");
    let mut traks = children(&moov).filter(|(kind, _)| kind == b"trak").map(|(_, trak)| trak);
    let trak = traks.find(video).ok_or(NO_VIDEO)?;
    let mdhd = path(trak, &[b"mdia", b"mdhd"]).ok_or("its video track has no mdhd box")?;
    let timescale = u32_at(mdhd, if mdhd.first() == Some(&1) { 20 } else { 12 }).filter(|t| *t > 0);
    let timescale = timescale.ok_or("its video track has no timescale")?;
    let stbl = path(trak, &[b"mdia", b"minf", b"stbl"]).ok_or("its video track has no sample table")?;
    let (sets, length) = avc(child(stbl, b"stsd").ok_or("its video track has no description")?)?;
    let mut samples = table(stbl).ok_or("the sizes, places and times of its frames do not agree")?;
    let start = start(trak, &samples)?;
    for sample in &mut samples {
        sample.shown = sample.shown.saturating_sub(start);
    }
    let turn = turn(trak).ok_or("its display matrix is no quarter turn")?;
    Ok(Movie { timescale, samples, sets, length, turn })
}

/// By the matrix of the track's header; a file without one is upright.
fn turn(trak: &[u8]) -> Option<Turn> {
    let Some(tkhd) = child(trak, b"tkhd") else { return Some(Turn::default()) };
    let at = if tkhd.first() == Some(&1) { 52 } else { 40 };
    let entry = |i: usize| u32_at(tkhd, at + 4 * i).map(u32::cast_signed);
    // a b u, c d v, x y w.
    match (entry(0), entry(1), entry(3), entry(4)) {
        (Some(a), Some(b), Some(c), Some(d)) => Turn::new([a, b, c, d]),
        _ => Some(Turn::default()),
    }
}

/// The contents of the `moov` box.
fn index(file: &mut (impl Read + Seek)) -> Result<Vec<u8>, String> {
    let cannot = |e: std::io::Error| format!("has no whole moov box ({e})");
    loop {
        let mut header = [0; 8];
        file.read_exact(&mut header).map_err(cannot)?;
        let [a, b, c, d, kind @ ..] = header;
        let (mut size, mut read) = (u64::from(u32::from_be_bytes([a, b, c, d])), 8);
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long).map_err(cannot)?;
            (size, read) = (u64::from_be_bytes(long), 16);
        }
        let Some(rest) = size.checked_sub(read) else { return Err("has no moov box".into()) };
        if &kind == b"moov" {
            if rest > MAX_INDEX {
                return Err(format!("its moov box of {rest} bytes is larger than any should be"));
            }
            let mut moov = Vec::new();
            file.take(rest).read_to_end(&mut moov).map_err(cannot)?;
            return if moov.len() as u64 == rest { Ok(moov) } else { Err("its moov box is cut off".into()) };
        }
        let rest = i64::try_from(rest).map_err(|_| "has a box that is larger than any file")?;
        file.seek(SeekFrom::Current(rest)).map_err(cannot)?;
    }
}

/// Boxes one behind the other, up to the first that does not fit.
fn children(mut data: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let mut size = usize::try_from(u32_at(data, 0)?).ok()?;
        let (kind, mut header) = (data.get(4..8)?, 8);
        if size == 1 {
            (size, header) = (usize::try_from(u64_at(data, 8)?).ok()?, 16);
        } else if size == 0 {
            size = data.len();
        }
        let contents = data.get(header..size)?;
        data = &data[size..];
        Some((kind, contents))
    })
}

fn child<'a>(data: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(data).find(|(k, _)| k == kind).map(|(_, contents)| contents)
}

fn path<'a>(data: &'a [u8], kinds: &[&[u8; 4]]) -> Option<&'a [u8]> {
    kinds.iter().try_fold(data, |data, kind| child(data, kind))
}

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// Parameter sets and size of lengths, from a sample description (ISO/IEC 14496-15, 5.3.3).
fn avc(stsd: &[u8]) -> Result<(Vec<Vec<u8>>, usize), String> {
    let mut entries = children(stsd.get(8..).unwrap_or_default());
    let (kind, entry) = entries.next().ok_or("its video track has no description")?;
    if !matches!(kind, b"avc1" | b"avc3") {
        return Err(format!("its video is {}, not H.264", String::from_utf8_lossy(kind)));
    }
    if entries.next().is_some() {
        return Err("its video changes its kind midway".into());
    }
    // A visual sample entry is 78 bytes before its boxes.
    let avcc = child(entry.get(78..).unwrap_or_default(), b"avcC").ok_or("its video has no avcC box")?;
    let broken = "its avcC box is broken";
    let length = usize::from(avcc.get(4).ok_or(broken)? & 3) + 1;
    let mut sets = Vec::new();
    let mut at = 5;
    for mask in [0x1f, 0xff] {
        let count = avcc.get(at).ok_or(broken)? & mask;
        at += 1;
        for _ in 0..count {
            let size = u16_at(avcc, at).ok_or(broken)?;
            sets.push(avcc.get(at + 2..at + 2 + size).ok_or(broken)?.to_vec());
            at += 2 + size;
        }
    }
    if sets.is_empty() { Err("its parameter sets are not in its avcC box".into()) } else { Ok((sets, length)) }
}

/// `count` values out of runs of (length, value), eight bytes each.
fn runs(table: &[u8], count: usize) -> Option<Vec<u32>> {
    let mut all = Vec::with_capacity(count);
    for run in 0..u32_at(table, 4)? as usize {
        let length = u32_at(table, 8 + 8 * run)? as usize;
        let value = u32_at(table, 12 + 8 * run)?;
        all.extend(std::iter::repeat_n(value, length.min(count - all.len())));
    }
    (all.len() == count).then_some(all)
}

/// Samples with their composition times as they stand.
fn table(stbl: &[u8]) -> Option<Vec<Sample>> {
    let stsz = child(stbl, b"stsz")?;
    let count = u32_at(stsz, 8)? as usize;
    // One size for all is for sound; and the count could be any.
    if u32_at(stsz, 4)? != 0 || stsz.len() < 12 + 4 * count || count == 0 {
        return None;
    }
    let durations = runs(child(stbl, b"stts")?, count)?;
    let offsets = match child(stbl, b"ctts") {
        Some(ctts) => runs(ctts, count)?,
        None => vec![0; count],
    };
    let mut sync = vec![child(stbl, b"stss").is_none(); count];
    if let Some(stss) = child(stbl, b"stss") {
        for entry in stss.get(8..)?.chunks_exact(4) {
            let number = u32_at(entry, 0)? as usize;
            *sync.get_mut(number.checked_sub(1)?)? = true;
        }
    }
    let places = places(stbl, stsz, count)?;
    let mut decoded = 0_i64;
    let mut samples = Vec::with_capacity(count);
    for i in 0..count {
        let size = u32_at(stsz, 12 + 4 * i)?;
        // Version 0 says unsigned; writers of negative offsets do not all say version 1.
        let shown = decoded.checked_add(i64::from(offsets[i].cast_signed()))?;
        samples.push(Sample { offset: places[i], size, shown, sync: sync[i] });
        decoded = decoded.checked_add(i64::from(durations[i]))?;
    }
    Some(samples)
}

/// First bytes, from the chunks: samples lie one behind the other in each.
fn places(stbl: &[u8], stsz: &[u8], count: usize) -> Option<Vec<u64>> {
    let (stco, co64, stsc) = (child(stbl, b"stco"), child(stbl, b"co64"), child(stbl, b"stsc")?);
    let chunks = u32_at(stco.or(co64)?, 4)? as usize;
    let run = |i: usize| Some((u32_at(stsc, 8 + 12 * i)? as usize, u32_at(stsc, 12 + 12 * i)? as usize));
    let last = (u32_at(stsc, 4)? as usize).checked_sub(1)?;
    let mut places = Vec::with_capacity(count);
    let mut at = 0;
    for chunk in 1..=chunks {
        while at < last && run(at + 1)?.0 <= chunk {
            at += 1;
        }
        let mut place = match stco {
            Some(stco) => u64::from(u32_at(stco, 4 + 4 * chunk)?),
            None => u64_at(co64?, 8 * chunk)?,
        };
        for _ in 0..run(at)?.1 {
            if places.len() == count {
                return Some(places);
            }
            let size = u32_at(stsz, 12 + 4 * places.len())?;
            places.push(place);
            place = place.checked_add(u64::from(size))?;
        }
    }
    (places.len() == count).then_some(places)
}

/// The composition time at which the video starts: that of its first picture, or what the edit list cuts before.
fn start(trak: &[u8], samples: &[Sample]) -> Result<i64, String> {
    let first = samples.iter().map(|s| s.shown).min().unwrap_or(0);
    let last = samples.iter().map(|s| s.shown).max().unwrap_or(0);
    let Some(elst) = path(trak, &[b"edts", b"elst"]) else { return Ok(first) };
    let long = elst.first() == Some(&1);
    let mut starts = Vec::new();
    for i in 0..u32_at(elst, 4).unwrap_or(0) as usize {
        let media_time = if long {
            u64_at(elst, 16 + 20 * i).map(u64::cast_signed)
        } else {
            u32_at(elst, 12 + 12 * i).map(|t| i64::from(t.cast_signed()))
        };
        // -1 is an empty edit: a pause before the video.
        starts.extend(media_time.filter(|t| *t >= 0));
        if media_time.is_none() || starts.len() > 1 {
            return Err("its edit list has several parts".into());
        }
    }
    // An edit that shows nothing is taken for a mistake.
    Ok(starts.first().copied().filter(|t| *t <= last).unwrap_or(first).max(first))
}
