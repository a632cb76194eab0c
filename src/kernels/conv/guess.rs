//! Which implicit GEMM is the best known: of a processor for all convolutions, of a card for Winograd's products.

use crate::kernels::conv::{Caps, PartAt, Problem, block64::Block64, lanes::Lanes, launch::Launch, rung::Rung};
#[cfg(not(target_arch = "wasm32"))]
use crate::kernels::conv::{
    coop16::{self, Coop16},
    subgroup::Subgroup,
    subgroup_few::{self, SubgroupFew},
};

/// A rung, as far as that goes.
pub(super) struct Gemm {
    /// Its name.
    pub name: &'static str,
    /// How it plays a product of matrices.
    pub launch: fn(&Problem, &Caps, &[PartAt]) -> Launch,
}

impl Gemm {
    const fn of<R: Rung>() -> Self {
        Self { name: R::NAME, launch: R::launch }
    }

    /// The best of an adapter for an output of so many pixels.
    pub fn best(pixels: usize, caps: &Caps) -> Self {
        Self::native(pixels, caps).unwrap_or(if caps.software { Self::of::<Lanes>() } else { Self::of::<Block64>() })
    }

    /// Of subgroups and cooperative matrices.
    #[cfg(not(target_arch = "wasm32"))]
    fn native(pixels: usize, caps: &Caps) -> Option<Self> {
        match (caps.software, caps.subgroup) {
            (true, true) if subgroup_few::better(pixels) => Some(Self::of::<SubgroupFew>()),
            (true, true) => Some(Self::of::<Subgroup>()),
            // No card was at hand: tensor cores multiply several times as fast as lanes do. Tuning decides.
            (false, _) if coop16::there(caps) => Some(Self::of::<Coop16>()),
            _ => None,
        }
    }

    #[cfg(target_arch = "wasm32")]
    const fn native(_: usize, _: &Caps) -> Option<Self> {
        None
    }
}
