//! How fast the gradients of convolutions are beside the convolutions themselves, on the adapter that answers: `cargo bench --bench gradients`.
//! Medians of alternating rounds; the way of a value to the host is in all of them alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark stops at the first surprise")]

use std::time::Instant;

use pollster::block_on;
use yolov4::{
    Gpu, Shape, Tensor,
    low_level::{
        gpu::{DeviceRequirements, GpuOptions, TrainOptions, TrainProgram},
        graph::{
            Builder, Conv, Epilogue, Graph, Head, Keep, NodeId, NodeParams, Op, Params, backward::GradientRequest,
        },
        model::random::Random,
    },
};

const PICTURES: usize = 4;
const ROUNDS: usize = 7;

/// Channels in and out, side of the picture, of the kernel, steps: layers of YOLOv4-tiny and -CSP.
const LAYERS: [(usize, usize, usize, usize, usize); 8] = [
    (32, 64, 112, 3, 2),
    (64, 64, 56, 3, 1),
    (128, 128, 28, 3, 1),
    (256, 256, 14, 3, 1),
    (512, 256, 14, 1, 1),
    (256, 512, 14, 3, 1),
    (64, 128, 56, 3, 2),
    (128, 64, 56, 1, 1),
];

fn network(input: Shape, filters: usize, size: usize, stride: usize) -> Graph {
    let mut b = Builder::new(input).unwrap();
    let epilogue = Epilogue::NONE;
    let conv = Conv {
        filters,
        size,
        stride_y: stride,
        stride_x: stride,
        pad: size / 2,
        dilation: 1,
        groups: 1,
        bias: false,
        epilogue,
    };
    let input = b.add("conv", None, Op::Conv(conv), &[NodeId(0)]).unwrap();
    let head =
        Head { input, layer: 0, anchors: vec![(1.0, 1.0)], classes: filters - 5, scale_x_y: 1.0, new_coords: false };
    b.head("head", head).unwrap();
    b.finish()
}

fn random(shape: Shape, random: &mut Random) -> Vec<Tensor> {
    (0..PICTURES).map(|_| Tensor { shape, data: (0..shape.elements()).map(|_| random.signed()).collect() }).collect()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    // What `cargo test` passes to a benchmark: it is to be built, no more.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let requirements = DeviceRequirements { binding_bytes: u64::MAX, ..DeviceRequirements::default() };
    let gpu = block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() })).expect("an adapter");
    println!("{}, {PICTURES} pictures, GFLOP/s of the median of {ROUNDS}", gpu.report().name);
    println!("{:<28} {:>9} {:>16} {:>16}  kernels", "layer", "forwards", "dgrad", "wgrad");
    for (ic, oc, side, size, stride) in LAYERS {
        let graph = network(Shape::new(ic, side, side), oc, size, stride);
        let value = graph.node(graph.heads[0].input).shape;
        let mut numbers = Random::new(1);
        let weights = (0..oc * ic * size * size).map(|_| numbers.signed()).collect();
        let params = Params(vec![None, Some(NodeParams::Conv { weights, bias: None })]);
        let of = |trained: bool, input: bool| {
            let trains = move |_| trained;
            let request = GradientRequest { trained: &trains, input };
            let options = TrainOptions { pictures: PICTURES, keep: Keep::All, ..TrainOptions::default() };
            block_on(TrainProgram::new(&gpu, &graph, &params, &request, &options)).unwrap()
        };
        let (mut dgrad, mut wgrad) = (of(false, true), of(true, false));
        let (pictures, above) = (random(graph.input_shape(), &mut numbers), [random(value, &mut numbers)]);
        let mut times: [Vec<f64>; 3] = [vec![], vec![], vec![]];
        for round in 0..=ROUNDS {
            let mut took = [0.0; 3];
            let start = Instant::now();
            block_on(wgrad.forwards(&pictures)).unwrap();
            took[0] = start.elapsed().as_secs_f64();
            block_on(dgrad.forwards(&pictures)).unwrap();
            for (program, took) in [&mut dgrad, &mut wgrad].into_iter().zip(&mut took[1..]) {
                let start = Instant::now();
                program.backwards(&above).unwrap();
                // The head's value, as the way forwards reads it.
                block_on(program.values(&[graph.heads[0].input])).unwrap();
                *took = start.elapsed().as_secs_f64();
            }
            // The first round makes what drivers make late.
            if round > 0 {
                times.iter_mut().zip(took).for_each(|(times, took)| times.push(took));
            }
        }
        let flop = 2.0 * (PICTURES * value.elements() * ic * size * size) as f64;
        let [forwards, by_input, by_weights] = times.each_mut().map(|times| flop / median(times) / 1e9);
        let part = |rate: f64| format!("{rate:.1} ({:.2})", rate / forwards);
        let kernels: Vec<&str> =
            [&dgrad, &wgrad].iter().flat_map(|p| p.calls().iter().map(|(_, kernel)| *kernel)).collect();
        let name = format!("{ic} to {oc}, {size}x{size}/{stride}, {side}x{side}");
        println!("{name:<28} {forwards:>9.1} {:>16} {:>16}  {}", part(by_input), part(by_weights), kernels.join(" "));
    }
}
