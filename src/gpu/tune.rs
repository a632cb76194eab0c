//! Which rung of the ladder is the fastest for each shape on this adapter: measured once, remembered in a [`Table`].

use std::time::Duration;

use crate::{
    error::Result,
    gpu::{
        context::Gpu,
        pipelines::Pipelines,
        rung_benchmark::{RungBenchmark, Timing, TimingBudget},
        table::{Table, TuningEntry, key},
    },
    graph::compile::Compiled,
    kernels::conv::{Caps, Problem, Variant},
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

impl Tune {
    const fn budget(self) -> TimingBudget {
        match self {
            Self::Full => TimingBudget { span: 50.0, tries: 5 },
            Self::Off | Self::Quick => TimingBudget { span: 8.0, tries: 2 },
        }
    }
}

/// The convolutions of a planned graph whose shapes are to be measured, each shape once.
pub fn unknown(compiled: &Compiled, table: &Table, tune: Tune, caps: &Caps, pictures: usize) -> Vec<Problem> {
    let mut seen = std::collections::BTreeSet::new();
    let problems = compiled.plan.steps.iter().filter_map(|step| step.problem(&compiled.graph, pictures));
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
    let worth = |v: &Variant| *v != Variant::Direct && (tune == Tune::Full || v.suits(caps));
    let others = Variant::ALL.iter().copied().filter(|v| *v != guess && worth(v) && v.takes(problem, caps));
    std::iter::once(guess).chain(others).collect()
}

/// Measures one shape and enters it. `caps` are those that rungs are chosen by: a program may allow itself less than the
/// adapter has.
///
/// # Errors
/// If the device fails.
pub async fn measure(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    caps: &Caps,
    problem: &Problem,
    tune: Tune,
    table: &mut Table,
) -> Result<()> {
    let candidates = candidates(problem, tune, caps);
    let timings = time(gpu, pipelines, caps, problem, &candidates, tune.budget()).await?;
    let clock = Timing::common(timings.iter().map(|(_, timing)| timing));
    let mut best: Option<(Variant, Duration)> = None;
    for (variant, timing) in &timings {
        let time = timing.by(clock);
        // The guess stays unless another one is clearly faster: 3 % are noise.
        if best.is_none_or(|(_, t)| time.as_secs_f64() < t.as_secs_f64() * 0.97) {
            best = Some((*variant, time));
        }
    }
    let ms = timings.iter().map(|(v, timing)| (v.name().to_owned(), timing.by(clock).as_secs_f64() * 1e3)).collect();
    if let Some((variant, _)) = best {
        table.shapes.insert(key(problem, caps), TuningEntry { rung: variant.name().to_owned(), clock, ms });
    }
    Ok(())
}

/// Times rungs one after the other; those that are far slower than the best so far are run once only.
///
/// # Errors
/// If the device fails.
pub async fn time(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    caps: &Caps,
    problem: &Problem,
    rungs: &[Variant],
    budget: TimingBudget,
) -> Result<Vec<(Variant, Timing)>> {
    let mut timings: Vec<(Variant, Timing)> = Vec::with_capacity(rungs.len());
    for variant in rungs {
        let limit = timings.iter().map(|(_, timing)| timing.best()).min();
        let timing = RungBenchmark::new(gpu, pipelines, caps, problem, *variant).await?.time(budget, limit).await?;
        timings.push((*variant, timing));
    }
    Ok(timings)
}
