//! The numbers of a step on their way to the GPU.

use crate::{
    gpu::{buffers::encode, context::Gpu},
    kernels::{Precision, conv::Sink},
};

/// What weights and bias of a step are filled with.
pub struct PackedWeights<'a> {
    /// Elements of the weights.
    pub elements: usize,
    /// Hands them over.
    pub weights: Box<dyn Fn(&mut Sink<'_>) + 'a>,
    /// The bias.
    pub bias: Vec<f32>,
}

/// Weights and bias of one step, on the GPU.
#[derive(Clone)]
pub struct WeightBuffers {
    pub weights: wgpu::Buffer,
    pub bias: wgpu::Buffer,
}

/// Bytes that are sent with one submit. Until then they wait in memory of their own.
const SENT: usize = 32 << 20;

impl WeightBuffers {
    /// Sends the numbers of the node of this label on their way; several threads may at once.
    pub fn new(gpu: &Gpu, precision: Precision, label: &str, numbers: PackedWeights<'_>) -> Self {
        let usage = wgpu::BufferUsages::STORAGE;
        let bias = gpu.filled(&format!("{label}/bias"), &encode(Precision::F32, &numbers.bias), usage);
        let bytes = precision.bytes();
        let weights =
            gpu.buffer(&format!("{label}/weights"), numbers.elements * bytes, usage | wgpu::BufferUsages::COPY_DST);
        let mut waiting = 0;
        (numbers.weights)(&mut |first, piece| {
            gpu.write(&weights, first * bytes, &encode(precision, piece));
            waiting += piece.len() * bytes;
            if waiting > SENT {
                gpu.queue.submit([]);
                waiting = 0;
            }
        });
        gpu.queue.submit([]);
        Self { weights, bias }
    }
}
