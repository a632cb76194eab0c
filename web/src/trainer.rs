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
    device_loss::{lost, pause},
    failure::{failure, without_webgpu},
    given::{count, file},
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

/// Milliseconds in which a loss is told that a failure has come of.
const TOLD: f64 = 2000.0;

/// A device that is given back when nobody has it any more: the garbage collector would take its time.
struct OwnDevice(Gpu);

impl Drop for OwnDevice {
    fn drop(&mut self) {
        self.0.device().destroy();
    }
}

/// See the crate's page.
#[wasm_bindgen]
pub struct Trainer {
    training: Rc<Mutex<CachedTraining>>,
    /// The device of now.
    device: Rc<RefCell<OwnDevice>>,
    steps: u64,
    notes: Vec<String>,
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
        let own = self.device.borrow();
        let device: Option<&JsValue> = own.0.device().as_webgpu().map(AsRef::as_ref);
        device.cloned().unwrap_or_default()
    }

    /// Steps in all.
    #[wasm_bindgen(getter)]
    pub fn steps(&self) -> f64 {
        self.steps as f64
    }

    /// Steps that were done, as far as they are not lost with a device; none are told while one is under way.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> Option<f64> {
        self.training.try_lock().map(|training| training.steps() as f64)
    }

    /// Remarks on the network, one line each.
    #[wasm_bindgen(getter)]
    pub fn notes(&self) -> Vec<String> {
        self.notes.clone()
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
        let (training, now) = (Rc::clone(&self.training), Rc::clone(&self.device));
        future_to_promise(async move {
            let mut training = training.lock().await;
            let own = device().await.map_err(|e| failure(&e))?;
            training.renew(&own.0);
            now.replace(own);
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Runs alone; until the device is lost at most.
    fn promise(&self, run: impl AsyncFnOnce(&mut CachedTraining) -> Result<JsValue> + 'static) -> Promise {
        let (training, device) = (Rc::clone(&self.training), Rc::clone(&self.device));
        future_to_promise(async move {
            let mut training = training.lock().await;
            let gpu = device.borrow().0.clone();
            let (work, loss) = (pin!(run(&mut training)), pin!(lost(&gpu)));
            match select(work, loss).await {
                Either::Left((Ok(value), _)) => Ok(value),
                // Of a lost device a read-back may fail before the loss is told.
                Either::Left((Err(error @ Error::Gpu(_)), loss)) => match select(loss, pin!(pause(TOLD))).await {
                    Either::Left((lost, _)) => Err(failure(&lost)),
                    Either::Right(_) => Err(failure(&error)),
                },
                Either::Left((Err(error), _)) | Either::Right((error, _)) => Err(failure(&error)),
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
    let fault = faults.into_iter().find(|fault| fault.severity() == Severity::Error);
    let fault = fault.map(|fault| (fault.line.unwrap_or(1), fault.message));
    // Whoever learns from them wants all of them to be in the picture.
    let seen = |[x, y, w, h]: [f64; 4]| {
        w > 0.0 && h > 0.0 && [(x, w), (y, h)].iter().all(|(at, side)| at + side / 2.0 > 0.0 && at - side / 2.0 < 1.0)
    };
    let nothing = lines.iter().find(|line| !seen(line.sides));
    let nothing = nothing.map(|line| (line.line, "nothing of this box is in the picture".to_owned()));
    match fault.or(nothing) {
        Some((line, message)) => Err(failure(&Error::Text { file: name.into(), line, message })),
        None => Ok(lines.iter().flat_map(|l| [l.class as f64].into_iter().chain(l.sides)).collect()),
    }
}

impl Drop for Trainer {
    /// What is under way ends with an error.
    fn drop(&mut self) {
        self.device.borrow().0.device().destroy();
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
    let mut notes = model.notes.clone();
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
    // What cannot be costs no device.
    CachedTraining::check(&model, &setup.classes(), &options)?;
    let (own, steps) = (device().await?, options.steps);
    let training = CachedTraining::new(&own.0, &model, &params, &setup.classes(), keys, options)?;
    Ok(Trainer { training: Rc::new(Mutex::new(training)), device: Rc::new(RefCell::new(own)), steps, notes })
}

/// A device with the largest bindings that there are.
async fn device() -> Result<OwnDevice> {
    let requirements = DeviceRequirements { binding_bytes: u64::MAX, ..DeviceRequirements::default() };
    Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() }).await.map(OwnDevice)
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
