//! [`super::coop8`] with its sum shared among workgroups.

use crate::kernels::{
    Kernel,
    conv::{
        coop8::{self, Coop8},
        shares::{Divisible, SUM, Shared},
    },
};

/// 32 output channels by 32 pixels a workgroup.
pub(super) type SplitCoop8 = Shared<Coop8>;

impl Divisible for Coop8 {
    const SPLIT_NAME: &'static str = "split-coop8";
    const SPLIT_KERNELS: &'static [&'static Kernel] = &[&coop8::KERNEL, &SUM];
    // What is brought between two barriers in f16.
    const LEAST: usize = 4;
}
