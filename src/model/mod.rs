//! A model is data: what a network computes, with which numbers, and how it is used. Readers make it, of files (Darknet's `.cfg`
//! and `.weights`, class names, `.data`), of one file that holds everything, of the paper's numbers, and by name.

pub mod bundle;
#[cfg(any(not(target_arch = "wasm32"), feature = "train"))]
pub mod bundle_writer;
pub mod darknet;
pub mod defaults;
pub mod foreign;
pub mod names;
#[cfg(feature = "onnx")]
pub mod onnx;
mod open;
mod options;
#[cfg(not(target_arch = "wasm32"))]
pub mod pytorch;
pub mod random;
pub mod scaled;
#[cfg(any(not(target_arch = "wasm32"), feature = "train"))]
pub mod tensor_file;
pub mod text;
mod whole;
pub mod zoo;

pub use defaults::{Defaults, Preprocess};
pub use options::{CfgOptions, Decode, WeightsOptions};
pub use whole::Model;
