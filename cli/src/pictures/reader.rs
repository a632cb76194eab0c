//! Pictures one after the other, decoded on all cores ahead of time.

use std::path::{Path, PathBuf};

use yolov4::{Error, Picture, Result};

use super::given::is_list;
use crate::ordered::{Ordered, cores, ordered};

/// A picture, and what is odd about its file.
pub type Decoded = Result<(Picture, Option<String>)>;

/// Bytes of standard input, where it is a picture.
pub type Stdin = Option<Vec<u8>>;

/// Decodes pictures in their order, `-` from `stdin`; what a batch needs and a few more are ready ahead of time.
///
/// # Errors
/// [`Error::Io`] if there are no threads to be had.
pub fn reader(paths: Vec<PathBuf>, stdin: Stdin, batch: usize, exif: bool) -> Result<Ordered<Decoded>> {
    let ahead = cores() + batch;
    let read = move |path: PathBuf| read(&path, stdin.as_deref(), exif);
    ordered(paths.into_iter(), cores(), ahead, read).map_err(Error::io("a thread to decode on"))
}

fn read(path: &Path, stdin: Option<&[u8]>, exif: bool) -> Decoded {
    match stdin.filter(|_| path.as_os_str() == "-") {
        Some(bytes) => Picture::decode_telling(bytes, "standard input", exif),
        None => {
            let bytes = std::fs::read(path).map_err(Error::io(path))?;
            Picture::decode_telling(&bytes, path, exif).map_err(|e| hint(e, path, &bytes))
        }
    }
}

/// Says of a file that is a list how lists are read.
fn hint(error: Error, path: &Path, bytes: &[u8]) -> Error {
    if !is_list(bytes) {
        return error;
    }
    let message = format!("is a list, not a picture: @{} reads the pictures that it names", path.display());
    Error::Image { path: path.to_owned(), message }
}
