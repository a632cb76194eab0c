//! The wasm module behind the page and the npm package: a thin door to `yolov4`, for browsers only.
//!
//! `Engine` is one network on one device, `Processor` one without a GPU and `Trainer` one that learns, each in a module of its own; `types.rs` has the
//! TypeScript that wasm-bindgen writes beside them.
#![cfg(target_arch = "wasm32")]

#[cfg(feature = "webgpu")]
mod chain;
#[cfg(any(feature = "webgpu", feature = "training"))]
mod device_loss;
#[cfg(feature = "webgpu")]
mod engine;
mod failure;
mod given;
#[cfg(any(feature = "webgpu", feature = "cpu"))]
mod info;
#[cfg(any(feature = "webgpu", feature = "cpu"))]
mod options;
mod plain;
#[cfg(feature = "cpu")]
mod processor;
mod source;
#[cfg(feature = "webgpu")]
mod stage;
#[cfg(feature = "webgpu")]
mod subgroups;
#[cfg(feature = "training")]
mod trainer;
mod types;
#[cfg(feature = "webgpu")]
mod upload;

#[cfg(feature = "webgpu")]
pub use engine::Engine;
#[cfg(feature = "cpu")]
pub use processor::{PlayedPicture, Processor};
#[cfg(feature = "training")]
pub use trainer::Trainer;

use wasm_bindgen::prelude::wasm_bindgen;

/// Once, when the module is loaded: a panic is a bug, and is told with its place.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The version of this crate.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
