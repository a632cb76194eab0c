//! Whole networks, a frame from a host tensor to heads on the host: `YOLOV4_TEST_DATA=.. cargo bench --bench network`.
//! Seeded random weights; five frames after the first. Prints adapter and memory, names software adapters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::path::PathBuf;

use divan::Bencher;
use yolov4::{
    Gpu, Precision,
    low_level::{
        gpu::{GpuOptions, Program, ProgramOptions, requirements},
        model::{CfgOptions, Model, random::Random},
        tensor::{Shape, Tensor},
    },
};

fn main() {
    if std::env::var_os("YOLOV4_TEST_DATA").is_none() {
        println!("SKIPPED: set YOLOV4_TEST_DATA to a folder with models/cfg");
        return;
    }
    divan::main();
}

fn open(cfg: &str, side: usize, precision: Precision) -> (Model, Gpu) {
    let data = PathBuf::from(std::env::var_os("YOLOV4_TEST_DATA").expect("YOLOV4_TEST_DATA"));
    let path = data.join("models/cfg").join(cfg);
    let network = Model::from_cfg(path, &CfgOptions { size: Some((side, side)), ..CfgOptions::default() }).unwrap();
    let wants = GpuOptions { requirements: requirements(&network.graph, precision, 1), ..GpuOptions::default() };
    let gpu = pollster::block_on(Gpu::new(&wants)).unwrap();
    (network, gpu)
}

/// From a graph and its numbers to a program: packing, uploads, every pipeline. A driver's own cache of shaders makes the second one
/// quick; MESA_SHADER_CACHE_DISABLE=true takes it away.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn building_tiny_416(bencher: Bencher<'_, '_>) {
    let (network, gpu) = open("yolov4-tiny.cfg", 416, Precision::F32);
    let params = network.random_params(0);
    let options = ProgramOptions::default();
    bencher.with_inputs(|| params.clone()).bench_local_values(|params| {
        let mut said = |_, _| {};
        let built = pollster::block_on(Program::new(&gpu, &network.graph, params, &options, &mut said));
        built.unwrap().pipeline_count()
    });
}

fn frame(bencher: Bencher<'_, '_>, cfg: &str, side: usize, precision: Precision) {
    let (network, gpu) = open(cfg, side, precision);
    let params = network.random_params(0);
    let options = ProgramOptions { precision, ..ProgramOptions::default() };
    let mut program = pollster::block_on(Program::new(&gpu, &network.graph, params, &options, &mut |_, _| {})).unwrap();
    let input = numbers(network.graph.input_shape());
    pollster::block_on(program.play(&input, &[])).unwrap();
    let gflop: f64 = network.graph.iter().map(|(id, _)| 2e-9 * network.graph.macs(id) as f64).sum();
    let report = gpu.report();
    println!(
        "\n{cfg} {side}: {gflop:.2} GFLOP on {}{} ({}, {}), {} pipelines, slots {:.1} MB planned, {}",
        report.name,
        if report.software { ", a SOFTWARE adapter" } else { "" },
        report.driver,
        precision.name(),
        program.pipeline_count(),
        program.plan().peak_bytes(precision.bytes()) as f64 / 1e6,
        peak_memory(),
    );
    bencher.bench_local(|| pollster::block_on(program.play(&input, &[])).unwrap().heads.len());
}

/// The most memory that this process has ever had, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.map_or_else(|| "peak memory unknown".into(), |l| format!("process peak {}", l.trim()))
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn tiny_416(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-tiny.cfg", 416, Precision::F32);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn tiny_416_f16(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-tiny.cfg", 416, Precision::F16);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn csp_512(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-csp.cfg", 512, Precision::F32);
}

/// What changes its layout on the host between a tensor and the heads of yolov4-tiny at 416: the input to the GPU's layout.
#[divan::bench]
fn layout_of_an_input(bencher: Bencher<'_, '_>) {
    let tensor = numbers(Shape::new(3, 416, 416));
    bencher.bench(|| tensor.to_nc4hw4());
}

/// And both heads back.
#[divan::bench]
fn layout_of_heads(bencher: Bencher<'_, '_>) {
    let heads = [13, 26].map(|side| numbers(Shape::new(255, side, side)));
    let packed = heads.each_ref().map(|head| (head.shape, head.to_nc4hw4()));
    bencher.bench(|| packed.each_ref().map(|(shape, packed)| Tensor::from_nc4hw4(*shape, packed)));
}

fn numbers(shape: Shape) -> Tensor {
    let mut random = Random::new(1);
    Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() }
}
