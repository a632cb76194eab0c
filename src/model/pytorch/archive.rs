//! The zip archive that `torch.save` writes since PyTorch 1.6: `NAME/data.pkl` and `NAME/data/KEY`, none of them
//! compressed. Only that is read: what a zip archive may be beyond it, nobody needs here.

use std::collections::HashMap;

use super::{
    container::{Container, LONGEST_PICKLE, Place, Seekable, read_at, storages},
    counted::CountedBytes,
    said::Said,
    unpickler,
};

const END: u64 = 22;
const END_64: u64 = 56;
const LOCATOR: u64 = 20;
const LONGEST_COMMENT: u64 = 0xffff;
const LONGEST_DIRECTORY: u64 = 64 << 20;

/// A file of the archive.
struct Entry {
    /// Where its own header is.
    header: u64,
    bytes: u64,
    crc: u32,
}

/// Reads the directory and the pickle.
pub fn open(source: &mut dyn Seekable, length: u64) -> Said<Container> {
    let mut archive = Archive { entries: HashMap::new(), end: 0 };
    archive.read_directory(source, length)?;
    let mut tops = archive.entries.keys().filter_map(|name| name.strip_suffix("/data.pkl"));
    let top = match (tops.next(), tops.next()) {
        (Some(top), None) => top.to_owned(),
        (None, _) => return Err("is a zip archive without a data.pkl: not a PyTorch checkpoint".into()),
        _ => return Err("is a zip archive with more than one data.pkl".into()),
    };
    let code = format!("{top}/code/");
    if archive.entries.keys().any(|name| name.starts_with(&code)) || archive.has(&format!("{top}/constants.pkl")) {
        return Err(
            "is a TorchScript archive, a program and not a checkpoint: what it was exported from is needed, as \
                    torch.save(model.state_dict(), ..) writes it"
                .into(),
        );
    }
    if archive.small(source, &format!("{top}/byteorder"))?.is_some_and(|order| order != "little") {
        return Err("was written by a big-endian machine, which is not read here".into());
    }
    let version = archive.small(source, &format!("{top}/version"))?.unwrap_or_default();

    let place = archive.place(source, &format!("{top}/data.pkl"))?;
    if place.bytes > LONGEST_PICKLE {
        return Err(format!("its data.pkl has {} bytes, where {LONGEST_PICKLE} are read", place.bytes));
    }
    let bytes = read_at(source, place.at, place.bytes)?;
    check_crc(place.crc, crc32fast::hash(&bytes), "data.pkl")?;
    let mut reader = bytes.as_slice();
    let mut stream = CountedBytes::new(&mut reader, 0, place.bytes);
    let pickle = unpickler::play(&mut stream)?;

    let mut places = HashMap::new();
    for (key, storage) in storages(&pickle)? {
        let place = archive.place(source, &format!("{top}/data/{key}"))?;
        if place.bytes != storage.bytes() {
            return Err(format!(
                "storage `{key}`: expected {} bytes ({} numbers of {:?}), found {}",
                storage.bytes(),
                storage.count,
                storage.kind,
                place.bytes
            ));
        }
        places.insert(key, place);
    }
    Ok(Container { format: "zip", version, pickle, places })
}

/// Compares a checksum. PyTorch can be told to leave them out.
pub fn check_crc(expected: Option<u32>, found: u32, what: &str) -> Said<()> {
    match expected {
        Some(expected) if expected != found => {
            Err(format!("{what} is damaged: expected the checksum {expected:08x}, found {found:08x}"))
        }
        _ => Ok(()),
    }
}

struct Archive {
    entries: HashMap<String, Entry>,
    /// Where the files end and the directory begins.
    end: u64,
}

