//! Pictures one after the other, decoded on all cores ahead of time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use yolov4::{
    Error, Picture, Result,
    low_level::ordered::{Ordered, ahead, cores, ordered},
};

use super::given::{Pipes, is_list};

/// A picture, and what is odd about its file.
pub type Decoded = Result<(Picture, Option<String>)>;

/// Decodes pictures in their order; what a batch needs and a few more are ready ahead of time.
///
/// # Errors
/// [`Error::Io`] if there are no threads to be had.
pub fn reader(paths: Vec<PathBuf>, pipes: Pipes, batch: usize, exif: bool) -> Result<Ordered<Decoded>> {
    let read = move |path: PathBuf| {
        // A fault of a decoder costs its picture, not all that follow.
        let decoded = catch_unwind(AssertUnwindSafe(|| read(&path, &pipes, exif)));
        let message = || "cannot be decoded: the decoder gave up on it".to_owned();
        decoded.unwrap_or_else(|_| Err(Error::Image { path, message: message() }))
    };
    ordered(paths.into_iter(), cores(), ahead(batch), read).map_err(Error::io("a thread to decode on"))
}

fn read(path: &Path, pipes: &Pipes, exif: bool) -> Decoded {
    match pipes.stdin.as_deref().filter(|_| path.as_os_str() == "-") {
        Some(bytes) => Picture::decode_telling(bytes, "standard input", exif),
        None => {
            // Who reads a pipe that nobody writes to waits forever.
            let strange = |kind: &std::fs::Metadata| !kind.is_file() && !kind.is_dir();
            if !pipes.named.contains(path) && path.metadata().is_ok_and(|kind| strange(&kind)) {
                let message = "is a pipe or a device, not a file: it is read where it is named itself".into();
                return Err(Error::Image { path: path.to_owned(), message });
            }
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
