//! The wasm module behind the page and the npm package: a thin door to `yolov4`, for browsers only.
//!
//! `Engine` is one network on one device; `types.rs` has the TypeScript that wasm-bindgen writes beside it.
#![cfg(target_arch = "wasm32")]

mod chain;
mod engine;
mod failure;
mod info;
mod options;
mod source;
mod stage;
mod subgroups;
mod types;

pub use engine::Engine;

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
