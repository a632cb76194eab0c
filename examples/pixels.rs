//! Pixels that lie in somebody else's memory, as a camera's driver or OpenCV has them: rows with padding, blue before red.
//! `cargo run --release --example pixels MODEL PICTURE`

use yolov4::{Detector, Error, PixelFormat, Pixels};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE".into()));
    };
    // Stands for the buffer of somebody else: each row ends on a multiple of 64 bytes.
    let image = image::open(picture).map_err(|e| Error::Usage(e.to_string()))?.to_rgb8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let stride = (width * 3).next_multiple_of(64);
    let mut buffer = vec![0; stride * height];
    for (x, y, pixel) in image.enumerate_pixels() {
        let [r, g, b] = pixel.0;
        let at = y as usize * stride + x as usize * 3;
        buffer[at..at + 3].copy_from_slice(&[b, g, r]);
    }

    let mut detector = Detector::builder().model(model).build()?;
    let pixels = Pixels::new(width, height, PixelFormat::Bgr8, &buffer).with_stride(stride);
    println!("{} objects", detector.detect(pixels)?.len());
    Ok(())
}
