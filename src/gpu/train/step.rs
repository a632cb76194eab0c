//! A step of a training graph to calls: convolutions and their gradients on rungs of the ladder, with weights that are packed on the GPU; everything
//! else as the graph's rooms say.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    error::{Error, Result},
    gpu::{
        bound::SLOT_USAGE,
        call::{Bound, Call, Lowered, Stretch, slot},
        context::Gpu,
        convolve::{ConvIo, RungSelector},
        lower,
        train::numbers::NumberArenas,
    },
    graph::{
        NodeId, Params,
        backward::TrainingGraph,
        plan::{Step, TensorView, Work},
    },
    kernels::{
        Dispatch,
        conv::{Caps, Layout, Problem, Variant},
        planes::At,
        train::{NUMBERS, SharedWgrad, TurnedConv, batch_norm, pack_weights},
    },
    ops::{NodeParams, Op, TrainOp},
};

/// What plays a step, and what packs its weights once they have moved.
pub struct TrainStep {
    pub lowered: Lowered,
    pub pack: Option<Call>,
}

/// What steps are made of.
pub struct StepBuilder<'a> {
    pub gpu: &'a Gpu,
    pub training: &'a TrainingGraph,
    /// Of the graph as loaded.
    pub params: &'a Params,
    pub numbers: &'a NumberArenas,
    pub choice: RungSelector<'a>,
    /// Biases of what has none.
    pub zeros: Stretch,
    /// Weights that are packed already, by whose they are, by op and layout: what is played once more reads the same.
    pub packs: RefCell<BTreeMap<(NodeId, String), Stretch>>,
}

