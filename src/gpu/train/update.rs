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
        train::{accumulate, follow, follow::FollowParams, sgd, sgd::SgdParams},
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
    let Descent { rate, momentum, decay, batch, share, average } = *descent;
    let mut decays = stretches(gpu, numbers).into_iter().map(|(_, decays)| decays);
    let of = |(update, dispatch, _): (Update, Dispatch, Vec<Bound>)| {
        let follows = |share: f64| {
            let own: FollowParams = bytemuck::pod_read_unaligned(&dispatch.params);
            bytemuck::bytes_of(&FollowParams { share: share as f32, ..own }).to_vec()
        };
        match update {
            Update::Descend => {
                let own: SgdParams = bytemuck::pod_read_unaligned(&dispatch.params);
                let params = SgdParams {
                    rate: (rate / batch as f64) as f32,
                    momentum: momentum as f32,
                    decay: if decays.next() == Some(true) { (decay * batch as f64) as f32 } else { 0.0 },
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
    let gradients = numbers.sums.as_ref().unwrap_or(&numbers.gradients);
    for (vectors, _) in stretches(gpu, numbers) {
        let bound = [gradients, &numbers.numbers, &numbers.velocity].map(|buffer| part(buffer, &vectors));
        all.push((Update::Descend, sgd::dispatch(vectors.len()), bound.to_vec()));
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

/// The stretches of what is trained, none longer than a binding may be; whether they lose by decay.
fn stretches(gpu: &Gpu, numbers: &NumberArenas) -> Vec<(Range<usize>, bool)> {
    let alignment = gpu.limits.min_storage_buffer_offset_alignment as usize;
    let allowed = usize::try_from(binding_bytes(&gpu.limits, None)).unwrap_or(usize::MAX);
    let longest = (allowed / alignment * alignment / VECTOR).max(1);
    let arena = &numbers.arena;
    let cut = |first: usize, end: usize, decays: bool| {
        (first..end).step_by(longest).map(move |from| (from..(from + longest).min(end), decays))
    };
    cut(0, arena.weights, true).chain(cut(arena.weights, arena.trained, false)).collect()
}
