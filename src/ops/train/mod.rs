//! What only training plays: batch-norm over a batch, and the gradients of the other ops. A room each, as for those; which of them is the
//! gradient of what stands in [`crate::ops::gradient`].

mod activation_grad;
mod avg_pool_grad;
mod batch_mean;
mod batch_norm_apply;
mod batch_norm_grad;
mod batch_norm_sums;
mod batch_variance;
mod channel_sum;
mod conv_dgrad;
mod conv_wgrad;
mod local_avg_pool_grad;
mod max_pool_grad;
mod normal;
mod plane_dot;
mod slice_grad;
mod train_op;
mod upsample_grad;
mod whole;

pub use avg_pool_grad::AvgPoolGrad;
pub use batch_mean::BatchMean;
pub use batch_norm_apply::BatchNormApply;
pub use batch_norm_grad::BatchNormGrad;
pub use batch_norm_sums::BatchNormSums;
pub use batch_variance::BatchVariance;
pub use channel_sum::ChannelSum;
pub use conv_dgrad::ConvDgrad;
pub use conv_wgrad::ConvWgrad;
pub use local_avg_pool_grad::LocalAvgPoolGrad;
pub use max_pool_grad::MaxPoolGrad;
pub use plane_dot::PlaneDot;
pub use slice_grad::SliceGrad;
pub use train_op::TrainOp;
pub use upsample_grad::UpsampleGrad;
