//! Options that several commands share, and their way into a [`DetectorBuilder`].

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use yolov4::{
    Backend, DetectorBuilder, Error, NmsChoice, PlayerChoice, Precision, ResizeMode, TuneChoice, Why,
    low_level::{
        detect::Choice,
        gpu::{DeviceRequirements, GpuOptions},
        kernels::conv::Variant,
        model::{
            CfgOptions, Decode, WeightsOptions,
            zoo::{self, Remote},
        },
    },
};

use crate::{download, output};

/// Which network, and how its files are read.
#[derive(Args, Clone, Debug)]
pub struct ModelOptions {
    /// The name of a network (see `yolov4 models`), a Darknet network description, a network in one .safetensors file, or a PyTorch
    /// checkpoint (.pt)
    #[arg(long, value_name = "NAME|FILE", default_value = zoo::DEFAULT)]
    pub model: PathBuf,
    /// The Darknet .weights of that network [default: for a name, those in the cache folder; for one file, those in it]
    #[arg(long, value_name = "FILE.weights")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub reading: Reading,
    /// Without so many of its coarsest stages and their heads: a large network for smaller pictures
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub drop_stages: usize,
    /// Epsilon of batch-norm [default: the one in a .safetensors file, else 1e-5]
    #[arg(long, value_name = "EPS", value_parser = epsilon)]
    pub bn_eps: Option<f32>,
    /// Accepts a weights file that ends after a whole layer (*.conv.N)
    #[arg(long)]
    pub allow_truncated: bool,
    /// Say on standard error what was chosen and why: size, names, thresholds, weights, player
    #[arg(long, short)]
    pub verbose: bool,
}

/// How a cfg is read.
#[derive(Args, Clone, Debug)]
pub struct Reading {
    /// Columns and rows of the network's input instead of the cfg's: one side, or width x height
    #[arg(long, value_name = "W[xH]", value_parser = size)]
    size: Option<(usize, usize)>,
    /// How the heads are read
    #[arg(long, value_enum, default_value_t = Decode::Auto)]
    decode: Decode,
    /// Slope of leaky activations below zero [default: 0.1]
    #[arg(long, value_name = "SLOPE")]
    leaky_slope: Option<f32>,
}

/// Where a named network comes from whose files are not in the cache folder.
#[derive(Args, Clone, Debug)]
pub struct Fetching {
    /// Use no network: a model that is neither in the cache nor named as files is an error
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    pub mirror: Mirror,
}