impl Archive {
    fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// A file of a few letters.
    fn small(&self, source: &mut dyn Seekable, name: &str) -> Said<Option<String>> {
        if !self.has(name) {
            return Ok(None);
        }
        let place = self.place(source, name)?;
        let bytes = read_at(source, place.at, place.bytes.min(64))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.trim().chars().filter(|c| !c.is_control()).collect()))
    }

    /// Where a file's bytes are: behind its own header, which must agree with the directory.
    fn place(&self, source: &mut dyn Seekable, name: &str) -> Said<Place> {
        let entry = self.entries.get(name).ok_or_else(|| format!("its archive has no `{name}`"))?;
        let outside = || format!("`{name}` does not lie within the archive");
        let head = read_at(source, entry.header, 30)?;
        if number::<4>(&head, 0)? != u64::from(u32::from_le_bytes(*b"PK\x03\x04")) {
            return Err(format!("`{name}` is not where the archive's directory says"));
        }
        let (name_bytes, extra) = (number::<2>(&head, 26)?, number::<2>(&head, 28)?);
        let own = read_at(source, entry.header.saturating_add(30), name_bytes)?;
        if own != name.as_bytes() {
            return Err(format!("`{name}` has another name in its own header"));
        }
        let at = entry.header.saturating_add(30 + name_bytes + extra);
        if at.checked_add(entry.bytes).is_none_or(|end| end > self.end) {
            return Err(outside());
        }
        Ok(Place { at, bytes: entry.bytes, crc: (entry.crc != 0).then_some(entry.crc) })
    }

    fn read_directory(&mut self, source: &mut dyn Seekable, length: u64) -> Said<()> {
        let (start, bytes, count) = directory(source, length)?;
        if bytes > LONGEST_DIRECTORY {
            return Err(format!("its archive's directory has {bytes} bytes, where {LONGEST_DIRECTORY} are read"));
        }
        self.end = start;
        let directory = read_at(source, start, bytes)?;
        let mut rest = directory.as_slice();
        while !rest.is_empty() {
            rest = self.entry(rest)?;
        }
        if self.entries.len() as u64 != count {
            return Err(format!("its archive has {} files, where the directory says {count}", self.entries.len()));
        }
        // Files that share bytes are how a small archive claims to be a large one.
        let mut list: Vec<&Entry> = self.entries.values().collect();
        list.sort_by_key(|entry| entry.header);
        let ends = |entry: &Entry| entry.header.checked_add(30)?.checked_add(entry.bytes);
        let next = list.iter().skip(1).map(|entry| entry.header).chain([start]);
        match list.iter().zip(next).all(|(entry, next)| ends(entry).is_some_and(|end| end <= next)) {
            true => Ok(()),
            false => Err("files of its archive overlap, or do not lie within it".into()),
        }
    }

    /// Reads the first entry of the directory; what is behind it.
    fn entry<'a>(&mut self, bytes: &'a [u8]) -> Said<&'a [u8]> {
        if number::<4>(bytes, 0)? != u64::from(u32::from_le_bytes(*b"PK\x01\x02")) {
            return Err("its archive's directory is damaged".into());
        }
        let (flags, method) = (number::<2>(bytes, 8)?, number::<2>(bytes, 10)?);
        let (name, extra, comment) = (number::<2>(bytes, 28)?, number::<2>(bytes, 30)?, number::<2>(bytes, 32)?);
        let name_end = 46 + name;
        let extra_end = name_end + extra;
        let name = String::from_utf8_lossy(part(bytes, 46, name_end)?).into_owned();
        check_name(&name)?;
        if flags & 1 != 0 {
            return Err(format!("`{name}` of its archive is encrypted"));
        }
        if method != 0 {
            return Err(format!(
                "`{name}` of its archive is compressed (method {method}), which torch.save never does: pack it anew \
                 without compression (`zip -0`)"
            ));
        }
        let mut wide = Wide { extra: wide(part(bytes, name_end, extra_end)?)? };
        let real = wide.or(number::<4>(bytes, 24)?)?;
        let packed = wide.or(number::<4>(bytes, 20)?)?;
        let header = wide.or(number::<4>(bytes, 42)?)?;
        if packed != real {
            return Err(format!("`{name}` of its archive has two lengths, {packed} and {real}"));
        }
        let crc = u32::try_from(number::<4>(bytes, 16)?).unwrap_or(0);
        if self.entries.insert(name.clone(), Entry { header, bytes: real, crc }).is_some() {
            return Err(format!("`{name}` is twice in its archive"));
        }
        bytes.get(usize::try_from(extra_end + comment).unwrap_or(usize::MAX)..).ok_or_else(damaged)
    }
}

