//! [`super::coop16`] with its sum shared among workgroups.

use crate::kernels::{
    Kernel,
    conv::{
        coop16::{self, Coop16},
        shares::{Divisible, SUM, Shared},
    },
};

/// 64 output channels by 64 pixels a workgroup.
pub(super) type SplitCoop16 = Shared<Coop16>;

impl Divisible for Coop16 {
    const SPLIT_NAME: &'static str = "split-coop16";
    const SPLIT_KERNELS: &'static [&'static Kernel] = &[&coop16::KERNEL, &SUM];
    // What is brought between two barriers in f16.
    const LEAST: usize = 8;
}
