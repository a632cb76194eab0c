//! `yolov4 bench --ladder`: every rung on every shape of convolution, beside the least time that the roofs leave it.

use std::path::Path;

use yolov4::{
    Error, Precision, Result,
    low_level::{
        gpu::{Clock, Gpu, Pipelines, Roof, Timing, TimingBudget, requirements, time},
        kernels::conv::{Caps, Problem, Variant},
        model::Model,
    },
};

use super::{
    machines::AdapterSpec,
    report::{LadderRow, RungRow, short},
    roofs::spinner,
};
use crate::explain;

/// A shape of convolution, and who has it.
pub struct ConvShape {
    /// The first that has it: others differ in activation and residual at most.
    pub problem: Problem,
    /// `NAME WxH`, and how many of its convolutions.
    pub used_by: Vec<(String, usize)>,
}

/// Every shape once, that with the most operations first.
///
/// # Errors
/// If a network cannot be folded.
pub fn shapes(networks: &[(&Path, &Model)]) -> Result<Vec<ConvShape>> {
    let mut all: Vec<ConvShape> = Vec::new();
    for (path, network) in networks {
        let graph = explain::prepare(network, None)?.graph;
        let shape = graph.input_shape();
        let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        let name = format!("{stem} {}x{}", shape.w, shape.h);
        for problem in graph.iter().filter_map(|(id, _)| graph.problem(id, 1)) {
            let known = all.iter().position(|known| known.problem.bare() == problem.bare());
            let at = known.unwrap_or_else(|| {
                all.push(ConvShape { problem, used_by: vec![] });
                all.len() - 1
            });
            match all[at].used_by.iter_mut().find(|(known, _)| *known == name) {
                Some((_, times)) => *times += 1,
                None => all[at].used_by.push((name.clone(), 1)),
            }
        }
    }
    all.sort_by(|a, b| b.problem.flop().total_cmp(&a.problem.flop()));
    Ok(all)
}

/// A run of each.
const EFFORT: TimingBudget = TimingBudget { span: 30.0, tries: 3 };

/// Measures all shapes on one adapter in one precision.
///
/// # Errors
/// If the device cannot be had or fails; [`Error::Usage`] if no rung asked for is able to do anything.
pub async fn measure(
    networks: &[(&Path, &Model)],
    shapes: &[ConvShape],
    rungs: &[Variant],
    (machine, precision): (&AdapterSpec, Precision),
    roof: Option<&Roof>,
) -> Result<Vec<LadderRow>> {
    let binding_bytes =
        networks.iter().map(|(_, network)| requirements(&network.graph, precision, 1).binding_bytes).max();
    let mut wants = machine.options();
    wants.requirements.binding_bytes = binding_bytes.unwrap_or(0);
    (wants.requirements.precision, wants.requirements.timestamps) = (precision, true);
    let gpu = Gpu::new(&wants).await?;
    let caps = gpu.caps(precision);
    let mut pipelines = Pipelines::new(&gpu, precision, false);
    let bar = spinner();
    let mut rows = Vec::new();
    for (done, shape) in shapes.iter().enumerate() {
        let problem = &shape.problem;
        bar.set_message(format!("{done} of {} shapes", shapes.len()));
        let able = able(problem, rungs, &caps);
        let timings = time(&gpu, &mut pipelines, &caps, problem, &able, EFFORT).await?;
        if !timings.is_empty() {
            rows.push(row(&gpu, shape, precision, &timings, roof));
        }
    }
    bar.finish_and_clear();
    if rows.is_empty() {
        let names: Vec<&str> = rungs.iter().map(|rung| rung.name()).collect();
        return Err(Error::Usage(format!("--rung {}: none can do any of these shapes on {machine}", names.join(","))));
    }
    Ok(rows)
}

/// The rungs for a shape, the best guess first: it spares those that are far slower.
fn able(problem: &Problem, rungs: &[Variant], caps: &Caps) -> Vec<Variant> {
    let guess = Variant::choose(problem, caps);
    // The definition is slow; it plays where nobody else can.
    let wanted = |v: &Variant| if rungs.is_empty() { *v != Variant::Direct || *v == guess } else { rungs.contains(v) };
    let others = Variant::ALL.iter().copied().filter(|v| *v != guess);
    [guess].into_iter().chain(others).filter(|v| wanted(v) && v.takes(problem, caps)).collect()
}

fn row(
    gpu: &Gpu,
    shape: &ConvShape,
    precision: Precision,
    timings: &[(Variant, Timing)],
    roof: Option<&Roof>,
) -> LadderRow {
    let (problem, report, caps) = (&shape.problem, gpu.report(), gpu.caps(precision));
    let clock = Timing::common(timings.iter().map(|(_, timing)| timing));
    let rung = |(variant, timing): &(Variant, Timing)| {
        let cost = variant.cost(problem, &caps);
        let ms = 1e3 * timing.by(clock).as_secs_f64();
        let floor = roof.map(|roof| roof.least_ms(precision, cost.flop, cost.bytes));
        RungRow {
            rung: variant.name().to_owned(),
            ms: short(ms),
            gflops: short(1e-6 * problem.flop() / ms),
            flop: cost.flop,
            bytes: cost.bytes,
            dispatches: cost.dispatches,
            floor_ms: floor.map(short),
            floor_by: roof.map(|roof| {
                let sums = roof.least_ms(precision, cost.flop, 0.0) >= roof.least_ms(precision, 0.0, cost.bytes);
                if sums { "multiply-adds" } else { "storage" }.to_owned()
            }),
            floor_pct: floor.map(|floor| short(100.0 * floor / ms)),
        }
    };
    let mut rungs: Vec<(Variant, RungRow)> = timings.iter().map(|timing| (timing.0, rung(timing))).collect();
    // In the ladder's order, whatever was measured first.
    rungs.sort_by_key(|(variant, _)| *variant);
    LadderRow {
        shape: words(problem),
        used_by: shape.used_by.iter().map(|(name, times)| format!("{name}: {times}")).collect(),
        precision: precision.name().to_owned(),
        adapter: report.name.clone(),
        backend: report.backend.clone(),
        software: report.software,
        clock: match clock {
            Clock::Timestamps => "timestamps",
            Clock::Wall => "wall",
        }
        .to_owned(),
        flop: problem.flop(),
        guess: Variant::choose(problem, &caps).name().to_owned(),
        rungs: rungs.into_iter().map(|(_, row)| row).collect(),
    }
}

/// `512x13x13 to 256x13x13, 1x1`.
fn words(p: &Problem) -> String {
    let (sy, sx) = p.stride;
    let mut text = format!("{} to {}, {2}x{2}", p.input, p.output, p.size);
    let mut add = |more: String| text.push_str(&more);
    match (sy, sx) {
        (1, 1) => {}
        (y, x) if y == x => add(format!("/{y}")),
        (y, x) => add(format!("/{y}x{x}")),
    }
    if p.dilation > 1 {
        add(format!(" dilation {}", p.dilation));
    }
    if p.groups > 1 {
        add(format!(" groups {}", p.groups));
    }
    text
}
