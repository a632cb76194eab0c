//! Heads to candidate boxes.

/// A box above the threshold, for one class. Centre and sides are fractions of the network's input.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Candidate {
    /// Centre, from the left edge.
    pub x: f32,
    /// Centre, from the top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
    /// Objectness times class probability.
    pub score: f32,
    /// Class index.
    pub class: u32,
    /// Number of the box in the network: heads in cfg order, then anchor, row, column. Breaks ties, lowest first.
    pub index: u32,
    /// Keeps the record 32 bytes on the GPU.
    pub _pad: u32,
}
