//! Whether what has failed did so because the device is lost: that may be told before the loss is.

use js_sys::Promise;
#[cfg(feature = "training")]
use wasm_bindgen::JsCast;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use yolov4::{Error, Gpu};

#[cfg(feature = "webgpu")]
use crate::failure::failure;

/// How often, and after how many milliseconds each time, a failure is looked at again: is the device lost?
#[cfg(feature = "webgpu")]
const LOSS_TURNS: usize = 10;
#[cfg(feature = "webgpu")]
const LOSS_PAUSE: f64 = 10.0;

/// The failure, or the loss that it comes from.
#[cfg(feature = "webgpu")]
pub async fn root(gpu: &Gpu, error: Error) -> JsValue {
    if matches!(error, Error::Gpu(_)) {
        for _ in 0..LOSS_TURNS {
            pause(LOSS_PAUSE).await;
            if let Err(lost @ Error::DeviceLost(_)) = gpu.check() {
                return failure(&lost);
            }
        }
    }
    failure(&error)
}

/// Comes to an end when the device is lost. What was under way then may never be heard of again.
#[cfg(feature = "training")]
pub async fn lost(gpu: &Gpu) -> Error {
    let property = |of: &JsValue, key: &str| js_sys::Reflect::get(of, &key.into()).unwrap_or_default();
    let device: Option<&JsValue> = gpu.device().as_webgpu().map(AsRef::as_ref);
    let promise = device.map(|device| property(device, "lost").dyn_into::<Promise>());
    let Some(Ok(promise)) = promise else { return std::future::pending().await };
    let told = JsFuture::from(promise).await.unwrap_or_default();
    Error::DeviceLost(property(&told, "message").as_string().unwrap_or_default())
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(run: &js_sys::Function, millis: f64);
}

/// Lets the browser do what it has to do meanwhile.
pub async fn pause(millis: f64) {
    let waiting = Promise::new(&mut |resolve, _| set_timeout(&resolve, millis));
    // It is never rejected.
    let _ = JsFuture::from(waiting).await;
}
