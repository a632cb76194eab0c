//! Every option of a [`Detector`]. What nobody asked for comes with the model.

use std::{collections::BTreeMap, fmt, path::PathBuf};

#[cfg(feature = "fetch")]
use crate::model::zoo;
#[cfg(feature = "gpu")]
use crate::{
    detect::options::TuneChoice,
    gpu::{Backend, Gpu},
    kernels::conv::Variant,
};
use crate::{
    detect::{
        Detector,
        options::{NmsChoice, PlayerChoice},
    },
    host::ResizeMode,
    kernels::Precision,
    model::{CfgOptions, Decode, WeightsOptions},
    task::Steps,
};

/// Told of building steps: done, and in all.
pub type Progress = Box<Steps<'static>>;

/// Describes a [`Detector`]; see [`Detector::builder`].
#[derive(Default)]
pub struct DetectorBuilder {
    pub(super) model: Option<PathBuf>,
    pub(super) weights: Option<PathBuf>,
    pub(super) random_weights: Option<u64>,
    pub(super) cache: Option<PathBuf>,
    pub(super) held: BTreeMap<PathBuf, Vec<u8>>,
    #[cfg(feature = "fetch")]
    pub(super) fetch: Option<zoo::Remote>,
    pub(super) labels_file: Option<PathBuf>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) data: Option<PathBuf>,
    pub(super) cfg: CfgOptions,
    pub(super) load: WeightsOptions,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) drop_stages: usize,
    pub(super) score_threshold: Option<f32>,
    pub(super) iou_threshold: Option<f32>,
    pub(super) nms_kind: Option<NmsChoice>,
    pub(super) agnostic: bool,
    pub(super) tta: bool,
    pub(super) classes: Vec<String>,
    pub(super) max_det: Option<usize>,
    pub(super) resize: Option<ResizeMode>,
    pub(super) letterbox: Option<bool>,
    pub(super) player: PlayerChoice,
    pub(super) precision: Precision,
    pub(super) heads: bool,
    pub(super) timestamps: bool,
    pub(super) node_of_layer: Option<usize>,
    pub(super) progress: Option<Progress>,
    #[cfg(feature = "gpu")]
    pub(super) backend: Option<Backend>,
    #[cfg(feature = "gpu")]
    pub(super) adapter: Option<String>,
    #[cfg(feature = "gpu")]
    pub(super) device: Option<Gpu>,
    #[cfg(feature = "gpu")]
    pub(super) conv: Option<Variant>,
    #[cfg(feature = "gpu")]
    pub(super) tune: TuneChoice,
    pub(super) batch: Option<usize>,
}

/// One setter: takes anything that converts, returns the builder.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $($field:ident).+ = $value:expr;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$($field).+ = $value;
            self
        })*
    };
}

impl fmt::Debug for DetectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetectorBuilder")
            .field("model", &self.model)
            .field("weights", &self.weights)
            .field("player", &self.player)
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

impl Detector {
    /// Starts describing a detector.
    pub fn builder() -> DetectorBuilder {
        DetectorBuilder::default()
    }
}

impl DetectorBuilder {
    /// Whether somebody asked for what only a GPU has: then a driver in software is taken for one.
    #[cfg(feature = "gpu")]
    #[doc(hidden)]
    pub fn names_gpu(&self) -> bool {
        let tuned = matches!(self.tune, TuneChoice::Quick | TuneChoice::Full) || self.conv.is_some();
        let named = self.device.is_some() || self.backend.is_some() || self.adapter.is_some();
        named || tuned || self.timestamps || self.precision != Precision::F32
    }

