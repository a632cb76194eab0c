//! The kernels of training, a file each: the gradients, batch-norm by the batch, steps, and the packing of weights that a step has moved. What a step
//! plays besides is the network's own.

pub mod accumulate;
pub mod activation_grad;
pub mod adamw;
pub mod avg_pool_grad;
pub mod batch_norm;
pub mod batch_norm_apply;
pub mod batch_norm_grad;
pub mod batch_norm_sums;
pub mod batch_variance;
pub mod channel_sum;
pub mod conv_dgrad;
mod conv_grad;
pub mod conv_wgrad;
pub mod follow;
pub mod local_avg_pool_grad;
pub mod max_pool_grad;
pub mod norm;
pub mod norm_limit;
pub mod pack_weights;
mod params;
pub mod plane_dot;
mod rows;
pub mod sgd;
pub mod share_sum;
pub mod slice_grad;
mod turned;
pub mod upsample_grad;
mod wgrad;
pub mod wgrad_block;
pub mod wgrad_subgroup;

pub use conv_grad::ConvGrad;
pub use params::NUMBERS;
pub use turned::TurnedConv;
pub use wgrad::SharedWgrad;

use crate::kernels::Kernel;

/// All of them.
pub static KERNELS: &[&Kernel] = &[
    &accumulate::KERNEL,
    &activation_grad::KERNEL,
    &adamw::KERNEL,
    &avg_pool_grad::KERNEL,
    &batch_norm::KERNEL,
    &batch_norm_apply::KERNEL,
    &batch_norm_grad::KERNEL,
    &batch_norm_sums::KERNEL,
    &batch_variance::KERNEL,
    &channel_sum::KERNEL,
    &conv_dgrad::KERNEL,
    &conv_wgrad::KERNEL,
    &follow::KERNEL,
    &local_avg_pool_grad::KERNEL,
    &max_pool_grad::KERNEL,
    &norm::KERNEL,
    &norm_limit::KERNEL,
    &pack_weights::KERNEL,
    &plane_dot::KERNEL,
    &sgd::KERNEL,
    &share_sum::KERNEL,
    &slice_grad::KERNEL,
    &upsample_grad::KERNEL,
    &wgrad_block::KERNEL,
    &wgrad_subgroup::KERNEL,
];
