//! One file per kernel: its parameters, bindings, constants, output shape and dispatch size. No wgpu here.

pub mod activation;
pub mod decode;
pub mod letterbox;
pub mod nms;
