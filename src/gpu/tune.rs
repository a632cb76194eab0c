//! Which rung of the ladder is the fastest for each shape on this adapter: measured once, remembered in a [`Table`].

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::{
    error::Result,
    gpu::{
        context::Gpu,
        convolve::{Ends, packed_len, problem},
        lower::Bound,
        pipelines::Pipelines,
        ready::{Preparing, Ready, SLOT_USAGE},
    },
    graph::{
        Graph, Op,
        plan::{SlotId, View},
    },
    kernels::{
        CATALOGUE, Precision,
        conv::{Problem, pack_bias},
        ladder::{Caps, Variant},
    },
    tensor::Shape,
};

/// How much is measured before a network is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tune {
    /// Nothing: what is known, else the best guess.
    #[default]
    Off,
    /// The rungs that may be worth it, shapes that are not known only.
    Quick,
    /// Every rung that is able to, every shape, more than once.
    Full,
}

/// The fastest rung of each shape, and what it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Adapter, driver and kernels that it was measured with; see [`Table::identity`].
    pub of: String,
    /// By shape.
    pub shapes: BTreeMap<String, Entry>,
}

/// One shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the rung.
    pub rung: String,
    /// Milliseconds of each rung that was measured.
    pub ms: BTreeMap<String, f64>,
}

