//! Boxes in a style of one's own: everything but the objects is darkened. `cargo run --release --example custom_draw MODEL PICTURE OUT.png`

use yolov4::{BoxPx, Detector, Error, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture, out] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE OUT.png".into()));
    };
    let told = |e: image::ImageError| Error::Image { path: out.into(), message: e.to_string() };
    let picture = Picture::open(picture)?;
    let found = Detector::builder().model(model).score_threshold(0.5).build()?.detect(&picture)?;
    let mut image = image::DynamicImage::from(image::RgbaImage::try_from(picture)?).into_rgb8();
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let inside = |b: BoxPx| (b.x..b.right()).contains(&(x as f32)) && (b.y..b.bottom()).contains(&(y as f32));
        if !found.iter().any(|object| inside(object.bbox)) {
            pixel.0 = pixel.0.map(|channel| channel / 4);
        }
    }
    image.save(out).map_err(told)
}
