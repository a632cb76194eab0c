//! The arenas on the GPU: numbers, their gradients, what earlier steps have left, running statistics.

use crate::{
    error::Result,
    gpu::{
        bound::SLOT_USAGE,
        call::Stretch,
        context::Gpu,
        train::arena::{Arena, NumberList, VECTOR},
    },
    graph::{Graph, NodeId, Params, backward::TrainingGraph},
    kernels::train::norm,
    ops::NodeParams,
    tensor::{Shape, Tensor},
};

/// Stretches that arenas may be cut into (gradients of 64 GB, where a binding has 128 MiB).
const STRETCHES: usize = 512;

/// All numbers of a network in training.
#[derive(Debug)]
pub struct NumberArenas {
    pub arena: Arena,
    pub numbers: wgpu::Buffer,
    pub gradients: wgpu::Buffer,
    pub velocity: wgpu::Buffer,
    /// Mean, then variance of every batch-norm that is trained, each from a vector on.
    pub running: wgpu::Buffer,
    /// Averages of squared gradients, for AdamW.
    pub squares: Option<wgpu::Buffer>,
    /// Sums of squared gradients of every share; the factor, the length and the count that come of them.
    pub norm: [wgpu::Buffer; 2],
    /// Gradients of mini-batches put together, where a step has several.
    pub sums: Option<wgpu::Buffer>,
    /// Averages of the numbers that are trained, and of the running statistics.
    pub averages: Option<[wgpu::Buffer; 2]>,
    pub statistics: Vec<RunningList>,
}

/// Which arenas there are beside those that every training has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberKinds {
    /// [`NumberArenas::sums`]
    pub summed: bool,
    /// [`NumberArenas::averages`]
    pub averaged: bool,
    /// [`NumberArenas::squares`]
    pub squared: bool,
}

/// The running statistics of one kind of a batch-norm.
#[derive(Clone, Copy, Debug)]
pub struct RunningList {
    /// The batch-norm of the graph as loaded.
    pub of: NodeId,
    /// Whether it is the variance.
    pub variance: bool,
    /// The node of the training graph with the batch's.
    pub batch: NodeId,
    pub channels: usize,
    /// First vector.
    pub first: usize,
    /// Of what a batch has: N / (N - 1) of a variance, which is taken over as that of a sample.
    pub factor: f64,
}

impl RunningList {
    pub fn vectors(&self) -> usize {
        self.channels.div_ceil(4)
    }
}

impl NumberArenas {
    /// Sends the numbers on their way.
    ///
    /// # Errors
    /// [`crate::Error::Graph`] if a node has none, or too few.
    pub fn new(
        gpu: &Gpu,
        loaded: &Graph,
        training: &TrainingGraph,
        params: &Params,
        kinds: NumberKinds,
    ) -> Result<Self> {
        let alignment = gpu.limits.min_storage_buffer_offset_alignment as usize;
        let arena = Arena::new(loaded, training, alignment);
        let all = arena.fill(loaded, params)?;
        let (statistics, vectors) = running_lists(training, alignment);
        let mut running = vec![0.0; vectors * 4];
        for list in &statistics {
            if let Some(NodeParams::BatchNorm { mean, var, .. }) = params.get(list.of) {
                let from = if list.variance { var } else { mean };
                running[list.first * 4..][..list.channels.min(from.len())]
                    .copy_from_slice(&from[..list.channels.min(from.len())]);
            }
        }
        let bytes = |vectors: usize| vectors * VECTOR;
        Ok(Self {
            numbers: gpu.filled("numbers", bytemuck::cast_slice(&all), SLOT_USAGE),
            gradients: gpu.buffer("gradients", bytes(arena.trained), SLOT_USAGE),
            velocity: gpu.buffer("velocity", bytes(arena.trained), SLOT_USAGE),
            running: gpu.filled("running statistics", bytemuck::cast_slice(&running), SLOT_USAGE),
            squares: kinds.squared.then(|| gpu.buffer("squares", bytes(arena.trained), SLOT_USAGE)),
            // A share more a stretch, of which there are a few.
            norm: [norm::shares(arena.trained) + STRETCHES, 1]
                .map(|vectors| gpu.buffer("norm", bytes(vectors), SLOT_USAGE)),
            sums: kinds.summed.then(|| gpu.buffer("sums of gradients", bytes(arena.trained), SLOT_USAGE)),
            averages: kinds.averaged.then(|| {
                let trained = &all[..arena.trained * 4];
                [trained, &running].map(|list| gpu.filled("averages", bytemuck::cast_slice(list), SLOT_USAGE))
            }),
            statistics,
            arena,
        })
    }

    /// A node's list, where the numbers are.
    pub fn stretch(&self, of: NodeId, what: &str) -> Option<Stretch> {
        self.arena.list(of, what).map(|list| stretch(&self.numbers, list))
    }

    /// Where the gradients are that nodes of the training graph compute.
    pub fn gradients(&self) -> impl Iterator<Item = (NodeId, Stretch)> {
        self.arena.lists.iter().filter_map(|list| Some((list.gradient?, stretch(&self.gradients, list))))
    }

