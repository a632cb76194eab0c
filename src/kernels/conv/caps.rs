//! What an adapter can do, as far as the choice of a convolution goes.

use crate::kernels::{Precision, conv::card::CardClass};

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
    /// What kind of GPU it is, where no processor does the work.
    pub class: CardClass,
}

impl Caps {
    /// What a card of a class can do, where there is none to ask.
    pub fn of(class: CardClass, precision: Precision) -> Self {
        let half = precision == Precision::F16;
        let none = Coop::default();
        let coop = match class {
            CardClass::Rdna3 => Coop { sixteen: half, lanes: 64, ..none },
            CardClass::Ampere => Coop { sixteen: half, lanes: 32, ..none },
            CardClass::Apple => Coop { eight: true, lanes: 32, ..none },
            CardClass::Rdna2 | CardClass::Dg2 | CardClass::Integrated => none,
        };
        Self { software: false, subgroup: true, half, coop, binding: 1 << 30, class }
    }

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
