//! What is computed again for the gradients: the same bits, in less memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{collections::BTreeMap, path::Path};

use yolov4::{
    Gpu, Shape, Tensor,
    low_level::{
        gpu::{GpuOptions, TrainOptions, TrainProgram},
        graph::{
            Activation, Builder, Conv, Graph, Keep, NodeId, Op, Params, Pool, Upsample,
            backward::{GradientRequest, TrainingGraph, backward},
            plan::Plan,
            recompute::{Recompute, recompute},
        },
        model::{CfgOptions, Model, random},
        oracle::{Values, play_batch},
        train::memory::plan_memory,
    },
};

#[path = "common/networks.rs"]
mod networks;
use networks::{CONV, Noise, forked, random_params};

const PICTURES: usize = 2;
const EVERYTHING: GradientRequest<'static> = GradientRequest { trained: &|_| true, input: false };
const WAYS: [Recompute; 5] =
    [Recompute::Nothing, Recompute::Cheap, Recompute::Segments(2), Recompute::Segments(3), Recompute::Segments(8)];

/// Blocks with everything that networks are made of between them: a shortcut, halves, a pool, a way back up, an early value that is read at the end.
fn deep() -> Graph {
    let block = |b: &mut Builder, name: &str, conv: Conv, of| {
        let conv = b.add(name, None, Op::Conv(Conv { bias: false, ..conv }), &[of]).unwrap();
        let norm = b.add(format!("{name} norm"), None, Op::BatchNorm, &[conv]).unwrap();
        b.add(format!("{name} mish"), None, Op::Activation(Activation::Mish), &[norm]).unwrap()
    };
    forked(Shape::new(3, 16, 24), 8, |b, fork| {
        let early = block(b, "early", Conv { filters: 8, ..CONV }, fork);
        let mut at = block(b, "down", Conv { filters: 16, stride_y: 2, stride_x: 2, ..CONV }, early);
        for n in 0..4 {
            let inner = block(b, &format!("inner {n}"), Conv { filters: 16, ..CONV }, at);
            at = b.add(format!("sum {n}"), None, Op::Add, &[at, inner]).unwrap();
        }
        let pooled = b.add("pool", None, Op::MaxPool(Pool::same(5)), &[at]).unwrap();
        let both = b.add("both", None, Op::Concat, &[pooled, at]).unwrap();
        let narrow = block(b, "narrow", Conv { filters: 8, size: 1, pad: 0, ..CONV }, both);
        let up = b.add("up", None, Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[narrow]).unwrap();
        let end = b.add("end", None, Op::Concat, &[up, early]).unwrap();
        block(b, "last", Conv { filters: 8, ..CONV }, end)
    })
}

fn random(noise: &mut Noise, shape: Shape) -> Values<f64> {
    (0..PICTURES).map(|_| Tensor::new(shape, noise.list(shape.elements())).unwrap()).collect()
}

/// All gradients, by the oracle.
fn gradients(training: &TrainingGraph, params: &Params<f64>) -> Vec<Vec<f64>> {
    let mut noise = Noise(7);
    let numbers = |id: NodeId| training.numbers[id.0].and_then(|of| params.get(of));
    let graph = &training.graph;
    let mut given: BTreeMap<NodeId, Values<f64>> = [(NodeId(0), random(&mut noise, graph.input_shape()))].into();
    given.extend(training.upstream.iter().map(|id| (*id, random(&mut noise, graph.node(*id).shape))));
    let ids: Vec<NodeId> = training.gradients.iter().map(|gradient| gradient.value).collect();
    let found = play_batch(graph, &numbers, given, &ids).unwrap();
    ids.iter().map(|id| found[id][0].data.clone()).collect()
}

fn all_networks() -> Vec<networks::Case> {
    let mut all = networks::all();
    all.push(("a deep one".into(), deep()));
    all
}

#[test]
fn the_oracles_gradients_are_the_same_bits() {
    let mut again = 0;
    for (what, graph) in all_networks() {
        let params = random_params(&graph, &mut Noise(3));
        let training = backward(&graph, &EVERYTHING, PICTURES).unwrap();
        let right = gradients(&training, &params);
        for how in WAYS {
            let new = recompute(training.clone(), how).unwrap();
            assert!(gradients(&new, &params) == right, "{what}, {how:?}");
            let more = new.graph.nodes.iter().filter(|node| node.name.ends_with(" again")).count();
            assert_eq!(new.graph.nodes.len(), training.graph.nodes.len() + more, "{what}, {how:?}");
            again += more;
        }
    }
    assert!(again > 100, "{again} nodes were played once more");
}

/// Nothing that is computed again is kept besides, and segments play convolutions twice.
#[test]
fn gradients_read_nothing_that_was_not_to_be_kept() {
    let training = backward(&deep(), &EVERYTHING, PICTURES).unwrap();
    let twice = |how| {
        let new = recompute(training.clone(), how).unwrap();
        let first = new.first_given();
        let reads: Vec<NodeId> =
            new.graph.iter().filter(|(id, _)| *id >= first).flat_map(|(_, n)| n.inputs.clone()).collect();
        let kept = reads.iter().filter(|id| **id < first).collect::<std::collections::BTreeSet<_>>();
        let conv = |id: &&NodeId| new.graph.node(**id).op.conv().is_some();
        let cheap = kept
            .iter()
            .filter(|id| matches!(new.graph.node(***id).op, Op::Activation(_) | Op::Concat | Op::Add | Op::MaxPool(_)));
        let cheap = cheap.count();
        let convs = new.graph.iter().filter(|(id, n)| *id >= first && n.op.conv().is_some()).count();
        (kept.iter().copied().filter(conv).count(), cheap, convs)
    };
    let (all, cheap, none) = twice(Recompute::Cheap);
    assert_eq!((cheap, none), (0, 0));
    let (some, cheap, again) = twice(Recompute::Segments(3));
    assert!(some < all && cheap == 0 && again > 2, "{some} of {all} kept, {cheap} cheap, {again} again");
}

