//! The picture's way in: pixels or samples of the host to a texture, or a texture of somebody else's; texture to the network's input.

use crate::{
    error::{Error, Result},
    gpu::{
        bound::BoundDispatch,
        context::Gpu,
        frames::{FrameKind, FrameTexture, write_texture},
        limits::check_texture,
        pipelines::Pipelines,
    },
    graph::Graph,
    host::{Frame, Picture, Placement},
    kernels::letterbox::{self, LetterboxParams},
    tensor::Shape,
};

/// Texture, parameters and dispatch of the letterbox kernel. The texture is kept while pictures have one size, or frames one kind.
#[derive(Debug)]
pub struct LetterboxPass {
    canvas: Shape,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    params: wgpu::Buffer,
    shown: Option<Shown>,
}

/// What is bound to the letterbox kernel, and by which dispatch.
#[derive(Debug)]
enum Shown {
    Picture(wgpu::Texture, BoundDispatch),
    Frame(Box<FrameTexture>, BoundDispatch),
    Outside(BoundDispatch),
}

impl LetterboxPass {
    /// The pipeline for pictures onto the canvas of `graph`'s input.
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, graph: &Graph) -> Result<Self> {
        let canvas = graph.input_shape();
        let dispatch = letterbox::dispatch(canvas);
        let pipeline = pipelines.get(&dispatch).await?;
        let layout = pipelines.bind_group_layout(dispatch.kernel);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = gpu.buffer("letterbox", size_of::<LetterboxParams>(), usage);
        Ok(Self { canvas, pipeline, layout, params, shown: None })
    }

    /// Uploads `picture`; the dispatch that puts it into `plane` of `input` is [`LetterboxPass::dispatch`].
    ///
    /// # Errors
    /// If the network does not take colour pictures, or the picture is larger than a texture may be.
    pub fn upload(
        &mut self,
        gpu: &Gpu,
        picture: &Picture,
        placement: &Placement,
        plane: usize,
        input: &wgpu::Buffer,
    ) -> Result<()> {
        check_texture("the picture", (picture.width, picture.height), &gpu.limits)?;
        let size =
            wgpu::Extent3d { width: picture.width as u32, height: picture.height as u32, depth_or_array_layers: 1 };
        let (texture, dispatch) = match self.shown.take() {
            Some(Shown::Picture(texture, dispatch)) if texture.size() == size => (texture, dispatch),
            _ => self.make(gpu, size, input)?,
        };
        write_texture(gpu, &texture, picture);
        self.shown = Some(Shown::Picture(texture, dispatch));
        self.place(gpu, placement, plane);
        Ok(())
    }

    /// Uploads the samples of `frame`; the dispatches that make pixels of them and put those into `input` are [`LetterboxPass::dispatch`].
    ///
    /// # Errors
    /// As [`LetterboxPass::upload`].
    pub async fn upload_frame(
        &mut self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        frame: &Frame,
        input: &wgpu::Buffer,
    ) -> Result<()> {
        let kind = FrameKind::from(frame);
        let (texture, dispatch) = match self.shown.take() {
            Some(Shown::Frame(texture, dispatch)) if texture.kind() == kind => (texture, dispatch),
            _ => {
                let texture = Box::new(FrameTexture::new(gpu, pipelines, kind).await?);
                let dispatch = self.bind(gpu, texture.view(), input)?;
                (texture, dispatch)
            }
        };
        texture.upload(gpu, frame)?;
        self.shown = Some(Shown::Frame(texture, dispatch));
        Ok(())
    }

    /// Takes a texture of somebody else's; the dispatch that puts it into `input` is [`LetterboxPass::dispatch`].
    ///
    /// # Errors
    /// [`Error::Usage`] if it is none that the letterbox kernel can read.
    pub fn show(&mut self, gpu: &Gpu, view: &wgpu::TextureView, input: &wgpu::Buffer) -> Result<()> {
        check_view(view.texture())?;
        self.shown = Some(Shown::Outside(self.bind(gpu, view, input)?));
        Ok(())
    }

    /// Sets where the picture lies on the canvas, and in which plane of the network's input.
    pub fn place(&self, gpu: &Gpu, placement: &Placement, plane: usize) {
        gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(&placement.params(plane)));
    }

    /// The dispatch that puts a texture of somebody else's into `input`.
    ///
    /// # Errors
    /// If the network does not take colour pictures.
    pub fn bind(&self, gpu: &Gpu, picture: &wgpu::TextureView, input: &wgpu::Buffer) -> Result<BoundDispatch> {
        if !matches!(self.canvas.c, 1 | 3) {
            return Err(Error::graph("input", format!("takes {} channels, a picture has 3, or 1", self.canvas.c)));
        }
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("letterbox"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: self.params.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(picture) },
                wgpu::BindGroupEntry { binding: 2, resource: input.as_entire_binding() },
            ],
        });
        let workgroups = letterbox::dispatch(self.canvas).workgroups;
        Ok(BoundDispatch { pipeline: self.pipeline.clone(), group, workgroups })
    }

    /// The dispatches from what was uploaded or shown last to the network's input.
    pub fn dispatches(&self) -> impl Iterator<Item = &BoundDispatch> {
        let (convert, letterbox) = match &self.shown {
            None => (None, None),
            Some(Shown::Frame(texture, dispatch)) => (texture.convert(), Some(dispatch)),
            Some(Shown::Picture(_, dispatch) | Shown::Outside(dispatch)) => (None, Some(dispatch)),
        };
        convert.into_iter().chain(letterbox)
    }

    fn make(&self, gpu: &Gpu, size: wgpu::Extent3d, input: &wgpu::Buffer) -> Result<(wgpu::Texture, BoundDispatch)> {
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let dispatch = self.bind(gpu, &view, input)?;
        Ok((texture, dispatch))
    }
}

/// Whether the letterbox kernel can read it as it is.
pub(super) fn check_view(texture: &wgpu::Texture) -> Result<()> {
    let fail = |expected: &str, found: String| {
        Err(Error::Usage(format!("a texture as input: expected {expected}, found {found}")))
    };
    if texture.dimension() != wgpu::TextureDimension::D2 {
        return fail("two dimensions", format!("{:?}", texture.dimension()));
    }
    if texture.sample_count() != 1 {
        return fail("one sample a pixel", texture.sample_count().to_string());
    }
    if !texture.usage().contains(wgpu::TextureUsages::TEXTURE_BINDING) {
        return fail("the usage TEXTURE_BINDING", format!("{:?}", texture.usage()));
    }
    let sampled = texture.format().sample_type(None, None);
    if !matches!(sampled, Some(wgpu::TextureSampleType::Float { .. })) || texture.format().components() < 3 {
        return fail("three or four channels of numbers", format!("{:?}", texture.format()));
    }
    Ok(())
}
