//! Detection as a part of somebody else's frame: recorded into their commands, drawn in their render pass, never on the host.

#[cfg(not(target_arch = "wasm32"))]
use crate::task;
use crate::{
    detect::Detector,
    error::{Error, Result},
    gpu::{Feed, Gpu, Pipelines, Program, Purpose, Rank, ReadbackBuffer},
    kernels::{Part, Precision, part},
    task::Task,
    view::{glyphs::buffer, live::make_rank},
};

/// What [`LiveDetector::wgsl`] is made of.
pub const GPU_BOXES: [Part; 2] = [part!("shared/boxes.wgsl"), part!("draw/gpu_boxes.wgsl")];

/// Most textures that are remembered: whoever has more of them pays for a bind group a frame.
const MAX_FEEDS: usize = 4;

/// The uniform buffer; field by field as in `shaders/draw/gpu_boxes.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct GpuBoxesView {
    offset: [f32; 2],
    extent: [f32; 2],
}

/// A detector for programs that have a wgpu device and draw themselves. [`LiveDetector::record`] puts letterbox, network, decode and
/// NMS into commands of the caller's; [`LiveDetector::draw`] draws the boxes, the 1024 best at most, by an indirect draw with a shader of
/// the caller's that finds them by [`LiveDetector::wgsl`]. No box comes to the host; all that does is a counter.
///
/// It looks at one frame at a time, whatever [`crate::DetectorBuilder::batch`] says; leave that at 1.
///
/// `examples/render_pass.rs` is a whole program.
#[derive(Debug)]
pub struct LiveDetector {
    gpu: Gpu,
    detector: Detector,
    pipelines: Pipelines,
    rank: Rank,
    /// How many boxes there is room for in what `rank` and `group` are bound to.
    capacity: usize,
    /// More room than the adapter has was needed, and that was told.
    full: bool,
    /// Used last first.
    feeds: Vec<(wgpu::TextureView, Feed)>,
    view: wgpu::Buffer,
    layout: wgpu::BindGroupLayout,
    group: wgpu::BindGroup,
    /// Of candidates of a frame of before: whether there was room for all.
    counter: ReadbackBuffer,
}

#[cfg(not(target_arch = "wasm32"))]
impl Detector {
    /// This detector as a part of the caller's frames, on the device that it was given ([`crate::DetectorBuilder::device`]). Waits until
    /// what it needs beside the network is built.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the processor plays; what the device complains of.
    pub fn into_live(self) -> Result<LiveDetector> {
        task::wait(self.into_live_async())
    }
}

impl Detector {
    /// Does what `into_live` does, without waiting.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the processor plays; what the device complains of.
    pub fn into_live_async(self) -> Task<'static, Result<LiveDetector>> {
        Box::pin(LiveDetector::new(self))
    }
}

impl LiveDetector {
    async fn new(detector: Detector) -> Result<Self> {
        let gpu = detector.program()?.gpu().clone();
        let mut pipelines = Pipelines::new(&gpu, Precision::F32, false);
        let rank = make_rank(&gpu, &mut pipelines, &detector, 1).await?;
        let view = buffer(gpu.device(), "boxes' view", size_of::<GpuBoxesView>(), wgpu::BufferUsages::UNIFORM);
        let layout = layout(gpu.device());
        let group = bind(&gpu, &layout, &view, detector.program()?.kept(), &rank);
        let counter = ReadbackBuffer::new(&gpu, Program::TELEMETRY_BYTES);
        let capacity = detector.program()?.capacity();
        Ok(Self { gpu, detector, pipelines, rank, capacity, full: false, feeds: vec![], view, layout, group, counter })
    }

    /// The detector, for what it knows: names, thresholds, the player.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// The detector, for its thresholds and classes: the next frame is played with those.
    pub fn detector_mut(&mut self) -> &mut Detector {
        &mut self.detector
    }

    /// The detector back, for pictures.
    pub fn into_detector(self) -> Detector {
        self.detector
    }

    /// What a shader needs to find the boxes: `gpu_box_count()` and `gpu_box(number)`, with corners as fractions of the frame, score and
    /// class index, and their bindings in this group. It goes before the caller's own text; every other name in it begins with `GpuBox` or
    /// `gpu_box`, but for the struct `Candidate`.
    pub fn wgsl(group: u32) -> String {
        GPU_BOXES.map(|part| part.text).join("\n").replace("@group(0)", &format!("@group({group})"))
    }

    /// The layout of [`LiveDetector::bind_group`], for the layout of a pipeline. All shader stages see it.
    pub fn bind_group_layout(&self) -> &wgpu::BindGroupLayout {
        &self.layout
    }

    /// The boxes of the frame that was recorded last. Another one after a [`LiveDetector::record`] that had to make room.
    pub fn bind_group(&self) -> &wgpu::BindGroup {
        &self.group
    }

    /// Arguments of the indirect draw: six vertices, an instance a box. What else wants them (a `draw_indirect` of its own, say) finds
    /// them at offset 0.
    pub fn draw_arguments(&self) -> &wgpu::Buffer {
        self.rank.args()
    }

