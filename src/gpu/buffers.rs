//! Buffers made and filled once.

use std::borrow::Cow;

use half::{f16, slice::HalfFloatSliceExt};

use crate::{gpu::context::Gpu, kernels::Precision};

/// Elements as they are stored.
pub fn encode(precision: Precision, elements: &[f32]) -> Cow<'_, [u8]> {
    match precision {
        Precision::F32 => Cow::Borrowed(bytemuck::cast_slice(elements)),
        Precision::F16 => {
            // As slices: one by one, each asks anew whether the processor can.
            let mut halves = vec![f16::ZERO; elements.len()];
            halves.convert_from_f32_slice(elements);
            Cow::Owned(bytemuck::cast_slice(&halves).to_vec())
        }
    }
}

/// The inverse of [`encode`].
pub fn decode(precision: Precision, bytes: &[u8]) -> Vec<f32> {
    match precision {
        Precision::F32 => bytemuck::pod_collect_to_vec(bytes),
        Precision::F16 => bytemuck::pod_collect_to_vec::<u8, f16>(bytes).to_f32_vec(),
    }
}

impl Gpu {
    /// An empty buffer (zeros); never of size 0, which WebGPU forbids.
    pub(super) fn buffer(&self, label: &str, bytes: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes.max(16).next_multiple_of(16) as u64,
            usage,
            mapped_at_creation: false,
        })
    }

    /// A buffer that holds `contents` from the start.
    pub(super) fn filled(&self, label: &str, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let buffer = self.buffer(label, contents.len(), usage | wgpu::BufferUsages::COPY_DST);
        self.write(&buffer, 0, contents);
        buffer
    }

    /// Writes `contents`, and zeros up to a multiple of four bytes, with the next submit.
    pub(super) fn write(&self, buffer: &wgpu::Buffer, offset: usize, contents: &[u8]) {
        let mut padded = Cow::Borrowed(contents);
        if !contents.len().is_multiple_of(4) {
            padded.to_mut().resize(contents.len().next_multiple_of(4), 0);
        }
        self.queue.write_buffer(buffer, offset as u64, &padded);
    }
}

/// Many small blocks in one buffer, each at an offset that a binding may start at.
#[derive(Debug)]
pub struct Packed {
    bytes: Vec<u8>,
    alignment: usize,
}

impl Packed {
    /// An empty pack with this alignment.
    pub fn new(alignment: u32) -> Self {
        Self { bytes: vec![], alignment: alignment as usize }
    }

    /// Appends a block; returns where it starts.
    pub fn push(&mut self, block: &[u8]) -> u64 {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(block);
        self.bytes.resize(self.bytes.len().next_multiple_of(self.alignment), 0);
        offset as u64
    }

    /// All blocks.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
