//! Glyphs on the GPU: the atlas as a texture, names as a list of letters.

use crate::{detect::atlas::Atlas, gpu::Gpu, view::Labels};

/// An atlas, and the labels set in it.
#[derive(Debug)]
pub struct Glyphs {
    /// Height it was baked at.
    pub px: f32,
    pub atlas: Atlas,
    pub view: wgpu::TextureView,
    pub letters: wgpu::Buffer,
    pub labels: wgpu::Buffer,
}

impl Glyphs {
    pub fn new(gpu: &Gpu, atlas: Atlas, names: &[String]) -> Self {
        let (device, queue) = (gpu.device(), gpu.queue());
        let size = wgpu::Extent3d {
            width: Atlas::WIDTH as u32,
            height: atlas.height().max(1) as u32,
            depth_or_array_layers: 1,
        };
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("glyphs"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        if atlas.height() > 0 {
            queue.write_texture(
                texture.as_image_copy(),
                &atlas.coverage,
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(size.width),
                    rows_per_image: Some(size.height),
                },
                size,
            );
        }
        let list = Labels::new(names, &atlas);
        let filled = |label, bytes: &[u8]| {
            let made = buffer(device, label, bytes.len(), wgpu::BufferUsages::STORAGE);
            fill(queue, &made, bytes);
            made
        };
        let letters = filled("letters", bytemuck::cast_slice(&list.letters));
        let labels = filled("labels", bytemuck::cast_slice(&list.labels));
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Self { px: 0.0, atlas, view, letters, labels }
    }
}

/// An empty buffer that can be written; never of size 0, which WebGPU forbids, nor smaller than the largest record.
pub fn buffer(device: &wgpu::Device, label: &str, bytes: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.max(64).next_multiple_of(16) as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Writes `bytes`, if there are any.
pub fn fill(queue: &wgpu::Queue, buffer: &wgpu::Buffer, bytes: &[u8]) {
    if !bytes.is_empty() {
        queue.write_buffer(buffer, 0, bytes);
    }
}
