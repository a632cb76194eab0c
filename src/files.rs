//! Files that are whole or not there.

use std::{
    fs::File,
    io::{Read, Result, Write},
    path::{Path, PathBuf},
};

use sha1::{Digest, Sha1};

use crate::digest;

/// Lets `fill` write a new file beside `path`, and renames it when it is done. If anything fails nothing is left behind;
/// what else lies in the folder is never touched. A device or pipe (`/dev/stdout`, `/dev/full`) is written to as it is.
///
/// # Errors
/// The first thing that went wrong.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    if path.exists() && !path.is_file() || is_device(path) {
        return fill(&mut File::options().write(true).open(path)?);
    }
    let mut part = path.as_os_str().to_owned();
    // Two of this program may write the same file at once: the last one to finish wins, neither breaks the other's.
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    // Closed before it is renamed, which some systems insist on.
    let filled = {
        let mut file = File::create_new(&part)?;
        fill(&mut file).and_then(|()| file.sync_all())
    };
    let written = filled.and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // What is left of it is of no use to anybody; the first error is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Whether this is a device of Windows, in whatever folder.
pub fn is_device(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_ascii_uppercase);
    cfg!(windows) && name.is_some_and(|name| matches!(name.as_str(), "NUL" | "CON"))
}

/// Writes a small text as [`write_whole`] does, into a folder that is made if it is not there.
///
/// # Errors
/// The first thing that went wrong.
pub fn keep(path: &Path, text: &str) -> Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

/// SHA-1 of what `reader` still holds, added to what `hash` has seen: the published sums of these
/// models are of this kind.
///
/// # Errors
/// What reading brings.
pub fn feed(hash: &mut Sha1, mut reader: impl Read) -> Result<u64> {
    let mut buffer = vec![0; 1 << 18];
    let mut fed = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(fed),
            n => {
                hash.update(&buffer[..n]);
                fed += n as u64;
            }
        }
    }
}

/// SHA-1 of a whole file, in hexadecimal.
///
/// # Errors
/// What opening or reading brings.
pub fn sha1(path: &Path) -> Result<String> {
    let mut hash = Sha1::new();
    feed(&mut hash, File::open(path)?)?;
    Ok(digest::hex(hash))
}

/// `path` with `.suffix` after its whole name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
