//! `yolov4 cameras`: what can be watched.

use yolov4::low_level::video::{CameraFormat, CameraInfo, cameras};

use crate::{CommandResult, output};

#[derive(clap::Args, Debug)]
pub struct CamerasArgs {
    /// As JSON, with every format, size and rate
    #[arg(long)]
    json: bool,
}

pub fn run(args: &CamerasArgs) -> CommandResult {
    let all = cameras()?;
    if args.json {
        let text = serde_json::to_string_pretty(&all).map_err(yolov4::Error::format("the list", "JSON"))?;
        output::print(&(text + "\n"))?;
    } else if all.is_empty() {
        output::say(format_args!("no camera answers: plug one in, or name a video, a stream or pictures"));
    } else {
        output::print(&all.iter().map(lines).collect::<String>())?;
    }
    Ok(())
}

/// A camera, then a line for each layout and size.
fn lines(camera: &CameraInfo) -> String {
    let CameraInfo { number, path, name, .. } = camera;
    let formats: String = camera.formats.iter().map(line).collect();
    format!("{number}  {name} ({path})\n{formats}")
}

fn line(f: &CameraFormat) -> String {
    let rates: Vec<String> = f.fps.iter().map(|fps| format!("{fps:.0}")).collect();
    let at = if rates.is_empty() { String::new() } else { format!(" at {} fps", rates.join(", ")) };
    format!("   {} {}x{}{at}\n", f.format, f.width, f.height)
}
