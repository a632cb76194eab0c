//! Which implicit GEMM is taken unmeasured: for convolutions that nothing better is known for, and for Winograd's products.

use crate::kernels::conv::{
    Caps, PartAt, Problem, block64::Block64, coop16, lanes::Lanes, launch::Launch, rung::Rung, subgroup::Subgroup,
    subgroup_few,
};

/// Those that are ever guessed.
pub(super) enum Gemm {
    Subgroup,
    SubgroupFew,
    Lanes,
    Coop16,
    Block64,
}

impl Gemm {
    /// The best of an adapter for an output of so many pixels.
    pub fn best(pixels: usize, caps: &Caps) -> Self {
        match (caps.software, caps.subgroup) {
            (true, true) if subgroup_few::better(pixels) => Self::SubgroupFew,
            (true, true) => Self::Subgroup,
            (true, false) => Self::Lanes,
            // A guess, as no card was at hand: tensor cores multiply several times as fast as lanes do. Tuning decides.
            (false, _) if coop16::there(caps) => Self::Coop16,
            (false, _) => Self::Block64,
        }
    }

    /// How it plays a product of matrices.
    pub fn launch(&self, product: &Problem, caps: &Caps, parts: &[PartAt]) -> Launch {
        match self {
            Self::Subgroup => Subgroup::launch(product, caps, parts),
            Self::SubgroupFew => subgroup_few::SubgroupFew::launch(product, caps, parts),
            Self::Lanes => Lanes::launch(product, caps, parts),
            Self::Coop16 => coop16::Coop16::launch(product, caps, parts),
            Self::Block64 => Block64::launch(product, caps, parts),
        }
    }
}
