//! A picture.

use crate::error::{Error, Result};

/// A picture on the host: 8-bit RGBA, row by row from the top; alpha is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 4` bytes.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// Whether there are pixels, and as many as width and height say.
    ///
    /// # Errors
    /// [`Error::Usage`]
    pub fn check(&self) -> Result<()> {
        let expected = self.width.checked_mul(self.height).and_then(|n| n.checked_mul(4));
        if expected == Some(self.rgba.len()) && !self.rgba.is_empty() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "a picture of {} x {} pixels: expected {} bytes of RGBA and at least one pixel, found {}",
            self.width,
            self.height,
            expected.map_or_else(|| "too many".into(), |n| n.to_string()),
            self.rgba.len()
        )))
    }
}
