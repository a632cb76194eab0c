//! What scripts give: files and numbers.

use std::path::PathBuf;

use yolov4::{Error, Result};

/// A file's bytes, under its name.
pub fn file(bytes: Option<Vec<u8>>, name: Option<String>, otherwise: &str) -> Option<(PathBuf, Vec<u8>)> {
    bytes.map(|bytes| (name.unwrap_or_else(|| otherwise.to_owned()).into(), bytes))
}

/// A whole number, under the script's name of it.
///
/// # Errors
/// [`Error::Usage`] for others.
pub fn count(what: &str, number: f64) -> Result<usize> {
    let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    if whole {
        Ok(number as usize)
    } else {
        Err(Error::Usage(format!("{what}: expected a whole number, found {number}")))
    }
}
