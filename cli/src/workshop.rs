//! How the viewer comes by devices and networks while it runs.

use yolov4::{
    Detector, Error, Gpu, Precision, Result,
    low_level::{
        gpu::GpuOptions,
        model::zoo::{self, Origin, Store},
        task,
    },
};

use crate::{
    options, output,
    viewer::{Wish, Workshop},
};

/// The options of the command line, kept for networks that are asked for later.
#[derive(Clone, Debug)]
pub struct FromOptions {
    pub model: options::Model,
    pub fetching: options::Fetching,
    pub device: options::Device,
    pub resize: options::Resize,
    pub detecting: options::Detecting,
}

impl FromOptions {
    /// The network of the command line.
    pub fn wish(&self) -> Wish {
        Wish { model: self.model.model.clone(), weights: self.model.weights.clone(), precision: self.device.precision }
    }
}

impl Workshop for FromOptions {
    fn gpu(&self) -> Result<Gpu> {
        let options = self.device.gpu_options();
        // With f16 where there is any, so that a key can change to it.
        let wider = GpuOptions {
            needs: yolov4::low_level::gpu::Needs { precision: Precision::F16, ..options.needs },
            ..options.clone()
        };
        match task::wait(Gpu::new(&wider)) {
            Err(Error::Limit { .. }) => task::wait(Gpu::new(&options)),
            other => other,
        }
    }

    fn detector(&self, gpu: &Gpu, wish: &Wish) -> Result<Detector> {
        let own = *wish == Wish { precision: wish.precision, ..self.wish() };
        let builder = self.fetching.apply(Detector::builder()).device(gpu.clone()).precision(wish.precision);
        let builder = if own {
            self.detecting.apply(self.resize.apply(self.model.apply(builder)))
        } else {
            // Names, size and thresholds of the command line are the other network's.
            let builder = self.resize.apply(builder).agnostic(self.detecting.agnostic).model(&wish.model);
            match &wish.weights {
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

    fn wishes(&self) -> Vec<Wish> {
        let own = self.wish();
        let store = Store::from_env();
        let ready = zoo::ENTRIES.iter().filter(|entry| {
            matches!(entry.origin, Origin::Carried(_)) || (entry.weights.is_some() && store.holds_all(entry))
        });
        let named = ready.map(|entry| Wish { model: entry.name.into(), weights: None, precision: own.precision });
        let others: Vec<Wish> = named.filter(|wish| wish.model != own.model).collect();
        std::iter::once(own).chain(others).collect()
    }
}