#[test]
fn the_gpus_gradients_are_the_same_bits_in_less_memory() {
    let gpu = pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter");
    let graph = deep();
    let params = random::params(&graph, 5);
    let (mut right, mut bytes) = (None, Vec::new());
    for recompute in WAYS {
        let options = TrainOptions { pictures: PICTURES, recompute, ..TrainOptions::default() };
        let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &params, &EVERYTHING, &options)).unwrap();
        let mut noise = Noise(7);
        let narrow = |values: Values<f64>| -> Vec<Tensor> {
            let one = |v: Tensor<f64>| Tensor { shape: v.shape, data: v.data.iter().map(|v| *v as f32).collect() };
            values.into_iter().map(one).collect()
        };
        let pictures = narrow(random(&mut noise, graph.input_shape()));
        let above: Vec<Vec<Tensor>> =
            graph.heads.iter().map(|head| narrow(random(&mut noise, graph.node(head.input).shape))).collect();
        pollster::block_on(program.forwards(&pictures)).unwrap();
        program.backwards(&above).unwrap();
        let ids: Vec<NodeId> = program.training().gradients.iter().map(|gradient| gradient.value).collect();
        let found = pollster::block_on(program.values(&ids)).unwrap();
        bytes.push(program.value_bytes());
        assert!(*right.get_or_insert_with(|| found.clone()) == found, "{recompute:?}");
    }
    println!("{bytes:?} bytes of values");
    assert!(bytes[1] < bytes[0], "{bytes:?}");
}

/// Darknet's own, MiB a picture, computed from its source: what it keeps of YOLOv4-tiny at 416 and of YOLOv4-CSP at 512 with cuDNN; and the part of that
/// which is asked for.
const DARKNET: [(&str, f64, f64); 2] = [("yolov4-tiny", 116.0, 0.30), ("yolov4-csp", 1223.0, 0.25)];
const MIB: f64 = 1024.0 * 1024.0;

fn published(name: &str) -> Graph {
    Model::open(Path::new(name), &CfgOptions::default()).unwrap().graph
}

#[test]
fn less_memory_than_darknet() {
    let gpu = pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter");
    for (name, darknet, part) in DARKNET {
        let graph = published(name);
        let planned = |pictures, how| TrainProgram::planned(&gpu, &graph, &EVERYTHING, pictures, how).unwrap().bytes;
        for pictures in [1, 4] {
            let each = planned(pictures, Recompute::Cheap) as f64 / MIB / pictures as f64;
            println!("{name}, {pictures} at once: {each:.1} MiB a picture, {:.3} of Darknet's", each / darknet);
            assert!(each < 0.4 * darknet, "{name}: {each} MiB a picture");
        }
        assert!(planned(1, Recompute::Segments(2)) < planned(1, Recompute::Cheap), "{name}");
        let memory = (part * darknet * MIB) as u64;
        let found = plan_memory(&gpu, &graph, 0, (1, Some(1)), memory);
        let found = found.unwrap_or_else(|e| panic!("{name} in {part} of {darknet} MiB: {e}"));
        println!("{name} in {part} of Darknet's: {:?}, {:.1} MiB", found.recompute, found.planned.bytes as f64 / MIB);
    }
}

/// Who lives in a slot at the same time lies side by side, and no dispatch reads one slot and writes it too.
#[test]
fn slots_are_shared_by_the_rules() {
    let mut beside = 0;
    for (name, ..) in DARKNET {
        for how in [Recompute::Nothing, Recompute::Cheap, Recompute::Segments(4)] {
            let training = recompute(backward(&published(name), &EVERYTHING, PICTURES).unwrap(), how).unwrap();
            let plan = Plan::new(&training.graph, &training.target(&Keep::Heads));
            for slot in &plan.slots {
                for (n, one) in slot.tenants.iter().enumerate() {
                    assert!(one.offset + one.vectors <= slot.vectors, "{name}: {one:?}");
                    let plane = training.graph.node(one.region).shape.pixels();
                    assert!(one.offset.is_multiple_of(plane), "{name}: {one:?} begins within a plane of {plane}");
                    for other in &slot.tenants[..n] {
                        let meet = one.first <= other.last && other.first <= one.last;
                        let apart =
                            one.offset + one.vectors <= other.offset || other.offset + other.vectors <= one.offset;
                        assert!(!meet || apart, "{name}: {one:?} and {other:?}");
                        beside += usize::from(meet);
                    }
                }
            }
            for step in &plan.steps {
                let node = training.graph.node(step.node);
                assert!(step.reads.iter().all(|read| read.slot != step.write.slot), "{name}: {}", node.name);
            }
            let (all, alive) = (plan.peak_bytes(4), plan.lower_bound_bytes(4));
            assert!(alive as f64 > 0.93 * all as f64, "{name}, {how:?}: {alive} of {all} bytes are alive");
        }
    }
    assert!(beside > 100, "{beside} pairs live side by side");
}