    /// Draws the boxes of the frame that was recorded last, the best one on top: six vertices of two triangles, an instance a box, with the
    /// pipeline that is set in the pass. `group` is what [`LiveDetector::wgsl`] was told.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, group: u32) {
        pass.set_bind_group(group, &self.group, &[]);
        pass.draw_indirect(self.rank.args(), 0);
    }

    /// Records the way from `frame`, a texture on this device, to its boxes, which are those of [`LiveDetector::bind_group`] from there on.
    /// It must be one that [`crate::Input::Texture`] takes; give the same view for the same texture, for the last four are remembered (and
    /// held). Submit what was recorded before the next frame is recorded: where a frame lies on the network's canvas is written by the
    /// queue. The device is polled, so callbacks of the caller's that are due are called.
    ///
    /// A frame with more candidates than there is room for (at first 1024) loses some of its boxes; room is made when the next one is
    /// recorded, which then waits for some pipelines. Where the adapter has no more of it, that is an error once, and frames go on losing
    /// boxes: a higher score threshold helps.
    ///
    /// # Errors
    /// [`Error::Usage`] for a texture that cannot be read as it is; [`Error::Limit`] if there are more candidates than the adapter can
    /// hold; what the device complains of.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn record(&mut self, encoder: &mut wgpu::CommandEncoder, frame: &wgpu::TextureView) -> Result<()> {
        task::wait(self.record_async(encoder, frame))
    }

    /// Does what `record` does, without waiting.
    ///
    /// # Errors
    /// [`Error::Usage`] for a texture that cannot be read as it is; [`Error::Limit`] if there are more candidates than the adapter can
    /// hold; what the device complains of.
    pub async fn record_async(&mut self, encoder: &mut wgpu::CommandEncoder, frame: &wgpu::TextureView) -> Result<()> {
        self.make_room().await?;
        let program = self.detector.program()?;
        match self.feeds.iter().position(|(view, _)| view == frame) {
            Some(at) => self.feeds[..=at].rotate_right(1),
            None => {
                self.feeds.truncate(MAX_FEEDS - 1);
                self.feeds.insert(0, (frame.clone(), program.feed(frame)?));
            }
        }
        let texture = frame.texture();
        let (placement, to_image, thresholds) =
            self.detector.frame(texture.width() as usize, texture.height() as usize);
        program.set_frame(&placement, &thresholds);
        program.want_classes(self.detector.wanted());
        let (offset, extent) = (to_image.offset(), to_image.extent());
        let view = GpuBoxesView { offset: offset.into(), extent: extent.into() };
        self.gpu.queue().write_buffer(&self.view, 0, bytemuck::bytes_of(&view));
        program.clear_boxes(encoder);
        self.rank.clear(encoder);
        {
            let mut pass = encoder
                .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("detection"), timestamp_writes: None });
            program.record_heads(&mut pass, &self.feeds[0].1);
            program.record_boxes(&mut pass);
            self.rank.record(&mut pass);
        }
        if !self.counter.pending() {
            program.copy_counter(encoder, self.counter.buffer(), 0);
            self.counter.request_on_submit(&self.gpu, encoder, Purpose::Telemetry);
        }
        self.gpu.check()
    }

    /// Makes room if an earlier frame lacked it, and binds what there is now: the detector may have made room itself.
    async fn make_room(&mut self) -> Result<()> {
        // A lost device answers no poll; it is told by the check.
        let _ = self.gpu.device().poll(wgpu::PollType::Poll);
        self.gpu.check()?;
        let counted = match self.counter.take(&self.gpu) {
            Ok(bytes) => bytes.map_or(0, |bytes| Program::candidates(&bytes)),
            // What was recorded was never submitted.
            Err(Error::DeviceLost(_)) if self.gpu.check().is_ok() => 0,
            Err(e) => return Err(e),
        };
        if counted > self.detector.program()?.capacity() && !self.full {
            let made = self.detector.program_mut()?.make_room(counted).await;
            self.full = matches!(made, Err(Error::Limit { .. }));
            made?;
        }
        let capacity = self.detector.program()?.capacity();
        if capacity != self.capacity {
            self.rank = make_rank(&self.gpu, &mut self.pipelines, &self.detector, 1).await?;
            self.group = bind(&self.gpu, &self.layout, &self.view, self.detector.program()?.kept(), &self.rank);
            self.capacity = capacity;
        }
        Ok(())
    }
}

fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::VERTEX_FRAGMENT | wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    };
    let read = wgpu::BufferBindingType::Storage { read_only: true };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("boxes"),
        entries: &[(0, wgpu::BufferBindingType::Uniform), (1, read), (2, read)].map(entry),
    })
}

fn bind(
    gpu: &Gpu,
    layout: &wgpu::BindGroupLayout,
    view: &wgpu::Buffer,
    kept: &wgpu::Buffer,
    rank: &Rank,
) -> wgpu::BindGroup {
    let buffers = [(0, view), (1, kept), (2, rank.order())];
    gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("boxes"),
        layout,
        entries: &buffers.map(|(binding, b)| wgpu::BindGroupEntry { binding, resource: b.as_entire_binding() }),
    })
}
