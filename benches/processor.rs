//! Whole networks on the processor, from a host tensor to the heads: `cargo bench --bench processor`. Seeded random weights.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "a program, not a library")]

use divan::Bencher;
use yolov4::low_level::{
    cpu::CpuProgram,
    graph::Keep,
    model::{CfgOptions, Model, random::Random},
    tensor::Tensor,
};

fn main() {
    divan::main();
}

fn frame(bencher: Bencher<'_, '_>, name: &str, side: usize) {
    let network = Model::open(name, &CfgOptions { size: Some((side, side)), ..CfgOptions::default() }).unwrap();
    let program = CpuProgram::new(&network.graph, network.random_params(0), Keep::Heads, &mut |_, _| {}).unwrap();
    let mut random = Random::new(1);
    let shape = network.graph.input_shape();
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
    program.play(&input).unwrap();
    bencher.bench_local(|| program.play(&input).unwrap().0.len());
}

#[divan::bench(sample_count = 21, sample_size = 1)]
fn tiny_416(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-tiny", 416);
}

#[divan::bench(sample_count = 7, sample_size = 1)]
fn csp_512(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-csp", 512);
}
