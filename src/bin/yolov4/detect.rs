//! `yolov4 detect`: objects in pictures.

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use yolov4::{
    Detector, Error, Picture, Result,
    low_level::detect::{
        draw,
        formats::{self, PictureResult},
    },
};

use crate::{Failure, Outcome, options, output, pictures};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Pictures: files, folders, globs, or - for one on standard input
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: options::Model,
    #[command(flatten)]
    machine: options::Machine,
    #[command(flatten)]
    resize: options::Resize,
    /// Class names, one a line
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Darknet's .data file, which names the class names
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Least score
    #[arg(long, default_value_t = 0.25)]
    conf: f32,
    /// Overlap above which the lesser box goes
    #[arg(long, default_value_t = 0.45)]
    nms: f32,
    /// How overlap is measured [default: as the cfg's nms_kind says]
    #[arg(long, value_enum)]
    nms_kind: Option<options::NmsKindArg>,
    /// Let boxes of different classes silence each other
    #[arg(long)]
    agnostic: bool,
    /// Only these classes, by name or index
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    classes: Vec<String>,
    /// At most this many boxes a picture
    #[arg(long, value_name = "N")]
    max_det: Option<usize>,
    /// How results are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where results go instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a copy of each picture with its boxes into this folder (made if its parent exists)
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Jsonl,
    Coco,
    Yolo,
    Csv,
}

pub async fn run(args: Args) -> Outcome {
    let paths = pictures::expand(&args.paths)?;
    if let Some(dir) = args.draw.as_ref().filter(|dir| !dir.is_dir()) {
        std::fs::create_dir(dir).map_err(Error::io(dir))?;
    }
    if let Some(parent) = args.out.as_deref().and_then(Path::parent).filter(|p| !p.as_os_str().is_empty()) {
        std::fs::metadata(parent).map_err(Error::io(parent))?;
    }
    let mut detector = build(&args).await?;
    for note in detector.notes() {
        output::say(format_args!("note: {note}"));
    }
    output::say(format_args!("player: {}", detector.player()));
    let bar = progress(paths.len());
    let mut failed = false;
    let mut results = Vec::new();
    for path in &paths {
        match one(&args, &mut detector, path).await {
            Ok(result) => results.push(result),
            // A lost device would fail every picture that follows.
            Err(lost @ Error::DeviceLost(_)) => return Err(lost.into()),
            Err(e) => {
                failed = true;
                bar.suspend(|| output::say(format_args!("error: {e}")));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::put(args.out.as_ref(), &text(&args, &detector, &results)?)?;
    if failed { Err(Failure::Reported) } else { Ok(()) }
}

async fn build(args: &Args) -> Result<Detector> {
    let mut builder = args.resize.apply(args.machine.apply(args.model.apply(Detector::builder())));
    builder = builder.conf(args.conf).nms(args.nms).agnostic(args.agnostic).classes(args.classes.clone());
    if let Some(kind) = args.nms_kind {
        builder = builder.nms_kind(kind.into());
    }
    if let Some(n) = args.max_det {
        builder = builder.max_det(n);
    }
    if let Some(names) = &args.names {
        builder = builder.names(names);
    }
    if let Some(data) = &args.data {
        builder = builder.data(data);
    }
    let bar = progress(0);
    let shown = bar.clone();
    builder = builder.progress(Box::new(move |done, total| {
        shown.set_length(total as u64);
        shown.set_position(done as u64);
    }));
    let built = builder.build().await;
    bar.finish_and_clear();
    built
}

/// A bar on a terminal, nothing elsewhere; nothing for a single picture either.
fn progress(count: usize) -> ProgressBar {
    let hidden = count == 1 || !std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        Some(count as u64),
        if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
    );
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

async fn one(args: &Args, detector: &mut Detector, path: &Path) -> Result<PictureResult> {
    let picture = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io("standard input"))?;
        Picture::decode(&bytes, "standard input", !args.resize.no_exif)?
    } else {
        Picture::open_with(path, !args.resize.no_exif)?
    };
    let detections = detector.detect(&picture).await?;
    if let Some(dir) = &args.draw {
        let stem = if path.as_os_str() == "-" { Path::new("stdin") } else { path };
        let name = stem.file_stem().unwrap_or(stem.as_os_str());
        let target = dir.join(name).with_extension("png");
        let drawn = draw::draw(&picture, &detections)?;
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::DynamicImage::from(drawn)
            .to_rgb8()
            .write_to(&mut bytes, image::ImageFormat::Png)
            .map_err(|e| Error::Image { path: target.clone(), message: format!("cannot be encoded: {e}") })?;
        output::write(&target, bytes.get_ref())?;
    }
    let image = path.display().to_string();
    Ok(PictureResult { image, width: picture.width, height: picture.height, detections })
}

fn text(args: &Args, detector: &Detector, results: &[PictureResult]) -> Result<String> {
    match args.format {
        Format::Table => Ok(table(results)),
        Format::Json => formats::json(results),
        Format::Jsonl => results.iter().map(formats::jsonl).collect(),
        Format::Coco => {
            let classes = detector.graph().heads.iter().map(|h| h.classes).max().unwrap_or(0);
            formats::coco(results, classes)
        }
        Format::Yolo => Ok(results.iter().map(formats::yolo).collect()),
        Format::Csv => formats::csv(results),
    }
}

fn table(results: &[PictureResult]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["picture", "class", "score", "left", "top", "width", "height"]);
    for result in results {
        for d in &result.detections {
            let px = |v: f32| format!("{v:.0}");
            table.add_row([
                result.image.clone(),
                d.name.clone(),
                format!("{:.3}", d.score),
                px(d.bbox.x),
                px(d.bbox.y),
                px(d.bbox.w),
                px(d.bbox.h),
            ]);
        }
        if result.detections.is_empty() {
            table.add_row([result.image.as_str(), "nothing", "", "", "", "", ""]);
        }
    }
    format!("{table}\n")
}
