//! Which kernels play the gradient of a convolution's weights: a product of what it reads and what comes back, along all pixels, whose sums may be
//! shared among workgroups.

use crate::kernels::{
    Dispatch, Kernel,
    conv::Caps,
    planes::At,
    train::{ConvGrad, params::TrainParams, share_sum, wgrad_block, wgrad_subgroup},
};

/// A dispatch to the sums of every share, and one that adds them; with a single share the sums are the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedWgrad {
    /// The product.
    pub product: Dispatch,
    /// What adds the shares.
    pub sum: Option<Dispatch>,
    /// Vectors of the shares.
    pub vectors: usize,
}

/// Workgroups that keep a card busy, or all cores of a processor.
const FILLED: [usize; 2] = [256, 8];
/// Most vectors of all shares together: 64 MB.
const MOST: usize = 1 << 22;
/// Fewest pixels of a share.
const LEAST: usize = 64;
/// Most pixels of a share: a longer sum loses too much.
const LONGEST: usize = 1 << 14;

impl SharedWgrad {
    /// Of x and dy; none for what only the definition plays, which is groups.
    pub fn new(conv: ConvGrad, reads: &[At], dst: At, caps: &Caps) -> Option<Self> {
        if conv.groups != 1 {
            return None;
        }
        let (x, y) = (reads[0], reads[1]);
        let subgroups = caps.software && caps.subgroup;
        let (kernel, [columns_each, outputs_each]): (&'static Kernel, _) =
            if subgroups { (&wgrad_subgroup::KERNEL, [16, 8]) } else { (&wgrad_block::KERNEL, [16, 16]) };
        let columns = x.shape.blocks() * conv.size * conv.size;
        let tiles = [columns.div_ceil(columns_each), y.shape.blocks().div_ceil(outputs_each)];
        let pixels = y.plane();
        // Rows are not cut by one of them.
        let most = if subgroups { y.pictures * y.shape.h } else { pixels.div_ceil(LEAST) };
        let most = most.min(MOST / dst.shape.vectors().max(1)).clamp(1, 65_535);
        let wanted = FILLED[usize::from(caps.software)].div_ceil(tiles[0] * tiles[1]).min(pixels.div_ceil(LEAST));
        let shares = wanted.max(pixels.div_ceil(LONGEST)).clamp(1, most);
        let to = if shares == 1 { dst } else { At { block: 0, ..dst } };
        let mut constants = conv.constants();
        constants.push(("SHARES", shares as f64));
        let params = TrainParams::new(x.shape, y.shape, reads, to);
        let product = Dispatch {
            kernel,
            constants,
            params: bytemuck::bytes_of(&params).to_vec(),
            workgroups: [tiles[0] as u32, tiles[1] as u32, shares as u32],
        };
        let sum = (shares > 1).then(|| share_sum::dispatch(shares, dst));
        Some(Self { product, sum, vectors: if shares > 1 { shares * dst.shape.vectors() } else { 0 } })
    }
}
