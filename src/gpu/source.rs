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
    host::{Frame, Look, Picture, Placement},
    kernels::letterbox::{self, LetterboxParams},
    tensor::Shape,
};

/// Texture, parameters and dispatches of the letterbox kernel, one for each look at the picture. The texture is kept while pictures have one size, or frames one kind.
#[derive(Debug)]
pub struct LetterboxPass {
    canvas: Shape,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    /// What is looked at, and the parameters for it.
    looks: Vec<(Look, wgpu::Buffer)>,
    shown: Option<Shown>,
}

/// What is bound to the letterbox kernel, and by which dispatches.
#[derive(Debug)]
enum Shown {
    Picture(wgpu::Texture, Vec<BoundDispatch>),
    Frame(Box<FrameTexture>, Vec<BoundDispatch>),
    Outside(Vec<BoundDispatch>),
}

impl LetterboxPass {
    /// The pipeline for pictures onto the canvas of `graph`'s input.
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, graph: &Graph, looks: &[Look]) -> Result<Self> {
        let canvas = graph.input_shape();
        let dispatch = letterbox::dispatch(canvas);
        let pipeline = pipelines.get(&dispatch).await?;
        let layout = pipelines.bind_group_layout(dispatch.kernel);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = || gpu.buffer("letterbox", size_of::<LetterboxParams>(), usage);
        let looks = looks.iter().map(|look| (*look, params())).collect();
        Ok(Self { canvas, pipeline, layout, looks, shown: None })
    }

    /// Uploads `picture`; the dispatches that put it into `input` from `plane` on are [`LetterboxPass::dispatches`].
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
        let (texture, dispatches) = match self.shown.take() {
            Some(Shown::Picture(texture, dispatches)) if texture.size() == size => (texture, dispatches),
            _ => self.make(gpu, size, input)?,
        };
        write_texture(gpu, &texture, picture);
        self.shown = Some(Shown::Picture(texture, dispatches));
        self.place(gpu, placement, plane);
        Ok(())
    }

    /// Uploads the samples of `frame`; the dispatches that make pixels of them and put those into `input` are [`LetterboxPass::dispatches`].
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
        let (texture, dispatches) = match self.shown.take() {
            Some(Shown::Frame(texture, dispatches)) if texture.kind() == kind => (texture, dispatches),
            _ => {
                let texture = Box::new(FrameTexture::new(gpu, pipelines, kind).await?);
                let dispatches = self.bind(gpu, texture.view(), input)?;
                (texture, dispatches)
            }
        };
        texture.upload(gpu, frame)?;
        self.shown = Some(Shown::Frame(texture, dispatches));
        Ok(())
    }

    /// Takes a texture of somebody else's; the dispatches that put it into `input` are [`LetterboxPass::dispatches`].
    ///
    /// # Errors
    /// [`Error::Usage`] if it is none that the letterbox kernel can read.
    pub fn show(&mut self, gpu: &Gpu, view: &wgpu::TextureView, input: &wgpu::Buffer) -> Result<()> {
        check_view(view.texture())?;
        self.shown = Some(Shown::Outside(self.bind(gpu, view, input)?));
        Ok(())
    }

    /// Sets where the picture lies on the canvas, and the plane of the network's input that its first look goes to; the others follow.
    pub fn place(&self, gpu: &Gpu, placement: &Placement, plane: usize) {
        for (number, (look, buffer)) in self.looks.iter().enumerate() {
            let params = placement.seen_by(look).params(plane + number);
            gpu.queue.write_buffer(buffer, 0, bytemuck::bytes_of(&params));
        }
    }

    /// The dispatches that put a texture of somebody else's into `input`.
    ///
    /// # Errors
    /// If the network does not take colour pictures.
    pub fn bind(&self, gpu: &Gpu, picture: &wgpu::TextureView, input: &wgpu::Buffer) -> Result<Vec<BoundDispatch>> {
        if !matches!(self.canvas.c, 1 | 3) {
            return Err(Error::graph("input", format!("takes {} channels, a picture has 3, or 1", self.canvas.c)));
        }
        let bind = |params: &wgpu::Buffer| {
            gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("letterbox"),
                layout: &self.layout,
                entries: &[
                    wgpu::BindGroupEntry { binding: 0, resource: params.as_entire_binding() },
                    wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(picture) },
                    wgpu::BindGroupEntry { binding: 2, resource: input.as_entire_binding() },
                ],
            })
        };
        let workgroups = letterbox::dispatch(self.canvas).workgroups;
        let one = |params| BoundDispatch { pipeline: self.pipeline.clone(), group: bind(params), workgroups };
        Ok(self.looks.iter().map(|(_, params)| one(params)).collect())
    }

    /// The dispatches from what was uploaded or shown last to the network's input.
    pub fn dispatches(&self) -> impl Iterator<Item = &BoundDispatch> {
        let (convert, letterboxes) = match &self.shown {
            None => (None, &[][..]),
            Some(Shown::Frame(texture, dispatches)) => (texture.convert(), &dispatches[..]),
            Some(Shown::Picture(_, dispatches) | Shown::Outside(dispatches)) => (None, &dispatches[..]),
        };
        convert.into_iter().chain(letterboxes)
    }

    fn make(
        &self,
        gpu: &Gpu,
        size: wgpu::Extent3d,
        input: &wgpu::Buffer,
    ) -> Result<(wgpu::Texture, Vec<BoundDispatch>)> {
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
        let dispatches = self.bind(gpu, &view, input)?;
        Ok((texture, dispatches))
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
