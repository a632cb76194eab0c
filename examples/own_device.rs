//! A caller with a wgpu device of their own, such as a viewer or a game: the network plays on it, and looks at a texture that never
//! leaves the GPU. `cargo run --release --example own_device MODEL PICTURE`

use wgpu::{TextureUsages, util::DeviceExt};
use yolov4::{Detector, Error, Gpu, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE".into()));
    };
    let (device, queue) = pollster::block_on(device())?;
    let picture = Picture::open(picture)?;
    let description = wgpu::TextureDescriptor {
        label: Some("what the caller has drawn"),
        size: wgpu::Extent3d { width: picture.width as u32, height: picture.height as u32, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    };
    let order = wgpu::util::TextureDataOrder::LayerMajor;
    let texture = device.create_texture_with_data(&queue, &description, order, &picture.rgba);
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());

    let gpu = Gpu::from_device(device, queue);
    let mut detector = Detector::builder().model(model).device(gpu).build()?;
    println!("{} objects", detector.detect(&view)?.len());
    Ok(())
}

async fn device() -> Result<(wgpu::Device, wgpu::Queue), Error> {
    let adapter = wgpu::Instance::default().request_adapter(&wgpu::RequestAdapterOptions::default()).await;
    let adapter = adapter.map_err(|e| Error::NoAdapter(e.to_string()))?;
    let opened = adapter.request_device(&wgpu::DeviceDescriptor::default()).await;
    opened.map_err(|e| Error::Gpu(e.to_string()))
}
