//! `yolov4 demo`: the first minute, without a network and without a file of the user's.

use std::{path::PathBuf, time::Instant};

use yolov4::{Detections, Detector, Picture, low_level::model::zoo::SCENES};

use crate::{
    CommandResult, options, output,
    results::{Destination, OutputFormat, Results},
};

#[derive(clap::Args, Debug)]
pub struct DemoArgs {
    /// Where the pictures with their boxes go (made if its parent exists); those of an earlier demo are replaced
    #[arg(long, value_name = "DIR", default_value = "yolov4-demo")]
    out: PathBuf,
    #[command(flatten)]
    machine: options::PlayerOptions,
}

pub async fn run(args: DemoArgs) -> CommandResult {
    args.machine.check(false)?;
    output::folder(&args.out)?;
    let start = Instant::now();
    let mut detector = args.machine.apply(Detector::builder().model("demo")).build()?;
    detector.notes().iter().for_each(|note| output::say(format_args!("note: {note}")));
    output::say(format_args!("player: {}", detector.player()));
    let ready = start.elapsed();
    let (mut results, _) =
        Results::begin(&Destination { format: OutputFormat::Table, out: None, resume: false }, None)?;
    for (place, (name, bytes)) in SCENES.into_iter().enumerate() {
        let picture = Picture::decode(bytes, name, true)?;
        let found = detector.detect_async(&picture).await?;
        output::annotated(&args.out, name, &picture, &found)?;
        results.add(place, name, Detections { image: name.to_owned(), ..found }, "")?;
    }
    results.finish()?;
    let seconds = |t: std::time::Duration| t.as_secs_f64();
    output::print(&format!(
        "\n{} pictures with their boxes in {}: {:.1} s to get ready, {:.1} s to look.\n\n{}",
        SCENES.len(),
        args.out.display(),
        seconds(ready),
        seconds(start.elapsed() - ready),
        next_steps()
    ))?;
    Ok(())
}

/// What to try next, as it is typed here.
fn next_steps() -> String {
    // Cargo says so to what it runs.
    let program = if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "yolov4" };
    format!(
        "Next:\n  \
         {program} detect YOUR.jpg --draw out      COCO's 80 classes; fetches yolov4-tiny once, 24 MB\n  \
         {program} detect YOUR.jpg --model demo    these signs, in a picture of yours; assets/signs.png is a page to print\n  \
         {program} models                          every network that has a name, from tiny to P7\n"
    )
}
