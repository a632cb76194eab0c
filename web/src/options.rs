//! The options of a script, to those of a detector.

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use yolov4::{Detector, DetectorBuilder, Error, PlayerChoice, ResizeMode, Result};
#[cfg(feature = "webgpu")]
use yolov4::{Precision, TuneChoice, low_level::detect::tuning::HELD};

use crate::given::{count, file};

#[wasm_bindgen]
extern "C" {
    /// See `types.d.ts`.
    #[wasm_bindgen(typescript_type = "EngineOptions")]
    pub type EngineOptions;

    #[wasm_bindgen(method, getter)]
    fn model(this: &EngineOptions) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter, js_name = modelName)]
    fn model_name(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn name(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn weights(this: &EngineOptions) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter, js_name = weightsName)]
    fn weights_name(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = randomWeights)]
    fn random_weights(this: &EngineOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn names(this: &EngineOptions) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter, js_name = namesName)]
    fn names_name(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn size(this: &EngineOptions) -> Option<Vec<f64>>;
    #[cfg(feature = "webgpu")]
    #[wasm_bindgen(method, getter)]
    fn precision(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn conf(this: &EngineOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn nms(this: &EngineOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn classes(this: &EngineOptions) -> Option<Vec<String>>;
    #[wasm_bindgen(method, getter)]
    fn agnostic(this: &EngineOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = maxDet)]
    fn max_det(this: &EngineOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn resize(this: &EngineOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn letterbox(this: &EngineOptions) -> Option<bool>;
    #[cfg(feature = "webgpu")]
    #[wasm_bindgen(method, getter)]
    fn tune(this: &EngineOptions) -> Option<String>;
    #[cfg(feature = "webgpu")]
    #[wasm_bindgen(method, getter)]
    fn tuned(this: &EngineOptions) -> Option<String>;
    #[cfg(feature = "webgpu")]
    #[wasm_bindgen(method, getter)]
    pub fn subgroups(this: &EngineOptions) -> Option<bool>;
    #[cfg(feature = "webgpu")]
    #[wasm_bindgen(method, getter)]
    pub fn font(this: &EngineOptions) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter)]
    fn progress(this: &EngineOptions) -> Option<Function>;
}

/// A detector's description.
///
/// # Errors
/// [`Error::Usage`] for a word or a number that there is not.
pub fn builder(options: &EngineOptions) -> Result<DetectorBuilder> {
    #[cfg(feature = "webgpu")]
    let mut builder = on_gpu(options)?;
    #[cfg(not(feature = "webgpu"))]
    let mut builder = Detector::builder().player(PlayerChoice::Cpu);
    let model = file(options.model(), options.model_name(), "model.cfg");
    builder = match (model, options.name()) {
        (Some((name, bytes)), None) => builder.file(&name, bytes).model(name),
        (None, Some(name)) => builder.model(name),
        (Some(_), Some(_)) => return Err(Error::Usage("a network is either given or named, not both".into())),
        (None, None) => return Err(Error::Usage("no model: give a .cfg or a .safetensors, or name a network".into())),
    };
    if let Some((name, bytes)) = file(options.weights(), options.weights_name(), "model.weights") {
        builder = builder.file(&name, bytes).weights(name);
    }
    if let Some((name, bytes)) = file(options.names(), options.names_name(), "model.names") {
        builder = builder.file(&name, bytes).labels_file(name);
    }
    if let Some(seed) = options.random_weights() {
        builder = builder.random_weights(count("randomWeights", seed)? as u64);
    }
    if let Some(size) = options.size() {
        let [w, h] = size[..] else {
            return Err(Error::Usage(format!("size: expected two numbers, found {}", size.len())));
        };
        builder = builder.size((count("size", w)?, count("size", h)?));
    }
    if let Some(word) = options.resize() {
        let modes = [ResizeMode::DarknetFile, ResizeMode::DarknetVideo, ResizeMode::Pytorch];
        builder = builder.resize(one_of("resize", &word, &modes, ToString::to_string)?);
    }
    if let Some(conf) = options.conf() {
        builder = builder.score_threshold(fraction("conf", conf)?);
    }
    if let Some(nms) = options.nms() {
        builder = builder.iou_threshold(fraction("nms", nms)?);
    }
    if let Some(letterbox) = options.letterbox() {
        builder = builder.letterbox(letterbox);
    }
    if let Some(most) = options.max_det() {
        builder = builder.max_det(count("maxDet", most)?);
    }
    if let Some(tell) = options.progress() {
        let tell = move |done: usize, all: usize| {
            // What the script's function throws is the script's.
            let _ = tell.call2(&JsValue::UNDEFINED, &(done as f64).into(), &(all as f64).into());
        };
        builder = builder.progress(Box::new(tell));
    }
    Ok(builder.agnostic(options.agnostic().unwrap_or(false)).classes(options.classes().unwrap_or_default()))
}

/// What only a GPU has.
#[cfg(feature = "webgpu")]
fn on_gpu(options: &EngineOptions) -> Result<DetectorBuilder> {
    let mut builder = Detector::builder().player(PlayerChoice::Gpu).timestamps(true);
    if let Some(word) = options.precision() {
        builder =
            builder.precision(one_of("precision", &word, &[Precision::F32, Precision::F16], |p| p.name().into())?);
    }
    if let Some(word) = options.tune() {
        let words = [TuneChoice::Auto, TuneChoice::Off, TuneChoice::Quick, TuneChoice::Full];
        builder = builder.tune(one_of("tune", &word, &words, |choice| format!("{choice:?}").to_ascii_lowercase())?);
    }
    if let Some(table) = options.tuned() {
        builder = builder.file(HELD, table.into_bytes());
    }
    Ok(builder)
}

/// A threshold, under the package's name of it.
fn fraction(name: &str, value: f64) -> Result<f32> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value as f32);
    }
    Err(Error::Usage(format!("{name}: expected 0 to 1, found {value}")))
}

fn one_of<T: Copy>(what: &str, word: &str, all: &[T], name: impl Fn(&T) -> String) -> Result<T> {
    let names = || all.iter().map(&name).collect::<Vec<_>>().join(", ");
    let found = all.iter().copied().find(|item| name(item) == word);
    found.ok_or_else(|| Error::Usage(format!("{what}: expected one of {}, found `{word}`", names())))
}
