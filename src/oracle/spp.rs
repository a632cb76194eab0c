//! Spatial pyramid pooling: the pools one after the other, then their concat.

use crate::{
    graph::Pool,
    oracle::{concat::concat, max_pool::max_pool},
    tensor::Tensor,
};

/// Stride-1 pools of the four `sizes`, in concat order; 1 is the input itself.
pub fn spp(sizes: [usize; 4], x: &Tensor) -> Tensor {
    let pools = sizes.map(|size| max_pool(&Pool { size, stride_y: 1, stride_x: 1, padding: size - 1 }, x, x.shape));
    concat(&pools.each_ref())
}
