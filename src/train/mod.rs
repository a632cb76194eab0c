//! Training: what is asked of the heads, how fast numbers follow, what is seen of the pictures; and the steps, by definition and on the GPU.

pub mod adapt;
pub mod darknet_loss;
pub mod keys;
pub mod order;
pub mod schedule;
#[cfg(feature = "gpu")]
pub mod session;
pub mod sgd;
pub mod twin;
pub mod variation;
