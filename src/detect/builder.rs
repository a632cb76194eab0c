//! Every option of a [`Detector`]. What nobody asked for comes with the model.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    detect::{
        Detector,
        choices::{Choices, Why},
        classes,
        options::{NmsChoice, PlayerChoice},
        player::Player,
    },
    error::{Error, Result},
    graph::{NodeId, Params},
    host::{ResizeMode, Thresholds},
    kernels::Precision,
    model::{
        CfgOptions, Decode, Model, WeightsOptions,
        darknet::data,
        names,
        zoo::{self, Store, Supply},
    },
    task::{Steps, Task},
};
#[cfg(feature = "gpu")]
use crate::{
    detect::{options::TuneChoice, player::keep, tuning::Tuning},
    gpu::{Backend, Gpu, GpuOptions, Needs, Program, ProgramOptions, needs},
    kernels::conv::Variant,
};

/// Told of building steps: done, and in all.
pub type Progress = Box<Steps<'static>>;

/// Describes a [`Detector`]; see [`Detector::builder`].
#[derive(Default)]
pub struct DetectorBuilder {
    model: Option<PathBuf>,
    weights: Option<PathBuf>,
    random_weights: Option<u64>,
    cache: Option<PathBuf>,
    held: BTreeMap<PathBuf, Vec<u8>>,
    #[cfg(feature = "fetch")]
    fetch: Option<zoo::Remote>,
    names: Option<PathBuf>,
    data: Option<PathBuf>,
    cfg: CfgOptions,
    load: WeightsOptions,
    conf: Option<f32>,
    nms: Option<f32>,
    nms_kind: Option<NmsChoice>,
    agnostic: bool,
    classes: Vec<String>,
    max_det: Option<usize>,
    resize: Option<ResizeMode>,
    letterbox: Option<bool>,
    player: PlayerChoice,
    precision: Precision,
    heads: bool,
    timestamps: bool,
    node_of_layer: Option<usize>,
    progress: Option<Progress>,
    #[cfg(feature = "gpu")]
    backend: Option<Backend>,
    #[cfg(feature = "gpu")]
    adapter: Option<String>,
    #[cfg(feature = "gpu")]
    device: Option<Gpu>,
    #[cfg(feature = "gpu")]
    conv: Option<Variant>,
    #[cfg(feature = "gpu")]
    tune: TuneChoice,
    batch: Option<usize>,
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

impl Detector {
    /// Starts describing a detector.
    pub fn builder() -> DetectorBuilder {
        DetectorBuilder::default()
    }
}

impl DetectorBuilder {
    setters! {
        /// The Darknet `.cfg`, or the name of a network of the zoo ([`crate::model::zoo::ENTRIES`]).
        model: impl Into<PathBuf> => model = Some(model.into());
        /// The Darknet `.weights`. Without them those of a network of the zoo are taken from the cache folder.
        weights: impl Into<PathBuf> => weights = Some(weights.into());
        /// Seeded random weights instead of a file, to try shapes and speed.
        random_weights: u64 => random_weights = Some(random_weights);
        /// The cache folder; default `YOLOV4_CACHE`, or the platform's.
        cache: impl Into<PathBuf> => cache = Some(cache.into());
        /// Class names, one a line; default those that come with the model.
        names: impl Into<PathBuf> => names = Some(names.into());
        /// Darknet's `.data`, which names the names and counts the classes.
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
        cfg_options: CfgOptions => cfg = cfg_options;
        /// Both of the above about the weights at once.
        weights_options: WeightsOptions => load = weights_options;
        /// Least score; default the model's, mostly 0.25.
        conf: f32 => conf = Some(conf);
        /// Overlap above which the lesser box goes; default the model's, mostly 0.45.
        nms: f32 => nms = Some(nms);
        /// How overlap is measured; default the cfg's `nms_kind`.
        nms_kind: NmsChoice => nms_kind = Some(nms_kind);
        /// Lets boxes of different classes silence each other, those that are wanted among themselves.
        agnostic: bool => agnostic = agnostic;
        /// Only these classes, by name or index; all if empty. Boxes of others are not looked for, and silence nothing.
        classes: Vec<String> => classes = classes;
        /// At most this many boxes a picture, at least 1.
        max_det: usize => max_det = Some(max_det);
        /// How pictures are resampled; default the model's, mostly [`ResizeMode::DarknetFile`].
        resize: ResizeMode => resize = Some(resize);
        /// Fits (`true`) or stretches pictures; default the cfg's `letter_box`.
        letterbox: bool => letterbox = Some(letterbox);
        /// Who plays; default the GPU.
        player: PlayerChoice => player = player;
        /// Element type on the GPU; default f32.
        precision: Precision => precision = precision;
        /// Keeps the network's input, so that [`Detector::heads`] can bring it back.
        keep_heads: bool => heads = keep_heads;
        /// Keeps the value of this cfg layer, for [`Detector::heads`].
        keep_layer: usize => node_of_layer = Some(keep_layer);
        /// Asks the device for timestamps, so that passes can be timed; there are none where the adapter has none.
        timestamps: bool => timestamps = timestamps;
        /// Pictures that [`Detector::detect_batch`] plays at once; default 1. Memory for values grows with it.
        batch: usize => batch = Some(batch);
        /// Told how far building has come.
        progress: Progress => progress = Some(progress);
    }

