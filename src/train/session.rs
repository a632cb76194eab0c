//! A network in training on a GPU: its steps, and its state.

use std::{collections::HashMap, path::Path};

#[cfg(not(target_arch = "wasm32"))]
use crate::{files, graph::build::resized, task::wait};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{
    error::{Error, Result},
    gpu::{Adaptive, Descent, Gpu, TrainOptions, TrainProgram},
    graph::{Graph, Params, backward::GradientRequest, recompute::Recompute},
    model::tensor_file,
    task::Task,
    tensor::Tensor,
    train::{
        darknet_loss::{LossParts, Tally, Truth},
        judge::judge,
        keys::TrainingKeys,
        memory::trained,
        recipe::{NOMINAL_BATCH, Optimizer, StepSize, TrainingRecipe},
    },
};

/// How much of a batch's statistics the running ones take over, unless somebody says otherwise: as in the paper's training, which is three times what
/// Darknet has, for trainings that are shorter than Darknet's.
pub const RUNNING_SHARE: f64 = 0.03;

/// How a session learns.
#[derive(Clone, Debug)]
pub struct TrainSessionOptions {
    /// Pictures of a step.
    pub batch: usize,
    /// Of those, how many are played at once; divides the batch.
    pub mini: usize,
    /// How much is computed again for the gradients instead of being kept.
    pub recompute: Recompute,
    /// Layers of the cfg, from the first on, whose numbers stay as they are.
    pub frozen: usize,
    /// How much of a mini-batch's statistics the running ones take over.
    pub share: f64,
    /// Whether running statistics begin with nothing: the first mini-batches count alike then.
    pub fresh: bool,
    /// How much of themselves averaged numbers keep in a step, in the long run; none if they are not averaged.
    pub average: Option<f64>,
    /// The longest that the gradients of one picture may be, all together.
    pub longest: Option<f64>,
    /// Columns and rows of the network's picture, where the graph is only the end of one ([`crate::graph::tail`]).
    pub canvas: Option<(usize, usize)>,
}

/// A network in training.
#[derive(Debug)]
pub struct TrainSession {
    program: TrainProgram,
    graph: Graph,
    keys: TrainingKeys,
    options: TrainSessionOptions,
    /// The numbers that it began with.
    #[cfg(not(target_arch = "wasm32"))]
    begun: Params,
    /// Those that were read back last.
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
    /// What Darknet prints: the mean of its heads' costs, for one picture; with the paper's recipe their sum.
    pub loss: LossParts,
    /// Counts and sums of all heads.
    pub tally: Tally,
    /// Length of the gradients of one picture, all together, before they were shortened.
    pub norm: f64,
    /// Whether the numbers were moved: not if the heads' values, or gradients, are no numbers any more. Running statistics may have followed the batch
    /// all the same: what was saved before is the place to go on from.
    pub moved: bool,
}

