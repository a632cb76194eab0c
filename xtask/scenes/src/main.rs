//! Street scenes with road signs and signals, drawn from a seed, with their labels: what the demo network is trained and
//! tested on. Run as `cargo xtask scenes`.

mod clip;
mod clutter;
mod dataset;
mod dice;
mod elsewhere;
mod page;
mod painter;
mod pose;
mod scene;
mod signs;
mod street;
#[cfg(test)]
mod tests;
mod text;
mod weather;

use std::path::PathBuf;

use clap::Parser;

use scene::Setting;

/// Draw street scenes with road signs, and their labels for YOLO and COCO.
#[derive(Parser)]
#[command(name = "cargo xtask scenes")]
struct Cli {
    /// The folder that gets images/, labels/, instances.json, names and sha1
    #[arg(long, value_name = "DIR", required_unless_present_any = ["page", "clip"])]
    out: Option<PathBuf>,
    /// How many
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Number of the first scene of the series
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// The series; equal seeds give equal scenes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the scenes take place
    #[arg(long, value_enum, default_value_t = Setting::Street)]
    setting: Setting,
    /// Folder of TrueType fonts for everything that is written
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts"))]
    fonts: PathBuf,
    /// Longer side in pixels, for square, 4:3, 3:2 and upright pictures in turn
    #[arg(long, default_value_t = 320)]
    side: u32,
    /// Width and height of all pictures instead
    #[arg(long, num_args = 2, value_names = ["W", "H"])]
    size: Option<Vec<u32>>,
    /// Write a page of every kind, to print, instead of scenes
    #[arg(long, value_name = "FILE.png")]
    page: Option<PathBuf>,
    /// Write a short video of the scene --first instead: a window that glides over a wide street
    #[arg(long, value_name = "FILE.mjpeg")]
    clip: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let fonts = text::Fonts::read(&cli.fonts)?;
    if let Some(file) = &cli.page {
        return page::write(file, &fonts);
    }
    if let Some(file) = &cli.clip {
        return clip::write(file, &fonts, cli.first as u64);
    }
    let Some(out) = &cli.out else { anyhow::bail!("--out is missing") };
    let size = cli.size.as_ref().and_then(|s| Some((*s.first()?, *s.get(1)?)));
    let order = dataset::Order {
        count: cli.count,
        first: cli.first,
        seed: cli.seed,
        setting: cli.setting,
        size,
        side: cli.side,
        fonts: &fonts,
    };
    dataset::write(&order, out)
}