/// Another server.
#[derive(Args, Clone, Debug, Default)]
pub struct Mirror {
    /// Fetch from this address instead: what follows the base of a published address (see `yolov4 models --json`) is put
    /// behind it [default: $YOLOV4_MIRROR, if set]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// Which machine plays.
#[derive(Args, Clone, Debug)]
pub struct PlayerOptions {
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Who plays: the GPU, the processor, the oracle (slow: the definition of right), or the GPU if there is one
    #[arg(long, value_enum, default_value_t = PlayerChoice::Auto)]
    pub player: PlayerChoice,
    /// Whether kernels are measured first: which are the fastest here, once; what was found is kept in the cache folder
    #[arg(long, value_enum, default_value_t = TuneChoice::Auto)]
    pub tune: TuneChoice,
    /// This convolution kernel wherever it is able to (see `yolov4 bench --ladder`)
    #[arg(long, value_name = "NAME", hide = true, value_parser = rung)]
    pub rung: Option<Variant>,
}

/// A rung by its name.
pub fn rung(text: &str) -> Result<Variant, String> {
    let names: Vec<&str> = Variant::ALL.iter().map(|v| v.name()).collect();
    let found = Variant::ALL.iter().copied().find(|v| v.name() == text);
    found.ok_or_else(|| format!("expected {}, found `{text}`", names.join(", ")))
}

/// Which adapter, and how it stores numbers.
#[derive(Args, Clone, Debug)]
pub struct DeviceOptions {
    /// Only this back end
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// Part of an adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
    /// Element type on the GPU
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    pub precision: Precision,
}

/// How pictures become the network's input.
#[derive(Args, Clone, Debug)]
pub struct Resize {
    /// How pictures are resampled, named after the program that the result agrees with [default: the model's, mostly darknet-file]
    #[arg(long, value_enum)]
    pub resize: Option<ResizeMode>,
    /// Fit pictures onto a grey canvas [default: as the cfg's letter_box says]
    #[arg(long, overrides_with = "no_letterbox")]
    pub letterbox: bool,
    /// Stretch pictures
    #[arg(long, overrides_with = "letterbox")]
    pub no_letterbox: bool,
    /// Do not turn pictures as their EXIF orientation says
    #[arg(long)]
    pub no_exif: bool,
}

/// How often a picture is looked at.
#[derive(Args, Clone, Copy, Debug)]
pub struct Looks {
    /// Test-time augmentation: look at every picture three times - as it is, at 0.83 of its sides and mirrored, at 0.67 of them - and put the
    /// boxes together; three times the work
    #[arg(long)]
    pub tta: bool,
}

/// What is found, and what it is called.
#[derive(Args, Clone, Debug)]
pub struct Detecting {
    /// The file of class names, one a line
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
    /// Class names by class index, instead of a file of them
    #[arg(long, value_delimiter = ',', value_name = "A,B,..", conflicts_with_all = ["names", "data"])]
    pub labels: Vec<String>,
    /// Darknet's .data, which points to the file of class names
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Minimum score [default: the model's, mostly 0.25]
    #[arg(long)]
    pub conf: Option<f32>,
    /// Overlap above which the lower-scoring box is removed [default: the model's, mostly 0.45]
    #[arg(long)]
    pub nms: Option<f32>,
    /// How overlap is measured [default: as the cfg's nms_kind says]
    #[arg(long, value_enum)]
    pub nms_kind: Option<NmsChoice>,
    /// Lets boxes of different classes suppress each other; with --classes, only those named take part
    #[arg(long)]
    pub agnostic: bool,
    /// Only these classes, by name or index; boxes of others suppress nothing
    #[arg(long, value_delimiter = ',', value_name = "A,B,..")]
    pub classes: Vec<String>,
    /// At most this many boxes a picture
    #[arg(long, value_name = "N")]
    pub max_det: Option<NonZeroUsize>,
    #[command(flatten)]
    pub looks: Looks,
}

/// A finite number, 0 or more.
pub fn epsilon(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    number.ok_or_else(|| format!("expected a number of 0 or more, found `{text}`"))
}

/// `416`, or `640x384` (width first).
pub fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |s: &str| s.parse::<usize>().ok().filter(|n| (1..=1 << 16).contains(n));
    let pair = match text.split_once(['x', 'X']) {
        Some((w, h)) => side(w).zip(side(h)),
        None => side(text).map(|s| (s, s)),
    };
    pair.ok_or_else(|| format!("expected a side such as 416, or 640x384, found `{text}`"))
}

impl Reading {
    /// How the library is to read the cfg.
    pub fn options(&self) -> CfgOptions {
        CfgOptions { size: self.size, decode: self.decode, leaky_slope: self.leaky_slope }
    }
}

impl ModelOptions {
    /// How the weights are read.
    pub fn weights_options(&self) -> WeightsOptions {
        WeightsOptions { bn_eps: self.bn_eps, allow_truncated: self.allow_truncated }
    }

    /// With `--verbose`, a line a choice.
    pub fn say(&self, choices: &[Choice]) {
        if self.verbose {
            choices.iter().for_each(|choice| match choice.why {
                Why::Asked(option) => output::say(format_args!("{} {}: --{option}", choice.what, choice.value)),
                Why::Own(_) => output::say(format_args!("{choice}")),
            });
        }
    }

