//! Training: what is asked of the heads, how fast numbers follow, what is seen of the pictures; and the steps, by definition and on the GPU.

pub mod adamw;
pub mod adapt;
pub mod augment;
#[cfg(feature = "gpu")]
pub mod cached;
pub mod clip;
pub mod darknet_loss;
pub mod judge;
pub mod keys;
pub mod keys_text;
#[cfg(feature = "gpu")]
pub mod memory;
pub mod order;
pub mod recipe;
mod recipe_keys;
pub mod scaled_loss;
pub mod scene;
pub mod schedule;
#[cfg(feature = "gpu")]
pub mod session;
pub mod sgd;
pub mod sizes;
pub mod twin;
pub mod variation;
