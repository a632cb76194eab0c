//! From the options of a detector to the detector: files, numbers, thresholds, player.

use std::{path::Path, sync::Arc};

#[cfg(not(target_arch = "wasm32"))]
use futures::channel::oneshot;

use crate::{
    detect::{
        Detector, DetectorBuilder,
        choices::{Choices, Why},
        classes,
        host_player::HostPlayer,
        options::PlayerChoice,
        player::{Player, keep},
    },
    error::{Error, Result},
    graph::{Graph, Keep, NodeId, Params},
    host::{Look, ResizeMode, Thresholds},
    model::{
        Model,
        darknet::data,
        names,
        zoo::{self, ModelFiles, Store},
    },
    task::{Steps, Task},
};
#[cfg(feature = "gpu")]
use crate::{
    detect::{options::TuneChoice, tuning::Tuning},
    gpu::{DeviceRequirements, Gpu, GpuOptions, Program, ProgramOptions, requirements},
};
#[cfg(not(target_arch = "wasm32"))]
use crate::{graph::drop::drop_stages, task};

impl DetectorBuilder {
    /// Reads the files and builds the player; waits for it. Where a thread may not sleep, [`DetectorBuilder::build_async`] does not.
    ///
    /// # Errors
    /// Whatever is wrong with files, options or the adapter, in one sentence each.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build(self) -> Result<Detector> {
        task::wait(self.make())
    }

    /// As [`DetectorBuilder::build`], on a thread of its own: files are read, fetched and packed there, and the progress is told. The
    /// thread goes on to the end where the future is dropped before.
    ///
    /// # Errors
    /// As [`DetectorBuilder::build`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build_async(self) -> Task<'static, Result<Detector>> {
        Box::pin(async move {
            let (sender, built) = oneshot::channel();
            // Nobody may want it any more when it is done.
            let run = move || drop(sender.send(task::wait(self.make())));
            std::thread::Builder::new().name("build".into()).spawn(run).map_err(Error::io("a thread to build on"))?;
            built.await.map_err(|_| Error::Gpu("the thread that built the network has ended".into()))?
        })
    }

    /// Reads the files and builds the player.
    ///
    /// # Errors
    /// Whatever is wrong with files, options or the adapter, in one sentence each.
    #[cfg(target_arch = "wasm32")]
    pub fn build_async(self) -> Task<'static, Result<Detector>> {
        Box::pin(self.make())
    }

    async fn make(mut self) -> Result<Detector> {
        let model = self.model.take().ok_or_else(|| Error::Usage("no model: name a .cfg file".into()))?;
        let mut files = self.files();
        let mut network = Model::open_from(&model, &self.cfg, &mut files)?;
        let mut notes = network.notes.clone();
        let mut choices = Choices::default();
        choices.network(&network, self.cfg.size);
        let names = self.class_names(&network, &files, &mut notes, &mut choices)?;
        let wanted = classes::filter(&self.classes, &names, network.graph.classes())?;
        let hidden = names.iter().filter(|name| classes::is_hidden(name)).count();
        if hidden > 0 && self.classes.is_empty() {
            notes.push(format!("{hidden} classes are not looked for: their names begin with {}", classes::HIDDEN));
        }
        let resize = choices.pick("resize", self.resize, network.preprocess.resize);
        if resize == ResizeMode::Pytorch && self.letterbox == Some(false) {
            return Err(Error::Usage("resize mode pytorch always letterboxes".into()));
        }
        let letterbox = self.letterbox.unwrap_or(network.preprocess.letterbox);
        choices.letterbox(letterbox, self.letterbox, resize);
        if self.tta {
            choices.because("looks", Look::augmented((1, 1)).len(), Why::Asked("tta"));
        }
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
        #[cfg(not(target_arch = "wasm32"))]
        let dropped = self.dropped(&network, &mut choices)?;
        #[cfg(target_arch = "wasm32")]
        let dropped: Option<Graph> = None;
        let kept = self.kept_node(dropped.as_ref().unwrap_or(&network.graph))?;
        // Last but one: whatever cannot be is told before anything is read.
        let params = self.params(&model, &mut network, &mut files, &mut notes, &mut choices)?;
        #[cfg(not(target_arch = "wasm32"))]
        let params = self.without_stages(&mut network, params)?;
        let (why, tta) = (self.why_player(), self.tta);
        let player = self.build_player(&network, params, kept, files, &mut notes).await?;
        choices.because("player", player.describe(), why);
        Ok(Detector {
            network,
            player,
            kept,
            names,
            thresholds,
            resize,
            letterbox,
            wanted,
            max_det,
            tta,
            notes,
            choices,
        })
    }

    /// Where files of the zoo may come from.
    fn files(&mut self) -> ModelFiles {
        ModelFiles {
            store: self.cache.take().map_or_else(Store::from_env, Store::at),
            held: std::mem::take(&mut self.held),
            #[cfg(feature = "fetch")]
            remote: self.fetch.take(),
        }
    }

    /// The graph without the stages that are not wanted; none where all are.
    #[cfg(not(target_arch = "wasm32"))]
    fn dropped(&self, network: &Model, choices: &mut Choices) -> Result<Option<Graph>> {
        if self.drop_stages == 0 {
            return Ok(None);
        }
        let (graph, _) = drop_stages(&network.graph, &Params::default(), self.drop_stages)?;
        let (left, all) = (graph.heads.len(), network.graph.heads.len());
        choices.because("heads", format!("{left} of {all}"), Why::Asked("drop-stages"));
        Ok(Some(graph))
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn without_stages(&self, network: &mut Model, params: Params) -> Result<Params> {
        if self.drop_stages == 0 {
            return Ok(params);
        }
        let (graph, params) = drop_stages(&network.graph, &params, self.drop_stages)?;
        network.graph = graph;
        Ok(params)
    }

    /// The weights: a file's, random ones, or those that came with the network.
    fn params(
        &self,
        model: &Path,
        network: &mut Model,
        files: &mut ModelFiles,
        notes: &mut Vec<String>,
        choices: &mut Choices,
    ) -> Result<Params> {
        match (&self.weights, self.random_weights) {
            (Some(path), None) => {
                choices.weights(path, Why::Asked("weights"));
                match files.held.get(path) {
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
                let found = files.weights(zoo::named(name)?)?;
                let whence = if found.fetched { "fetched just now" } else { "in the cache" };
                choices.weights(&found.path, Why::Own(whence.into()));
                network.load_weights(&found.path, &self.load, notes)
            }
        }
    }

    fn class_names(
        &self,
        network: &Model,
        files: &ModelFiles,
        notes: &mut Vec<String>,
        choices: &mut Choices,
    ) -> Result<Vec<String>> {
        let data = self.data.as_ref().map(data::read).transpose()?.unwrap_or_default();
        let classes = network.graph.classes();
        if let (Some(file), None, None, None) = (&self.data, &data.names, &self.labels, &self.labels_file) {
            notes.push(format!("{}: names no class names: classes are numbers", file.display()));
        }
        let (names, whence, asked) = match (&self.labels, self.labels_file.clone().or(data.names)) {
            (Some(labels), None) => (labels.clone(), "labels".to_owned(), "labels"),
            (Some(_), Some(file)) => {
                let file = file.display();
                return Err(Error::Usage(format!("class names are either given or read from {file}, not both")));
            }
            (None, Some(file)) => {
                let asked = if self.labels_file.is_some() { "names" } else { "data" };
                (names::parse(&file, &files.read(&file)?, notes)?, file.display().to_string(), asked)
            }
            (None, None) => {
                let names = network.labels.clone();
                let why = if names.is_empty() { "boxes carry class numbers" } else { "come with the model" };
                choices.because("names", names.len(), Why::Own(why.into()));
                return Ok(names);
            }
        };
        if let (Some(file), Some((declared, line))) = (&self.data, data.classes)
            && declared != names.len()
        {
            let message = format!("classes = {declared}, but {whence} has {} names", names.len());
            return Err(Error::Text { file: file.clone(), line, message });
        }
        if names.len() != classes {
            return Err(Error::Usage(format!(
                "{whence}: expected {classes} class names for {}, found {}",
                network.source.display(),
                names.len()
            )));
        }
        choices.because("names", format_args!("{} of {whence}", names.len()), Why::Asked(asked));
        Ok(names)
    }

    fn thresholds(&self, network: &Model, choices: &mut Choices) -> Result<Thresholds> {
        let fraction = |what: &str, value: f32| {
            let fits = (0.0..=1.0).contains(&value);
            if fits { Ok(value) } else { Err(Error::Usage(format!("{what}: expected 0 to 1, found {value}"))) }
        };
        let score_threshold =
            fraction("score threshold", choices.pick("conf", self.score_threshold, network.defaults.score_threshold))?;
        let iou_threshold =
            fraction("IoU threshold", choices.pick("nms", self.iou_threshold, network.defaults.iou_threshold))?;
        let kind = self.nms_kind.map_or(network.defaults.nms_kind, |choice| choice.kind(network));
        choices.nms_kind(kind, self.nms_kind.is_some());
        Ok(Thresholds { score_threshold, iou_threshold, kind, agnostic: self.agnostic, extent: (1.0, 1.0) })
    }

    /// The node that holds the value of a cfg layer.
    fn kept_node(&self, graph: &Graph) -> Result<Option<NodeId>> {
        let Some(layer) = self.node_of_layer else { return Ok(None) };
        let found = graph.iter().filter(|(_, n)| n.layer == Some(layer)).map(|(id, _)| id).last();
        found.map(Some).ok_or_else(|| Error::Usage(format!("layer {layer} has no value of its own")))
    }

    #[cfg(feature = "gpu")]
    fn why_player(&self) -> Why {
        match self.player {
            PlayerChoice::Auto | PlayerChoice::Gpu if self.device.is_some() => Why::Own("the caller's device".into()),
            PlayerChoice::Auto | PlayerChoice::Gpu if self.adapter.is_some() => Why::Asked("adapter"),
            PlayerChoice::Auto | PlayerChoice::Gpu if self.backend.is_some() => Why::Asked("backend"),
            PlayerChoice::Auto => Why::Own("the fastest that answers".into()),
            _ => Why::Asked("player"),
        }
    }

    #[cfg(not(feature = "gpu"))]
    fn why_player(&self) -> Why {
        match self.player {
            PlayerChoice::Auto => Why::Own("this build has no GPU player".into()),
            _ => Why::Asked("player"),
        }
    }

    #[cfg(feature = "gpu")]
    async fn build_player(
        mut self,
        network: &Model,
        params: Params,
        kept: Option<NodeId>,
        files: ModelFiles,
        notes: &mut Vec<String>,
    ) -> Result<Player> {
        let keep = keep(self.heads || kept.is_some(), kept);
        let mut progress = self.progress.take().unwrap_or_else(|| Box::new(|_, _| {}));
        if !matches!(self.player, PlayerChoice::Auto | PlayerChoice::Gpu) {
            return on_host(self.player, network, params, keep, self.tta, &mut *progress);
        }
        let batch = self.batch.unwrap_or(1);
        let looks = Look::all(network.graph.canvas(), self.tta).len();
        // Who names an adapter or a back end wants that one.
        let any = self.player == PlayerChoice::Auto && self.backend.is_none() && self.adapter.is_none();
        // The oracle is slower than any driver in software.
        let hardware = any && !self.names_gpu() && cfg!(feature = "cpu");
        let gpu = match self.device.take() {
            Some(device) => Ok(device),
            None => {
                // What is measured is measured by the GPU's own clock.
                let timestamps = self.timestamps || self.tune != TuneChoice::Off;
                let requirements =
                    DeviceRequirements { timestamps, ..requirements(&network.graph, self.precision, batch * looks) };
                let (backend, adapter) = (self.backend, self.adapter.take());
                Gpu::new(&GpuOptions { backend, adapter, requirements, hardware, display: None }).await
            }
        };
        match gpu {
            Ok(gpu) => {
                let tuning = Tuning::open(&gpu, &files, notes);
                let (tune, tuned) = (tuning.mode(&gpu, self.tune), tuning.table.clone());
                let (precision, conv, tta) = (self.precision, self.conv, self.tta);
                let options =
                    ProgramOptions { precision, keep, conv, tune, tuned, batch, tta, ..ProgramOptions::default() };
                let program = Program::new(&gpu, &network.graph, params, &options, &mut *progress).await?;
                tuning.keep(program.tuned(), notes);
                Ok(Player::Gpu(Box::new(program)))
            }
            Err(Error::NoAdapter(why)) if any => {
                notes.push(format!("NO GPU ADAPTER ({why}): the processor plays"));
                on_host(self.player, network, params, keep, self.tta, &mut *progress)
            }
            Err(other) => Err(other),
        }
    }

    #[cfg(not(feature = "gpu"))]
    async fn build_player(
        mut self,
        network: &Model,
        params: Params,
        kept: Option<NodeId>,
        _: ModelFiles,
        _: &mut Vec<String>,
    ) -> Result<Player> {
        if self.player == PlayerChoice::Gpu {
            return Err(Error::NoAdapter("this build has no GPU player".into()));
        }
        let keep = keep(self.heads || kept.is_some(), kept);
        let mut progress = self.progress.take().unwrap_or_else(|| Box::new(|_, _| {}));
        on_host(self.player, network, params, keep, self.tta, &mut *progress)
    }
}

fn on_host(
    choice: PlayerChoice,
    network: &Model,
    params: Params,
    keep: Keep,
    tta: bool,
    progress: &mut Steps<'_>,
) -> Result<Player> {
    HostPlayer::new(choice, network, params, keep, tta, progress).map(|host| Player::Host(Arc::new(host)))
}
