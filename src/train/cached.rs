//! Training behind a backbone that stays as it is: what that computes of a look at a picture is kept, and every step learns from what is kept. A few
//! pictures and a hundred steps of the heads take a minute where a whole step takes a second.

use std::{collections::HashMap, path::Path};

use crate::{
    error::{Error, Result},
    gpu::{Gpu, Program, ProgramOptions},
    graph::{
        Graph, Keep, Params,
        recompute::Recompute,
        tail::{Tail, tail},
    },
    host::Picture,
    model::{Model, bundle_writer},
    task::Task,
    tensor::Tensor,
    train::{
        adapt::{StartFrom, backbone, first_numbers, for_classes},
        darknet_loss::Truth,
        keys::TrainingKeys,
        order::{pictures_of_step, random_of, shuffle},
        recipe::Optimizer,
        scene::{SceneKind, TrainingScene},
        schedule::Schedule,
        session::{RUNNING_SHARE, StepReport, TrainSession, TrainSessionOptions},
    },
};

/// How much of themselves averaged numbers keep in a step: there are few.
const AVERAGE: f64 = 0.98;
/// Bytes of all that may be kept of looks: a module of WebAssembly has four gigabytes for everything.
const ROOM: usize = 3 << 29;
/// Steps from one state that is kept to the next: a training whose device is lost goes on from there.
const KEPT: u64 = 10;

/// How such a training learns.
#[derive(Clone, Debug)]
pub struct CachedOptions {
    /// Layers of the cfg, from the first on, that stay as they are; [`backbone`] if not said.
    pub frozen: Option<usize>,
    /// Looks of a step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// Looks at every picture: as it is, and others as the recipe varies it.
    pub looks: usize,
    /// The learning rate; that of the keys if not said.
    pub rate: Option<f64>,
    /// Seed of what is chosen by chance.
    pub seed: u64,
}

impl Default for CachedOptions {
    fn default() -> Self {
        Self { frozen: None, batch: 4, steps: 100, looks: 4, rate: None, seed: 0 }
    }
}

/// A look at a picture.
#[derive(Debug)]
struct CachedLook {
    /// What the tail reads, in its order.
    values: Vec<Tensor>,
    truths: Vec<Truth>,
}

/// A network whose heads are trained.
#[derive(Debug)]
pub struct CachedTraining {
    gpu: Gpu,
    network: Model,
    /// Of all of the network, as it began.
    params: Params,
    tail: Tail,
    keys: TrainingKeys,
    schedule: Schedule,
    options: CachedOptions,
    looks: Vec<CachedLook>,
    pictures: usize,
    /// What plays the backbone, while pictures are added.
    player: Option<Program>,
    /// Once there was a step.
    session: Option<TrainSession>,
    /// Where it goes on if the device is lost: behind so many steps.
    kept: Option<(u64, Vec<u8>)>,
}

impl CachedTraining {
    /// A network for these classes, made of one with its numbers; `keys` as [`CachedTraining::keys`] has them, or a recipe of one's own. Nothing is
    /// played yet.
    ///
    /// # Errors
    /// [`Error::Usage`] for options and names of classes that cannot be; as [`for_classes`], [`first_numbers`] and [`tail`].
    pub fn new(
        gpu: &Gpu,
        model: &Model,
        params: &Params,
        classes: &[String],
        keys: TrainingKeys,
        options: CachedOptions,
    ) -> Result<Self> {
        Self::check(model, classes, &options)?;
        let rate = options.rate.unwrap_or(keys.schedule.learning_rate);
        let network = for_classes(model, classes)?;
        let keys = keys.of_classes(&network.graph);
        let params = first_numbers(model, &network, Some(params), StartFrom::Weights, options.seed)?;
        let tail = tail(&network.graph, options.frozen.unwrap_or_else(|| backbone(&network.graph)))?;
        let schedule = Schedule { learning_rate: rate, ..keys.schedule.over(options.steps) };
        Ok(Self {
            gpu: gpu.clone(),
            network,
            params,
            tail,
            keys,
            schedule,
            options,
            looks: vec![],
            pictures: 0,
            player: None,
            session: None,
            kept: None,
        })
    }

