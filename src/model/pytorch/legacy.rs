//! The file that `torch.save` wrote before PyTorch 1.6: five pickles - a magic number, a version, facts about the
//! machine, the object, the keys of the storages - and then for each key a count and the numbers.

use std::{
    collections::HashMap,
    io::{BufReader, SeekFrom},
    sync::Arc,
};

use super::{
    container::{Container, LONGEST_PICKLE, Place, Seekable, failed, read_at, storages},
    counted::CountedBytes,
    said::Said,
    unpickler,
    value::{Datum, Pickle},
};

/// 0x1950a86a20f9469cfc6c, the lowest byte first.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

/// Reads the pickles, and where the storages are.
pub fn open(source: &mut dyn Seekable, length: u64) -> Said<Container> {
    source.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut pickles = Pickles { reader: BufReader::new(&mut *source), at: 0, length };
    if !matches!(pickles.next()?.root().datum(), Datum::Big(bytes) if **bytes == MAGIC) {
        return Err("is a pickle, but not one of torch.save: its magic number is missing".into());
    }
    let version = pickles.next()?.root().int();
    if version != Some(VERSION) {
        return Err(format!("is of version {version:?} of torch.save's old format, where {VERSION} is known"));
    }
    if pickles.next()?.root().get("little_endian").and_then(|little| little.bool()) == Some(false) {
        return Err("was written by a big-endian machine, which is not read here".into());
    }
    let pickle = pickles.next()?;
    let keys = pickles.next()?;
    let at = pickles.at;
    let places = places(source, length, at, &pickle, &keys)?;
    Ok(Container { format: "legacy", version: VERSION.to_string(), pickle, places })
}

/// One pickle after the other.
struct Pickles<'a> {
    reader: BufReader<&'a mut dyn Seekable>,
    at: u64,
    length: u64,
}

impl Pickles<'_> {
    fn next(&mut self) -> Said<Pickle> {
        let left = self.length.saturating_sub(self.at).min(LONGEST_PICKLE);
        let mut stream = CountedBytes::new(&mut self.reader, self.at, left);
        let pickle = unpickler::play(&mut stream)?;
        self.at = stream.at();
        Ok(pickle)
    }
}

/// Where each storage is, in the order of `keys`.
fn places(
    source: &mut dyn Seekable,
    length: u64,
    mut at: u64,
    pickle: &Pickle,
    keys: &Pickle,
) -> Said<HashMap<Arc<str>, Place>> {
    let wanted = storages(pickle)?;
    let mut places = HashMap::new();
    for key in keys.root().items().ok_or("the keys of its storages are no list")? {
        let key = key.text().ok_or("the key of a storage is no text")?;
        let (key, storage) = wanted
            .get_key_value(key)
            .ok_or_else(|| format!("storage `{}` is in the file, but not in the pickle", super::literal::short(key)))?;
        let bytes = storage.bytes();
        let end = at.checked_add(8).and_then(|start| start.checked_add(bytes)).filter(|end| *end <= length);
        let end = end.ok_or_else(|| format!("storage `{key}` of {bytes} bytes goes beyond the end of the file"))?;
        let count = u64::from_le_bytes(*read_at(source, at, 8)?.first_chunk().ok_or("ends within a storage")?);
        if count != storage.count {
            return Err(format!("storage `{key}`: expected {} numbers, found {count}", storage.count));
        }
        if places.insert(key.clone(), Place { at: at + 8, bytes, crc: None }).is_some() {
            return Err(format!("storage `{key}` is twice in the file"));
        }
        at = end;
    }
    match wanted.keys().find(|key| !places.contains_key(*key)) {
        Some(key) => Err(format!("storage `{key}` is in the pickle, but not in the file")),
        None => Ok(places),
    }
}
