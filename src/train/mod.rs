//! Training: what is asked of the heads, and how the numbers follow.

pub mod darknet_loss;
