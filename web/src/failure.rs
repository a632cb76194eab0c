//! Errors as scripts see them: an `Error` with a `code`, and file and line where they are known.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use yolov4::Error;

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

/// Sets a property of a plain object.
pub fn set(object: &JsValue, key: &str, value: &JsValue) {
    // It fails for what is no object, and for frozen ones.
    let _ = Reflect::set(object, &key.into(), value);
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
