//! Training: what is asked of the heads, how fast numbers follow, and the steps by definition.

pub mod darknet_loss;
pub mod schedule;
pub mod sgd;
pub mod twin;
