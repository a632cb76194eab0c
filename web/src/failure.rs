//! Errors as scripts see them: an `Error` with a `code`, and file and line where they are known.

use wasm_bindgen::JsValue;
use yolov4::Error;

use crate::plain::set;

/// A failure for a script.
pub fn failure(error: &Error) -> JsValue {
    let made = with_code(code(error), &error.to_string());
    let (file, line) = match error {
        Error::Cfg { file, line, .. } | Error::Text { file, line, .. } => (Some(file), Some(*line)),
        Error::Weights { file, .. } => (Some(file), None),
        _ => (None, None),
    };
    if let Some(file) = file {
        set(&made, "file", &file.to_string_lossy().as_ref().into());
    }
    if let Some(line) = line {
        set(&made, "line", &(line as f64).into());
    }
    made
}

/// An `Error` with a code and a sentence.
pub fn with_code(code: &str, message: &str) -> JsValue {
    let made: JsValue = js_sys::Error::new(message).into();
    set(&made, "code", &code.into());
    made
}

/// What to say where there is no WebGPU.
#[cfg(any(feature = "webgpu", feature = "training"))]
pub fn without_webgpu() -> Option<JsValue> {
    let property = |of: &JsValue, key: &str| js_sys::Reflect::get(of, &key.into()).unwrap_or_default();
    let gpu = property(&property(&js_sys::global(), "navigator"), "gpu");
    let sentence = "this browser has no WebGPU, or the page is not a secure context";
    gpu.is_undefined().then(|| with_code("no-webgpu", sentence))
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Limit { .. } => "limit",
        Error::NoAdapter(_) => "no-adapter",
        Error::DeviceLost(_) => "device-lost",
        Error::OutOfMemory(_) => "out-of-memory",
        Error::Gpu(_) => "gpu",
        Error::Image { .. } | Error::Source { .. } => "picture",
        Error::Usage(_) => "usage",
        // Cfg, weights, names, the graph they make, files that are not there.
        _ => "model",
    }
}
