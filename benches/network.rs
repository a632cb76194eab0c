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
        tensor::Tensor,
    },
};

fn main() {
    if std::env::var_os("YOLOV4_TEST_DATA").is_none() {
        println!("SKIPPED: set YOLOV4_TEST_DATA to a folder with models/cfg");
        return;
    }
    divan::main();
}

fn frame(bencher: Bencher<'_, '_>, cfg: &str, side: usize, precision: Precision) {
    let data = PathBuf::from(std::env::var_os("YOLOV4_TEST_DATA").expect("YOLOV4_TEST_DATA"));
    let path = data.join("models/cfg").join(cfg);
    let network = Model::from_cfg(path, &CfgOptions { size: Some((side, side)), ..CfgOptions::default() }).unwrap();
    let wants = GpuOptions { requirements: requirements(&network.graph, precision, 1), ..GpuOptions::default() };
    let gpu = pollster::block_on(Gpu::new(&wants)).unwrap();
    let params = network.random_params(0);
    let options = ProgramOptions { precision, ..ProgramOptions::default() };
    let mut program = pollster::block_on(Program::new(&gpu, &network.graph, params, &options, &mut |_, _| {})).unwrap();
    let mut random = Random::new(1);
    let shape = network.graph.input_shape();
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
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
fn csp_512(bencher: Bencher<'_, '_>) {
    frame(bencher, "yolov4-csp.cfg", 512, Precision::F32);
}
