//! Darknet's formats: the `.cfg` that describes a network and the `.weights` that fill it.

pub mod build;
pub mod cfg;
pub mod data;
mod keys;
pub mod layers;
pub mod published;
pub mod state;
pub mod weights;
#[cfg(any(not(target_arch = "wasm32"), feature = "train"))]
pub mod write;
pub mod yolo;
