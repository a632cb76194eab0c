//! What is written of a picture, in every format.

use std::path::Path;

use clap::ValueEnum;
use yolov4::{BoxPx, Detection, Detections, Error, Result, dataset::lists::number, low_level::detect::formats};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Table,
    /// One array, an element a picture
    Json,
    /// One object a line, a line a picture
    Jsonl,
    /// Results for pycocotools; file names must end in the image id
    Coco,
    /// Labels with scores, one file a picture where --out is a folder
    Yolo,
    /// A row a box
    Csv,
    /// How many of each class, a line a picture
    Counts,
}

impl OutputFormat {
    /// Its name, as it is typed.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What stands before the first picture.
    pub fn head(self) -> &'static str {
        match self {
            Self::Json | Self::Coco => "[",
            Self::Csv => "image,class,name,score,left,top,width,height\n",
            Self::Table | Self::Jsonl | Self::Yolo | Self::Counts => "",
        }
    }

    /// What stands between two pieces, and what before the first one.
    pub fn between(self, first: bool) -> &'static str {
        match self {
            Self::Json | Self::Coco if first => "\n",
            Self::Json | Self::Coco => ",\n",
            _ => "",
        }
    }

    /// What stands behind the last one; `empty` if there was none.
    pub fn tail(self, empty: bool) -> &'static str {
        match self {
            Self::Json | Self::Coco if empty => "]\n",
            Self::Json | Self::Coco => "\n]\n",
            _ => "",
        }
    }

    /// A picture's piece of the output, without what stands before and behind; empty where there is nothing to say. `classes` is the
    /// number that the network knows.
    ///
    /// # Errors
    /// [`Error::Format`] if a number is not finite, or its format cannot have it.
    pub fn render(self, result: &Detections, classes: usize) -> Result<String> {
        match self {
            // As wide as all of them together ask for: it is made at the end.
            Self::Table => Ok(String::new()),
            Self::Json => {
                let element = formats::json(std::slice::from_ref(result))?;
                // Without the brackets of an array of one.
                Ok(element.trim_start_matches("[\n").trim_end_matches("\n]\n").to_owned())
            }
            Self::Jsonl => Ok(result.to_json()? + "\n"),
            Self::Coco => {
                let rows = formats::coco_rows(image_id(&result.image)?, result, classes)?;
                Ok(rows.join(",\n"))
            }
            Self::Yolo => Ok(result.to_yolo()),
            Self::Csv => csv(result),
            Self::Counts => Ok(format!("{}: {}\n", result.image, result.to_counts())),
        }
    }
}

/// Comma-separated values, a row a box.
fn csv(result: &Detections) -> Result<String> {
    let fail = Error::format("a result", "CSV");
    let mut writer = csv::Writer::from_writer(Vec::new());
    for Detection { class, name, score, bbox, .. } in &result.detections {
        let BoxPx { x, y, w, h } = bbox;
        let texts = [result.image.clone(), class.to_string(), name.clone()];
        let numbers = [score, x, y, w, h].map(f32::to_string);
        writer.write_record(texts.iter().chain(&numbers)).map_err(&fail)?;
    }
    let bytes = writer.into_inner().map_err(Error::format("a result", "CSV"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// For people.
pub fn table(results: &[Detections]) -> String {
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

/// COCO's image id of a picture.
///
/// # Errors
/// [`Error::Usage`] if there is none.
pub fn image_id(image: &str) -> Result<u64> {
    let expected = || Error::Usage(format!("{image}: expected a file name that ends in COCO's image id"));
    number(Path::new(image)).ok_or_else(expected)
}
