//! What a step plays beside the graph: gradients of mini-batches are put together, numbers move, running statistics and averages follow.

use std::ops::Range;

use crate::{
    error::{Error, Result},
    gpu::{
        buffers::Packed,
        call::{Bound, Call, Stretch},
        context::Gpu,
        limits::binding_bytes,
        train::{arena::VECTOR, descent::Descent, numbers::NumberArenas},
    },
    graph::{
        NodeId,
        plan::{Plan, TensorView},
    },
    kernels::{
        Dispatch,
        train::{
            accumulate,
            adamw::{self, AdamwParams},
            follow::{self, FollowParams},
            norm,
            norm_limit::{self, NormLimitParams},
            sgd::{self, SgdParams},
        },
    },
};

/// When a call is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// After each mini-batch: running statistics.
    Follow,
    /// After the first mini-batch of several.
    First,
    /// After the others.
    More,
    /// Before a step: how long the gradients are.
    Norm,
    /// Once a step.
    Descend,
    /// Behind that: averages.
    Average,
}

/// The calls, and their parameters, which change from step to step.
pub struct UpdateCalls {
    pub calls: Vec<(Update, Call)>,
    /// Parameters of [`settings`], one behind the other.
    pub settings: wgpu::Buffer,
    /// Where each begins.
    pub offsets: Vec<u64>,
}

impl UpdateCalls {
    /// For numbers in these places.
    ///
    /// # Errors
    /// [`Error::Graph`] if statistics lie nowhere.
    pub fn new(gpu: &Gpu, numbers: &NumberArenas, plan: &Plan) -> Result<Self> {
        let mut packed = Packed::new(gpu.limits.min_uniform_buffer_offset_alignment);
        let set = settable(gpu, numbers, plan)?;
        let offsets: Vec<u64> = set.iter().map(|(_, dispatch, _)| packed.push(&dispatch.params)).collect();
        let settings = gpu.filled("settings", packed.bytes(), wgpu::BufferUsages::UNIFORM);
        let mut calls = Vec::new();
        for ((update, dispatch, bound), offset) in set.into_iter().zip(&offsets) {
            let size = dispatch.params.len() as u64;
            let own = Bound::Memory(Stretch { buffer: settings.clone(), offset: *offset, size });
            calls.push((update, Call { dispatch, bound: [vec![own], bound].concat() }));
        }
        // In front of the one that looks at all of them.
        let mut first = 0;
        let gradients = numbers.sums.as_ref().unwrap_or(&numbers.gradients);
        for (n, (vectors, _)) in stretches(gpu, numbers).into_iter().enumerate() {
            let dispatch = norm::dispatch(vectors.len(), first);
            first += norm::shares(vectors.len());
            let sums = Bound::Memory(Stretch::whole(numbers.norm[0].clone()));
            let bound = vec![Bound::Params, part(gradients, &vectors), sums];
            calls.insert(n, (Update::Norm, Call { dispatch, bound }));
        }
        if let Some(sums) = &numbers.sums {
            for (update, first) in [(Update::First, true), (Update::More, false)] {
                for (vectors, _) in stretches(gpu, numbers) {
                    let dispatch = accumulate::dispatch(vectors.len(), first);
                    let bound = vec![Bound::Params, part(&numbers.gradients, &vectors), part(sums, &vectors)];
                    calls.push((update, Call { dispatch, bound }));
                }
            }
        }
        Ok(Self { calls, settings, offsets })
    }
}

/// The parameters that change, for one step, in their order.
///
/// # Errors
/// As [`UpdateCalls::new`].
pub fn settings(gpu: &Gpu, numbers: &NumberArenas, plan: &Plan, descent: &Descent) -> Result<Vec<Vec<u8>>> {
    let Descent { rate, bias_rate, momentum, ahead, decay, longest, adaptive, batch, share, average } = *descent;
    // How much of an average there is by now: it began with nothing.
    let whole = |kept: f64| (1.0 / (1.0 - kept.powf(adaptive.step as f64))) as f32;
    let mut kinds = stretches(gpu, numbers).into_iter().map(|(_, kind)| kind);
    let each = |rate: f64| (rate / batch as f64) as f32;
    // Rates of even and odd vectors of the next stretch, and its decay.
    let mut moved = || match kinds.next() {
        Some(NumberKind::Weights) => ([rate, rate], decay),
        Some(NumberKind::Biases) => ([bias_rate, bias_rate], 0.0),
        Some(NumberKind::Pairs) | None => ([rate, bias_rate], 0.0),
    };
    let of = |(update, dispatch, _): (Update, Dispatch, Vec<Bound>)| {
        let follows = |share: f64| {
            let own: FollowParams = bytemuck::pod_read_unaligned(&dispatch.params);
            bytemuck::bytes_of(&FollowParams { share: share as f32, ..own }).to_vec()
        };
        match update {
            Update::Norm => {
                let own: NormLimitParams = bytemuck::pod_read_unaligned(&dispatch.params);
                bytemuck::bytes_of(&NormLimitParams { limit: (longest * batch as f64) as f32, ..own }).to_vec()
            }
            Update::Descend if numbers.squares.is_some() => {
                let own: AdamwParams = bytemuck::pod_read_unaligned(&dispatch.params);
                let ([rate, odd_rate], decay) = moved();
                let params = AdamwParams {
                    rate: rate as f32,
                    odd_rate: odd_rate as f32,
                    momentum: momentum as f32,
                    second: adaptive.second as f32,
                    decay: decay as f32,
                    one: 1.0 / batch as f32,
                    first_whole: whole(momentum),
                    second_whole: whole(adaptive.second),
                    least: adaptive.least as f32,
                    ..own
                };
                bytemuck::bytes_of(&params).to_vec()
            }
            Update::Descend => {
                let own: SgdParams = bytemuck::pod_read_unaligned(&dispatch.params);
                let ([rate, odd_rate], decay) = moved();
                let params = SgdParams {
                    rate: each(rate),
                    odd_rate: each(odd_rate),
                    momentum: momentum as f32,
                    decay: (decay * batch as f64) as f32,
                    ahead: ahead as f32,
                    ..own
                };
                bytemuck::bytes_of(&params).to_vec()
            }
            Update::Average => follows(average),
            Update::Follow | Update::First | Update::More => follows(share),
        }
    };
    Ok(settable(gpu, numbers, plan)?.into_iter().map(of).collect())
}

