//! A video frame's way in: samples as they come to a buffer, the buffer to a texture of RGBA.

use crate::{
    error::{Error, Result},
    gpu::{context::Gpu, limits::check_texture, pipelines::Pipelines, program::Ready},
    kernels::to_rgba::{self, Format, Frame, ToRgbaParams},
};

/// Texture, sample buffer and conversion for frames of one size and format. Made once, filled every frame.
#[derive(Debug)]
pub struct FrameTexture {
    key: (usize, usize, Format),
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    samples: wgpu::Buffer,
    params: wgpu::Buffer,
    convert: Ready,
}

impl FrameTexture {
    /// For frames like this one.
    ///
    /// # Errors
    /// [`Error::Usage`] if its bytes do not fit its size; [`Error::Limit`] if it is larger than a texture may be.
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, frame: &Frame) -> Result<Self> {
        frame.check()?;
        check_texture("the frame", (frame.width, frame.height), &gpu.limits)?;
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: frame.width as u32, height: frame.height as u32, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::STORAGE_BINDING,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let copy = wgpu::BufferUsages::COPY_DST;
        let samples = gpu.buffer("samples", frame.data.len(), wgpu::BufferUsages::STORAGE | copy);
        let params = gpu.buffer("to_rgba", size_of::<ToRgbaParams>(), wgpu::BufferUsages::UNIFORM | copy);
        let dispatch = to_rgba::dispatch(frame.width, frame.height);
        let pipeline = pipelines.get(&dispatch).await?;
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("to_rgba"),
            layout: &pipelines.bind_group_layout(dispatch.kernel),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: samples.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(&view) },
            ],
        });
        let convert = Ready { pipeline, group, workgroups: dispatch.workgroups };
        Ok(Self { key: key(frame), texture, view, samples, params, convert })
    }

    /// Whether it is the right one for `frame`.
    pub fn fits(&self, frame: &Frame) -> bool {
        self.key == key(frame)
    }

    /// Brings the samples to the GPU; [`FrameTexture::record`] makes pixels of them.
    ///
    /// # Errors
    /// [`Error::Usage`] if the frame is of another kind.
    pub fn upload(&self, gpu: &Gpu, frame: &Frame) -> Result<()> {
        frame.check()?;
        if !self.fits(frame) {
            return Err(Error::Usage("a frame of another size or format than the texture's".into()));
        }
        // Writes are in whole words; the few bytes behind the last one go by themselves.
        let (words, rest) = frame.data.split_at(frame.data.len() / 4 * 4);
        gpu.queue.write_buffer(&self.samples, 0, words);
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            gpu.queue.write_buffer(&self.samples, words.len() as u64, &last);
        }
        gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(&frame.params()));
        Ok(())
    }

    /// Samples to pixels.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.convert.record(pass);
    }

    /// The pixels, RGBA8.
    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.texture.width() as usize, self.texture.height() as usize)
    }
}

fn key(frame: &Frame) -> (usize, usize, Format) {
    (frame.width, frame.height, frame.format)
}