impl Table {
    /// What a table is valid for: this adapter and driver, and these very kernels.
    pub fn identity(gpu: &Gpu) -> String {
        let report = gpu.report();
        // FNV-1a: the same on every platform and in every version of the compiler.
        let text = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let parts = CATALOGUE.iter().flat_map(|kernel| kernel.parts).flat_map(|part| part.text.bytes());
        let hash = parts.fold(0xcbf2_9ce4_8422_2325, text);
        format!("{} | {} | {} | {hash:016x}", report.backend, report.name, report.driver)
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        // Strings and finite numbers only: nothing here can fail to serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The fastest rung of a shape, if it was measured.
    pub fn get(&self, problem: &Problem, caps: &Caps) -> Option<Variant> {
        let entry = self.shapes.get(&key(problem, caps))?;
        Variant::ALL.into_iter().find(|v| v.name() == entry.rung)
    }
}

/// What makes two convolutions equally fast: geometry and storage, not what they are called or how they are activated.
fn key(p: &Problem, caps: &Caps) -> String {
    let storage = if caps.half { "f16" } else { "f32" };
    let (sy, sx) = p.stride;
    format!(
        "{} -> {} {}/{sy}x{sx} pad {} dil {} groups {} {storage}",
        p.input, p.output, p.size, p.pad, p.dilation, p.groups
    )
}

/// The convolutions of a fused graph whose shapes are to be measured, each shape once.
pub fn unknown(graph: &Graph, table: &Table, tune: Tune, caps: &Caps) -> Vec<Problem> {
    let mut seen = std::collections::BTreeSet::new();
    let problems = graph.iter().filter_map(|(_, node)| match &node.op {
        Op::Conv(conv) => Some(problem(graph, node, conv)),
        _ => None,
    });
    let wanted = |p: &Problem| match tune {
        Tune::Off => false,
        Tune::Quick => table.get(p, caps).is_none(),
        Tune::Full => true,
    };
    problems.filter(wanted).filter(|p| candidates(p, tune, caps).len() > 1 && seen.insert(key(p, caps))).collect()
}

/// Rungs worth a try, the safe guess first.
fn candidates(problem: &Problem, tune: Tune, caps: &Caps) -> Vec<Variant> {
    let guess = Variant::choose(problem, caps);
    let worth = |v: &Variant| match v {
        Variant::Direct => false,
        // On a processor barriers cost more than anything; on a GPU it is the lanes that wait for memory.
        Variant::Tiled | Variant::Coop8 | Variant::Coop16 => tune == Tune::Full || !caps.software,
        Variant::Lanes => tune == Tune::Full || caps.software && !caps.subgroup,
        _ => true,
    };
    let others = Variant::ALL.into_iter().filter(|v| *v != guess && worth(v) && v.takes(problem, caps));
    std::iter::once(guess).chain(others).collect()
}

/// Measures one shape and enters it.
///
/// # Errors
/// If the device fails.
pub async fn measure(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    precision: Precision,
    problem: &Problem,
    tune: Tune,
    table: &mut Table,
) -> Result<()> {
    let caps = gpu.caps(precision);
    let mut ms = BTreeMap::new();
    let mut best: Option<(Variant, Duration)> = None;
    for variant in candidates(problem, tune, &caps) {
        let limit = best.map(|(_, time)| time);
        let time = Trial::new(gpu, pipelines, precision, problem, variant).await?.time(gpu, tune, limit).await?;
        ms.insert(variant.name().to_owned(), time.as_secs_f64() * 1e3);
        // The guess stays unless another one is clearly faster: 3 % are noise.
        if best.is_none_or(|(_, t)| time.as_secs_f64() < t.as_secs_f64() * 0.97) {
            best = Some((variant, time));
        }
    }
    if let Some((variant, _)) = best {
        table.shapes.insert(key(problem, &caps), Entry { rung: variant.name().to_owned(), ms });
    }
    Ok(())
}

/// One rung on buffers of its own, full of zeros.
struct Trial {
    calls: Vec<(usize, Ready)>,
    /// Copied at the end, so that there is something to wait for.
    probe: wgpu::Buffer,
    dst: wgpu::Buffer,
}

impl Trial {
    async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        precision: Precision,
        problem: &Problem,
        variant: Variant,
    ) -> Result<Self> {
        let caps = gpu.caps(precision);
        let view = |slot: usize, shape: Shape| View { slot: SlotId(slot), block: 0, shape };
        let slots = [problem.input, problem.output, problem.output]
            .map(|shape| gpu.buffer("trial", shape.blocks() * shape.pixels() * 4 * precision.bytes(), SLOT_USAGE));
        let (src, dst, residual) = (view(0, problem.input), view(1, problem.output), view(2, problem.output));
        let ends = Ends {
            parts: &[src],
            residual: problem.residual.map(|_| &residual),
            bias: Bound::Bias(pack_bias(problem, None)),
            write: &dst,
        };
        let weights = vec![0.0; packed_len(variant, problem, &caps)];
        let mut preparing = Preparing::new(gpu, precision);
        preparing.push(gpu, pipelines, "tuning", || 0, ends.calls(variant, problem, &caps, weights)).await?;
        let calls = preparing.finish(gpu, pipelines, &slots);
        let probe = gpu.buffer("probe", 16, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let [_, dst, _] = slots;
        Ok(Self { calls, probe, dst })
    }

    /// The time of one pass through the calls; given up early if it is far beyond `limit`.
    async fn time(&self, gpu: &Gpu, tune: Tune, limit: Option<Duration>) -> Result<Duration> {
        // The first run may still compile.
        self.run(gpu, 1).await?;
        let once = self.run(gpu, 1).await?;
        if limit.is_some_and(|limit| once > limit * 3) {
            return Ok(once);
        }
        let (span, tries) = if tune == Tune::Full { (50.0, 5) } else { (8.0, 2) };
        // Many in one submit, so that submitting does not count.
        let count = (span / (once.as_secs_f64() * 1e3).max(1e-3)).clamp(1.0, 100.0) as u32;
        let mut best = once;
        for _ in 0..tries {
            best = best.min(self.run(gpu, count).await? / count);
        }
        Ok(best)
    }

    async fn run(&self, gpu: &Gpu, count: u32) -> Result<Duration> {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for _ in 0..count {
                self.calls.iter().for_each(|(_, ready)| ready.record(&mut pass));
            }
        }
        encoder.copy_buffer_to_buffer(&self.dst, 0, &self.probe, 0, Some(16));
        let started = Instant::now();
        gpu.queue.submit([encoder.finish()]);
        gpu.read(&self.probe).await?;
        Ok(started.elapsed())
    }
}
