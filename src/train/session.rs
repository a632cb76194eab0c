//! A network in training on a GPU: its steps, and its state.

use std::{collections::HashMap, path::Path};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    error::{Error, Result},
    files,
    gpu::{Descent, Gpu, TrainOptions, TrainProgram},
    graph::{Graph, NodeId, Params, backward::GradientRequest},
    task::wait,
    tensor::Tensor,
    train::{
        darknet_loss::{BoxGradient, HeadValues, LossParts, Tally, Truth, YoloSection, batch},
        keys::TrainingKeys,
    },
};

/// How a session learns.
#[derive(Clone, Debug)]
pub struct TrainSessionOptions {
    /// Pictures of a step.
    pub batch: usize,
    /// Of those, how many are played at once; divides the batch.
    pub mini: usize,
    /// Layers of the cfg, from the first on, whose numbers stay as they are.
    pub frozen: usize,
    /// How much of a mini-batch's statistics the running ones take over.
    pub share: f64,
    /// Whether running statistics begin with nothing: the first mini-batches count alike then.
    pub fresh: bool,
    /// How much of themselves averaged numbers keep in a step, in the long run; none if they are not averaged.
    pub average: Option<f64>,
}

/// The most pictures of a batch that may be played at once on a device, within so many bytes of values.
///
/// # Errors
/// [`Error::Limit`] if there is no room for one; as [`TrainProgram::planned`].
pub fn largest_mini(gpu: &Gpu, graph: &Graph, frozen: usize, batch: usize, memory: u64) -> Result<usize> {
    let trained = |id: NodeId| graph.node(id).layer.is_none_or(|layer| layer >= frozen);
    let request = GradientRequest { trained: &trained, input: false };
    let mut least = (0, 0);
    for mini in (1..=batch).rev().filter(|mini| batch.is_multiple_of(*mini)) {
        let planned = TrainProgram::planned(gpu, graph, &request, mini)?;
        if planned.bytes <= memory && planned.fits {
            return Ok(mini);
        }
        least = if planned.fits { (planned.bytes, memory) } else { (planned.largest, gpu.binding_bytes()) };
    }
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    Err(Error::Limit {
        node: "training".into(),
        what: "one picture at once".into(),
        needed: megabytes(least.0),
        allowed: megabytes(least.1),
        hint: "; try a smaller size, or to freeze more layers".into(),
    })
}

/// A network in training.
#[derive(Debug)]
pub struct TrainSession {
    program: TrainProgram,
    graph: Graph,
    keys: TrainingKeys,
    options: TrainSessionOptions,
    params: Params,
    /// Steps that were done.
    steps: u64,
}

/// What a step has met.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// The learning rate.
    pub rate: f64,
    /// What Darknet prints: the mean of its heads' costs, for one picture.
    pub loss: LossParts,
    /// Counts and sums of all heads.
    pub tally: Tally,
    /// Whether the numbers were moved: not if the heads' values are no numbers any more.
    pub moved: bool,
}

impl TrainSession {
    /// Begins with these numbers of `graph`.
    ///
    /// # Errors
    /// As [`TrainProgram::new`]; [`Error::Usage`] if everything is frozen.
    pub fn new(
        gpu: &Gpu,
        graph: &Graph,
        params: Params,
        keys: TrainingKeys,
        options: TrainSessionOptions,
    ) -> Result<Self> {
        let trained = |id: NodeId| graph.node(id).layer.is_none_or(|layer| layer >= options.frozen);
        let request = GradientRequest { trained: &trained, input: false };
        if options.mini == 0 || !options.batch.is_multiple_of(options.mini) {
            let message =
                format!("mini-batches of {}: expected a divisor of the batch, {}", options.mini, options.batch);
            return Err(Error::Usage(message));
        }
        let train = TrainOptions {
            pictures: options.mini,
            several: options.mini < options.batch,
            averaged: options.average.is_some(),
            ..TrainOptions::default()
        };
        let program = wait(TrainProgram::new(gpu, graph, &params, &request, &train))?;
        if program.training().gradients.is_empty() {
            return Err(Error::Usage(format!("{} layers are frozen, and no other has numbers", options.frozen)));
        }
        Ok(Self { program, graph: graph.clone(), keys, options, params, steps: 0 })
    }

    /// Steps that were done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Bytes of everything on the GPU.
    pub fn bytes(&self) -> u64 {
        self.program.bytes()
    }

    /// One step at `rate` on a batch: the network's inputs, and what is to be found in each.
    ///
    /// # Errors
    /// If there are not as many pictures as a batch has; if the device fails.
    pub fn step(&mut self, rate: f64, inputs: &[Tensor], truths: &[Vec<Truth>]) -> Result<StepReport> {
        if inputs.len() != self.options.batch || truths.len() != inputs.len() {
            let (expected, found, lists) = (self.options.batch, inputs.len(), truths.len());
            return Err(Error::Usage(format!(
                "a step of {expected} pictures: found {found}, and {lists} lists of truths"
            )));
        }
        let mut report = StepReport {
            step: self.steps + 1,
            rate,
            loss: LossParts::default(),
            tally: Tally::default(),
            moved: false,
        };
        self.program.begin(&Descent {
            rate,
            momentum: self.keys.momentum,
            decay: self.keys.decay,
            batch: self.options.batch,
            share: self.options.share,
            average: self.options.average.map_or(0.0, |kept| 1.0 - kept.min(ramp(self.steps))),
        })?;
        let mini = self.options.mini;
        for (n, (inputs, truths)) in inputs.chunks(mini).zip(truths.chunks(mini)).enumerate() {
            self.program.share(self.share(n))?;
            let heads = wait(self.program.forwards(inputs))?;
            let above = self.judge(&heads, truths, &mut report)?;
            if report.tally.not_finite > 0 {
                return Ok(report);
            }
            self.program.backwards(&above)?;
        }
        self.program.descend()?;
        report.moved = true;
        self.steps += 1;
        Ok(report)
    }

