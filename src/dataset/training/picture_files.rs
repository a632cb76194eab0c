//! Which files are pictures, and the picture of labels.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

/// What a file is called that is taken for a picture, without case; some are only told what they are.
const PICTURES: [&str; 15] =
    ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp", "pbm", "pgm", "ppm", "pnm", "heic", "avif", "jxl"];

/// Whether a file is called like a picture. What begins with a dot is some system's own.
pub fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && extension.is_some_and(|extension| PICTURES.contains(&extension.as_str()))
}

/// The picture whose path without its extension is `stem`, a name that may have dots.
pub fn picture_of(stem: &Path) -> Option<PathBuf> {
    let tries = PICTURES.iter().flat_map(|extension| [(*extension).to_owned(), extension.to_ascii_uppercase()]);
    let named = |extension: String| {
        let mut name = stem.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        PathBuf::from(name)
    };
    tries.map(named).find(|path| path.is_file())
}

/// Whether the picture of a file of labels is there: beside it, or where `labels` stands for `images` or `JPEGImages`.
pub fn has_picture(labels: &Path) -> bool {
    let stem = labels.with_extension("");
    let parts: Vec<Component<'_>> = stem.components().collect();
    let at = parts.iter().rposition(|part| part.as_os_str() == OsStr::new("labels"));
    let moved = |name: &str| {
        let at = at?;
        let part = |(i, part): (usize, &Component<'_>)| if i == at { name.into() } else { part.as_os_str().to_owned() };
        picture_of(&parts.iter().enumerate().map(part).collect::<PathBuf>())
    };
    picture_of(&stem).or_else(|| moved("images")).or_else(|| moved("JPEGImages")).is_some()
}
