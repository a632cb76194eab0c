//! One picture of a set, looked at.

use std::path::Path;

use sha1::{Digest, Sha1};

use crate::{
    dataset::{Fault, FaultKind, LabelledPicture},
    error::{Error, Result},
    host::Picture,
};

/// Decodes the bytes of a picture file as whoever learns from it does, and says what is odd about it; the path is for errors.
pub type PictureDecoder<'d> = dyn Fn(&[u8], &Path) -> Result<(Picture, Option<String>)> + Sync + 'd;

/// What tells a picture from others. Nothing of it is known of one that cannot be decoded but the sum of its file.
#[derive(Debug, Default)]
pub struct LookedAt {
    /// SHA-1 of the file.
    pub file: Option<[u8; 20]>,
    /// SHA-1 of its pixels and their shape.
    pub pixels: Option<[u8; 20]>,
    /// Columns and rows, turned as it will be seen.
    pub size: Option<(usize, usize)>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// Reads, hashes and decodes a picture.
pub fn look(path: &Path, decode: &PictureDecoder<'_>) -> LookedAt {
    let tell = |kind, message: String| vec![Fault::new(kind, path, None, message)];
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) => return LookedAt { faults: tell(FaultKind::Unreadable, e.to_string()), ..LookedAt::default() },
    };
    let file = Some(Sha1::digest(&bytes).into());
    match decode(&bytes, path) {
        Err(e) => {
            // The fault names the file already.
            let message = if let Error::Image { message, .. } = e { message } else { e.to_string() };
            LookedAt { file, faults: tell(FaultKind::Unreadable, message), ..LookedAt::default() }
        }
        Ok((Picture { width, height, rgba }, remark)) => {
            let mut hash = Sha1::new();
            hash.update((width as u64).to_le_bytes());
            hash.update((height as u64).to_le_bytes());
            hash.update(&rgba);
            let name = format!("{}: ", path.display());
            let remark = remark.map(|remark| remark.strip_prefix(&name).unwrap_or(&remark).to_owned());
            let faults = remark.map_or_else(Vec::new, |remark| tell(FaultKind::OddPicture, remark));
            LookedAt { file, pixels: Some(hash.finalize().into()), size: Some((width, height)), faults }
        }
    }
}

/// What is wrong if a picture was marked at another size than it has.
pub fn of_other_size(picture: &LabelledPicture, (width, height): (usize, usize)) -> Option<Fault> {
    let (w, h) = picture.image.size.filter(|size| *size != (width, height))?;
    let told = format!("{} is marked at {w} x {h} pixels, and has {width} x {height}", picture.image.path.display());
    // Either side may be rounded by one pixel.
    let off = (w as f64 * height as f64 - h as f64 * width as f64).abs();
    let (kind, message) = if off <= w.max(width) as f64 + h.max(height) as f64 {
        (FaultKind::Scaled, format!("{told}: its boxes are scaled"))
    } else if (w, h) == (height, width) {
        (FaultKind::OtherShape, format!("{told}: was it turned as its EXIF says?"))
    } else {
        (FaultKind::OtherShape, told)
    };
    let file = picture.labels.clone().unwrap_or_else(|| picture.image.path.clone());
    Some(Fault::new(kind, file, picture.size_line, message))
}