    /// What is asked of the heads, for a mini-batch; what it costs is added to the report.
    fn judge(&self, heads: &[Vec<Tensor>], truths: &[Vec<Truth>], report: &mut StepReport) -> Result<Vec<Vec<Tensor>>> {
        let mut above = Vec::new();
        for (values, section) in heads.iter().zip(&self.keys.heads) {
            let (tally, gradients) = head_loss(section, values, truths, self.graph.canvas())?;
            let mut cost = tally.cost(section);
            // As Darknet prints it: the mean of the heads, over the pictures; the boxes' part is the mean of a mini-batch before.
            let all = (self.options.batch * self.keys.heads.len()) as f64;
            cost.boxes /= all;
            cost.objectness /= all;
            cost.classes /= all;
            report.loss += cost;
            report.tally += tally;
            above.push(gradients);
        }
        Ok(above)
    }

    /// That of a mini-batch of the next step. The first ones count alike, so that statistics which begin with nothing are not pulled to it.
    fn share(&self, mini: usize) -> f64 {
        let before = self.steps * (self.options.batch / self.options.mini) as u64 + mini as u64;
        if self.options.fresh { self.options.share.max(1.0 / (before + 1) as f64) } else { self.options.share }
    }

    /// The numbers as they are now; their averages, if there are any.
    ///
    /// # Errors
    /// If the device fails.
    pub fn params(&mut self) -> Result<&Params> {
        wait(self.program.read_params(true, &mut self.params))?;
        Ok(&self.params)
    }

    /// Writes all that a session which goes on needs, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`], or if the device fails, or the numbers are none any more: what was written before stays then.
    pub fn save(&self, path: &Path, remarks: HashMap<String, String>) -> Result<()> {
        let state = wait(self.program.state())?;
        if state.iter().any(|(_, list)| list.iter().any(|number| !number.is_finite())) {
            let message = format!("step {}: the network's numbers are none any more; try a smaller --lr", self.steps);
            return Err(Error::Gpu(message));
        }
        let fail = Error::format("the state of training", "safetensors");
        let views = state.iter().map(|(name, list)| {
            let view = TensorView::new(Dtype::F32, vec![list.len()], bytemuck::cast_slice(list));
            Ok((*name, view.map_err(&fail)?))
        });
        let views = views.collect::<Result<Vec<_>>>()?;
        let mut meta = remarks;
        meta.insert("steps".into(), self.steps.to_string());
        let bytes = safetensors::serialize(views, Some(meta)).map_err(&fail)?;
        files::write_whole(path, |file| std::io::Write::write_all(file, &bytes)).map_err(Error::io(path))
    }

    /// Goes on from what [`TrainSession::save`] has written; the remarks that were given to it.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Weights`] if it is of another network, or no such file.
    pub fn resume(&mut self, path: &Path) -> Result<HashMap<String, String>> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let wrong = |message: String| Error::Weights { file: path.to_owned(), message };
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|e| wrong(format!("is no state of training: {e}")))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| wrong(format!("is no state of training: {e}")))?;
        let remarks = header.metadata().clone().unwrap_or_default();
        let steps = remarks.get("steps").and_then(|steps| steps.parse().ok());
        let steps = steps.ok_or_else(|| wrong("does not say how many steps were done".into()))?;
        let list = |name: &str| {
            let view = tensors.tensor(name).ok()?;
            (view.dtype() == Dtype::F32).then(|| bytemuck::pod_collect_to_vec::<u8, f32>(view.data()))
        };
        self.program.set_state(&list).map_err(wrong)?;
        self.steps = steps;
        Ok(remarks)
    }
}

/// How much averaged numbers keep in one of the first steps: those count nearly alike, or the average would be of what training began with.
fn ramp(steps: u64) -> f64 {
    (1.0 + steps as f64) / (10.0 + steps as f64)
}

/// What a head's loss says of a batch: counts, and the gradients by its values.
fn head_loss(
    section: &YoloSection,
    values: &[Tensor],
    truths: &[Vec<Truth>],
    canvas: (usize, usize),
) -> Result<(Tally, Vec<Tensor>)> {
    let shape = values.first().map(|value| value.shape).unwrap_or_else(|| crate::tensor::Shape::new(0, 0, 0));
    let raw: Vec<f32> = values.iter().flat_map(|value| value.data.iter().copied()).collect();
    let head = HeadValues { raw: &raw, grid: (shape.w, shape.h), canvas };
    let loss = batch(section, BoxGradient::Darknet, head, truths).map_err(|e| Error::graph("loss", e.to_string()))?;
    let each = shape.elements().max(1);
    // Darknet's are what the values should be moved by.
    let gradients = loss.deltas.chunks(each).map(|deltas| {
        let data = deltas.iter().map(|delta| -*delta as f32).collect();
        Tensor { shape, data }
    });
    Ok((loss.tally, gradients.collect()))
}
