//! What lies where a picture was expected: formats that are known and not read here.

use crate::model::foreign;

/// What a file is, and what to do about it, by its bytes; none if it is nothing that is known here.
pub fn is(bytes: &[u8]) -> Option<String> {
    // A box of ISO BMFF: its brand is the format.
    if bytes.get(4..8) == Some(b"ftyp") {
        let brand = bytes.get(8..12).unwrap_or_default();
        return Some(match brand {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => converted("HEIC"),
            b"avif" | b"avis" => converted("AVIF"),
            _ => video("MP4"),
        });
    }
    match bytes {
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Some(converted("JPEG XL")),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => Some(converted("JPEG 2000")),
        [b'%', b'P', b'D', b'F', ..] => Some(converted("PDF")),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(video("Matroska or WebM")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Some(video("AVI")),
        _ if bytes.starts_with(b"YUV4MPEG2") => Some(video("y4m")),
        _ if bytes.trim_ascii_start().starts_with(b"<svg") => Some(converted("SVG")),
        _ => foreign::git_lfs(bytes).map(str::to_owned),
    }
}

fn converted(format: &str) -> String {
    format!("is {format}, which is not read here: convert it to JPEG or PNG first")
}

fn video(format: &str) -> String {
    format!("is a video ({format}), not a picture")
}
