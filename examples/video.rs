//! Objects in a video, a camera or a stream, with numbers that stay with them: `cargo run --release --features video --example video MODEL
//! [SOURCE]`, where the source is a path, the number of a camera (0 if nothing is named) or an address.

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, source @ ..] = &args[..] else {
        return Err(Error::Usage("expected MODEL [SOURCE]".into()));
    };
    let source = source.first().map_or("0", String::as_str);
    for frame in Detector::builder().model(model).build()?.stream(source)? {
        let frame = frame?;
        let seen: Vec<String> = frame
            .detections
            .iter()
            .map(|d| d.id.map_or_else(|| d.name.clone(), |id| format!("{} {id}", d.name)))
            .collect();
        println!("{:8.3} s: {}", frame.time.as_secs_f64(), seen.join(", "));
    }
    Ok(())
}
