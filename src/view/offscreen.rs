//! Pictures of a scene that no window shows: for recordings and screenshots. They come back later, in order; nothing
//! waits for them.

use std::collections::VecDeque;

use crate::{
    detect::picture::Picture,
    error::Result,
    gpu::{Gpu, Purpose, ReadbackBuffer},
    view::{Scene, SceneSource, View},
};

/// Bytes of a pixel.
const PIXEL: usize = 4;

/// A target of one size, a scene for it, and pictures on their way back.
#[derive(Debug)]
pub struct Offscreen {
    gpu: Gpu,
    scene: Scene,
    texture: wgpu::Texture,
    target: wgpu::TextureView,
    coming: VecDeque<ReadbackBuffer>,
    free: Vec<ReadbackBuffer>,
}

impl Offscreen {
    /// A target of `width` x `height` pixels.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the font cannot be read.
    pub fn new(gpu: &Gpu, names: &[String], font: &[u8], (width, height): (u32, u32), ui: f32) -> Result<Self> {
        let texture = gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: Some("offscreen"),
            size: wgpu::Extent3d { width: width.max(1), height: height.max(1), depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let scene = Scene::new(gpu, wgpu::TextureFormat::Rgba8Unorm, names, font, ui)?;
        let target = texture.create_view(&wgpu::TextureViewDescriptor::default());
        Ok(Self { gpu: gpu.clone(), scene, texture, target, coming: VecDeque::new(), free: vec![] })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        (self.texture.width(), self.texture.height())
    }

    /// The scene, for the glyphs of its panel.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Draws, and leaves the pixels where they are.
    ///
    /// # Errors
    /// As [`Scene::draw`].
    pub fn draw(&mut self, live: &dyn SceneSource, view: &View<'_>) -> Result<()> {
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.scene.draw(&mut encoder, &self.target, live, &View { size: self.size(), ..*view })?;
        self.gpu.queue().submit([encoder.finish()]);
        self.scene.submitted();
        // Of no account off the screen; taken so that the next drawing can be timed.
        self.scene.drew().map(|_| ())
    }

    /// Draws, and asks for the pixels; [`View::size`] is this target's.
    ///
    /// # Errors
    /// As [`Scene::draw`].
    pub fn shoot(&mut self, live: &dyn SceneSource, view: &View<'_>) -> Result<()> {
        let (width, height) = self.size();
        let row = self.row();
        let mut readback = self.free.pop().unwrap_or_else(|| ReadbackBuffer::new(&self.gpu, row * height as usize));
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.scene.draw(&mut encoder, &self.target, live, &View { size: (width, height), ..*view })?;
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: readback.buffer(),
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row as u32),
                    rows_per_image: Some(height),
                },
            },
            self.texture.size(),
        );
        self.gpu.queue().submit([encoder.finish()]);
        readback.request(&self.gpu, Purpose::Results);
        self.coming.push_back(readback);
        Ok(())
    }

    /// Waits for every picture; on native somebody else must poll the device meanwhile.
    pub async fn wait(&mut self) {
        for readback in &mut self.coming {
            readback.wait().await;
        }
    }

    /// Pictures that have not come back.
    pub fn coming(&self) -> usize {
        self.coming.len()
    }

    /// Pictures that have come back, oldest first; the device must have been polled.
    ///
    /// # Errors
    /// What the device has complained about.
    pub fn take(&mut self) -> Result<Vec<Picture>> {
        let (width, height) = self.size();
        let mut pictures = Vec::new();
        while let Some(bytes) = self.coming.front_mut().map(|l| l.take(&self.gpu)).transpose()?.flatten() {
            self.free.extend(self.coming.pop_front());
            let (width, height) = (width as usize, height as usize);
            let rows = bytes.chunks_exact(self.row()).take(height);
            let rgba = rows.flat_map(|row| &row[..width * PIXEL]).copied().collect();
            pictures.push(Picture { width, height, rgba });
        }
        Ok(pictures)
    }

    /// Bytes from row to row in a copy, aligned as copies want.
    fn row(&self) -> usize {
        (self.texture.width() as usize * PIXEL).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize)
    }
}
