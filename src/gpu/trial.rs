//! One rung of the ladder on one problem, on buffers of its own, timed.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    gpu::{
        buffers::encode,
        context::Gpu,
        convolve::Ends,
        measure::{Clock, Lap, Stopwatch},
        pipelines::Pipelines,
        ready::{Preparing, Ready, SLOT_USAGE},
        weights::{Numbers, Sent},
    },
    graph::plan::{SlotId, View},
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

    fn min(self, lap: &Lap, count: u32) -> Self {
        let gpu = self.gpu.zip(lap.gpu).map(|(known, gpu)| known.min(gpu / count));
        Self { wall: self.wall.min(lap.wall / count), gpu }
    }
}

/// How long and how often a rung is run.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Milliseconds of a run.
    pub span: f64,
    /// Runs.
    pub tries: u32,
}

/// A rung that is ready to run.
pub struct Trial {
    calls: Vec<(usize, Ready)>,
    watch: Stopwatch,
    dst: wgpu::Buffer,
}

impl Trial {
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
        let view = |slot: usize, shape: Shape| View { slot: SlotId(slot), block: 0, shape };
        let mut shapes = vec![problem.stored(), problem.output];
        shapes.extend(parts(problem.input, caps.binding / (caps.vector() * problem.pictures), problem.parts));
        let slot = |shape: &Shape| {
            let numbers = noise(shape.vectors() * problem.pictures * 4);
            gpu.filled("trial", &encode(precision, &numbers), SLOT_USAGE)
        };
        let slots: Vec<wgpu::Buffer> = shapes.iter().map(slot).collect();
        let views: Vec<View> = shapes.iter().enumerate().map(|(slot, shape)| view(slot, *shape)).collect();
        let [dst, residual, parts @ ..] = &views[..] else {
            return Err(Error::graph("tuning", "has no slots"));
        };
        let ends = Ends { parts, residual: problem.residual.map(|_| residual), write: dst };
        let elements = variant.packed_len(problem, caps);
        let weights = Box::new(|sink: &mut Sink<'_>| sink(0, &noise(elements)));
        let numbers = Numbers { elements, weights, bias: conv::bias(problem, None) };
        let mut preparing = Preparing::new(gpu, precision);
        let (lowered, sent) = (ends.calls(variant, problem, caps), Sent::new(gpu, precision, "tuning", numbers));
        preparing.push(gpu, pipelines, ("tuning", "tuning".into()), || 0, lowered, Some(sent)).await?;
        let calls = preparing.finish(gpu, pipelines, &slots);
        Ok(Self { calls, watch: Stopwatch::new(gpu, 16, true), dst: slots[0].clone() })
    }

    /// The time of one pass through the calls; given up early if it is far beyond `limit`.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn time(&self, effort: Effort, limit: Option<Duration>) -> Result<Timing> {
        // The first run may still compile.
        self.run(1).await?;
        let once = self.run(1).await?;
        if limit.is_some_and(|limit| once.best() > limit * 3) {
            return Ok(once);
        }
        // Many in one submit, so that submitting does not count.
        let count = (effort.span / (once.best().as_secs_f64() * 1e3).max(1e-3)).clamp(1.0, 100.0) as u32;
        let mut best = once;
        for _ in 0..effort.tries {
            best = best.min(&self.lap(count).await?, count);
        }
        Ok(best)
    }

    /// `count` passes through the calls in one submit, waited for.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn run(&self, count: u32) -> Result<Timing> {
        let lap = self.lap(count).await?;
        Ok(Timing { wall: lap.wall / count, gpu: lap.gpu.map(|gpu| gpu / count) })
    }

    async fn lap(&self, count: u32) -> Result<Lap> {
        let record = |pass: &mut wgpu::ComputePass<'_>| {
            (0..count).for_each(|_| self.calls.iter().for_each(|(_, ready)| ready.record(pass)));
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
