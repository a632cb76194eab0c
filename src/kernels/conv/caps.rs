//! What an adapter can do, as far as the choice of a convolution goes.

use crate::kernels::Precision;

/// What an adapter can do, as far as the choice of a convolution goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// A processor does the work.
    pub software: bool,
    /// Subgroup operations are there, in subgroups of 8 lanes or more.
    pub subgroup: bool,
    /// Values are stored in 16 bits.
    pub half: bool,
    /// What there is of cooperative matrices, in this storage.
    pub coop: Coop,
    /// Largest storage binding, in bytes.
    pub binding: usize,
}

impl Caps {
    /// How values are stored.
    pub const fn precision(&self) -> Precision {
        if self.half { Precision::F16 } else { Precision::F32 }
    }

    /// Bytes of four channels.
    pub const fn vector(&self) -> usize {
        4 * self.precision().bytes()
    }
}

/// Cooperative matrices: square ones, whose products are summed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coop {
    /// Those of 8x8 are there.
    pub eight: bool,
    /// Those of 16x16 are there.
    pub sixteen: bool,
    /// Lanes of the largest subgroup.
    pub lanes: u32,
}