/// The dispatches whose parameters change, and what is bound behind those.
fn settable(gpu: &Gpu, numbers: &NumberArenas, plan: &Plan) -> Result<Vec<(Update, Dispatch, Vec<Bound>)>> {
    let mut all = Vec::new();
    let shares = stretches(gpu, numbers).iter().map(|(vectors, _)| norm::shares(vectors.len())).sum();
    let norms = numbers.norm.each_ref().map(|buffer| Bound::Memory(Stretch::whole(buffer.clone())));
    all.push((Update::Norm, norm_limit::dispatch(shares), norms.to_vec()));
    let gradients = numbers.sums.as_ref().unwrap_or(&numbers.gradients);
    for (vectors, _) in stretches(gpu, numbers) {
        let mut bound = [gradients, &numbers.numbers, &numbers.velocity].map(|buffer| part(buffer, &vectors)).to_vec();
        bound.push(Bound::Memory(Stretch::whole(numbers.norm[1].clone())));
        bound.extend(numbers.squares.as_ref().map(|squares| part(squares, &vectors)));
        let adaptive = numbers.squares.is_some();
        let dispatch = if adaptive { adamw::dispatch(vectors.len()) } else { sgd::dispatch(vectors.len()) };
        all.push((Update::Descend, dispatch, bound));
    }
    for list in &numbers.statistics {
        let view = place(plan, list.batch)?;
        let dispatch = follow::dispatch(list.vectors(), view.block, list.factor);
        all.push((Update::Follow, dispatch, vec![Bound::Slot(view.slot), Bound::Memory(numbers.running(list))]));
    }
    if let Some([averaged, running]) = &numbers.averages {
        for (vectors, _) in stretches(gpu, numbers) {
            let bound = [&numbers.numbers, averaged].map(|buffer| part(buffer, &vectors));
            all.push((Update::Average, follow::dispatch(vectors.len(), 0, 1.0), bound.to_vec()));
        }
        if !numbers.statistics.is_empty() {
            let bound = [&numbers.running, running].map(|buffer| Bound::Memory(Stretch::whole(buffer.clone())));
            let vectors = running.size() as usize / VECTOR;
            all.push((Update::Average, follow::dispatch(vectors, 0, 1.0), bound.to_vec()));
        }
    }
    Ok(all)
}

fn part(buffer: &wgpu::Buffer, vectors: &Range<usize>) -> Bound {
    let (offset, size) = ((vectors.start * VECTOR) as u64, (vectors.len() * VECTOR) as u64);
    Bound::Memory(Stretch { buffer: buffer.clone(), offset, size })
}

fn place(plan: &Plan, batch: NodeId) -> Result<TensorView> {
    plan.views(batch).first().copied().ok_or_else(|| Error::graph("statistics", "have no place"))
}

/// What a stretch is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberKind {
    /// Those lose by decay.
    Weights,
    Biases,
    /// Gammas and betas, a vector each by turns.
    Pairs,
}

/// The stretches of what is trained, none longer than a binding may be.
fn stretches(gpu: &Gpu, numbers: &NumberArenas) -> Vec<(Range<usize>, NumberKind)> {
    let alignment = gpu.limits.min_storage_buffer_offset_alignment as usize;
    let allowed = usize::try_from(binding_bytes(&gpu.limits, None)).unwrap_or(usize::MAX);
    // Whole pairs.
    let step = alignment.max(2 * VECTOR);
    let longest = (allowed / step * step / VECTOR).max(2);
    let arena = &numbers.arena;
    let cut = |first: usize, end: usize, kind: NumberKind| {
        (first..end).step_by(longest).map(move |from| (from..(from + longest).min(end), kind))
    };
    let weights = cut(0, arena.weights, NumberKind::Weights);
    let biases = cut(arena.weights, arena.biases, NumberKind::Biases);
    weights.chain(biases).chain(cut(arena.biases, arena.trained, NumberKind::Pairs)).collect()
}