    setters! {
        /// A Darknet `.cfg`, a network in one `.safetensors` file, or the name of a network of the zoo (`yolov4 models` lists them).
        model: impl Into<PathBuf> => model = Some(model.into());
        /// The Darknet `.weights`. Without them those of a network of the zoo are taken from the cache folder.
        weights: impl Into<PathBuf> => weights = Some(weights.into());
        /// Without so many of its coarsest stages and their heads: a large network for smaller pictures (section 5.5 of the paper; see docs/scaling.md).
        #[cfg(not(target_arch = "wasm32"))]
        drop_stages: usize => drop_stages = drop_stages;
        /// Seeded random weights instead of a file, to try shapes and speed.
        random_weights: u64 => random_weights = Some(random_weights);
        /// The cache folder; default `YOLOV4_CACHE`, or the platform's.
        cache: impl Into<PathBuf> => cache = Some(cache.into());
        /// The file of class names, one a line; default those that come with the model.
        labels_file: impl Into<PathBuf> => labels_file = Some(labels_file.into());
        /// Class names by class index, instead of a file of them.
        labels: impl IntoIterator<Item = impl Into<String>> => labels = Some(labels.into_iter().map(Into::into).collect());
        /// Darknet's `.data`, which points to the file of class names.
        data: impl Into<PathBuf> => data = Some(data.into());
        /// Columns and rows of the network's input instead of the cfg's.
        size: (usize, usize) => cfg.size = Some(size);
        /// How the heads are read; default `auto`.
        decode: Decode => cfg.decode = decode;
        /// Slope of `leaky`; default 0.1.
        leaky_slope: f32 => cfg.leaky_slope = Some(leaky_slope);
        /// Epsilon of batch-norm; default 1e-5.
        bn_eps: f32 => load.bn_eps = Some(bn_eps);
        /// Accepts a weights file that ends after a whole layer.
        allow_truncated: bool => load.allow_truncated = allow_truncated;
        /// All of the above about the cfg at once.
        #[doc(hidden)]
        cfg_options: CfgOptions => cfg = cfg_options;
        /// Both of the above about the weights at once.
        #[doc(hidden)]
        weights_options: WeightsOptions => load = weights_options;
        /// Minimum score; default the model's, mostly 0.25.
        score_threshold: f32 => score_threshold = Some(score_threshold);
        /// Overlap above which the lower-scoring box is removed; default the model's, mostly 0.45.
        iou_threshold: f32 => iou_threshold = Some(iou_threshold);
        /// How overlap is measured; default the cfg's `nms_kind`.
        nms_kind: NmsChoice => nms_kind = Some(nms_kind);
        /// Lets boxes of different classes suppress each other; only those of `classes` take part.
        agnostic: bool => agnostic = agnostic;
        /// Only these classes, by name or index; all if empty. They are chosen before NMS: boxes of others suppress nothing.
        classes: impl IntoIterator<Item = impl Into<String>> => classes = classes.into_iter().map(Into::into).collect();
        /// At most this many boxes a picture, at least 1.
        max_det: usize => max_det = Some(max_det);
        /// Test-time augmentation: looks at every picture three times - as it is, at 0.83 of its sides and mirrored, at 0.67 of them - and
        /// puts the boxes together before NMS, as the paper's tables with TTA do; costs three times as much.
        tta: bool => tta = tta;
        /// How pictures are resampled; default the model's, mostly [`ResizeMode::DarknetFile`].
        resize: ResizeMode => resize = Some(resize);
        /// Fits pictures (`true`) or stretches them; default the cfg's `letter_box`.
        letterbox: bool => letterbox = Some(letterbox);
        /// Who plays; default the GPU, or the CPU oracle where no adapter answers.
        player: PlayerChoice => player = player;
        /// Element type on the GPU; default f32.
        precision: Precision => precision = precision;
        /// Keeps the network's input, so that [`Detector::heads`] can bring it back.
        keep_heads: bool => heads = keep_heads;
        /// Keeps the value of this cfg layer, for [`Detector::heads`].
        keep_layer: usize => node_of_layer = Some(keep_layer);
        /// Asks the device for timestamps, so that passes can be timed; there are none where the adapter has none.
        timestamps: bool => timestamps = timestamps;
        /// Pictures that are played at once by [`Detector::detect_batch`]; default 1. Memory for values grows with it.
        batch: usize => batch = Some(batch);
        /// Told how far building has come.
        progress: Progress => progress = Some(progress);
    }

    /// Holds the bytes of a file that [`DetectorBuilder::model`], [`DetectorBuilder::weights`] or
    /// [`DetectorBuilder::labels_file`] names: it is not looked for on any disk.
    #[must_use]
    pub fn file(mut self, name: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        self.held.insert(name.into(), bytes);
        self
    }

    #[cfg(feature = "fetch")]
    setters! {
        /// Lets what is not in the cache folder be fetched.
        fetch: zoo::Remote => fetch = Some(fetch);
    }

    #[cfg(feature = "gpu")]
    setters! {
        /// Only this back end.
        backend: Backend => backend = Some(backend);
        /// Part of an adapter's name, or its number.
        adapter: impl Into<String> => adapter = Some(adapter.into());
        /// A device that exists already.
        device: Gpu => device = Some(device);
        /// This convolution kernel wherever it is able to.
        #[doc(hidden)]
        conv: Variant => conv = Some(conv);
        /// Whether kernels are measured first; default [`TuneChoice::Auto`].
        tune: TuneChoice => tune = tune;
    }
}
