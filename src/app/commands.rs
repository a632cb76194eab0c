//! What the keys and the mouse ask of a show while it runs.

use std::path::Path;

use crate::{
    app::{Capture, Show, Wish},
    error::Result,
    kernels::Precision,
    video::{Spec, cameras},
};

impl Show {
    /// Stands still, or goes on.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn pause(&mut self, paused: bool) -> Result<()> {
        // The newest frame is what goes on from.
        while !paused && self.again(false)? {}
        self.capture().into_iter().for_each(|capture| capture.pause(paused));
        Ok(())
    }

    /// One frame back or on, while it stands still; `false` if none before it was kept.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn step(&mut self, back: bool) -> Result<bool> {
        if self.again(back)? {
            return Ok(true);
        }
        if !back {
            self.capture().into_iter().for_each(Capture::step);
        }
        Ok(!back)
    }

    /// Begins to build the same network in the other precision; or says why not.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the system gives no thread.
    pub fn other_precision(&mut self) -> Result<Option<String>> {
        let precision = match self.wish().precision {
            Precision::F32 => Precision::F16,
            Precision::F16 => Precision::F32,
        };
        let device = self.live().gpu().device();
        if precision == Precision::F16 && !device.features().contains(wgpu::Features::SHADER_F16) {
            return Ok(Some(format!("\"{}\" stores no f16", self.live().gpu().report().name)));
        }
        self.change(Wish { precision, ..self.wish().clone() })?;
        Ok(None)
    }

    /// Takes the camera after this one; or says why not.
    ///
    /// # Errors
    /// None that a window would have to close for.
    pub fn next_camera(&mut self) -> Result<Option<String>> {
        let all = match cameras() {
            Ok(all) if all.is_empty() => return Ok(Some("there is no camera".into())),
            Ok(all) => all,
            Err(e) => return Ok(Some(e.to_string())),
        };
        let now = match self.spec() {
            Spec::Camera(named) => {
                let named = named.as_deref().unwrap_or("0");
                all.iter().position(|c| c.number.to_string() == named || c.path == named || c.name == named)
            }
            _ => None,
        };
        let next = now.map_or(0, |i| (i + 1) % all.len());
        let taken = self.take_source(Spec::Camera(Some(all[next].number.to_string())));
        Ok(Some(taken.map_or_else(|e| e.to_string(), |()| all[next].name.clone())))
    }

    /// Takes a file: a network, pictures or a video. Says what comes of it.
    ///
    /// # Errors
    /// If it cannot be opened; what was shown goes on.
    pub fn dropped(&mut self, path: &Path) -> Result<String> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let precision = self.wish().precision;
        match path.extension().and_then(|e| e.to_str()).unwrap_or_default() {
            "safetensors" => {
                self.change(Wish { model: path.to_owned(), weights: None, precision })?;
                Ok(format!("building {name}"))
            }
            "cfg" => {
                let weights = path.with_extension("weights");
                if !weights.exists() {
                    let missing = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    return Ok(format!("{name} comes without {missing} beside it: drop the weights file too"));
                }
                self.change(Wish { model: path.to_owned(), weights: Some(weights), precision })?;
                Ok(format!("building {name}"))
            }
            "weights" => {
                let beside = path.with_extension("cfg");
                let model = if beside.exists() { beside } else { self.wish().model.clone() };
                self.change(Wish { model, weights: Some(path.to_owned()), precision })?;
                Ok(format!("building with {name}"))
            }
            _ => {
                self.take_source(Spec::parse(Some(&path.to_string_lossy()))?)?;
                Ok(name)
            }
        }
    }
}
