//! Picture to network input: resampled in one of three named ways, stretched or fitted onto a grey canvas.

use crate::{
    host::Placement,
    kernels::{Bind, Binding, Dispatch, Kernel, part},
    tensor::Shape,
};

/// The uniform buffer; field by field as in `shaders/letterbox.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct LetterboxParams {
    /// Columns and rows of the picture.
    pub image: [u32; 2],
    /// Columns and rows of the canvas.
    pub canvas: [u32; 2],
    /// Columns and rows of the picture on the canvas.
    pub resized: [u32; 2],
    /// Its left upper corner.
    pub offset: [u32; 2],
    /// Picture pixels per canvas pixel; negative where left is right.
    pub step: [f32; 2],
    /// Value where there is no picture.
    pub fill: f32,
    /// 1: Darknet's sampler for files, corner pixels aligned; 0: from `start` on, bilinear.
    pub align_corners: u32,
    /// Plane of the network's input in its buffer.
    pub dst_plane: u32,
    /// 1: one channel, of greys.
    pub grey: u32,
    /// Where the first pixel of the picture on the canvas lies on the picture; not read where corners are aligned.
    pub start: [f32; 2],
}

/// `shaders/letterbox.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "letterbox",
    twin: "letterbox",
    parts: &[part!("letterbox.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<LetterboxParams>()) },
        Binding { name: "picture", bind: Bind::Texture },
        Binding { name: "dst", bind: Bind::ReadWrite },
    ],
    workgroup: [8, 8, 1],
};

impl Placement {
    /// The kernel's parameters; the network's input is the plane `dst_plane` of its buffer.
    pub fn params(&self, dst_plane: usize) -> LetterboxParams {
        let pair = |(a, b): (usize, usize)| [a as u32, b as u32];
        let [across, down] = self.sampling();
        LetterboxParams {
            image: pair(self.image),
            canvas: pair(self.canvas),
            resized: pair((across.region.1, down.region.1)),
            offset: pair((across.region.0, down.region.0)),
            step: [across.step, down.step],
            fill: self.fill,
            align_corners: u32::from(self.aligned()),
            dst_plane: dst_plane as u32,
            grey: u32::from(self.grey),
            start: [across.start, down.start],
        }
    }
}

/// One invocation per pixel of the canvas; the parameters change with the picture and are written apart.
pub fn dispatch(canvas: Shape) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        constants: vec![],
        params: vec![],
        workgroups: [canvas.w.div_ceil(8) as u32, canvas.h.div_ceil(8) as u32, 1],
    }
}
