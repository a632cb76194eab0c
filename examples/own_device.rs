//! A caller with a wgpu device of their own, such as a game or a viewer: the network plays on it.
//! `cargo run --release --example own_device CFG WEIGHTS PICTURE`

use yolov4::{Detector, Error, Gpu, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cfg, weights, picture] = &args[..] else {
        return Err(Error::Usage("expected CFG WEIGHTS PICTURE".into()));
    };
    pollster::block_on(async {
        let instance = wgpu::Instance::default();
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions::default())
            .await
            .map_err(|e| Error::NoAdapter(e.to_string()))?;
        let (device, queue) =
            adapter.request_device(&wgpu::DeviceDescriptor::default()).await.map_err(|e| Error::Gpu(e.to_string()))?;
        let gpu = Gpu::from_device(device, queue);
        let mut detector = Detector::builder().model(cfg).weights(weights).device(gpu).build().await?;
        println!("{} objects", detector.detect(&Picture::open(picture)?).await?.len());
        Ok(())
    })
}
