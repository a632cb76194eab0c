//! Lists of files, a path a line, as Darknet's `train.txt`.

use std::path::{Path, PathBuf};

/// The files of a list: each line a path, from the working folder as Darknet has it, or else from the list's own.
pub fn listed(bytes: &[u8], folder: &Path) -> Vec<PathBuf> {
    lines(bytes).map(|path| if path.exists() { path } else { folder.join(path) }).collect()
}

/// The paths that stand there, as they are written.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = PathBuf> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).map(path)
}

/// A path of these bytes, whatever they mean: Unix knows no encoding of names.
#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

/// A path of this text.
#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// COCO's number of a picture, the one that its file name ends in: `000000000139.jpg` is 139.
pub fn number(picture: &Path) -> Option<u64> {
    let stem = picture.file_stem()?.to_str()?;
    let start = stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    stem[start..].parse().ok()
}
