//! Where results go, in every format.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use yolov4::{BoxPx, Detection, Detections, Error, Result, dataset::lists::number, low_level::detect::formats};

use crate::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Table,
    /// One array, an element a picture
    Json,
    /// One object a line, a line a picture, each as soon as it is found
    Jsonl,
    /// Results for pycocotools; file names must end in the image id
    Coco,
    /// Labels with scores, one file a picture where --out is a folder
    Yolo,
    /// A row a box
    Csv,
    /// How many of each class, a line a picture, each as soon as it is found
    Counts,
}

/// The results so far, and where they go.
#[derive(Debug)]
pub struct Results {
    format: OutputFormat,
    out: Option<PathBuf>,
    done: Vec<Detections>,
}

impl Results {
    /// Finds out before any work whether the results of `pictures` can be written at all.
    ///
    /// # Errors
    /// [`Error::Usage`] if the format does not suit the pictures; [`Error::Io`] for a folder that is not there.
    pub fn new(format: OutputFormat, out: Option<PathBuf>, pictures: &[PathBuf]) -> Result<Self> {
        match format {
            OutputFormat::Coco => {
                for picture in pictures {
                    image_id(&picture.display().to_string())?;
                }
            }
            OutputFormat::Yolo if pictures.len() > 1 => match &out {
                None => return Err(Error::Usage("--format yolo is a file a picture: name a folder with --out".into())),
                Some(dir) => output::folder(dir)?,
            },
            _ => {}
        }
        if let Some(parent) = out.as_deref().and_then(Path::parent).filter(|p| !p.as_os_str().is_empty()) {
            std::fs::metadata(parent).map_err(Error::io(parent))?;
        }
        if let Some(dir) = out.as_ref().filter(|out| format != OutputFormat::Yolo && out.is_dir()) {
            return Err(Error::Usage(format!("{}: is a folder; --out names a file", dir.display())));
        }
        Ok(Self { format, out, done: vec![] })
    }

    /// Takes the result of one picture; `name` is what a file of its own would be called.
    ///
    /// # Errors
    /// [`Error::Io`] where results are written at once.
    pub fn add(&mut self, name: &str, result: Detections) -> Result<()> {
        match (self.format, &self.out) {
            (OutputFormat::Jsonl, None) => output::print(&(result.to_json()? + "\n")),
            (OutputFormat::Counts, None) => output::print(&count(&result)),
            (OutputFormat::Yolo, Some(dir)) if dir.is_dir() => {
                output::write(&dir.join(format!("{name}.txt")), result.to_yolo().as_bytes())
            }
            _ => {
                self.done.push(result);
                Ok(())
            }
        }
    }

    /// Writes what has not been written yet; `classes` is the number that the network knows.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn finish(&self, classes: usize) -> Result<()> {
        let text = match self.format {
            OutputFormat::Table => table(&self.done),
            OutputFormat::Json => formats::json(&self.done)?,
            OutputFormat::Jsonl | OutputFormat::Counts if self.out.is_none() => return Ok(()),
            OutputFormat::Jsonl => lines(&self.done)?,
            OutputFormat::Coco => coco(&self.done, classes)?,
            OutputFormat::Yolo if self.out.as_ref().is_some_and(|out| out.is_dir()) => return Ok(()),
            OutputFormat::Yolo => self.done.iter().map(Detections::to_yolo).collect(),
            OutputFormat::Csv => csv(&self.done)?,
            OutputFormat::Counts => self.done.iter().map(count).collect(),
        };
        output::put(self.out.as_ref(), &text)
    }
}

fn table(results: &[Detections]) -> String {
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

fn count(result: &Detections) -> String {
    format!("{}: {}\n", result.image, result.to_counts())
}

/// Comma-separated values with a header line.
fn csv(results: &[Detections]) -> Result<String> {
    let fail = Error::format("a result", "CSV");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["image", "class", "name", "score", "left", "top", "width", "height"]).map_err(&fail)?;
    for result in results {
        for Detection { class, name, score, bbox, .. } in &result.detections {
            let BoxPx { x, y, w, h } = bbox;
            let texts = [result.image.clone(), class.to_string(), name.clone()];
            let numbers = [score, x, y, w, h].map(f32::to_string);
            writer.write_record(texts.iter().chain(&numbers)).map_err(&fail)?;
        }
    }
    let bytes = writer.into_inner().map_err(Error::format("a result", "CSV"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A line of JSON a picture.
fn lines(results: &[Detections]) -> Result<String> {
    results.iter().map(|result| Ok(result.to_json()? + "\n")).collect()
}

/// COCO's results, with image ids as Darknet's `valid` takes them.
fn coco(results: &[Detections], classes: usize) -> Result<String> {
    let ids = results.iter().map(|result| Ok((image_id(&result.image)?, result))).collect::<Result<Vec<_>>>()?;
    formats::coco(ids, classes)
}

/// COCO's image id of a picture.
///
/// # Errors
/// [`Error::Usage`] if there is none.
fn image_id(image: &str) -> Result<u64> {
    let expected = || Error::Usage(format!("{image}: expected a file name that ends in COCO's image id"));
    number(Path::new(image)).ok_or_else(expected)
}
