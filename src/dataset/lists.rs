//! Lists of files, a path a line, as Darknet's `train.txt`.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use crate::model::text;

/// The files of a list: each line a path, from the working folder as Darknet has it, or else from the list's own.
pub fn listed(bytes: &[u8], folder: &Path) -> Vec<PathBuf> {
    lines(bytes).map(|path| find(&path, folder).unwrap_or_else(|| folder.join(path))).collect()
}

/// Where a path of a list in `folder` leads: as it stands, from the list's folder, or from the one above it; a `\` may be meant for a `/`.
/// None if nothing is there.
pub fn find(path: &Path, folder: &Path) -> Option<PathBuf> {
    let above = if folder.as_os_str().is_empty() { Path::new("..").to_owned() } else { folder.join("..") };
    let at = |path: &Path| [path.to_owned(), folder.join(path), above.join(path)].into_iter().find(|at| at.exists());
    at(path).or_else(|| {
        let text = path.to_str().filter(|text| text.contains('\\'))?;
        at(Path::new(&text.replace('\\', "/")))
    })
}

/// The paths that stand there, as they are written.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = PathBuf> {
    numbered(bytes).into_iter().map(|(_, path)| path)
}

/// The paths that stand there, as they are written, and their lines, from 1.
pub fn numbered(bytes: &[u8]) -> Vec<(usize, PathBuf)> {
    let bytes = match bytes {
        // Only UTF-16 is another text than its bytes.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            text::unicode(bytes).map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_owned().into_bytes()))
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        _ => Cow::Borrowed(bytes),
    };
    let lines = bytes.split(|byte| *byte == b'\n').flat_map(|line| {
        // A CR before an LF ends no line of its own.
        line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b'\r')
    });
    let lines = (1..).zip(lines.map(<[u8]>::trim_ascii));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number, path(line))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        let expected: Vec<(usize, PathBuf)> = vec![(1, "a.jpg".into()), (3, "b c.jpg".into())];
        let utf16: Vec<u8> = "\u{feff}a.jpg\r\n\r\n b c.jpg".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [&b"a.jpg\n\nb c.jpg\n"[..], b"\xef\xbb\xbfa.jpg\r\n\r\nb c.jpg", b"a.jpg\r\rb c.jpg \r", &utf16] {
            assert_eq!(numbered(text), expected, "{text:?}");
        }
        assert_eq!(numbered(b"\n\r\n"), []);
    }
}
