//! What `yolov4 train` is asked.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::ValueEnum;
use yolov4::{
    dataset::Validation,
    low_level::train::{
        adapt::StartFrom,
        recipe::{Optimizer, TrainingRecipe},
    },
};

use super::check::CheckFormat;
use crate::options;

#[derive(clap::Args, Debug)]
pub struct TrainArgs {
    /// Darknet's obj.data, COCO's annotations, a VOC folder, a YOLO folder or its data.yaml, or a folder of pictures with labels beside them
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Look at the data and end: everything that is wrong with labels, lists and pictures, each with its file and line; how large the objects are for
    /// the network, and how its anchors fit them
    #[arg(long)]
    pub check: bool,
    /// With --check: the pictures of the first step as the network would see them, with their boxes, on one sheet (training draws it into --out)
    #[arg(long, value_name = "FILE.jpg", requires = "check")]
    pub first_batch: Option<PathBuf>,
    #[command(flatten)]
    pub model: options::ModelOptions,
    /// Which numbers it begins with
    #[arg(long, value_enum, default_value_t)]
    pub from: StartFrom,
    /// How often every picture is learnt from
    #[arg(long, value_name = "N", default_value = "100", conflicts_with = "steps")]
    pub epochs: NonZeroUsize,
    /// Steps in all, instead of --epochs
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Pictures of a step
    #[arg(long, value_name = "N", default_value = "8")]
    pub batch: NonZeroUsize,
    /// Of those, how many are played at once, `auto` or a divisor of --batch: the gradients of mini-batches are put together, statistics are those of each
    /// [default: as many as --memory allows]
    #[arg(long, value_name = "N|auto", value_parser = mini)]
    pub mini: Option<Mini>,
    /// Bytes that the values of a mini-batch may take on the device, such as 512M or 6G
    #[arg(long, value_name = "BYTES", default_value = "4G", value_parser = memory)]
    pub memory: u64,
    /// How much of themselves averaged numbers keep in a step: what is measured and written is the average; 0 for none [default: .999; .9999 with
    /// --recipe scaled]
    #[arg(long, value_name = "PART")]
    pub ema: Option<f64>,
    /// What steps are made of, and what is asked of the heads
    #[arg(long, value_enum, default_value_t)]
    pub recipe: TrainingRecipe,
    /// How numbers are moved
    #[arg(long, value_enum, default_value_t)]
    pub optimizer: Optimizer,
    /// The longest that the gradients of one picture may be, all of them as one vector: what is longer is shortened [default: any length]
    #[arg(long, value_name = "LENGTH")]
    pub clip: Option<f64>,
    /// The learning rate [default: the recipe's: the cfg's, else that of YOLOv4-tiny; .01 with --recipe scaled; .001 with --optimizer adamw]
    #[arg(long, value_name = "RATE")]
    pub lr: Option<f64>,
    /// Layers whose numbers stay as they are, from the first on; or `backbone`: up to where the picture is halved for the last time
    #[arg(long, value_name = "N|backbone", default_value = "0", value_parser = freeze)]
    pub freeze: Freeze,
    /// Whether the heads keep their anchors
    #[arg(long, value_enum, default_value_t)]
    pub anchors: Anchors,
    /// Whether pictures are varied: cropped, mirrored, in other colours
    #[arg(long, value_enum, default_value_t)]
    pub augment: Augment,
    /// Another size every ten steps: sides times a number between FACTOR and its inverse, 1.4 if it is not said; the largest first, and in the last tenth
    /// the network's own
    #[arg(long, value_name = "FACTOR", num_args = 0..=1, require_equals = true, default_missing_value = "1.4")]
    pub multi_scale: Option<f64>,
    /// Which pictures are measured on: a fraction, chosen by --seed, or a list [default: those that the data names; else .2]
    #[arg(long, value_name = "FRACTION|FILE")]
    pub valid: Option<Validation>,
    /// Epochs from one measurement to the next [default: so many that there are twenty]
    #[arg(long, value_name = "N")]
    pub measure_every: Option<NonZeroUsize>,
    /// Ends after so many measurements that were no better than the best one
    #[arg(long, value_name = "N")]
    pub patience: Option<NonZeroUsize>,
    /// Seed of what is chosen by chance
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The folder of all that is written, made if its parent exists
    #[arg(long, value_name = "DIR", default_value = "trained")]
    pub out: PathBuf,
    /// Go on where the training in --out was ended
    #[arg(long, conflicts_with = "check")]
    pub resume: bool,
    /// Minutes from one saving of the state to the next
    #[arg(long, value_name = "MINUTES", default_value_t = 2.0)]
    pub save_every: f64,
    /// Part of an adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Destroy the device after this step, to see the training go on with another one
    #[arg(long, value_name = "N", hide = true)]
    pub lose_device_at: Option<u64>,
    /// Do not turn pictures as their EXIF orientation says
    #[arg(long)]
    pub no_exif: bool,
    /// How the result of --check is written
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// Whether pictures are varied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Augment {
    /// As the recipe says: the cfg's jitter, resize, flip, hue, saturation, exposure, mosaic and mixup; or the paper's mosaics
    #[default]
    On,
    Off,
}

/// Whose anchors the heads have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Anchors {
    /// The network's own
    #[default]
    Keep,
    /// Those of the set, made of its objects by k-means, if they fit its objects better than the network's
    Auto,
}

/// Which layers stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// So many, from the first on.
    Layers(usize),
    /// Those up to where the picture is halved for the last time.
    Backbone,
}

fn freeze(text: &str) -> Result<Freeze, String> {
    match text {
        "backbone" => Ok(Freeze::Backbone),
        _ => text.parse().map(Freeze::Layers).map_err(|_| "expected `backbone` or a number of layers".into()),
    }
}

/// Pictures of a mini-batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mini {
    /// As many as there is memory for.
    Auto,
    Of(NonZeroUsize),
}

fn mini(text: &str) -> Result<Mini, String> {
    match text {
        "auto" => Ok(Mini::Auto),
        _ => text.parse().map(Mini::Of).map_err(|_| "expected `auto` or a number of 1 or more".into()),
    }
}

/// A number of bytes: a number, perhaps with K, M or G behind it, which are powers of 1024.
fn memory(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_u64 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let bytes = number.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0).map(|n| n * unit as f64);
    bytes.map(|bytes| bytes as u64).ok_or_else(|| "expected a number of bytes, such as 512M or 6G".into())
}
