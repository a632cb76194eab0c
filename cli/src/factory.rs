//! How the viewer comes by devices and networks while it runs.

use yolov4::{
    Detector, Error, Gpu, PlayerChoice, Result,
    low_level::{
        gpu::{DeviceRequirements, GpuOptions},
        model::zoo::{self, Origin, Store},
        task,
    },
};

use crate::{
    options, output,
    viewer::{DetectorFactory, Display, ModelRequest},
};

/// The options of the command line, kept for networks that are asked for later.
#[derive(Clone, Debug)]
pub struct FromOptions {
    pub model: options::ModelOptions,
    pub fetching: options::Fetching,
    pub machine: options::PlayerOptions,
    pub resize: options::Resize,
    pub detecting: options::Detecting,
}

impl FromOptions {
    /// The network of the command line.
    pub fn request(&self) -> ModelRequest {
        ModelRequest {
            model: self.model.model.clone(),
            weights: self.model.weights.clone(),
            precision: self.machine.device.precision,
        }
    }
}

impl FromOptions {
    fn names_gpu(&self) -> bool {
        self.machine.apply(Detector::builder()).names_gpu()
    }

    /// Whether this device plays, and not only draws.
    fn plays(&self, gpu: &Gpu) -> bool {
        match self.machine.player {
            PlayerChoice::Gpu => true,
            PlayerChoice::Auto => self.names_gpu() || !gpu.report().software,
            PlayerChoice::Cpu | PlayerChoice::Oracle => false,
        }
    }
}

impl DetectorFactory for FromOptions {
    fn gpu(&self, display: Option<Display>) -> Result<Option<Gpu>> {
        let (shown, named) = (display.is_some(), self.names_gpu());
        let asked = match self.machine.player {
            PlayerChoice::Gpu => true,
            PlayerChoice::Auto => shown || named,
            PlayerChoice::Cpu | PlayerChoice::Oracle => shown,
        };
        if !asked && self.machine.player != PlayerChoice::Auto {
            return Ok(None);
        }
        let options = GpuOptions { hardware: !asked, display, ..self.machine.device.gpu_options() };
        // A key changes to f16.
        let requirements = DeviceRequirements { f16_too: true, ..options.requirements };
        let opened = task::wait(Gpu::new(&GpuOptions { requirements, ..options }));
        match opened {
            // The processor plays, and says so when it is asked to.
            Err(Error::NoAdapter(_)) if !asked => Ok(None),
            other => other.map(Some),
        }
    }

    fn detector(&self, gpu: Option<&Gpu>, request: &ModelRequest) -> Result<Detector> {
        let own = *request == ModelRequest { precision: request.precision, ..self.request() };
        let mut builder = self.fetching.apply(Detector::builder()).player(self.machine.player).tune(self.machine.tune);
        if let Some(gpu) = gpu.filter(|gpu| self.plays(gpu)) {
            builder = builder.device(gpu.clone()).precision(request.precision);
        }
        let builder = if own {
            self.detecting.apply(self.resize.apply(self.model.apply(builder)))
        } else {
            // Names, size and thresholds of the command line are the other network's.
            let builder = self
                .resize
                .apply(builder)
                .agnostic(self.detecting.agnostic)
                .tta(self.detecting.looks.tta)
                .model(&request.model);
            match &request.weights {
                Some(weights) => builder.weights(weights),
                None => builder,
            }
        };
        let detector = builder.build()?;
        if own {
            self.model.say(detector.choices());
        }
        detector.notes().iter().for_each(|note| output::say(format_args!("note: {note}")));
        Ok(detector)
    }

    fn requests(&self) -> Vec<ModelRequest> {
        let own = self.request();
        let store = Store::from_env();
        let ready = zoo::ENTRIES.iter().filter(|entry| {
            matches!(entry.origin, Origin::Carried(_)) || (entry.weights.is_some() && store.holds_all(entry))
        });
        let named =
            ready.map(|entry| ModelRequest { model: entry.name.into(), weights: None, precision: own.precision });
        let others: Vec<ModelRequest> = named.filter(|request| request.model != own.model).collect();
        std::iter::once(own).chain(others).collect()
    }
}
