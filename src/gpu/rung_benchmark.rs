//! One rung of the ladder on one problem, on buffers of its own, timed.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    gpu::{
        bound::{BoundDispatch, DispatchBuilder, SLOT_USAGE},
        buffers::encode,
        context::Gpu,
        convolve::ConvIo,
        measure::{Clock, Stopwatch, TimingSample},
        pipelines::Pipelines,
        weights::{PackedWeights, WeightBuffers},
    },
    graph::plan::{SlotId, TensorView},
    kernels::conv::{self, Caps, Problem, Sink, Variant},
    tensor::Shape,
};

/// The time of one pass through a rung, by each clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// The least by the clock on the wall.
    pub wall: Duration,
    /// The least by timestamps; none if one of them was missing or could not be right.
    pub gpu: Option<Duration>,
}

impl Timing {
    /// By one of the clocks; by the wall's where there is no other.
    pub fn by(&self, clock: Clock) -> Duration {
        match clock {
            Clock::Timestamps => self.gpu.unwrap_or(self.wall),
            Clock::Wall => self.wall,
        }
    }

    /// The best clock that all of them have.
    pub fn common<'a>(all: impl IntoIterator<Item = &'a Self>) -> Clock {
        if all.into_iter().all(|timing| timing.gpu.is_some()) { Clock::Timestamps } else { Clock::Wall }
    }

    /// Its best clock.
    pub fn best(&self) -> Duration {
        self.by(Self::common([self]))
    }

    fn min(self, sample: &TimingSample, count: u32) -> Self {
        let gpu = self.gpu.zip(sample.gpu).map(|(known, gpu)| known.min(gpu / count));
        Self { wall: self.wall.min(sample.wall / count), gpu }
    }
}

/// How long and how often a rung is run.
#[derive(Clone, Copy, Debug)]
pub struct TimingBudget {
    /// Milliseconds of a run.
    pub span: f64,
    /// Runs.
    pub tries: u32,
}

/// A rung that is ready to run.
pub struct RungBenchmark {
    calls: Vec<(usize, BoundDispatch)>,
    watch: Stopwatch,
    dst: wgpu::Buffer,
}

impl RungBenchmark {
    /// Buffers full of small numbers: a card that multiplies zeros is cooler, and faster, than one that works.
    ///
    /// # Errors
    /// As [`crate::gpu::Program::new`].
    pub async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        caps: &Caps,
        problem: &Problem,
        variant: Variant,
    ) -> Result<Self> {
        let precision = caps.precision();
        let view = |slot: usize, shape: Shape| TensorView { slot: SlotId(slot), block: 0, shape, summed: false };
        let mut shapes = vec![problem.stored(), problem.output];
        shapes.extend(parts(problem.input, caps.binding / (caps.vector() * problem.pictures), problem.parts));
        let slot = |shape: &Shape| {
            let numbers = noise(shape.vectors() * problem.pictures * 4);
            gpu.filled("trial", &encode(precision, &numbers), SLOT_USAGE)
        };
        let slots: Vec<wgpu::Buffer> = shapes.iter().map(slot).collect();
        let views: Vec<TensorView> = shapes.iter().enumerate().map(|(slot, shape)| view(slot, *shape)).collect();
        let [dst, residual, parts @ ..] = &views[..] else {
            return Err(Error::graph("tuning", "has no slots"));
        };
        let io = ConvIo { parts, residual: problem.residual.map(|_| residual), write: dst };
        let elements = variant.packed_len(problem, caps);
        let weights = Box::new(|sink: &mut Sink<'_>| sink(0, &noise(elements)));
        let numbers = PackedWeights { elements, weights, bias: conv::bias(problem, None) };
        let mut builder = DispatchBuilder::new(gpu, precision);
        let (lowered, weights) =
            (io.calls(variant, problem, caps), WeightBuffers::new(gpu, precision, "tuning", numbers));
        builder.push(gpu, pipelines, ("tuning", "tuning".into()), || 0, lowered, Some(weights)).await?;
        let calls = builder.finish(gpu, pipelines, &slots);
        Ok(Self { calls, watch: Stopwatch::new(gpu, 16, true), dst: slots[0].clone() })
    }

    /// The time of one pass through the calls; given up early if it is far beyond `limit`.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn time(&self, budget: TimingBudget, limit: Option<Duration>) -> Result<Timing> {
        // The first run may still compile.
        self.run(1).await?;
        let once = self.run(1).await?;
        if limit.is_some_and(|limit| once.best() > limit * 3) {
            return Ok(once);
        }
        // Many in one submit, so that submitting does not count.
        let count = (budget.span / (once.best().as_secs_f64() * 1e3).max(1e-3)).clamp(1.0, 100.0) as u32;
        let mut best = once;
        for _ in 0..budget.tries {
            best = best.min(&self.sample(count).await?, count);
        }
        Ok(best)
    }

    /// `count` passes through the calls in one submit, waited for.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn run(&self, count: u32) -> Result<Timing> {
        let sample = self.sample(count).await?;
        Ok(Timing { wall: sample.wall / count, gpu: sample.gpu.map(|gpu| gpu / count) })
    }

    async fn sample(&self, count: u32) -> Result<TimingSample> {
        let record = |pass: &mut wgpu::ComputePass<'_>| {
            (0..count).for_each(|_| self.calls.iter().for_each(|(_, bound)| bound.record(pass)));
        };
        Ok(self.watch.run(record, &self.dst).await?.0)
    }
}

/// A value in as many parts as it is gathered from, or in more if `limit` vectors are all that a binding has: in bands (see
/// [`crate::graph::bands`]). All of one size, as far as blocks allow.
fn parts(value: Shape, limit: usize, least: usize) -> Vec<Shape> {
    let blocks = value.blocks();
    let count = blocks.div_ceil((limit / value.pixels()).max(1)).max(least).min(blocks);
    let start = |part: usize| part * blocks / count;
    let part = |i| Shape { c: (4 * start(i + 1)).min(value.c) - 4 * start(i), ..value };
    (0..count).map(part).collect()
}

/// Numbers from -0.05 to 0.05 that do not repeat within a row.
fn noise(n: usize) -> Vec<f32> {
    let number = |i: usize| (i * 7919 % 4093) as f32 / 40_930.0 - 0.05;
    (0..4093).map(number).cycle().take(n).collect()
}
