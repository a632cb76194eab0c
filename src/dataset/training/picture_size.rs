//! Columns and rows of pictures, by their headers.

use std::{fs::File, io::BufReader, path::Path};

use image::{ImageDecoder, ImageReader, metadata::Orientation};

use crate::dataset::{each::each, training::set::TrainingSet};

/// Columns and rows of a picture, by its header; `exif`: turned as its EXIF orientation says.
///
/// # Errors
/// What is wrong with it, without its name.
pub fn header_size(path: &Path, exif: bool) -> Result<(usize, usize), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(|e| e.to_string())?;
    let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation(),
        Ok(Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH)
    );
    let size = (width as usize, height as usize);
    Ok(if exif && turned { (size.1, size.0) } else { size })
}

impl TrainingSet {
    /// Looks at the headers of all pictures for their sizes; `exif`: turned as their EXIF orientation says. Those that cannot be read stay
    /// without.
    pub fn measure(&mut self, exif: bool) {
        for pictures in [&mut self.train, &mut self.valid, &mut self.test] {
            let sizes = each(pictures, |picture| header_size(&picture.image.path, exif).ok());
            for (picture, size) in pictures.iter_mut().zip(sizes) {
                picture.own_size = size;
            }
        }
    }
}
