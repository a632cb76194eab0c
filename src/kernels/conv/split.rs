//! [`super::block64`] with its sum shared among workgroups.

use crate::kernels::{
    Kernel,
    conv::{
        block,
        block64::Block64,
        shares::{Divisible, SUM, Shared},
    },
};

/// 64 output channels by 64 pixels a workgroup.
pub(super) type Split = Shared<Block64>;

impl Divisible for Block64 {
    const SPLIT_NAME: &'static str = "split";
    const SPLIT_KERNELS: &'static [&'static Kernel] = &[&block::KERNEL, &SUM];
    const LEAST: usize = 4;
}
