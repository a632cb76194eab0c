//! Every object cut out into a file of its own. `cargo run --release --example crop MODEL PICTURE FOLDER`

use std::path::Path;

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, path, folder] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE FOLDER".into()));
    };
    let told = |path: &Path, e: image::ImageError| Error::Image { path: path.into(), message: e.to_string() };
    let picture = image::open(path).map_err(|e| told(path.as_ref(), e))?;
    for (number, found) in Detector::builder().model(model).build()?.detect(&picture)?.iter().enumerate() {
        let b = found.bbox;
        let (left, top) = (b.x as u32, b.y as u32);
        let (right, bottom) = ((b.x + b.w).ceil() as u32, (b.y + b.h).ceil() as u32);
        let cut = picture.crop_imm(left, top, right - left, bottom - top);
        let file = Path::new(folder).join(format!("{number}-{}.png", found.name));
        cut.save(&file).map_err(|e| told(&file, e))?;
        println!("{}", file.display());
    }
    Ok(())
}
