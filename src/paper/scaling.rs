//! What a network is scaled by (Tables 6 and 7), and in which order (section 4.3).

/// One factor, and what it does to the receptive field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// As the paper calls it: `size`, `width`, `depth`, `#stage`.
    pub name: &'static str,
    /// Parts of a network that have it (Table 6).
    pub parts: &'static [&'static str],
    /// What a receptive field gains (Table 7).
    pub receptive_field: &'static str,
    /// When the compound rule turns to it: 1 is first.
    pub turn: usize,
}

/// All of them, in the order in which the paper turns to them.
pub const FACTORS: [Factor; 4] = [
    Factor { name: "size", parts: &["input"], receptive_field: "nothing", turn: 1 },
    Factor { name: "#stage", parts: &["backbone", "neck"], receptive_field: "doubled by each", turn: 1 },
    Factor {
        name: "depth",
        parts: &["backbone", "neck"],
        receptive_field: "k - 1 steps more for each k x k convolution",
        turn: 2,
    },
    Factor { name: "width", parts: &["backbone", "neck"], receptive_field: "nothing", turn: 3 },
];

/// d of every stage of YOLOv4-large.
pub const DEPTH_EXPONENTS: [u32; 7] = [1, 2, 4, 4, 3, 3, 3];

/// Residuals of a stage: 2^d - 1.
pub const fn depth(exponent: u32) -> usize {
    2usize.pow(exponent) - 1
}
