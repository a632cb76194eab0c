//! A video frame's way in: samples as they come to a buffer, the buffer to a texture of RGBA; or pixels that somebody
//! else puts into the texture.

use crate::{
    error::{Error, Result},
    gpu::{bound::BoundDispatch, context::Gpu, limits::check_texture, pipelines::Pipelines},
    host::{Frame, FrameFormat, Picture},
    kernels::to_rgba::{self, ToRgbaParams},
};

/// What a texture is made for: columns, rows, and the layout of samples; none if pixels come from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameKind {
    /// Columns and rows.
    pub size: (usize, usize),
    /// Layout of the samples.
    pub format: Option<FrameFormat>,
}

impl From<&Frame> for FrameKind {
    fn from(frame: &Frame) -> Self {
        Self { size: (frame.width, frame.height), format: Some(frame.format) }
    }
}

/// A texture for frames of one kind. Made once, filled every frame.
#[derive(Debug)]
pub struct FrameTexture {
    kind: FrameKind,
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    samples: Option<Samples>,
}

/// Where samples go, and how they become pixels.
#[derive(Debug)]
struct Samples {
    buffer: wgpu::Buffer,
    params: wgpu::Buffer,
    convert: BoundDispatch,
}

impl FrameTexture {
    /// For frames of this kind.
    ///
    /// # Errors
    /// [`Error::Usage`] for a frame without pixels; [`Error::Limit`] if it is larger than a texture may be.
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, kind: FrameKind) -> Result<Self> {
        let (width, height) = kind.size;
        if width == 0 || height == 0 {
            return Err(Error::Usage(format!("a frame of {width} x {height} pixels: expected at least one pixel")));
        }
        check_texture("the frame", kind.size, &gpu.limits)?;
        let filled = match kind.format {
            Some(_) => wgpu::TextureUsages::STORAGE_BINDING,
            // What a browser needs to copy a video frame.
            None => wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::RENDER_ATTACHMENT,
        };
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | filled,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let samples = match kind.format {
            Some(format) => Some(Samples::new(gpu, pipelines, kind.size, format, &view).await?),
            None => None,
        };
        Ok(Self { kind, texture, view, samples })
    }

    /// What it was made for.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Brings the samples to the GPU; [`FrameTexture::record`] makes pixels of them.
    ///
    /// # Errors
    /// [`Error::Usage`] if the frame is of another kind.
    pub fn upload(&self, gpu: &Gpu, frame: &Frame) -> Result<()> {
        frame.check()?;
        let samples = self.samples.as_ref().filter(|_| self.kind == FrameKind::from(frame));
        let Some(samples) = samples else {
            return Err(Error::Usage("a frame of another size or format than the texture's".into()));
        };
        // Writes are in whole words; the few bytes behind the last one go by themselves.
        let (words, rest) = frame.data.split_at(frame.data.len() / 4 * 4);
        gpu.queue.write_buffer(&samples.buffer, 0, words);
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            gpu.queue.write_buffer(&samples.buffer, words.len() as u64, &last);
        }
        gpu.queue.write_buffer(&samples.params, 0, bytemuck::bytes_of(&frame.params()));
        Ok(())
    }

    /// The dispatch that makes pixels of the samples.
    pub(super) fn convert(&self) -> Option<&BoundDispatch> {
        self.samples.as_ref().map(|samples| &samples.convert)
    }

    /// Samples to pixels.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.convert().into_iter().for_each(|convert| convert.record(pass));
    }

    /// The texture, for whoever puts pixels into it.
    pub fn texture(&self) -> &wgpu::Texture {
        &self.texture
    }

    /// The pixels, RGBA8.
    pub fn view(&self) -> &wgpu::TextureView {
        &self.view
    }

    /// Puts pixels into a texture that takes them from elsewhere. They must be as many as it has.
    pub fn fill(&self, gpu: &Gpu, picture: &Picture) {
        write_texture(gpu, &self.texture, picture);
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        self.kind.size
    }
}

/// Puts pixels into a texture of as many.
pub(super) fn write_texture(gpu: &Gpu, texture: &wgpu::Texture, picture: &Picture) {
    let size = texture.size();
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(size.width * 4),
        rows_per_image: Some(size.height),
    };
    gpu.queue.write_texture(texture.as_image_copy(), &picture.rgba, layout, size);
}

impl Samples {
    async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        (width, height): (usize, usize),
        format: FrameFormat,
        view: &wgpu::TextureView,
    ) -> Result<Self> {
        let too_large = || Error::Usage(format!("a frame of {width} x {height} pixels has more bytes than there are"));
        let bytes = format.bytes(width, height).ok_or_else(too_large)?;
        let copy = wgpu::BufferUsages::COPY_DST;
        let buffer = gpu.buffer("samples", bytes, wgpu::BufferUsages::STORAGE | copy);
        let params = gpu.buffer("to_rgba", size_of::<ToRgbaParams>(), wgpu::BufferUsages::UNIFORM | copy);
        let dispatch = to_rgba::dispatch(width, height);
        let pipeline = pipelines.get(&dispatch).await?;
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("to_rgba"),
            layout: &pipelines.bind_group_layout(dispatch.kernel),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: buffer.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(view) },
            ],
        });
        let convert = BoundDispatch { pipeline, group, workgroups: dispatch.workgroups };
        Ok(Self { buffer, params, convert })
    }
}
