//! The picture's way in: host pixels to a texture, texture to the network's input.

use crate::{
    error::{Error, Result},
    gpu::{context::Gpu, limits::check_texture, pipelines::Pipelines, ready::Ready},
    graph::Graph,
    host::{Picture, Placement},
    kernels::letterbox::{self, LetterboxParams},
    tensor::Shape,
};

/// Texture, parameters and dispatch of the letterbox kernel. The texture is kept while pictures have one size.
#[derive(Debug)]
pub struct Source {
    canvas: Shape,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    params: wgpu::Buffer,
    made: Option<(wgpu::Texture, Ready)>,
}

impl Source {
    /// The pipeline for pictures onto the canvas of `graph`'s input.
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, graph: &Graph) -> Result<Self> {
        let canvas = graph.input_shape();
        let dispatch = letterbox::dispatch(canvas);
        let pipeline = pipelines.get(&dispatch).await?;
        let layout = pipelines.bind_group_layout(dispatch.kernel);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = gpu.buffer("letterbox", size_of::<LetterboxParams>(), usage);
        Ok(Self { canvas, pipeline, layout, params, made: None })
    }

    /// Uploads `picture`; the dispatch that puts it into `plane` of `input` is [`Source::ready`].
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
        let made = match self.made.take() {
            Some(made) if made.0.size() == size => made,
            _ => self.make(gpu, size, input)?,
        };
        let (texture, _) = self.made.insert(made);
        gpu.queue.write_texture(
            texture.as_image_copy(),
            &picture.rgba,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(size.width * 4),
                rows_per_image: Some(size.height),
            },
            size,
        );
        self.place(gpu, placement, plane);
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
    pub fn bind(&self, gpu: &Gpu, picture: &wgpu::TextureView, input: &wgpu::Buffer) -> Result<Ready> {
        if self.canvas.c != 3 {
            return Err(Error::graph("input", format!("takes {} channels, a picture has 3", self.canvas.c)));
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
        Ok(Ready { pipeline: self.pipeline.clone(), group, workgroups })
    }

    /// The letterbox dispatch, once a picture was uploaded.
    pub fn ready(&self) -> Option<&Ready> {
        self.made.as_ref().map(|(_, ready)| ready)
    }

    fn make(&self, gpu: &Gpu, size: wgpu::Extent3d, input: &wgpu::Buffer) -> Result<(wgpu::Texture, Ready)> {
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
        let ready = self.bind(gpu, &view, input)?;
        Ok((texture, ready))
    }
}
