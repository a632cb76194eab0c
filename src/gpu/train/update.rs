//! What a step plays beside the graph: numbers move, running statistics follow.

use std::ops::Range;

use crate::{
    error::{Error, Result},
    gpu::{
        buffers::Packed,
        call::{Bound, Call, Stretch},
        context::Gpu,
        limits::binding_bytes,
        lower::at,
        train::{arena::VECTOR, descent::Descent, numbers::NumberArenas},
    },
    graph::{
        NodeId,
        plan::{Plan, TensorView},
    },
    kernels::train::{follow, follow::FollowParams, sgd, sgd::SgdParams},
};

/// The calls, and their parameters, which change from step to step.
pub struct UpdateCalls {
    pub descents: Vec<Call>,
    pub follows: Vec<Call>,
    /// Parameters of the descents, then of the follows.
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
        let mut settings = Packed::new(gpu.limits.min_uniform_buffer_offset_alignment);
        let mut calls = Vec::new();
        for (vectors, _) in descended(gpu, numbers) {
            let stretch = |buffer: &wgpu::Buffer| {
                let (offset, size) = ((vectors.start * VECTOR) as u64, (vectors.len() * VECTOR) as u64);
                Bound::Memory(Stretch { buffer: buffer.clone(), offset, size })
            };
            let bound = [&numbers.gradients, &numbers.numbers, &numbers.velocity].map(stretch);
            calls.push((sgd::dispatch(vectors.len()), bound.to_vec()));
        }
        let descents = calls.len();
        for list in &numbers.statistics {
            let view = place(plan, list.batch)?;
            let bound = vec![Bound::Slot(view.slot), Bound::Memory(numbers.running(list))];
            calls.push((follow::dispatch(list.factor, at(&view, 1)), bound));
        }
        let offsets: Vec<u64> = calls.iter().map(|(dispatch, _)| settings.push(&dispatch.params)).collect();
        let buffer = gpu.filled("settings", settings.bytes(), wgpu::BufferUsages::UNIFORM);
        let bound = calls.into_iter().zip(&offsets).map(|((dispatch, bound), offset)| {
            let size = dispatch.params.len() as u64;
            let own = Bound::Memory(Stretch { buffer: buffer.clone(), offset: *offset, size });
            Call { dispatch, bound: [vec![own], bound].concat() }
        });
        let mut all: Vec<Call> = bound.collect();
        let follows = all.split_off(descents);
        Ok(Self { descents: all, follows, settings: buffer, offsets })
    }
}

/// The parameters of all calls for one step, in their order.
///
/// # Errors
/// As [`UpdateCalls::new`].
pub fn settings(gpu: &Gpu, numbers: &NumberArenas, plan: &Plan, descent: &Descent) -> Result<Vec<Vec<u8>>> {
    let Descent { rate, momentum, decay, batch, share } = *descent;
    let mut settings = Vec::new();
    for (vectors, decays) in descended(gpu, numbers) {
        let own: SgdParams = bytemuck::pod_read_unaligned(&sgd::dispatch(vectors.len()).params);
        let params = SgdParams {
            rate: (rate / batch as f64) as f32,
            momentum: momentum as f32,
            decay: if decays { (decay * batch as f64) as f32 } else { 0.0 },
            ..own
        };
        settings.push(bytemuck::bytes_of(&params).to_vec());
    }
    for list in &numbers.statistics {
        let view = place(plan, list.batch)?;
        let own: FollowParams = bytemuck::pod_read_unaligned(&follow::dispatch(list.factor, at(&view, 1)).params);
        settings.push(bytemuck::bytes_of(&FollowParams { share: share as f32, ..own }).to_vec());
    }
    Ok(settings)
}

fn place(plan: &Plan, batch: NodeId) -> Result<TensorView> {
    plan.views(batch).first().copied().ok_or_else(|| Error::graph("statistics", "have no place"))
}

/// The stretches of vectors that a descent is done in, none longer than a binding may be; whether they lose by decay.
fn descended(gpu: &Gpu, numbers: &NumberArenas) -> Vec<(Range<usize>, bool)> {
    let alignment = gpu.limits.min_storage_buffer_offset_alignment as usize;
    let allowed = usize::try_from(binding_bytes(&gpu.limits, None)).unwrap_or(usize::MAX);
    let longest = (allowed / alignment * alignment / VECTOR).max(1);
    let arena = &numbers.arena;
    let cut = |first: usize, end: usize, decays: bool| {
        (first..end).step_by(longest).map(move |from| (from..(from + longest).min(end), decays))
    };
    cut(0, arena.weights, true).chain(cut(arena.weights, arena.trained, false)).collect()
}