/// Nothing is ever unpacked, so that such a name would do no harm; but no archive of PyTorch has one.
fn check_name(name: &str) -> Said<()> {
    if name.contains(char::is_control) {
        return Err(format!("its archive has a file `{}`, which is no plain text", name.escape_debug()));
    }
    let leads_out = name.starts_with('/') || name.contains(['\\', ':']) || name.split('/').any(|p| p == "..");
    if leads_out {
        return Err(format!("its archive has a file `{}`, whose name leads out of it", name.escape_debug()));
    }
    Ok(())
}

/// First byte, bytes and number of entries of the directory.
fn directory(source: &mut dyn Seekable, length: u64) -> Said<(u64, u64, u64)> {
    let tail_at = length.saturating_sub(END + LONGEST_COMMENT);
    let tail = read_at(source, tail_at, length - tail_at)?;
    let ends_here = |at: &usize| {
        let end = tail.get(*at..).unwrap_or_default();
        end.starts_with(b"PK\x05\x06") && number::<2>(end, 20).is_ok_and(|n| n + END == end.len() as u64)
    };
    let at = (0..tail.len()).rev().find(ends_here).ok_or("is a zip archive without its end: the file was cut off")?;
    let end = tail.get(at..).unwrap_or_default();
    let end_at = tail_at + at as u64;
    let (mut count, mut bytes, mut start) = (number::<2>(end, 10)?, number::<4>(end, 12)?, number::<4>(end, 16)?);
    let mut limit = end_at;
    let locator = match end_at.checked_sub(LOCATOR) {
        Some(at) => read_at(source, at, LOCATOR)?,
        None => vec![],
    };
    if locator.starts_with(b"PK\x06\x07") {
        limit = number::<8>(&locator, 8)?;
        if limit.checked_add(END_64).is_none_or(|end| end > end_at) {
            return Err(damaged());
        }
        let end = read_at(source, limit, END_64)?;
        if !end.starts_with(b"PK\x06\x06") {
            return Err(damaged());
        }
        (count, bytes, start) = (number::<8>(&end, 32)?, number::<8>(&end, 40)?, number::<8>(&end, 48)?);
    }
    if start.checked_add(bytes) != Some(limit) {
        return Err("its archive's directory is not where its end says: the file was cut off or glued together".into());
    }
    Ok((start, bytes, count))
}

/// The numbers of 64 bits that stand for those that do not fit into 32, in their order.
struct Wide<'a> {
    extra: &'a [u8],
}

impl Wide<'_> {
    fn or(&mut self, small: u64) -> Said<u64> {
        if small != u64::from(u32::MAX) {
            return Ok(small);
        }
        let number = number::<8>(self.extra, 0)?;
        self.extra = self.extra.get(8..).unwrap_or_default();
        Ok(number)
    }
}

/// The field of zip64 among the extra fields of an entry, or nothing.
fn wide(mut extra: &[u8]) -> Said<&[u8]> {
    while extra.len() >= 4 {
        let (id, bytes) = (number::<2>(extra, 0)?, number::<2>(extra, 2)?);
        if id == 1 {
            return part(extra, 4, 4 + bytes);
        }
        extra = extra.get(usize::try_from(4 + bytes).unwrap_or(usize::MAX)..).ok_or_else(damaged)?;
    }
    Ok(&[])
}

fn part(bytes: &[u8], from: u64, to: u64) -> Said<&[u8]> {
    let (from, to) = (usize::try_from(from).unwrap_or(usize::MAX), usize::try_from(to).unwrap_or(usize::MAX));
    bytes.get(from..to).ok_or_else(damaged)
}

/// The little-endian number of `N` bytes at `at`.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Said<u64> {
    let bytes: &[u8; N] = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(damaged)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn damaged() -> String {
    "its archive's directory is damaged".into()
}
