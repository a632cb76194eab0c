//! A frame, its boxes and a panel onto a target, of any size. The boxes come straight from the buffer that NMS wrote, by
//! an indirect draw; only those with the numbers of tracks, and what the processor has found, come from the host.

use crate::{
    detect::{CanvasToImage, atlas::Atlas, draw},
    error::Result,
    gpu::{FrameTexture, Gpu, Rank},
    host::Candidate,
    kernels::rank::MAX_DRAWN,
    view::{
        clock::DrawTimer,
        glyphs::{Glyphs, buffer, fill},
        labels,
        panel::Quad,
        render_pipelines::RenderPipelines,
    },
};

/// Most quads of a panel.
const MAX_QUADS: usize = 8192;

/// What a scene is drawn from.
pub trait SceneSource {
    /// A slot's pixels.
    fn texture(&self, slot: usize) -> Option<&FrameTexture>;

    /// Another number whenever a buffer or texture that others have bound was replaced.
    fn version(&self) -> u64;

    /// The map from the network's canvas to a frame of this size.
    fn to_image(&self, size: (usize, usize)) -> CanvasToImage;

    /// Kept boxes of the frame that was submitted last, with their order and the arguments of their draw; none where the host has them.
    fn boxes_on_gpu(&self) -> Option<(&wgpu::Buffer, &Rank)>;
}

/// Whose boxes are drawn.
#[derive(Clone, Copy, Debug)]
pub enum Boxes<'a> {
    /// Those of the frame that was submitted last, which the host has never seen.
    OnGpu,
    /// These, as fractions of the picture, best first.
    Given(&'a [Candidate]),
    /// None.
    None,
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Columns and rows of the target.
    pub size: (u32, u32),
    /// The slot of the frame.
    pub slot: Option<usize>,
    /// Its boxes.
    pub boxes: Boxes<'a>,
    /// What lies above.
    pub panel: &'a [Quad],
    /// Left and right exchanged, but for text.
    pub mirror: bool,
}

/// The uniform buffer of the boxes; field by field as in `shaders/draw/boxes.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct BoxView {
    offset: [f32; 2],
    extent: [f32; 2],
    origin: [f32; 2],
    size: [f32; 2],
    whole: [f32; 2],
    line: f32,
    text: f32,
    quads: u32,
    mirror: u32,
    _pad: [u32; 2],
}

/// Where a picture lies on a target: as large as it fits, in the middle. Left, top, width, height in whole pixels.
pub fn fit(picture: (usize, usize), target: (u32, u32)) -> [f32; 4] {
    let (pw, ph) = (picture.0.max(1) as f64, picture.1.max(1) as f64);
    let (tw, th) = (f64::from(target.0), f64::from(target.1));
    let scale = (tw / pw).min(th / ph);
    let (w, h) = ((pw * scale).round().clamp(1.0, tw.max(1.0)), (ph * scale).round().clamp(1.0, th.max(1.0)));
    [((tw - w) / 2.0).floor(), ((th - h) / 2.0).floor(), w, h].map(|v| v as f32)
}

/// Draws a frame, its boxes and a panel; one for each format of target.
#[derive(Debug)]
pub struct Scene {
    gpu: Gpu,
    pipelines: RenderPipelines,
    names: Vec<String>,
    font: Vec<u8>,
    glyphs: Option<Glyphs>,
    ui: Glyphs,
    sampler: wgpu::Sampler,
    view: wgpu::Buffer,
    flags: wgpu::Buffer,
    target: wgpu::Buffer,
    quads: wgpu::Buffer,
    panel_group: wgpu::BindGroup,
    given: [wgpu::Buffer; 2],
    bound: BindGroups,
    clock: DrawTimer,
}

/// Bind groups, and what they were made for.
#[derive(Debug, Default)]
struct BindGroups {
    version: u64,
    pictures: Vec<Option<wgpu::BindGroup>>,
    on_gpu: Option<wgpu::BindGroup>,
    given: Option<wgpu::BindGroup>,
}