    /// A list of running statistics.
    pub fn running(&self, list: &RunningList) -> Stretch {
        let bytes = |vectors: usize| (vectors * VECTOR) as u64;
        Stretch { buffer: self.running.clone(), offset: bytes(list.first), size: bytes(list.vectors()) }
    }

    /// Brings back what is trained, or the averages of it where there are any, into numbers of the graph as loaded.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn read(&self, gpu: &Gpu, averaged: bool, params: &mut Params) -> Result<()> {
        let [numbers, running] = match &self.averages {
            Some(averages) if averaged => averages.each_ref(),
            _ => [&self.numbers, &self.running],
        };
        self.arena.take(&gpu.floats(numbers).await?, params);
        let running = gpu.floats(running).await?;
        for list in &self.statistics {
            let Some(Some(NodeParams::BatchNorm { mean, var, .. })) = params.0.get_mut(list.of.0) else { continue };
            let to = if list.variance { var } else { mean };
            let packed = running.get(list.first * 4..).and_then(|from| from.get(..list.vectors() * 4));
            if let Some(found) = packed.and_then(|p| Tensor::from_nc4hw4(Shape::new(list.channels, 1, 1), p)) {
                *to = found.data;
            }
        }
        Ok(())
    }
}

impl NumberArenas {
    fn stored(&self) -> Vec<(&'static str, &wgpu::Buffer)> {
        let mut all = vec![("numbers", &self.numbers), ("velocity", &self.velocity), ("running", &self.running)];
        all.extend(self.squares.as_ref().map(|squares| ("squares", squares)));
        if let Some([numbers, running]) = &self.averages {
            all.extend([("averaged numbers", numbers), ("averaged running", running)]);
        }
        all
    }

    /// All arenas.
    pub fn buffers(&self) -> impl Iterator<Item = &wgpu::Buffer> {
        let stored = self.stored().into_iter().map(|(_, buffer)| buffer);
        stored.chain([&self.gradients]).chain(&self.norm).chain(&self.sums)
    }

    /// Bytes of all arenas.
    pub fn bytes(&self) -> u64 {
        self.buffers().map(wgpu::Buffer::size).sum()
    }

    /// The factor of the last step, the length of its gradients, how many were no numbers.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn norm(&self, gpu: &Gpu) -> Result<[f32; 4]> {
        let found = gpu.floats(&self.norm[1]).await?;
        Ok(std::array::from_fn(|n| found.get(n).copied().unwrap_or_default()))
    }

    /// All that changes from step to step, by name.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn state(&self, gpu: &Gpu) -> Result<Vec<(&'static str, Vec<f32>)>> {
        let mut state = Vec::new();
        for (name, buffer) in self.stored() {
            state.push((name, gpu.floats(buffer).await?));
        }
        Ok(state)
    }

    /// Takes such a state over.
    ///
    /// # Errors
    /// What is missing, or has another length, in words.
    pub fn set_state(&self, gpu: &Gpu, list: &dyn Fn(&str) -> Option<Vec<f32>>) -> std::result::Result<(), String> {
        let mut found = Vec::new();
        for (name, buffer) in self.stored() {
            let list = list(name).ok_or_else(|| format!("has no {name}"))?;
            let expected = (buffer.size() / 4) as usize;
            if list.len() != expected {
                return Err(format!("expected {expected} {name}, found {}: it is of another network", list.len()));
            }
            found.push((buffer, list));
        }
        found.iter().for_each(|(buffer, list)| gpu.write(buffer, 0, bytemuck::cast_slice(list)));
        Ok(())
    }
}

impl Gpu {
    /// Numbers of 32 bits from a buffer that cannot be mapped.
    async fn floats(&self, buffer: &wgpu::Buffer) -> Result<Vec<f32>> {
        Ok(bytemuck::pod_collect_to_vec(&self.read_all(buffer).await?))
    }
}

fn stretch(buffer: &wgpu::Buffer, list: &NumberList) -> Stretch {
    let bytes = |vectors: usize| (vectors * VECTOR) as u64;
    Stretch { buffer: buffer.clone(), offset: bytes(list.first), size: bytes(list.vectors()) }
}

/// Where running statistics lie, and their vectors in all.
fn running_lists(training: &TrainingGraph, alignment: usize) -> (Vec<RunningList>, usize) {
    let graph = &training.graph;
    let (mut lists, mut at) = (Vec::new(), 0);
    for statistics in &training.statistics {
        let x = graph.node(graph.node(statistics.mean).inputs[0]).shape;
        let count = (x.pixels() * training.pictures) as f64;
        let sample = count / (count - 1.0).max(1.0);
        for (variance, batch, factor) in [(false, statistics.mean, 1.0), (true, statistics.variance, sample)] {
            let list = RunningList { of: statistics.of, variance, batch, channels: x.c, first: at, factor };
            at = (at + list.vectors()).next_multiple_of(alignment.div_ceil(VECTOR).max(1));
            lists.push(list);
        }
    }
    (lists, at)
}
