//! A network whose heads learn from a script's pictures. Every call gives a promise; they wait for each other.

use std::{cell::RefCell, path::Path, pin::pin, rc::Rc};

use futures::{
    future::{Either, select},
    lock::Mutex,
};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;
use yolov4::{
    Error, Gpu, Picture, Result,
    dataset::{Severity, parse_labels},
    low_level::{
        gpu::{DeviceRequirements, GpuOptions},
        host::FrameFormat,
        model::{CfgOptions, Model, WeightsOptions},
        train::{
            cached::{CachedOptions, CachedTraining},
            session::StepReport,
        },
    },
};

use crate::{
    failure::{failure, without_webgpu},
    given::{count, file},
    loss::{lost, root},
    plain::object,
    source::{JsSource, SourcePixels},
};

#[wasm_bindgen]
extern "C" {
    /// See `types.d.ts`.
    #[wasm_bindgen(typescript_type = "TrainerSetup")]
    pub type TrainerSetup;

    #[wasm_bindgen(method, getter)]
    fn model(this: &TrainerSetup) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter, js_name = modelName)]
    fn model_name(this: &TrainerSetup) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn name(this: &TrainerSetup) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn weights(this: &TrainerSetup) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter, js_name = weightsName)]
    fn weights_name(this: &TrainerSetup) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn classes(this: &TrainerSetup) -> Vec<String>;
    #[wasm_bindgen(method, getter)]
    fn size(this: &TrainerSetup) -> Option<Vec<f64>>;
    #[wasm_bindgen(method, getter)]
    fn steps(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn batch(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn looks(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn frozen(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn rate(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn seed(this: &TrainerSetup) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn flip(this: &TrainerSetup) -> Option<bool>;
}

/// See the crate's page.
#[wasm_bindgen]
pub struct Trainer {
    training: Rc<Mutex<CachedTraining>>,
    /// The device of now.
    gpu: Rc<RefCell<Gpu>>,
    steps: u64,
}

#[wasm_bindgen]
impl Trainer {
    /// Reads a network, and asks for a device of its own.
    #[wasm_bindgen(unchecked_return_type = "Promise<Trainer>")]
    pub fn create(setup: TrainerSetup) -> Promise {
        future_to_promise(async move {
            match without_webgpu() {
                Some(missing) => Err(missing),
                None => open(&setup).await.map(JsValue::from).map_err(|e| failure(&e)),
            }
        })
    }

    /// The device of now.
    #[wasm_bindgen(getter, unchecked_return_type = "GPUDevice")]
    pub fn device(&self) -> JsValue {
        let gpu = self.gpu.borrow();
        let device: Option<&JsValue> = gpu.device().as_webgpu().map(AsRef::as_ref);
        device.cloned().unwrap_or_default()
    }

    /// Steps in all.
    #[wasm_bindgen(getter)]
    pub fn steps(&self) -> f64 {
        self.steps as f64
    }

    /// Adds a picture, as RGBA, with its objects: five numbers each, its class, then left, top, width and height in pixels.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn add(&self, source: &JsSource, objects: Vec<f64>) -> Promise {
        let pixels = SourcePixels::new(source);
        self.promise(async move |training| {
            let (rgba, (width, height)) = match pixels? {
                SourcePixels::Rgba(rgba, size) => (rgba, size),
                SourcePixels::Samples(frame) if frame.format == FrameFormat::Rgba8 => {
                    (frame.data, (frame.width, frame.height))
                }
                SourcePixels::Samples(_) | SourcePixels::Foreign(..) => {
                    return Err(Error::source("the picture", "expected pixels of RGBA"));
                }
            };
            let objects = objects.chunks_exact(5).map(|o| (o[0] as usize, [o[1], o[2], o[3], o[4]]));
            let objects: Vec<_> = objects.collect();
            training.add(&Picture { width, height, rgba }, &objects).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// One step.
    #[wasm_bindgen(unchecked_return_type = "Promise<TrainingStep>")]
    pub fn step(&self) -> Promise {
        self.promise(async |training| Ok(told(&training.step().await?)))
    }

    /// The network as it is now: a .safetensors with everything inside.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array>")]
    pub fn save(&self) -> Promise {
        self.promise(async |training| Ok(Uint8Array::from(&training.save().await?[..]).into()))
    }

    /// Asks for another device, and goes on from the last state that was kept.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn renew(&self) -> Promise {
        let (training, now) = (Rc::clone(&self.training), Rc::clone(&self.gpu));
        future_to_promise(async move {
            let mut training = training.lock().await;
            let gpu = device().await.map_err(|e| failure(&e))?;
            training.renew(&gpu);
            now.replace(gpu).device().destroy();
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Runs alone; until the device is lost at most.
    fn promise(&self, run: impl AsyncFnOnce(&mut CachedTraining) -> Result<JsValue> + 'static) -> Promise {
        let (training, gpu) = (Rc::clone(&self.training), Rc::clone(&self.gpu));
        future_to_promise(async move {
            let mut training = training.lock().await;
            let gpu = gpu.borrow().clone();
            let (work, loss) = (pin!(run(&mut training)), pin!(lost(&gpu)));
            match select(work, loss).await {
                Either::Left((Ok(value), _)) => Ok(value),
                Either::Left((Err(error), _)) | Either::Right((error, _)) => Err(root(&gpu, error).await),
            }
        })
    }
}

/// The objects of a text of labels (class, centre x and y, width, height as fractions of the picture, an object a line): five numbers each.
///
/// # Errors
/// The first line that is none.
#[wasm_bindgen]
pub fn labels(text: Vec<u8>, name: String, classes: Vec<String>) -> std::result::Result<Vec<f64>, JsValue> {
    let (lines, faults) = parse_labels(&text, Path::new(&name), &classes);
    match faults.into_iter().find(|fault| fault.severity() == Severity::Error) {
        Some(fault) => {
            let (line, message) = (fault.line.unwrap_or(1), fault.message);
            Err(failure(&Error::Text { file: name.into(), line, message }))
        }
        None => Ok(lines.iter().flat_map(|l| [l.class as f64].into_iter().chain(l.sides)).collect()),
    }
}

impl Drop for Trainer {
    /// The garbage collector would take its time.
    fn drop(&mut self) {
        self.gpu.borrow().device().destroy();
    }
}

async fn open(setup: &TrainerSetup) -> Result<Trainer> {
    let size = match setup.size().as_deref() {
        None => None,
        Some([w, h]) => Some((count("size", *w)?, count("size", *h)?)),
        Some(other) => return Err(Error::Usage(format!("size: expected two numbers, found {}", other.len()))),
    };
    let options = CfgOptions { size, ..CfgOptions::default() };
    let mut model = match (file(setup.model(), setup.model_name(), "model.cfg"), setup.name()) {
        (Some((name, bytes)), None) => Model::from_bytes(&name, &bytes, &options)?,
        (None, Some(name)) => Model::open(name, &options)?,
        _ => {
            return Err(Error::Usage("a network is either given or named: a .cfg or a .safetensors, or a name".into()));
        }
    };
    let mut notes = Vec::new();
    let load = WeightsOptions::default();
    let params = match file(setup.weights(), setup.weights_name(), "model.weights") {
        Some((name, bytes)) => model.read_weights(&name, &bytes, &load, &mut notes)?,
        None => model.take_params(&load).ok_or_else(|| Error::Usage("no weights: give a .weights file".into()))?,
    };
    let usual = CachedOptions::default();
    let number = |what: &str, given: Option<f64>, usual: usize| given.map_or(Ok(usual), |number| count(what, number));
    let options = CachedOptions {
        frozen: setup.frozen().map(|layers| count("frozen", layers)).transpose()?,
        batch: number("batch", setup.batch(), usual.batch)?,
        steps: number("steps", setup.steps(), usual.steps as usize)? as u64,
        looks: number("looks", setup.looks(), usual.looks)?,
        rate: setup.rate(),
        seed: number("seed", setup.seed(), usual.seed as usize)? as u64,
    };
    let mut keys = CachedTraining::keys(&model.graph);
    keys.augment.flip = setup.flip().unwrap_or(keys.augment.flip);
    let (gpu, steps) = (device().await?, options.steps);
    let training = CachedTraining::new(&gpu, &model, &params, &setup.classes(), keys, options)?;
    Ok(Trainer { training: Rc::new(Mutex::new(training)), gpu: Rc::new(RefCell::new(gpu)), steps })
}

/// A device with the largest bindings that there are.
async fn device() -> Result<Gpu> {
    let requirements = DeviceRequirements { binding_bytes: u64::MAX, ..DeviceRequirements::default() };
    Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() }).await
}

fn told(report: &StepReport) -> JsValue {
    object(&[
        ("step", (report.step as f64).into()),
        ("loss", report.loss.total().into()),
        ("boxes", report.loss.boxes.into()),
        ("objectness", report.loss.objectness.into()),
        ("classes", report.loss.classes.into()),
        ("rate", report.rate.into()),
    ])
}
