//! Picture files, one after the other.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    detect::picture::Picture,
    error::Result,
    video::{Colour, Frame, FrameFormat, Next, Source},
};

/// Pictures as a video of one frame a second.
#[derive(Debug)]
pub struct Pictures {
    paths: Vec<PathBuf>,
    exif: bool,
    at: usize,
}

impl Pictures {
    /// In this order; `exif`: turned as their EXIF orientation says.
    pub fn new(paths: Vec<PathBuf>, exif: bool) -> Self {
        Self { paths, exif, at: 0 }
    }
}

impl Source for Pictures {
    fn next(&mut self) -> Result<Next> {
        let Some(path) = self.paths.get(self.at) else { return Ok(Next::End) };
        let pts = Duration::from_secs(self.at as u64);
        self.at += 1;
        Ok(match Picture::open_with(path, self.exif) {
            Ok(picture) => Next::Frame(Frame {
                width: picture.width,
                height: picture.height,
                format: FrameFormat::Rgba8,
                colour: Colour::JPEG,
                data: picture.rgba,
                pts,
                captured: Instant::now(),
            }),
            Err(e) => Next::Corrupt(e.to_string()),
        })
    }

    fn describe(&self) -> String {
        match self.paths.as_slice() {
            [one] => one.display().to_string(),
            all => format!("{} pictures", all.len()),
        }
    }

    fn rate(&self) -> Option<f64> {
        Some(1.0)
    }

    fn rewind(&mut self) -> Result<bool> {
        self.at = 0;
        Ok(true)
    }
}
