//! Plain objects of scripts.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// Sets a property of a plain object.
pub fn set(object: &JsValue, key: &str, value: &JsValue) {
    // It fails for what is no object, and for frozen ones.
    let _ = Reflect::set(object, &key.into(), value);
}

/// A plain object.
pub fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let made = Object::new();
    properties.iter().for_each(|(key, value)| set(&made, key, value));
    made.into()
}