impl StepBuilder<'_> {
    /// The calls of a step.
    ///
    /// # Errors
    /// [`Error::Graph`] if the op has no kernel, or its numbers are not there.
    pub fn step(&self, step: &Step) -> Result<TrainStep> {
        let node = self.training.graph.node(step.node);
        match &node.op {
            Op::Conv(_) if step.work == Work::Op => self.conv(step),
            Op::Train(TrainOp::ConvDgrad(dgrad)) => {
                let (y, x) = (step.reads[0].shape, step.write.shape);
                let turned = TurnedConv::new((&dgrad.conv).into(), x, y, self.choice.pictures);
                // Where a border is wider than the kernel, or phases are grouped, by definition.
                turned.map_or_else(|| self.other(step), |turned| self.dgrad(step, &turned))
            }
            Op::Train(TrainOp::ConvWgrad(wgrad)) => {
                let reads: Vec<At> = step.reads.iter().map(|view| self.at(view)).collect();
                let shared = SharedWgrad::new((&wgrad.0).into(), &reads, self.at(&step.write), &self.choice.caps);
                Ok(match shared {
                    Some(shared) => TrainStep { lowered: product(step, shared), pack: None },
                    None => self.other(step)?,
                })
            }
            _ => self.other(step),
        }
    }

    fn conv(&self, step: &Step) -> Result<TrainStep> {
        let name = || &self.training.graph.node(step.node).name;
        let problem = step.problem(&self.training.graph, self.choice.pictures);
        let problem = problem.ok_or_else(|| Error::graph(name(), "is no convolution"))?;
        let variant = self.variant(&problem);
        let caps = self.choice.caps;
        let io = ConvIo { parts: &step.reads, residual: None, write: &step.write };
        let (packed, pack) = self
            .packed(step, variant, &problem, |layout, elements| pack_weights::forwards(&problem, layout, elements))?;
        let bias = self.list(step, "bias").unwrap_or_else(|| self.zeros.clone());
        let lowered = io.calls(variant, &problem, &caps);
        Ok(TrainStep { lowered: bound(lowered, &packed, &bias), pack })
    }

    fn dgrad(&self, step: &Step, turned: &TurnedConv) -> Result<TrainStep> {
        let problem = &turned.problem;
        let variant = self.variant(problem);
        let io = ConvIo { parts: &step.reads, residual: None, write: &step.write };
        let (packed, pack) =
            self.packed(step, variant, problem, |layout, elements| pack_weights::backwards(turned, layout, elements))?;
        let mut lowered = bound(io.calls(variant, problem, &self.choice.caps), &packed, &self.zeros);
        if turned.stride > 1 {
            let to = slot(&step.write);
            for call in lowered.calls.iter_mut().filter(|call| call.bound.contains(&to)) {
                call.dispatch.constants.extend(turned.phases());
            }
        }
        Ok(TrainStep { lowered, pack })
    }

    /// What the graph's rooms say, with the node's numbers bound.
    fn other(&self, step: &Step) -> Result<TrainStep> {
        let graph = &self.training.graph;
        let node = graph.node(step.node);
        let mut lowered = if node.op == Op::BatchNorm {
            // Elsewhere it is folded.
            let dispatch = batch_norm::dispatch(self.at(&step.reads[0]), self.at(&step.write));
            let bound = vec![Bound::Params, slot(&step.reads[0]), Bound::Weights, slot(&step.write)];
            Lowered::from(Call { dispatch, bound })
        } else {
            lower::lower(graph, step, &self.choice)?
        };
        for call in &mut lowered.calls {
            let place = call.dispatch.kernel.bindings.iter().position(|binding| *binding == NUMBERS);
            let Some(place) = place else { continue };
            let lists = ["weights", "gamma, beta", "factor, addend"];
            let list = lists.into_iter().find_map(|what| self.list(step, what));
            let list = list.ok_or_else(|| Error::graph(&node.name, "has no numbers"))?;
            call.bound[place] = Bound::Memory(list);
            let of = self.training.numbers[step.node.0];
            if let Some(NodeParams::BatchNorm { eps, .. }) = of.and_then(|of| self.params.get(of)) {
                set_eps(&mut call.dispatch, *eps);
            }
        }
        Ok(TrainStep { lowered, pack: None })
    }

    fn at(&self, view: &TensorView) -> At {
        lower::at(view, self.choice.pictures)
    }

    fn variant(&self, problem: &Problem) -> Variant {
        let caps = &self.choice.caps;
        let packable = |variant: Variant| variant.layout(problem, caps).is_some();
        let forced = self.choice.forced.filter(|variant| packable(*variant) && variant.takes(problem, caps));
        forced.unwrap_or_else(|| Variant::choose_among(problem, caps, packable))
    }

    /// A list of the numbers that a step's node has.
    fn list(&self, step: &Step, what: &str) -> Option<Stretch> {
        self.numbers.stretch(self.training.numbers[step.node.0]?, what)
    }

    /// Where packed weights lie, and what packs them.
    fn packed(
        &self,
        step: &Step,
        variant: Variant,
        problem: &Problem,
        pack: impl FnOnce(Layout, usize) -> Dispatch,
    ) -> Result<(Stretch, Option<Call>)> {
        let node = self.training.graph.node(step.node);
        let caps: &Caps = &self.choice.caps;
        let (layout, elements) = (variant.layout(problem, caps), variant.packed_len(problem, caps));
        let (Some(layout), Some(numbers)) = (layout, self.list(step, "weights")) else {
            return Err(Error::graph(&node.name, "has no weights"));
        };
        let of = self.training.numbers[step.node.0].unwrap_or(step.node);
        let key = (of, format!("{} {layout:?} {elements}", node.op.name()));
        if let Some(packed) = self.packs.borrow().get(&key) {
            return Ok((packed.clone(), None));
        }
        let bytes = elements * caps.precision().bytes();
        let packed = Stretch::whole(self.gpu.buffer(&format!("{}/packed", node.label()), bytes, SLOT_USAGE));
        let bound = vec![Bound::Params, Bound::Memory(numbers), Bound::Memory(packed.clone())];
        self.packs.borrow_mut().insert(key, packed.clone());
        Ok((packed, Some(Call { dispatch: pack(layout, elements), bound })))
    }
}

/// The calls of a gradient of weights.
fn product(step: &Step, shared: SharedWgrad) -> Lowered {
    let SharedWgrad { product, sum, vectors } = shared;
    let to = if sum.is_some() { Bound::Scratch(0) } else { slot(&step.write) };
    let bound = vec![Bound::Params, slot(&step.reads[0]), slot(&step.reads[1]), to];
    let mut calls = vec![Call { dispatch: product, bound }];
    calls.extend(
        sum.map(|dispatch| Call { dispatch, bound: vec![Bound::Params, Bound::Scratch(0), slot(&step.write)] }),
    );
    Lowered { calls, scratch: [vectors, 0], variant: None }
}

/// Binds the weights and the bias of a convolution's calls.
fn bound(mut lowered: Lowered, weights: &Stretch, bias: &Stretch) -> Lowered {
    for bound in lowered.calls.iter_mut().flat_map(|call| &mut call.bound) {
        match bound {
            Bound::Weights => *bound = Bound::Memory(weights.clone()),
            Bound::Bias => *bound = Bound::Memory(bias.clone()),
            Bound::Params | Bound::Slot(_) | Bound::Scratch(_) | Bound::Memory(_) => {}
        }
    }
    lowered
}

fn set_eps(dispatch: &mut Dispatch, eps: f32) {
    let knows = dispatch.kernel.parts.iter().any(|part| part.file == "shared/normal.wgsl");
    dispatch.constants.extend(knows.then_some(("EPS", f64::from(eps))));
}
