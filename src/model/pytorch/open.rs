//! Which of the two containers a file is.

use std::io::SeekFrom;

use super::{
    archive,
    container::{Container, Seekable, failed, read_at},
    legacy,
    said::Said,
};

const TAR: u64 = 257;

/// Reads everything but the storages.
pub fn open(source: &mut dyn Seekable) -> Said<Container> {
    let length = source.seek(SeekFrom::End(0)).map_err(failed)?;
    let head = read_at(source, 0, length.min(TAR + 5))?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => archive::open(source, length),
        [0x80, 0..=5, ..] => legacy::open(source, length),
        _ if head.ends_with(b"ustar") => {
            Err("is a tar archive: what the first releases of PyTorch wrote is not read here".into())
        }
        [] => Err("is empty".into()),
        _ => Err("is not a PyTorch checkpoint: it is neither a zip archive nor a pickle".into()),
    }
}
