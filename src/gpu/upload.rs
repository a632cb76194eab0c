//! The numbers of all steps to the GPU, some steps at a time, by all threads.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    gpu::{
        bound::DispatchBuilder,
        call::Lowered,
        context::Gpu,
        convolve::{RungSelector, numbers},
        parallel,
        pipelines::Pipelines,
        weights::WeightBuffers,
    },
    graph::{NodeId, compile::Compiled, plan::Step},
    kernels::conv::Variant,
    task::Steps,
};

/// Steps that lack nothing but buffers to bind, and the rung of each convolution.
pub struct Uploaded {
    pub calls: DispatchBuilder<NodeId>,
    pub rungs: BTreeMap<NodeId, Variant>,
}

/// Packs and sends what `lowered`, a part for each step of the plan, reads besides values. What was weights is let go, so that a
/// large network's numbers are not held twice. `progress` is told steps done after those `before`, of so many in all.
///
/// # Errors
/// If numbers are missing, a call has too many workgroups, or a kernel is refused.
pub async fn upload(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    compiled: &mut Compiled,
    lowered: Vec<Lowered>,
    choice: &RungSelector<'_>,
    progress: &mut Steps<'_>,
    (before, total): (usize, usize),
) -> Result<Uploaded> {
    let Compiled { graph, params, plan } = compiled;
    let precision = choice.caps.precision();
    let mut calls = DispatchBuilder::new(gpu, precision);
    let mut rungs = BTreeMap::new();
    let mut steps = plan.steps.iter().zip(lowered);
    let mut done = before;
    while done < total {
        // A few at a time, so that there is something to tell, and threads seldom wait for each other.
        let few: Vec<(&Step, Lowered)> = steps.by_ref().take(4 * parallel::width()).collect();
        let weights = parallel::map(&few, |(step, lowered)| {
            let numbers = |variant| numbers(graph, params, step, variant, choice);
            let weights = lowered
                .variant
                .map(|v| Ok(WeightBuffers::new(gpu, precision, &graph.node(step.node).label(), numbers(v)?)));
            weights.transpose()
        });
        for ((step, lowered), weights) in few.into_iter().zip(weights) {
            params.0[step.node.0] = None;
            rungs.extend(lowered.variant.map(|variant| (step.node, variant)));
            let node = graph.node(step.node);
            calls.push(gpu, pipelines, (&node.name, node.label()), || step.node, lowered, weights?).await?;
            done += 1;
            progress(done, total);
        }
    }
    Ok(Uploaded { calls, rungs })
}
