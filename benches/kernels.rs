//! The ladder of convolutions, rung by rung, on a handful of shapes: `cargo bench --bench kernels [-- RUNG]`.
//! One pass in a submit of its own, waited for; an item is an operation of the direct convolution, so that Gitem/s are
//! GFLOP/s. `yolov4 bench --ladder` measures the shapes of networks by the GPU's own clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench stops at the first surprise")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::{fmt, sync::LazyLock};

use divan::{Bencher, counter::ItemsCount};
use yolov4::{
    Gpu, Precision,
    low_level::{
        gpu::{GpuOptions, Pipelines, RungBenchmark},
        graph::Activation,
        kernels::conv::{Problem, Variant},
        tensor::Shape,
    },
};

static GPU: LazyLock<Gpu> = LazyLock::new(|| pollster::block_on(Gpu::new(&GpuOptions::default())).unwrap());

fn main() {
    let report = GPU.report();
    let software = if report.software { ", a SOFTWARE adapter" } else { "" };
    println!("{}{software} ({}), f32", report.name, report.driver);
    divan::main();
}

/// Channels in and out, side of the output, size and stride.
#[derive(Clone, Copy)]
struct Case(usize, usize, usize, usize, usize);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_to_{}_{}x{}_{}x{}_{}", self.0, self.1, self.2, self.2, self.3, self.3, self.4)
    }
}

impl Case {
    fn problem(self) -> Problem {
        let Self(from, to, side, size, stride) = self;
        Problem {
            input: Shape::new(from, side * stride, side * stride),
            output: Shape::new(to, side, side),
            size,
            stride: (stride, stride),
            pad: size / 2,
            dilation: 1,
            groups: 1,
            activation: Activation::Leaky(0.1),
            residual: None,
            upsample: 1,
            pictures: 1,
            parts: 1,
        }
    }
}

/// Those of yolov4-tiny that differ most: the first, many pixels, many channels, and products of matrices.
const CASES: [Case; 6] = [
    Case(3, 32, 208, 3, 2),
    Case(64, 64, 52, 3, 1),
    Case(256, 256, 26, 3, 1),
    Case(512, 512, 13, 3, 1),
    Case(128, 128, 52, 1, 1),
    Case(512, 256, 13, 1, 1),
];

fn able(rung: Variant) -> impl Iterator<Item = Case> {
    CASES.into_iter().filter(move |case| rung.takes(&case.problem(), &GPU.caps(Precision::F32)))
}

fn run(bencher: Bencher<'_, '_>, rung: Variant, case: Case) {
    let (problem, mut pipelines) = (case.problem(), Pipelines::new(&GPU, Precision::F32, false));
    let caps = GPU.caps(Precision::F32);
    let trial = pollster::block_on(RungBenchmark::new(&GPU, &mut pipelines, &caps, &problem, rung)).unwrap();
    // The first run may still compile.
    pollster::block_on(trial.run(1)).unwrap();
    let counter = ItemsCount::new(problem.flop() as u64);
    bencher.counter(counter).bench_local(|| pollster::block_on(trial.run(1)).unwrap());
}

macro_rules! rungs {
    ($($name:ident: $rung:expr;)*) => {
        $(#[divan::bench(args = able($rung), sample_count = 8, sample_size = 1)]
        fn $name(bencher: Bencher<'_, '_>, case: Case) {
            run(bencher, $rung, case);
        })*
    };
}

rungs! {
    lanes: Variant::Lanes;
    tiled: Variant::Tiled;
    subgroup: Variant::Subgroup;
    subgroup_few: Variant::SubgroupFew;
    winograd2: Variant::Winograd2;
    winograd4: Variant::Winograd4;
}
