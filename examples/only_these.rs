//! Only some classes, under names of one's own, and only the surest: `cargo run --release --example only_these MODEL PICTURE CLASS..`

use yolov4::{Choice, Detector, Error, ErrorKind};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture, classes @ ..] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE CLASS..".into()));
    };
    let builder = Detector::builder().model(model).classes(classes.to_vec()).score_threshold(0.6).max_det(10);
    let mut detector = match builder.build() {
        // The text is for people; programs ask for the kind.
        Err(e) if e.kind() == ErrorKind::NotCached => {
            eprintln!("fetch it first: {e}");
            return Ok(());
        }
        other => other?,
    };
    let why = |choice: &Choice| eprintln!("{choice}");
    detector.choices().iter().for_each(why);
    for found in &detector.detect(picture)? {
        println!("{} {:.2}", found.name, found.score);
    }
    Ok(())
}
