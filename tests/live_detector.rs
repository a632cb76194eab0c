//! Detection recorded into commands of the caller's: a shader of the caller's finds the boxes that `detect` returns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use image::DynamicImage;
use wgpu::{BufferUsages, util::DeviceExt};
use yolov4::{Detections, Detector, DetectorBuilder, ErrorKind, Gpu, LiveDetector, PlayerChoice};

const SCENE: &str = "assets/images/rain.jpg";
/// Most boxes that the reader below writes down.
const ROOM: usize = 1024;

/// Writes down what `gpu_box` says, the last one first: the best.
const READER: &str = "
struct Found { low: vec2f, high: vec2f, score: f32, label: u32, _pad: vec2u }
@group(0) @binding(0) var<storage, read_write> count: u32;
@group(0) @binding(1) var<storage, read_write> list: array<Found>;

@compute @workgroup_size(1)
fn main() {
    count = gpu_box_count();
    for (var i = 0u; i < count; i++) {
        let found = gpu_box(count - 1u - i);
        list[i] = Found(found.low, found.high, found.score, found.label, vec2u(0u));
    }
}
";

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct Found {
    low: [f32; 2],
    high: [f32; 2],
    score: f32,
    label: u32,
    pad: [u32; 2],
}

/// A device of the caller's, and what reads boxes on it.
struct Caller {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Caller {
    fn new() -> Self {
        let adapter = wgpu::Instance::default().request_adapter(&wgpu::RequestAdapterOptions::default());
        let adapter = pollster::block_on(adapter).expect("a GPU adapter");
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
        Self { device, queue }
    }

    fn gpu(&self) -> Gpu {
        Gpu::from_device(self.device.clone(), self.queue.clone())
    }

    fn texture(&self, image: &DynamicImage, usage: wgpu::TextureUsages) -> wgpu::TextureView {
        let rgba = image.to_rgba8();
        let description = wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: rgba.width(), height: rgba.height(), depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage,
            view_formats: &[],
        };
        let order = wgpu::util::TextureDataOrder::LayerMajor;
        self.device
            .create_texture_with_data(&self.queue, &description, order, &rgba)
            .create_view(&wgpu::TextureViewDescriptor::default())
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Records a frame, and what reads its boxes; submits both.
    fn play(&self, live: &mut LiveDetector, frame: &wgpu::TextureView) -> Vec<Found> {
        let size = (ROOM * size_of::<Found>()) as u64;
        let make = |usage, size| {
            self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let (work, home) =
            (BufferUsages::STORAGE | BufferUsages::COPY_SRC, BufferUsages::MAP_READ | BufferUsages::COPY_DST);
        let (count, list, back) = (make(work, 4), make(work, size), make(home, 16 + size));
        let mut encoder = self.encoder();
        live.record(&mut encoder, frame).unwrap();
        // In another group than the first.
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl((LiveDetector::wgsl(1) + READER).into()),
        });
        let entry = |binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: false },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let own = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &[entry(0), entry(1)] });
        let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            bind_group_layouts: &[Some(&own), Some(live.bind_group_layout())],
            ..Default::default()
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&layout),
            module: &module,
            entry_point: None,
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &own,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: count.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: list.as_entire_binding() },
            ],
        });
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.set_bind_group(1, live.bind_group(), &[]);
            pass.dispatch_workgroups(1, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&count, 0, &back, 0, None);
        encoder.copy_buffer_to_buffer(live.draw_arguments(), 4, &back, 4, Some(4));
        encoder.copy_buffer_to_buffer(&list, 0, &back, 16, None);
        self.queue.submit([encoder.finish()]);
        back.map_async(wgpu::MapMode::Read, .., |_| {});
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        let bytes = back.get_mapped_range(..).unwrap();
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes[..8]);
        assert_eq!(words[0], words[1], "boxes, and instances of the draw");
        let list: Vec<Found> = bytemuck::pod_collect_to_vec(&bytes[16..]);
        list[..words[0] as usize].to_vec()
    }
}

fn builder() -> DetectorBuilder {
    Detector::builder().model("demo").size((160, 160))
}

fn compare(found: &[Found], want: &Detections) {
    let (width, height) = (want.width as f32, want.height as f32);
    assert_eq!(found.len(), want.len());
    for (found, want) in found.iter().zip(want) {
        let b = want.bbox;
        let edges = [b.x / width, b.y / height, (b.x + b.w) / width, (b.y + b.h) / height];
        let near = found.low.iter().chain(&found.high).zip(edges).all(|(found, want)| (found - want).abs() < 1e-5);
        assert!(near, "{found:?}, {want:?}");
        assert_eq!((found.score, found.label as usize), (want.score, want.class), "{want:?}");
    }
}

#[test]
fn a_shader_finds_the_boxes_that_detect_returns() {
    let caller = Caller::new();
    let pictures = [SCENE, "assets/images/night.jpg"].map(|path| image::open(path).unwrap());
    // A frame that is letterboxed: where it lies on the canvas matters.
    let builder = || builder().letterbox(true).device(caller.gpu());
    let mut detector = builder().build().unwrap();
    let want = pictures.each_ref().map(|picture| detector.detect(picture).unwrap());
    assert!(want.iter().all(|found| found.len() > 1) && want[0].detections != want[1].detections);

    let mut live = builder().build().unwrap().into_live().unwrap();
    let views = pictures.each_ref().map(|picture| caller.texture(picture, wgpu::TextureUsages::TEXTURE_BINDING));
    for turn in [0, 1, 0, 0, 1] {
        compare(&caller.play(&mut live, &views[turn]), &want[turn]);
    }
    // Commands that are thrown away do no harm.
    for _ in 0..2 {
        live.record(&mut caller.encoder(), &views[1]).unwrap();
    }
    compare(&caller.play(&mut live, &views[0]), &want[0]);
    // Thresholds of now, and back to pictures.
    let (score, iou) = live.detector().thresholds();
    live.detector_mut().set_thresholds(1.0, 0.5);
    assert_eq!(caller.play(&mut live, &views[0]), []);
    let mut detector = live.into_detector();
    detector.set_thresholds(score, iou);
    assert_eq!(detector.detect(&pictures[1]).unwrap().detections.len(), want[1].len());
}

#[test]
fn room_is_made_for_the_frame_after_one_with_too_many() {
    let caller = Caller::new();
    let picture = image::open(SCENE).unwrap();
    let builder = || Detector::builder().model("demo").score_threshold(1e-7).max_det(100).device(caller.gpu());
    let want = builder().build().unwrap().detect(&picture).unwrap();
    assert_eq!(want.len(), 100);
    let mut live = builder().build().unwrap().into_live().unwrap();
    let view = caller.texture(&picture, wgpu::TextureUsages::TEXTURE_BINDING);
    let first = caller.play(&mut live, &view);
    let scores = |found: &[Found]| found.iter().map(|found| found.score).collect::<Vec<_>>();
    let best: Vec<f32> = want.iter().map(|found| found.score).collect();
    assert_ne!(scores(&first), best, "there was room for all");
    compare(&caller.play(&mut live, &view), &want);
}

#[test]
fn what_cannot_be_recorded_is_told() {
    let caller = Caller::new();
    let mut live = builder().device(caller.gpu()).build().unwrap().into_live().unwrap();
    let view = caller.texture(&image::open(SCENE).unwrap(), wgpu::TextureUsages::RENDER_ATTACHMENT);
    let error = live.record(&mut caller.encoder(), &view).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("expected the usage TEXTURE_BINDING, found"), "{error}");
    let error = builder().player(PlayerChoice::Oracle).build().unwrap().into_live().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAdapter);
}
