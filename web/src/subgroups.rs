//! The feature `subgroups`, which wgpu cannot ask a browser for.
//!
//! wgpu has no name for it on the web (https://github.com/gfx-rs/wgpu/issues/5555), so the request is made wider on its way.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(inline_js = r#"
const ASKED = Symbol.for("yolov4.subgroups");

export function widen(wanted) {
    const prototype = globalThis.GPUAdapter?.prototype;
    if (!prototype) return;
    globalThis[ASKED] = wanted;
    if (prototype.requestDevice[ASKED]) return;
    const plain = prototype.requestDevice;
    prototype.requestDevice = function requestDevice(descriptor = {}) {
        const more = globalThis[ASKED] && this.features.has("subgroups") ? ["subgroups"] : [];
        globalThis[ASKED] = false;
        const requiredFeatures = [...(descriptor.requiredFeatures ?? []), ...more];
        return plain.call(this, { ...descriptor, requiredFeatures });
    };
    prototype.requestDevice[ASKED] = true;
}
"#)]
extern "C" {
    /// The next device is asked for with the feature, if it is `wanted` and the adapter has it.
    pub fn widen(wanted: bool);
}
