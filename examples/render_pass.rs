//! The GPU's boxes in a render pass of one's own: a program that draws has its frame looked at and marks what was found, with a shader of
//! its own, and no box ever comes to the host. `cargo run --release --example render_pass MODEL PICTURE OUT.png`

use wgpu::{TextureFormat, TextureUsages, util::DeviceExt};
use yolov4::{Detector, Error, Gpu, LiveDetector, Picture};

/// Goes behind what [`LiveDetector::wgsl`] says: a tint over each box, a colour a class.
const SHADER: &str = "
struct Corner { @builtin(position) position: vec4f, @location(0) @interpolate(flat) label: u32 }

@vertex
fn vertex(@builtin(instance_index) number: u32, @builtin(vertex_index) index: u32) -> Corner {
    let found = gpu_box(number);
    let corner = array(vec2f(0, 0), vec2f(1, 0), vec2f(0, 1), vec2f(0, 1), vec2f(1, 0), vec2f(1, 1))[index];
    let at = mix(found.low, found.high, corner);
    return Corner(vec4f(2.0 * at.x - 1.0, 1.0 - 2.0 * at.y, 0.0, 1.0), found.label);
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    let hue = 2.4 * f32(corner.label) + vec3f(0.0, 2.1, 4.2);
    return vec4f(0.5 + 0.5 * cos(hue), 0.5);
}
";

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture, out] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE OUT.png".into()));
    };
    let (device, queue) = pollster::block_on(open())?;

    // What such a program has: a frame on the GPU. Here it is a picture, which is both looked at and drawn on.
    let picture = Picture::open(picture)?;
    let (width, height) = (picture.width as u32, picture.height as u32);
    let usage = TextureUsages::TEXTURE_BINDING | TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    let order = wgpu::util::TextureDataOrder::LayerMajor;
    let frame = device.create_texture_with_data(&queue, &description(width, height, usage), order, &picture.rgba);
    let view = frame.create_view(&wgpu::TextureViewDescriptor::default());

    let gpu = Gpu::from_device(device.clone(), queue.clone());
    let mut live = Detector::builder().model(model).device(gpu).build()?.into_live()?;
    let pipeline = pipeline(&device, &live);

    // This is what each frame does.
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    live.record(&mut encoder, &view)?;
    {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&pipeline);
        live.draw(&mut pass, 0);
    }
    let pitch = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let home = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(pitch * height),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None };
    let to = wgpu::TexelCopyBufferInfo { buffer: &home, layout };
    encoder.copy_texture_to_buffer(frame.as_image_copy(), to, frame.size());
    queue.submit([encoder.finish()]);

    // A window would present now; this writes a file.
    home.map_async(wgpu::MapMode::Read, .., |_| {});
    device.poll(wgpu::PollType::wait_indefinitely()).map_err(|e| Error::Gpu(e.to_string()))?;
    let mapped = home.get_mapped_range(..).map_err(|e| Error::Gpu(e.to_string()))?;
    let rows = mapped.chunks(pitch as usize).flat_map(|row| row[..4 * width as usize].to_vec()).collect();
    let image = image::RgbaImage::from_raw(width, height, rows).unwrap_or_default();
    image.save(out).map_err(|e| Error::Image { path: out.into(), message: e.to_string() })
}

fn description(width: u32, height: u32, usage: TextureUsages) -> wgpu::TextureDescriptor<'static> {
    wgpu::TextureDescriptor {
        label: Some("frame"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: TextureFormat::Rgba8Unorm,
        usage,
        view_formats: &[],
    }
}

fn pipeline(device: &wgpu::Device, live: &LiveDetector) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("tint"),
        source: wgpu::ShaderSource::Wgsl((LiveDetector::wgsl(0) + SHADER).into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        bind_group_layouts: &[Some(live.bind_group_layout())],
        ..Default::default()
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("tint"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: None,
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: None,
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState {
                format: TextureFormat::Rgba8Unorm,
                blend: Some(wgpu::BlendState::ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

async fn open() -> Result<(wgpu::Device, wgpu::Queue), Error> {
    let adapter = wgpu::Instance::default().request_adapter(&wgpu::RequestAdapterOptions::default()).await;
    let adapter = adapter.map_err(|e| Error::NoAdapter(e.to_string()))?;
    let opened = adapter.request_device(&wgpu::DeviceDescriptor::default()).await;
    opened.map_err(|e| Error::Gpu(e.to_string()))
}
