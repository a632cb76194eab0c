//! [`super::packed64`] with its sum shared among workgroups.

use crate::kernels::{
    Kernel,
    conv::{
        packed,
        packed64::Packed64,
        shares::{Divisible, SUM, Shared},
    },
};

/// 64 output channels by 64 pixels a workgroup.
pub(super) type SplitPacked = Shared<Packed64>;

impl Divisible for Packed64 {
    const SPLIT_NAME: &'static str = "split-packed";
    const SPLIT_KERNELS: &'static [&'static Kernel] = &[&packed::KERNEL, &SUM];
    const LEAST: usize = 4;
}
