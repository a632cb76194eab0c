//! What lies where a file of a network was expected: the things that people really have under such a name.

/// Bytes that [`is`] wants to see.
pub const HEAD: usize = 64;

/// What a file is, and what to do about it, by its first bytes; none if it is nothing that is known here.
pub fn is(head: &[u8]) -> Option<&'static str> {
    let holds = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    let text = head.trim_ascii_start().to_ascii_lowercase();
    match head {
        _ if git_lfs(head).is_some() => git_lfs(head),
        _ if [&b"<!doctype"[..], b"<html", b"<?xml"].iter().any(|tag| text.starts_with(tag)) => {
            Some("is a web page: what was saved is the page about the file, or an error, not the file")
        }
        [0x1f, 0x8b, ..] => Some("is compressed with gzip: unpack it first"),
        [b'P', b'K', 3, 4, ..] if holds(b"data.pkl") || holds(b"archive/") => Some(PYTORCH),
        [b'P', b'K', 3, 4, ..] => Some("is a zip archive: unpack it first"),
        [0x80, 2..=5, ..] => Some(PYTORCH),
        [0x89, b'H', b'D', b'F', ..] => Some("is a file of HDF5 (Keras): Darknet's own .weights are needed"),
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => {
            Some("is a .safetensors file: that is a whole network, which takes the place of the cfg")
        }
        _ => None,
    }
}

/// What to say of a pointer of Git LFS, which lies in the place of any file.
pub fn git_lfs(head: &[u8]) -> Option<&'static str> {
    let said = "is a pointer of Git LFS, not the file itself: `git lfs pull` in its repository brings that";
    head.starts_with(b"version https://git-lfs").then_some(said)
}

const PYTORCH: &str = "is a PyTorch checkpoint: that is a whole network, which takes the place of the cfg";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_known_by_their_first_bytes() {
        for (head, word) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:"[..], Some("Git LFS")),
            (b"\n<!DOCTYPE html>\n<html>", Some("web page")),
            (b"\x1f\x8b\x08\x00", Some("gzip")),
            (b"PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl", Some("PyTorch")),
            (b"PK\x03\x04\x00\x00\x08\x08\x00\x00yolo.weights", Some("zip")),
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", Some("PyTorch")),
            (b"\x38\x00\x00\x00\x00\x00\x00\x00{\"__metadata__", Some("safetensors")),
            (&[0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], None),
            (b"", None),
        ] {
            let found = is(head);
            assert!(
                found.map_or(word.is_none(), |said| word.is_some_and(|word| said.contains(word))),
                "{head:?}: {found:?}"
            );
        }
    }
}