impl TrainSession {
    /// Begins with these numbers of `graph`.
    ///
    /// # Errors
    /// As [`TrainProgram::new`]; [`Error::Usage`] if everything is frozen.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(
        gpu: &Gpu,
        graph: &Graph,
        params: Params,
        keys: TrainingKeys,
        options: TrainSessionOptions,
    ) -> Result<Self> {
        wait(Self::open(gpu, graph, params, keys, options))
    }

    /// As [`TrainSession::new`], for whoever may not wait.
    ///
    /// # Errors
    /// As there.
    pub fn open<'a>(
        gpu: &'a Gpu,
        graph: &'a Graph,
        params: Params,
        keys: TrainingKeys,
        options: TrainSessionOptions,
    ) -> Task<'a, Result<Self>> {
        Box::pin(async move {
            if options.mini == 0 || !options.batch.is_multiple_of(options.mini) {
                let message =
                    format!("mini-batches of {}: expected a divisor of the batch, {}", options.mini, options.batch);
                return Err(Error::Usage(message));
            }
            let program = program(gpu, graph, &params, &keys, &options).await?;
            if program.training().gradients.is_empty() {
                return Err(Error::Usage(format!("{} layers are frozen, and no other has numbers", options.frozen)));
            }
            Ok(Self {
                program,
                graph: graph.clone(),
                keys,
                options,
                #[cfg(not(target_arch = "wasm32"))]
                begun: params.clone(),
                params,
                steps: 0,
            })
        })
    }

    /// Steps that were done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Bytes of everything on the GPU.
    pub fn bytes(&self) -> u64 {
        self.program.bytes()
    }

    /// Bytes of device memory that everything on its device takes now; none where the platform does not say.
    pub fn allocated(&self) -> Option<u64> {
        self.program.gpu().allocated()
    }

    /// The device that it learns on.
    pub fn gpu(&self) -> &Gpu {
        self.program.gpu()
    }

    /// Begins anew on another device, where the first one is lost: [`TrainSession::resume`] goes on.
    ///
    /// # Errors
    /// As [`TrainSession::new`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn renew(&mut self, gpu: &Gpu) -> Result<()> {
        *self = Self::new(gpu, &self.graph, self.begun.clone(), self.keys.clone(), self.options.clone())?;
        Ok(())
    }

    /// Goes on with pictures of another size: everything that was learnt stays as it is.
    ///
    /// # Errors
    /// As [`TrainSession::new`], and if the device fails; it cannot go on then.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn resize(&mut self, canvas: (usize, usize)) -> Result<()> {
        if self.graph.canvas() == canvas {
            return Ok(());
        }
        let graph = resized(&self.graph, canvas)?;
        let state = wait(self.program.state())?;
        let gpu = self.program.gpu().clone();
        // There need not be room for both.
        self.program.destroy();
        self.program = wait(program(&gpu, &graph, &self.begun, &self.keys, &self.options))?;
        let list = |name: &str| state.iter().find(|(of, _)| *of == name).map(|(_, list)| list.clone());
        self.program.set_state(&list).map_err(|what| Error::graph("training", what))?;
        self.graph = graph;
        Ok(())
    }

    /// One step of this size on a batch: the network's inputs, as [`TrainProgram::forwards`] takes them, and what is to be found in each picture.
    ///
    /// # Errors
    /// If there are not as many pictures as a batch has; if the device fails.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn step(&mut self, size: &StepSize, inputs: &[Tensor], truths: &[Vec<Truth>]) -> Result<StepReport> {
        wait(self.step_async(size, inputs, truths))
    }

    /// As [`TrainSession::step`], for whoever may not wait.
    ///
    /// # Errors
    /// As there.
    pub fn step_async<'a>(
        &'a mut self,
        size: &'a StepSize,
        inputs: &'a [Tensor],
        truths: &'a [Vec<Truth>],
    ) -> Task<'a, Result<StepReport>> {
        Box::pin(async move {
            let each = self.program.training().inputs.len();
            if inputs.len() != self.options.batch * each || truths.len() != self.options.batch {
                let (expected, found, lists) = (self.options.batch, inputs.len() / each.max(1), truths.len());
                return Err(Error::Usage(format!(
                    "a step of {expected} pictures: found {found}, and {lists} lists of truths"
                )));
            }
            let mut report = StepReport {
                step: self.steps + 1,
                rate: size.rate,
                loss: LossParts::default(),
                tally: Tally::default(),
                norm: 0.0,
                moved: false,
            };
            let canvas = self.options.canvas.unwrap_or(self.graph.canvas());
            self.program.begin(&self.descent(size))?;
            let mini = self.options.mini;
            for (n, (inputs, truths)) in inputs.chunks(mini * each).zip(truths.chunks(mini)).enumerate() {
                self.program.share(self.share(n))?;
                let heads = self.program.forwards(inputs).await?;
                let judged = judge(&self.keys, &heads, truths, canvas, self.options.batch)?;
                report.loss += judged.loss;
                report.tally += judged.tally;
                if report.tally.not_finite > 0 {
                    return Ok(report);
                }
                self.program.backwards(&judged.gradients)?;
            }
            self.program.descend()?;
            let norm = self.program.norm().await?;
            report.norm = norm.length;
            if norm.odd > 0 {
                return Ok(report);
            }
            report.moved = true;
            self.steps += 1;
            Ok(report)
        })
    }

    /// What a step of this size does to the numbers.
    fn descent(&self, size: &StepSize) -> Descent {
        let batch = self.options.batch;
        // The paper's rates are of sums over the pictures, and its decay is of a batch of its own.
        let (pictures, decay, ahead) = match (self.keys.optimizer, self.keys.recipe) {
            (Optimizer::AdamW, _) | (_, TrainingRecipe::Darknet) => (1.0, self.keys.decay, 0.0),
            (_, TrainingRecipe::Scaled) => (batch as f64, self.keys.decay / NOMINAL_BATCH as f64, size.momentum),
        };
        Descent {
            rate: size.rate * pictures,
            bias_rate: size.bias_rate * pictures,
            momentum: size.kept,
            ahead,
            decay,
            longest: self.options.longest.unwrap_or(0.0),
            adaptive: Adaptive { step: self.steps + 1, ..Adaptive::default() },
            batch,
            share: self.options.share,
            average: self.options.average.map_or(0.0, |kept| 1.0 - self.keys.recipe.averaged(kept, self.steps)),
        }
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
    #[cfg(not(target_arch = "wasm32"))]
    pub fn params(&mut self) -> Result<&Params> {
        wait(self.params_async())
    }

    /// As [`TrainSession::params`], for whoever may not wait.
    ///
    /// # Errors
    /// As there.
    pub fn params_async(&mut self) -> Task<'_, Result<&Params>> {
        Box::pin(async move {
            self.program.read_params(true, &mut self.params).await?;
            Ok(&self.params)
        })
    }

    /// All that a session which goes on needs, as a file.
    ///
    /// # Errors
    /// If the device fails, or the numbers are none any more.
    pub fn state(&self, remarks: HashMap<String, String>) -> Task<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let state = self.program.state().await?;
            if state.iter().any(|(_, list)| list.iter().any(|number| !number.is_finite())) {
                let message =
                    format!("step {}: the network's numbers are none any more; try a smaller rate", self.steps);
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
            tensor_file::serialize(views, meta).map_err(&fail)
        })
    }

    /// Writes [`TrainSession::state`], whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`], and as there: what was written before stays then.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn save(&self, path: &Path, remarks: HashMap<String, String>) -> Result<()> {
        let bytes = wait(self.state(remarks))?;
        files::write_whole(path, |file| std::io::Write::write_all(file, &bytes)).map_err(Error::io(path))
    }

    /// Goes on from what [`TrainSession::save`] has written; the remarks that were given to it.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Weights`] if it is of another network, or no such file.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn resume(&mut self, path: &Path) -> Result<HashMap<String, String>> {
        self.set_state(path, &std::fs::read(path).map_err(Error::io(path))?)
    }

    /// Goes on from such a state; `path` is for errors. The remarks that were given to it.
    ///
    /// # Errors
    /// [`Error::Weights`] if it is of another network, or no such file.
    pub fn set_state(&mut self, path: &Path, bytes: &[u8]) -> Result<HashMap<String, String>> {
        let wrong = |message: String| Error::Weights { file: path.to_owned(), message };
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|e| wrong(format!("is no state of training: {e}")))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| wrong(format!("is no state of training: {e}")))?;
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

/// The steps of a session on pictures of the graph's size.
async fn program(
    gpu: &Gpu,
    graph: &Graph,
    params: &Params,
    keys: &TrainingKeys,
    options: &TrainSessionOptions,
) -> Result<TrainProgram> {
    let trained = trained(graph, options.frozen);
    let request = GradientRequest { trained: &trained, input: false };
    let train = TrainOptions {
        pictures: options.mini,
        several: options.mini < options.batch,
        averaged: options.average.is_some(),
        recompute: options.recompute,
        adaptive: keys.optimizer == Optimizer::AdamW,
        ..TrainOptions::default()
    };
    TrainProgram::new(gpu, graph, params, &request, &train).await
}