    /// Holds the bytes of a file that [`DetectorBuilder::model`], [`DetectorBuilder::weights`] or
    /// [`DetectorBuilder::names`] names: it is not looked for on any disk.
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
        conv: Variant => conv = Some(conv);
        /// Whether kernels are measured first; default [`TuneChoice::Auto`].
        tune: TuneChoice => tune = tune;
    }

    /// Reads the files and builds the player.
    ///
    /// # Errors
    /// Whatever is wrong with files, options or the adapter, in one sentence each.
    pub fn build(self) -> Task<'static, Result<Detector>> {
        Box::pin(self.make())
    }

    async fn make(mut self) -> Result<Detector> {
        let model = self.model.take().ok_or_else(|| Error::Usage("no model: name a .cfg file".into()))?;
        let mut supply = self.supply();
        let mut network = Model::open_from(&model, &self.cfg, &mut supply)?;
        let mut notes = network.notes.clone();
        let mut choices = Choices::default();
        choices.network(&network, self.cfg.size);
        let names = self.class_names(&network, &supply, &mut choices)?;
        let wanted = classes::filter(&self.classes, &names, network.graph.classes())?;
        let resize = choices.pick("resize", self.resize, network.preprocess.resize);
        if resize == ResizeMode::Pytorch && self.letterbox == Some(false) {
            return Err(Error::Usage("resize mode pytorch always letterboxes".into()));
        }
        let letterbox = self.letterbox.unwrap_or(network.preprocess.letterbox);
        choices.letterbox(letterbox, self.letterbox, resize);
        let thresholds = self.thresholds(&network, &mut choices)?;
        let max_det = self.max_det;
        if max_det == Some(0) {
            return Err(Error::Usage("max_det: expected 1 or more, found 0".into()));
        }
        if self.batch == Some(0) {
            return Err(Error::Usage("batch: expected 1 or more, found 0".into()));
        }
        if let Some(eps) = self.load.bn_eps.filter(|eps| !(eps.is_finite() && *eps >= 0.0)) {
            return Err(Error::Usage(format!("bn_eps: expected a number of 0 or more, found {eps}")));
        }
        let kept = self.kept_node(&network)?;
        // Last but one: whatever cannot be is told before anything is read.
        let params = self.params(&model, &mut network, &mut supply, &mut notes, &mut choices)?;
        let why = self.why_player();
        let player = self.build_player(&network, params, kept, supply, &mut notes).await?;
        choices.because("player", player.describe(), why);
        Ok(Detector { network, player, kept, names, thresholds, resize, letterbox, wanted, max_det, notes, choices })
    }

    /// Where files of the zoo may come from.
    fn supply(&mut self) -> Supply {
        Supply {
            store: self.cache.take().map_or_else(Store::from_env, Store::at),
            held: std::mem::take(&mut self.held),
            #[cfg(feature = "fetch")]
            remote: self.fetch.take(),
        }
    }

    /// The weights: a file's, random ones, or those that came with the network.
    fn params(
        &self,
        model: &Path,
        network: &mut Model,
        supply: &mut Supply,
        notes: &mut Vec<String>,
        choices: &mut Choices,
    ) -> Result<Params> {
        match (&self.weights, self.random_weights) {
            (Some(path), None) => {
                choices.weights(path, Why::Asked("weights"));
                match supply.held.get(path) {
                    Some(bytes) => network.read_weights(path, bytes, &self.load, notes),
                    None => network.load_weights(path, &self.load, notes),
                }
            }
            (None, Some(seed)) => {
                choices.because("weights", "random", Why::Own(format!("seed {seed}")));
                Ok(network.random_params(seed))
            }
            (Some(_), Some(_)) => Err(Error::Usage("weights are either read or random, not both".into())),
            (None, None) => {
                if let Some(params) = network.take_params(&self.load) {
                    choices.weights(&network.source, Why::Own("in the same file as the network".into()));
                    return Ok(params);
                }
                let name = zoo::bare(model).ok_or_else(|| Error::Usage("no weights: name a .weights file".into()))?;
                let found = supply.weights(zoo::named(name)?)?;
                let whence = if found.fetched { "fetched just now" } else { "in the cache" };
                choices.weights(&found.path, Why::Own(whence.into()));
                network.load_weights(&found.path, &self.load, notes)
            }
        }
    }

    fn class_names(&self, network: &Model, supply: &Supply, choices: &mut Choices) -> Result<Vec<String>> {
        let data = self.data.as_ref().map(data::read).transpose()?.unwrap_or_default();
        let Some(file) = self.names.clone().or(data.names) else {
            let names = network.labels.clone();
            let why = if names.is_empty() { "boxes carry class numbers" } else { "come with the model" };
            choices.because("names", names.len(), Why::Own(why.into()));
            return Ok(names);
        };
        let names = names::parse(&file, &supply.read(&file)?)?;
        let expected = data.classes.unwrap_or(network.graph.classes());
        if names.len() != network.graph.classes() || expected != network.graph.classes() {
            return Err(Error::Usage(format!(
                "{}: expected {} class names for {}, found {}",
                file.display(),
                network.graph.classes(),
                network.source.display(),
                if expected == network.graph.classes() { names.len() } else { expected }
            )));
        }
        let asked = Why::Asked(if self.names.is_some() { "names" } else { "data" });
        choices.because("names", format_args!("{} of {}", names.len(), file.display()), asked);
        Ok(names)
    }

    fn thresholds(&self, network: &Model, choices: &mut Choices) -> Result<Thresholds> {
        let fraction = |what: &str, value: f32| {
            let fits = (0.0..=1.0).contains(&value);
            if fits { Ok(value) } else { Err(Error::Usage(format!("{what}: expected 0 to 1, found {value}"))) }
        };
        let conf = fraction("conf", choices.pick("conf", self.conf, network.defaults.conf))?;
        let nms = fraction("nms", choices.pick("nms", self.nms, network.defaults.nms))?;
        let kind = self.nms_kind.map_or(network.defaults.nms_kind, |choice| choice.kind(network));
        choices.nms_kind(kind, self.nms_kind.is_some());
        Ok(Thresholds { conf, nms, kind, agnostic: self.agnostic, extent: (1.0, 1.0) })
    }

    /// The node that holds the value of a cfg layer.
    fn kept_node(&self, network: &Model) -> Result<Option<NodeId>> {
        let Some(layer) = self.node_of_layer else { return Ok(None) };
        let found = network.graph.iter().filter(|(_, n)| n.layer == Some(layer)).map(|(id, _)| id).last();
        found.map(Some).ok_or_else(|| Error::Usage(format!("layer {layer} has no value of its own")))
    }

    #[cfg(feature = "gpu")]
    fn why_player(&self) -> Why {
        match self.player {
            PlayerChoice::Auto | PlayerChoice::Gpu if self.device.is_some() => Why::Own("the caller's device".into()),
            PlayerChoice::Auto | PlayerChoice::Gpu if self.adapter.is_some() => Why::Asked("adapter"),
            PlayerChoice::Auto | PlayerChoice::Gpu if self.backend.is_some() => Why::Asked("backend"),
            PlayerChoice::Auto => Why::Own("the fastest that answers".into()),
            PlayerChoice::Gpu | PlayerChoice::Oracle => Why::Asked("player"),
        }
    }

    #[cfg(not(feature = "gpu"))]
    fn why_player(&self) -> Why {
        match self.player {
            PlayerChoice::Auto => Why::Own("this build has no GPU player".into()),
            PlayerChoice::Gpu | PlayerChoice::Oracle => Why::Asked("player"),
        }
    }

    #[cfg(feature = "gpu")]
    async fn build_player(
        mut self,
        network: &Model,
        params: Params,
        kept: Option<NodeId>,
        supply: Supply,
        notes: &mut Vec<String>,
    ) -> Result<Player> {
        if self.player == PlayerChoice::Oracle {
            return Ok(Player::Oracle(params));
        }
        let keep = keep(self.heads || kept.is_some(), kept);
        let batch = self.batch.unwrap_or(1);
        // Who names an adapter or a back end wants that one.
        let any = self.backend.is_none() && self.adapter.is_none();
        let gpu = match self.device.take() {
            Some(device) => Ok(device),
            None => {
                // What is measured is measured by the GPU's own clock.
                let timestamps = self.timestamps || self.tune != TuneChoice::Off;
                let needs = Needs { timestamps, ..needs(&network.graph, self.precision, batch) };
                Gpu::new(&GpuOptions { backend: self.backend, adapter: self.adapter.take(), needs }).await
            }
        };
        match gpu {
            Ok(gpu) => {
                let tuning = Tuning::open(&gpu, &supply, notes);
                let (tune, tuned) = (tuning.mode(&gpu, self.tune), tuning.table.clone());
                let (precision, conv) = (self.precision, self.conv);
                let options = ProgramOptions { precision, keep, conv, tune, tuned, batch, ..ProgramOptions::default() };
                let mut progress = self.progress.take().unwrap_or_else(|| Box::new(|_, _| {}));
                let program = Program::new(&gpu, &network.graph, params, &options, &mut *progress).await?;
                tuning.keep(program.tuned(), notes);
                Ok(Player::Gpu(Box::new(program)))
            }
            Err(Error::NoAdapter(why)) if self.player == PlayerChoice::Auto && any => {
                notes.push(format!("NO GPU ADAPTER ({why}): the CPU oracle plays, which is very slow"));
                Ok(Player::Oracle(params))
            }
            Err(other) => Err(other),
        }
    }

    #[cfg(not(feature = "gpu"))]
    async fn build_player(
        self,
        _: &Model,
        params: Params,
        _: Option<NodeId>,
        _: Supply,
        _: &mut Vec<String>,
    ) -> Result<Player> {
        match self.player {
            PlayerChoice::Gpu => Err(Error::NoAdapter("this build has no GPU player".into())),
            PlayerChoice::Auto | PlayerChoice::Oracle => Ok(Player::Oracle(params)),
        }
    }
}
