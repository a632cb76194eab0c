//! Pixels that lie in somebody else's memory, as a camera's driver or OpenCV has them: rows with padding, blue before red.
//! `cargo run --release --example pixels MODEL PICTURE`

use yolov4::{Detector, Error, Picture, PixelFormat, Pixels};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE".into()));
    };
    // Stands for the buffer of somebody else: each row ends on a multiple of 64 bytes.
    let Picture { width, height, rgba } = Picture::open(picture)?;
    let stride = (width * 3).next_multiple_of(64);
    let mut buffer = vec![0; stride * height];
    for (row, pixels) in buffer.chunks_exact_mut(stride).zip(rgba.chunks_exact(width * 4)) {
        for (to, from) in row.chunks_exact_mut(3).zip(pixels.chunks_exact(4)) {
            to.copy_from_slice(&[from[2], from[1], from[0]]);
        }
    }

    let mut detector = Detector::builder().model(model).build()?;
    let pixels = Pixels::new(width, height, PixelFormat::Bgr8, &buffer).with_stride(stride);
    println!("{} objects", detector.detect(pixels)?.len());
    Ok(())
}
