//! How the viewer comes by devices and networks while it runs.

use yolov4::{
    Detector, Error, Gpu, Precision, Result, TuneChoice,
    low_level::{
        gpu::GpuOptions,
        model::zoo::{self, Origin, Store},
        task,
    },
};

use crate::{
    options, output,
    viewer::{DetectorFactory, ModelRequest},
};

/// The options of the command line, kept for networks that are asked for later.
#[derive(Clone, Debug)]
pub struct FromOptions {
    pub model: options::ModelOptions,
    pub fetching: options::Fetching,
    pub device: options::DeviceOptions,
    pub tune: TuneChoice,
    pub resize: options::Resize,
    pub detecting: options::Detecting,
}

impl FromOptions {
    /// The network of the command line.
    pub fn request(&self) -> ModelRequest {
        ModelRequest {
            model: self.model.model.clone(),
            weights: self.model.weights.clone(),
            precision: self.device.precision,
        }
    }
}

impl DetectorFactory for FromOptions {
    fn gpu(&self) -> Result<Gpu> {
        let options = self.device.gpu_options();
        // With f16 where there is any, so that a key can change to it.
        let wider = GpuOptions {
            requirements: yolov4::low_level::gpu::DeviceRequirements {
                precision: Precision::F16,
                ..options.requirements
            },
            ..options.clone()
        };
        match task::wait(Gpu::new(&wider)) {
            Err(Error::Limit { .. }) => task::wait(Gpu::new(&options)),
            other => other,
        }
    }

    fn detector(&self, gpu: &Gpu, request: &ModelRequest) -> Result<Detector> {
        let own = *request == ModelRequest { precision: request.precision, ..self.request() };
        let builder =
            self.fetching.apply(Detector::builder()).device(gpu.clone()).precision(request.precision).tune(self.tune);
        let builder = if own {
            self.detecting.apply(self.resize.apply(self.model.apply(builder)))
        } else {
            // Names, size and thresholds of the command line are the other network's.
            let builder = self.resize.apply(builder).agnostic(self.detecting.agnostic).model(&request.model);
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
