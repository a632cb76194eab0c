//! Heads to candidate boxes.

use crate::{
    host::{Look, NmsKind, Thresholds},
    kernels::{Bind, Binding, Dispatch, Kernel, part, planes::At},
};

impl Thresholds {
    /// As the kernels see them, with room for `capacity` candidates.
    pub fn params(&self, capacity: usize) -> ThresholdParams {
        let (distance, beta) = match self.kind {
            NmsKind::Iou => (0, 0.0),
            NmsKind::Diou { beta } => (1, beta),
        };
        ThresholdParams {
            score_threshold: self.score_threshold,
            iou_threshold: self.iou_threshold,
            beta,
            distance,
            agnostic: u32::from(self.agnostic),
            capacity: capacity as u32,
            extent: [self.extent.0, self.extent.1],
        }
    }
}

/// [`Thresholds`] on the GPU; field by field as in `shaders/shared/thresholds.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct ThresholdParams {
    /// Objectness, and objectness times class probability, must be above this.
    pub score_threshold: f32,
    /// A box that overlaps a better one by more than this is dropped.
    pub iou_threshold: f32,
    /// Exponent of the distance term.
    pub beta: f32,
    /// 0: IoU; 1: DIoU.
    pub distance: u32,
    /// 1: a box silences those of other classes as well.
    pub agnostic: u32,
    /// Candidates that there is room for.
    pub capacity: u32,
    /// Width and height of the picture as fractions of the canvas.
    pub extent: [f32; 2],
}

/// Most anchors that one head can have here (the family: 3 or 4).
pub const MAX_ANCHORS: usize = 16;

/// The uniform buffer; field by field as in `shaders/decode.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct DecodeParams {
    /// Columns of the grid.
    pub gw: u32,
    /// Rows of the grid.
    pub gh: u32,
    /// Anchors per cell.
    pub anchors: u32,
    /// Number of classes.
    pub classes: u32,
    /// Number of the head's first box.
    pub first_index: u32,
    /// First block of the head in its buffer.
    pub src_block: u32,
    /// 1: the values are logistic already, sides are `4 w^2 * anchor`.
    pub new_coords: u32,
    /// Stretch of the centre about the middle of its cell.
    pub scale_x_y: f32,
    /// Columns and rows of the network's input.
    pub net: [f32; 2],
    /// Pictures of the batch, side by side in every plane.
    pub pictures: u32,
    /// Which of them this is.
    pub picture: u32,
    /// From fractions of a look to those of the whole canvas: `a x + b` across, then down.
    pub to_whole: [f32; 4],
    /// Width and height of each anchor, in pixels of the network's input; two unused each.
    pub anchor: [[f32; 4]; MAX_ANCHORS],
}

/// `shaders/decode.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "decode",
    twin: "decode",
    parts: &[part!("shared/boxes.wgsl"), part!("shared/thresholds.wgsl"), part!("decode.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<DecodeParams>()) },
        Binding { name: "thresholds", bind: Bind::Uniform(size_of::<ThresholdParams>()) },
        Binding { name: "src", bind: Bind::Read },
        Binding { name: "wanted", bind: Bind::Read },
        Binding { name: "candidates", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// How to read one head; [`crate::graph::Head`] without its graph.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadAt {
    /// The tensor `[anchors * (5 + classes), gh, gw]`.
    pub src: At,
    /// Anchors in pixels of the network's input, at most [`MAX_ANCHORS`].
    pub anchors: Vec<(f32, f32)>,
    /// Number of classes.
    pub classes: usize,
    /// `scale_x_y`
    pub scale_x_y: f32,
    /// `new_coords`
    pub new_coords: bool,
    /// Number of the head's first box.
    pub first_index: usize,
    /// Columns and rows of the network's input.
    pub net: (usize, usize),
    /// Which picture of the batch.
    pub picture: usize,
    /// Which look at it.
    pub look: Look,
}

/// One invocation per cell and anchor.
pub fn dispatch(head: &HeadAt) -> Dispatch {
    let shape = head.src.shape;
    let mut anchor = [[0.0; 4]; MAX_ANCHORS];
    for (slot, (w, h)) in anchor.iter_mut().zip(&head.anchors) {
        *slot = [*w, *h, 0.0, 0.0];
    }
    let params = DecodeParams {
        gw: shape.w as u32,
        gh: shape.h as u32,
        anchors: head.anchors.len() as u32,
        classes: head.classes as u32,
        first_index: head.first_index as u32,
        src_block: head.src.block as u32,
        new_coords: u32::from(head.new_coords),
        scale_x_y: head.scale_x_y,
        net: [head.net.0 as f32, head.net.1 as f32],
        pictures: head.src.pictures as u32,
        picture: head.picture as u32,
        to_whole: head.look.to_whole(),
        anchor,
    };
    Dispatch {
        kernel: &KERNEL,
        constants: vec![],
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [shape.pixels().div_ceil(64) as u32, head.anchors.len() as u32, 1],
    }
}