impl Scene {
    /// For targets of this format. `ui` is the height of a line of panel text, in pixels.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the font cannot be read.
    pub fn new(gpu: &Gpu, format: wgpu::TextureFormat, names: &[String], font: &[u8], ui: f32) -> Result<Self> {
        let device = gpu.device();
        let pipelines = RenderPipelines::new(device, format);
        let ui = Glyphs::new(gpu, Atlas::bake(font, ui, names.iter().flat_map(|n| n.chars()))?, &[]);
        let (uniform, storage) = (wgpu::BufferUsages::UNIFORM, wgpu::BufferUsages::STORAGE);
        let target = buffer(device, "target", 16, uniform);
        let panel_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("panel"),
            layout: &pipelines.panel.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: target.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&ui.view) },
            ],
        });
        let given = size_of::<Candidate>() * (1 + MAX_DRAWN);
        Ok(Self {
            gpu: gpu.clone(),
            names: names.to_vec(),
            font: font.to_vec(),
            glyphs: None,
            ui,
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..Default::default()
            }),
            view: buffer(device, "view", size_of::<BoxView>(), uniform),
            flags: buffer(device, "flags", 16, uniform),
            target,
            quads: buffer(device, "panel", MAX_QUADS * size_of::<Quad>(), wgpu::BufferUsages::VERTEX),
            panel_group,
            given: [buffer(device, "given", given, storage), buffer(device, "given order", 4 + 4 * MAX_DRAWN, storage)],
            bound: BindGroups::default(),
            clock: DrawTimer::new(gpu),
            pipelines,
        })
    }

    /// The glyphs that a panel is laid out in.
    pub fn ui(&self) -> &Atlas {
        &self.ui.atlas
    }

    /// Draws; what it is drawn over is cleared.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the font cannot be read.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &wgpu::TextureView,
        live: &dyn SceneSource,
        view: &View<'_>,
    ) -> Result<()> {
        let shown = view.slot.and_then(|slot| Some((slot, live.texture(slot)?.size())));
        let rect = fit(shown.map_or((1, 1), |(_, size)| size), view.size);
        let drawn = match (shown, view.boxes) {
            (Some((_, size)), Boxes::OnGpu) => Some((live.to_image(size), None)),
            (Some(_), Boxes::Given(list)) => Some((CanvasToImage::IDENTITY, Some(list))),
            _ => None,
        };
        self.prepare(live, view, rect, shown.map(|(slot, _)| slot), drawn)?;
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("scene"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: target,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
            })],
            depth_stencil_attachment: None,
            timestamp_writes: self.clock.writes(),
            occlusion_query_set: None,
            multiview_mask: None,
        });
        if let Some(group) = shown.and_then(|(slot, _)| self.bound.pictures.get(slot)?.as_ref()) {
            let [x, y, w, h] = rect;
            pass.set_viewport(x, y, w, h, 0.0, 1.0);
            pass.set_pipeline(&self.pipelines.picture);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
            pass.set_viewport(0.0, 0.0, view.size.0 as f32, view.size.1 as f32, 0.0, 1.0);
        }
        if let Some((_, list)) = drawn {
            pass.set_pipeline(&self.pipelines.boxes);
            match list {
                None => {
                    if let Some((_, rank)) = live.boxes_on_gpu() {
                        pass.set_bind_group(0, &self.bound.on_gpu, &[]);
                        pass.draw_indirect(rank.args(), 0);
                    }
                }
                Some(list) => {
                    pass.set_bind_group(0, &self.bound.given, &[]);
                    pass.draw(0..6, 0..list.len().min(MAX_DRAWN) as u32 * labels::quads(&self.names));
                }
            }
        }
        let quads = view.panel.len().min(MAX_QUADS) as u32;
        if quads > 0 {
            pass.set_pipeline(&self.pipelines.panel);
            pass.set_bind_group(0, &self.panel_group, &[]);
            pass.set_vertex_buffer(0, self.quads.slice(..));
            pass.draw(0..6, 0..quads);
        }
        drop(pass);
        self.clock.resolve(encoder);
        Ok(())
    }

    /// After what was drawn was submitted.
    pub fn submitted(&mut self) {
        self.clock.request();
    }

    /// How long a drawing took on the GPU, if that has become known.
    ///
    /// # Errors
    /// What the device has complained about.
    pub fn drew(&mut self) -> Result<Option<std::time::Duration>> {
        self.clock.take()
    }

    /// Writes what changes from draw to draw, and makes what bind groups are missing.
    fn prepare(
        &mut self,
        live: &dyn SceneSource,
        view: &View<'_>,
        rect: [f32; 4],
        slot: Option<usize>,
        drawn: Option<(CanvasToImage, Option<&[Candidate]>)>,
    ) -> Result<()> {
        let queue = self.gpu.queue().clone();
        if self.bound.version != live.version() {
            self.bound = BindGroups { version: live.version(), ..BindGroups::default() };
        }
        let (tw, th) = (view.size.0 as f32, view.size.1 as f32);
        queue.write_buffer(&self.target, 0, bytemuck::bytes_of(&[tw, th, 0.0, 0.0]));
        let panel = &view.panel[..view.panel.len().min(MAX_QUADS)];
        if !panel.is_empty() {
            queue.write_buffer(&self.quads, 0, bytemuck::cast_slice(panel));
        }
        queue.write_buffer(&self.flags, 0, bytemuck::bytes_of(&[f32::from(u8::from(view.mirror)), 0.0, 0.0, 0.0]));
        if let Some(slot) = slot {
            self.bind_picture(live, slot);
        }
        let Some((to_image, list)) = drawn else { return Ok(()) };
        let short = rect[2].min(rect[3]);
        let size = draw::text_size(short).round();
        if self.glyphs.as_ref().is_none_or(|g| (g.px - size).abs() > 0.5) {
            let atlas = Atlas::bake(&self.font, size, self.names.iter().flat_map(|n| n.chars()))?;
            self.glyphs = Some(Glyphs { px: size, ..Glyphs::new(&self.gpu, atlas, &self.names) });
            (self.bound.on_gpu, self.bound.given) = (None, None);
        }
        let Some(glyphs) = &self.glyphs else { return Ok(()) };
        let (offset, extent) = (to_image.offset(), to_image.extent());
        let params = BoxView {
            offset: [offset.0, offset.1],
            extent: [extent.0, extent.1],
            origin: [rect[0], rect[1]],
            size: [rect[2], rect[3]],
            whole: [tw, th],
            line: draw::line_width(short),
            text: glyphs.atlas.line,
            quads: labels::quads(&self.names),
            mirror: u32::from(view.mirror),
            _pad: [0; 2],
        };
        queue.write_buffer(&self.view, 0, bytemuck::bytes_of(&params));
        match list {
            None if self.bound.on_gpu.is_none() => {
                self.bound.on_gpu = live.boxes_on_gpu().map(|(kept, rank)| self.bind_boxes(glyphs, kept, rank.order()));
            }
            None => {}
            Some(list) => {
                let list = &list[..list.len().min(MAX_DRAWN)];
                let mut kept = vec![Candidate::default(); 1];
                kept.extend(list);
                let count = list.len() as u32;
                let order: Vec<u32> = std::iter::once(count).chain(0..count).collect();
                fill(&queue, &self.given[0], bytemuck::cast_slice(&kept));
                fill(&queue, &self.given[1], bytemuck::cast_slice(&order));
                if self.bound.given.is_none() {
                    self.bound.given = Some(self.bind_boxes(glyphs, &self.given[0], &self.given[1]));
                }
            }
        }
        Ok(())
    }

    fn bind_picture(&mut self, live: &dyn SceneSource, slot: usize) {
        let Some(texture) = live.texture(slot) else { return };
        if self.bound.pictures.len() <= slot {
            self.bound.pictures.resize(slot + 1, None);
        }
        if self.bound.pictures[slot].is_some() {
            return;
        }
        let group = self.gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.pipelines.picture.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(texture.view()) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.sampler) },
                wgpu::BindGroupEntry { binding: 2, resource: self.flags.as_entire_binding() },
            ],
        });
        self.bound.pictures[slot] = Some(group);
    }

    fn bind_boxes(&self, glyphs: &Glyphs, kept: &wgpu::Buffer, order: &wgpu::Buffer) -> wgpu::BindGroup {
        let buffers = [&self.view, kept, order, &glyphs.letters, &glyphs.labels];
        let mut entries: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(i, b)| wgpu::BindGroupEntry { binding: i as u32, resource: b.as_entire_binding() })
            .collect();
        entries.push(wgpu::BindGroupEntry { binding: 5, resource: wgpu::BindingResource::TextureView(&glyphs.view) });
        self.gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("boxes"),
            layout: &self.pipelines.boxes.get_bind_group_layout(0),
            entries: &entries,
        })
    }
}
