//! The file around a pickle and its storages: one of two kinds.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
    sync::Arc,
};

use super::{
    said::Said,
    tensor::SavedStorage,
    value::{Datum, Pickle},
};

/// A file, or bytes in memory.
pub trait Seekable: Read + Seek + Send {}

impl<T: Read + Seek + Send> Seekable for T {}

/// Where a storage lies.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its first byte.
    pub at: u64,
    /// How many.
    pub bytes: u64,
    /// Their CRC-32, where the container has one.
    pub crc: Option<u32>,
}

/// A container whose pickle was read.
pub struct Container {
    /// `zip` or `legacy`.
    pub format: &'static str,
    /// The version that the container says.
    pub version: String,
    /// The values.
    pub pickle: Pickle,
    /// The storages that the values name.
    pub places: HashMap<Arc<str>, Place>,
}

/// More than any network's pickle: its numbers are elsewhere.
pub const LONGEST_PICKLE: u64 = 64 << 20;

/// `count` bytes from `at` on, which are known to be there.
pub fn read_at(source: &mut dyn Seekable, at: u64, count: u64) -> Said<Vec<u8>> {
    source.seek(SeekFrom::Start(at)).map_err(failed)?;
    let mut bytes = vec![];
    source.take(count).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(format!("ends before byte {}", at.saturating_add(count))) }
}

/// The sentence of an error of the system.
pub fn failed(error: std::io::Error) -> String {
    format!("cannot be read: {error}")
}

/// Every storage that the pickle names, once each; two of one name must be the same.
pub fn storages(pickle: &Pickle) -> Said<HashMap<Arc<str>, &SavedStorage>> {
    let mut found: HashMap<Arc<str>, &SavedStorage> = HashMap::new();
    for datum in pickle.data() {
        let Datum::Storage(storage) = datum else { continue };
        let first = found.entry(storage.key.clone()).or_insert(storage);
        if (first.kind, first.count) != (storage.kind, storage.count) {
            return Err(format!(
                "storage `{}` is {} numbers of {:?} in one place of the pickle, and {} of {:?} in another",
                storage.key, first.count, first.kind, storage.count, storage.kind
            ));
        }
    }
    Ok(found)
}
