//! What the keys and the mouse ask of a show while it runs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc::channel},
};

use yolov4::{
    Error, Precision, Result,
    low_level::{
        video::{Spec, cameras, open},
        view::Capture,
    },
};

use crate::viewer::{ModelRequest, Session, Trails, history, session::Building};

impl Session {
    /// Changes the thresholds; the frame that is shown gets its boxes anew.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn set_thresholds(&mut self, conf: f32, nms: f32) -> Result<()> {
        self.live.detector_mut().set_thresholds(conf, nms);
        self.lower_threshold();
        self.live.again()
    }

    /// Score and overlap that boxes are filtered by.
    pub fn thresholds(&self) -> (f32, f32) {
        let (conf, nms) = self.live.detector().thresholds();
        (self.trails.as_ref().map_or(conf, Trails::conf), nms)
    }

    /// A tracker looks at boxes that are not shown.
    pub(super) fn lower_threshold(&mut self) {
        if let Some(trails) = &mut self.trails {
            let (conf, nms) = self.live.detector().thresholds();
            let low = trails.lower(conf);
            self.live.detector_mut().set_thresholds(low, nms);
        }
    }

    /// Begins to build another network, on a thread; it takes over when it is ready.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub fn change(&mut self, request: ModelRequest) -> Result<()> {
        if self.building.is_some() {
            return Ok(());
        }
        let (sender, receiver) = channel();
        let (factory, gpu, wake) = (Arc::clone(&self.factory), self.gpu().cloned(), self.wake.clone());
        let run = move || {
            let built = factory.detector(gpu.as_ref(), &request).map(|detector| (request, detector));
            // The receiver is gone only with the viewer.
            let _ = sender.send(built);
            wake();
        };
        let thread = std::thread::Builder::new().name("build".into()).spawn(run);
        let thread = thread.map_err(Error::io("the building thread"))?;
        self.building = Some(Building { built: receiver, thread });
        Ok(())
    }

    /// The network after this one among those that are to be had.
    pub fn next_request(&self) -> ModelRequest {
        let all = self.factory.requests();
        let at = all.iter().position(|w| w.model == self.request.model);
        let next = at.map_or(0, |i| i + 1);
        let found = all.get(next).or(all.first()).cloned();
        ModelRequest { precision: self.request.precision, ..found.unwrap_or_else(|| self.request.clone()) }
    }

    /// Takes another source; the counts go on.
    ///
    /// # Errors
    /// If it cannot be opened: the old one stays.
    pub fn take_source(&mut self, spec: Spec) -> Result<()> {
        let source = open(&spec, &self.options.open)?;
        let capture = Capture::start(source, self.options.pace, self.wake.clone())?;
        if let Some(old) = self.capture.replace(capture) {
            self.count(&old);
        }
        self.options.spec = spec;
        self.trouble = None;
        Ok(())
    }

    /// Stands still, or goes on.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn pause(&mut self, paused: bool) -> Result<()> {
        self.pipeline.stats.interrupted();
        // The newest frame is what goes on from.
        if !paused && let Some(frame) = self.history.newest() {
            self.live.show(frame)?;
        }
        self.capture().into_iter().for_each(|capture| capture.pause(paused));
        Ok(())
    }

    /// Keeps the frames from here on, as far as there is room, to step back to.
    pub fn remember(&mut self) {
        self.history.most = history::MOST;
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
    /// [`Error::Io`] if the system gives no thread.
    pub fn other_precision(&mut self) -> Result<Option<String>> {
        let precision = match self.request().precision {
            Precision::F32 => Precision::F16,
            Precision::F16 => Precision::F32,
        };
        let Some(gpu) = self.live.detector().gpu() else { return Ok(Some("the processor plays in f32".into())) };
        if precision == Precision::F16 && !gpu.device().features().contains(wgpu::Features::SHADER_F16) {
            return Ok(Some(format!("\"{}\" stores no f16", gpu.report().name)));
        }
        self.change(ModelRequest { precision, ..self.request().clone() })?;
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
        let precision = self.request().precision;
        match path.extension().and_then(|e| e.to_str()).unwrap_or_default() {
            "safetensors" => {
                self.change(ModelRequest { model: path.to_owned(), weights: None, precision })?;
                Ok(format!("building {name}"))
            }
            "cfg" => {
                let weights = path.with_extension("weights");
                if !weights.exists() {
                    let missing = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    return Ok(format!("{name} comes without {missing} beside it: drop the weights file too"));
                }
                self.change(ModelRequest { model: path.to_owned(), weights: Some(weights), precision })?;
                Ok(format!("building {name}"))
            }
            "weights" => {
                let beside = path.with_extension("cfg");
                let model = if beside.exists() { beside } else { self.request().model.clone() };
                self.change(ModelRequest { model, weights: Some(path.to_owned()), precision })?;
                Ok(format!("building with {name}"))
            }
            _ => {
                self.take_source(Spec::parse(Some(&path.to_string_lossy()))?)?;
                Ok(name)
            }
        }
    }
}

/// A file name in the present folder that is not taken.
pub(super) fn free_name(ending: &str) -> PathBuf {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let names = (0..).map(|n| match n {
        0 => PathBuf::from(format!("yolov4-{now}.{ending}")),
        n => PathBuf::from(format!("yolov4-{now}-{n}.{ending}")),
    });
    let mut free = names.filter(|name| !name.exists());
    free.next().unwrap_or_else(|| PathBuf::from(format!("yolov4.{ending}")))
}