    /// Sets the network, its weights and how both are read.
    pub fn apply(&self, builder: DetectorBuilder) -> DetectorBuilder {
        let builder =
            builder.model(&self.model).cfg_options(self.reading.options()).weights_options(self.weights_options());
        let builder = builder.drop_stages(self.drop_stages);
        match &self.weights {
            Some(weights) => builder.weights(weights),
            None => builder,
        }
    }
}

impl Mirror {
    /// The network, with a bar.
    pub fn remote(&self) -> Remote {
        let named = || std::env::var("YOLOV4_MIRROR").ok().filter(|url| !url.is_empty());
        let mirror = self.mirror.clone().or_else(named);
        Remote { mirror, watch: Some(download::bar()), ..Remote::default() }
    }
}

impl Fetching {
    /// Allows the library to fetch, unless offline.
    pub fn apply(&self, builder: DetectorBuilder) -> DetectorBuilder {
        if self.offline { builder } else { builder.fetch(self.mirror.remote()) }
    }
}

impl PlayerOptions {
    /// Refuses what a player without a GPU has no use for; `drawn`: a GPU draws all the same, in a window.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the option.
    pub fn check(&self, drawn: bool) -> Result<(), Error> {
        let player = match self.player {
            PlayerChoice::Cpu => "cpu",
            PlayerChoice::Oracle => "oracle",
            PlayerChoice::Auto | PlayerChoice::Gpu => return Ok(()),
        };
        let device = &self.device;
        let given = [
            ("--backend", device.backend.is_some() && !drawn),
            ("--adapter", device.adapter.is_some() && !drawn),
            ("--precision", device.precision != Precision::F32),
            ("--tune", matches!(self.tune, TuneChoice::Quick | TuneChoice::Full)),
            ("--rung", self.rung.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Error::Usage(format!("{option} is for GPUs, and --player {player} has none"))),
            None => Ok(()),
        }
    }

    /// Sets adapter, precision, player and tuning.
    pub fn apply(&self, mut builder: DetectorBuilder) -> DetectorBuilder {
        builder = builder.tune(self.tune).precision(self.device.precision).player(self.player);
        if let Some(backend) = self.device.backend {
            builder = builder.backend(backend);
        }
        if let Some(adapter) = &self.device.adapter {
            builder = builder.adapter(adapter);
        }
        if let Some(rung) = self.rung {
            builder = builder.conv(rung);
        }
        builder
    }
}

impl Resize {
    /// Sets resampler and letterbox.
    pub fn apply(&self, mut builder: DetectorBuilder) -> DetectorBuilder {
        if let Some(resize) = self.resize {
            builder = builder.resize(resize);
        }
        if self.letterbox || self.no_letterbox {
            builder = builder.letterbox(self.letterbox);
        }
        builder
    }
}

impl Detecting {
    /// Sets class names, classes, thresholds and the limit of boxes.
    pub fn apply(&self, builder: DetectorBuilder) -> DetectorBuilder {
        let mut builder = builder.agnostic(self.agnostic).classes(self.classes.clone()).tta(self.looks.tta);
        if let Some(conf) = self.conf {
            builder = builder.score_threshold(conf);
        }
        if let Some(nms) = self.nms {
            builder = builder.iou_threshold(nms);
        }
        if let Some(kind) = self.nms_kind {
            builder = builder.nms_kind(kind);
        }
        if let Some(n) = self.max_det {
            builder = builder.max_det(n.get());
        }
        if let Some(names) = &self.names {
            builder = builder.labels_file(names);
        }
        if !self.labels.is_empty() {
            builder = builder.labels(self.labels.clone());
        }
        if let Some(data) = &self.data {
            builder = builder.data(data);
        }
        builder
    }
}

impl DeviceOptions {
    /// What the library is to ask a GPU device for.
    pub fn gpu_options(&self) -> GpuOptions {
        let requirements = DeviceRequirements {
            binding_bytes: u64::MAX,
            precision: self.precision,
            timestamps: true,
            ..DeviceRequirements::default()
        };
        GpuOptions { backend: self.backend, adapter: self.adapter.clone(), requirements, ..GpuOptions::default() }
    }
}