    /// Whether a network can learn so, before there is a device.
    ///
    /// # Errors
    /// [`Error::Usage`] for options and names of classes that cannot be.
    pub fn check(model: &Model, classes: &[String], options: &CachedOptions) -> Result<()> {
        for (what, number) in [
            ("classes", classes.len()),
            ("batch", options.batch),
            ("looks", options.looks),
            ("steps", usize::try_from(options.steps).unwrap_or(usize::MAX)),
        ] {
            if number == 0 {
                return Err(Error::Usage(format!("{what}: expected 1 or more, found 0")));
            }
        }
        if let Some(name) = classes.iter().find(|name| name.trim().is_empty() || name.contains(['\n', '\r'])) {
            return Err(Error::Usage(format!("classes: expected a name in one line, found `{name}`")));
        }
        if let Some(rate) = options.rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(Error::Usage(format!("rate: expected a number above 0, found {rate}")));
        }
        tail(&model.graph, options.frozen.unwrap_or_else(|| backbone(&model.graph))).map(drop)
    }

    /// What suits so few steps: the loss of YOLOv4-tiny, its ways of varying pictures, and AdamW, which needs a quarter of the steps that gradient descent
    /// does (`docs/training.md` has the figures).
    pub fn keys(graph: &Graph) -> TrainingKeys {
        TrainingKeys::of_graph(graph).moved_by(Optimizer::AdamW)
    }

    /// The network, for its classes.
    pub fn network(&self) -> &Model {
        &self.network
    }

    /// Pictures that were added.
    pub fn pictures(&self) -> usize {
        self.pictures
    }

    /// Steps that were done, as far as they are not lost with a device.
    pub fn steps(&self) -> u64 {
        let kept = self.kept.as_ref().map_or(0, |(steps, _)| *steps);
        self.session.as_ref().map_or(kept, TrainSession::steps)
    }

    /// Adds a picture with its objects: of each its class, then left, top, width and height in pixels. The backbone plays all looks at it.
    ///
    /// # Errors
    /// [`Error::Usage`] for a class that there is not, or a box of no size, or none within the picture; [`Error::OutOfMemory`] for a picture too many;
    /// if the device fails.
    pub fn add<'a>(&'a mut self, picture: &'a Picture, objects: &'a [(usize, [f64; 4])]) -> Task<'a, Result<()>> {
        Box::pin(async move {
            picture.check()?;
            self.has_room()?;
            let size = (picture.width, picture.height);
            let classes = self.network.graph.classes();
            let objects = objects.iter().map(|(class, bbox)| fractions(*class, classes, *bbox, size));
            let objects = objects.collect::<Result<Vec<_>>>()?;
            let mut looks = Vec::with_capacity(self.options.looks);
            for look in 0..self.options.looks {
                looks.push(self.look(picture, &objects, look).await?);
            }
            self.looks.append(&mut looks);
            self.pictures += 1;
            Ok(())
        })
    }

    /// Whether what is kept of another picture has room.
    fn has_room(&self) -> Result<()> {
        let values = self.tail.given.iter().map(|id| self.network.graph.node(*id).shape.elements());
        let each = values.sum::<usize>() * size_of::<f32>() * self.options.looks;
        let most = ROOM / each.max(1);
        if self.pictures < most {
            return Ok(());
        }
        Err(Error::OutOfMemory(format!(
            "what is kept of {} looks at a picture takes {:.1} MB: there is room for {most} pictures; try a smaller size, or fewer looks",
            self.options.looks,
            each as f64 / 1e6
        )))
    }

    async fn look(&mut self, picture: &Picture, objects: &[(usize, [f64; 4])], look: usize) -> Result<CachedLook> {
        let (graph, letterbox) = (&self.network.graph, self.network.preprocess.letterbox);
        let (canvas, size) = (graph.canvas(), (picture.width, picture.height));
        let mut objects = objects.to_vec();
        let scene = match look {
            0 => TrainingScene::plain(size, canvas, letterbox),
            _ => {
                let mut random = random_of(self.options.seed, self.pictures as u64, look);
                shuffle(&mut objects, &mut random);
                TrainingScene::drawn(SceneKind::PLAIN, &self.keys.augment, &[size], canvas, letterbox, &mut random)
            }
        };
        let (input, truths) = (scene.input(&[picture], graph.input_shape()), scene.truths(&[objects], &[size]));
        let player = match &mut self.player {
            Some(player) => player,
            None => {
                let options =
                    ProgramOptions { keep: Keep::Nodes(self.tail.given.clone()), ..ProgramOptions::default() };
                let params = self.params.clone();
                self.player.insert(Program::new(&self.gpu, graph, params, &options, &mut |_, _| {}).await?)
            }
        };
        let mut played = player.play(&input, &self.tail.given).await?.nodes;
        let missing = || Error::graph("tail", "reads a value that was not kept");
        let values = self.tail.given.iter().map(|id| played.remove(id).ok_or_else(missing));
        Ok(CachedLook { values: values.collect::<Result<_>>()?, truths })
    }

    /// One step.
    ///
    /// # Errors
    /// [`Error::Usage`] without a picture; [`Error::Gpu`] if the values are no numbers any more; if the device fails.
    pub fn step(&mut self) -> Task<'_, Result<StepReport>> {
        Box::pin(async move {
            if self.looks.is_empty() {
                return Err(Error::Usage("there is no picture to learn from".into()));
            }
            // It takes room, and whoever adds another picture can wait for it.
            self.player = None;
            let session = match &mut self.session {
                Some(session) => session,
                None => self.session.insert(self.open().await?),
            };
            let step = session.steps();
            let chosen = pictures_of_step(step, self.options.batch, self.looks.len(), self.options.seed);
            let chosen = || chosen.iter().filter_map(|n| self.looks.get(*n));
            let inputs: Vec<Tensor> = chosen().flat_map(|look| look.values.iter().cloned()).collect();
            let truths: Vec<Vec<Truth>> = chosen().map(|look| look.truths.clone()).collect();
            let size = self.keys.step_size(&self.schedule, step + 1);
            let report = session.step_async(&size, &inputs, &truths).await?;
            if !report.moved {
                let message = format!(
                    "step {}: the network's values are no numbers any more; try a smaller rate than {}",
                    step + 1,
                    self.schedule.learning_rate
                );
                return Err(Error::Gpu(message));
            }
            if report.step.is_multiple_of(KEPT) {
                self.kept = Some((report.step, session.state(HashMap::new()).await?));
            }
            Ok(report)
        })
    }

    /// The session of the steps, where it was left.
    async fn open(&self) -> Result<TrainSession> {
        let batch = self.options.batch;
        let options = TrainSessionOptions {
            batch,
            mini: batch,
            recompute: Recompute::default(),
            frozen: 0,
            share: RUNNING_SHARE,
            fresh: false,
            average: Some(AVERAGE),
            longest: None,
            canvas: Some(self.network.graph.canvas()),
        };
        let params = self.tail.params(&self.params);
        let mut session = TrainSession::open(&self.gpu, &self.tail.graph, params, self.keys.clone(), options).await?;
        if let Some((_, state)) = &self.kept {
            session.set_state(Path::new("what was kept"), state)?;
        }
        Ok(session)
    }

    /// Goes on with another device, from the last state that was kept: at most nine steps are done again, to the same bits on the same adapter.
    pub fn renew(&mut self, gpu: &Gpu) {
        self.gpu = gpu.clone();
        (self.player, self.session) = (None, None);
    }

    /// The network behind [`CachedTraining::steps`], with everything inside, as [`bundle_writer`] writes it.
    ///
    /// # Errors
    /// If the device fails; as [`bundle_writer::bytes`].
    pub fn save(&mut self) -> Task<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let mut params = self.params.clone();
            if self.session.is_none() && self.kept.is_some() {
                self.session = Some(self.open().await?);
            }
            if let Some(session) = &mut self.session {
                self.tail.put(session.params_async().await?, &mut params);
            }
            bundle_writer::bytes(&self.network, &params, false, &self.network.source)
        })
    }
}

/// An object's class; its centre, width and height as fractions of the picture.
fn fractions(
    class: usize,
    classes: usize,
    [left, top, width, height]: [f64; 4],
    size: (usize, usize),
) -> Result<(usize, [f64; 4])> {
    if class >= classes {
        return Err(Error::Usage(format!("class {class}: there are {classes}")));
    }
    let (w, h) = (size.0 as f64, size.1 as f64);
    let (x0, x1) = (left.clamp(0.0, w), (left + width).clamp(0.0, w));
    let (y0, y1) = (top.clamp(0.0, h), (top + height).clamp(0.0, h));
    let seen = x1 > x0 && y1 > y0;
    if !seen {
        let message = format!("a box of {width}x{height} at {left},{top}: nothing of it is in a picture of {w}x{h}");
        return Err(Error::Usage(message));
    }
    Ok((class, [(x0 + x1) / 2.0 / w, (y0 + y1) / 2.0 / h, (x1 - x0) / w, (y1 - y0) / h]))
}
