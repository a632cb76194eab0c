//! One network on one adapter.

use std::{path::Path, time::Instant};

use yolov4::{
    Detector, Gpu, Picture, Precision, Result, TuneChoice,
    low_level::{
        gpu::{NodeTime, Program, Roof},
        graph::{NodeId, explain::describe},
        model::{
            random::Random,
            zoo::{self, Origin, Store},
        },
        tensor::Tensor,
    },
};

use super::report::{Node, Row};
use crate::output;

/// What to measure.
pub struct Job<'a> {
    pub model: &'a Path,
    pub size: Option<(usize, usize)>,
    pub precision: Precision,
    pub tune: TuneChoice,
    pub frames: u32,
    pub warmup: u32,
}

/// What came of it.
pub struct Measured {
    pub row: Row,
    /// Every dispatch's time, node by node; empty where the adapter stamps no times.
    pub nodes: Vec<Node>,
}

/// Of the picture that goes from end to end.
const PICTURE: (usize, usize) = (640, 480);

impl Job<'_> {
    pub async fn run(&self, gpu: &Gpu, roof: &Roof) -> Result<Measured> {
        let started = Instant::now();
        let mut detector = self.build(gpu).await?;
        let load_ms = millis(started);
        let shape = detector.graph().input_shape();
        let mut random = Random::new(1);
        let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
        let started = Instant::now();
        detector.program_mut()?.play(&input, &[]).await?;
        let first_frame_ms = millis(started);
        let bar = indicatif::ProgressBar::new(u64::from(2 * (self.warmup + self.frames)));
        let mut walls = Vec::new();
        for i in 0..self.warmup + self.frames {
            let started = Instant::now();
            detector.program_mut()?.play(&input, &[]).await?;
            if i >= self.warmup {
                walls.push(millis(started));
            }
            bar.inc(1);
        }
        let picture = noise();
        let mut ends = Vec::new();
        for i in 0..self.warmup + self.frames {
            let started = Instant::now();
            detector.detect(&picture).await?;
            if i >= self.warmup {
                ends.push(millis(started));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let program = detector.program_mut()?;
        let times = if gpu.report().timestamps { program.time_nodes(&input).await? } else { vec![] };
        let nodes = nodes(program, &times);
        let gflop: f64 = program.graph().iter().map(|(id, _)| 2e-9 * program.graph().macs(id) as f64).sum();
        let median_ms = quantile(&mut walls, 0.5);
        let gflops = gflop / median_ms * 1e3;
        let report = gpu.report();
        let row = Row {
            model: detector.title(),
            size: format!("{}x{}", shape.w, shape.h),
            batch: 1,
            precision: self.precision.name().into(),
            backend: report.backend.clone(),
            adapter: report.name.clone(),
            driver: Some(report.driver.clone()),
            software: report.software,
            version: env!("CARGO_PKG_VERSION").into(),
            median_ms,
            p95_ms: quantile(&mut walls, 0.95),
            min_ms: quantile(&mut walls, 0.0),
            gpu_ms: (!nodes.is_empty()).then(|| nodes.iter().map(Node::total).sum()),
            gflops,
            roof_pct: Some(100.0 * gflops / roof.fma(self.precision)),
            peak_bytes: detector.program()?.value_bytes(),
            dispatches: detector.program()?.dispatches(),
            load_ms,
            first_frame_ms: Some(first_frame_ms),
            end_to_end_median_ms: quantile(&mut ends, 0.5),
        };
        Ok(Measured { row, nodes })
    }

    async fn build(&self, gpu: &Gpu) -> Result<Detector> {
        let bar = indicatif::ProgressBar::new(0).with_message("building kernels");
        let tell = {
            let bar = bar.clone();
            move |done: usize, all: usize| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            }
        };
        let mut builder = Detector::builder()
            .model(self.model)
            .device(gpu.clone())
            .precision(self.precision)
            .tune(self.tune)
            .progress(Box::new(tell));
        if let Some(size) = self.size {
            builder = builder.size(size);
        }
        if !self.has_weights()? {
            output::say(format_args!("{}: no weights at hand: seeded random ones (0)", self.model.display()));
            builder = builder.random_weights(0);
        }
        let detector = builder.build().await?;
        bar.finish_and_clear();
        Ok(detector)
    }

    /// Whether weights come with the network, or are in the cache folder.
    fn has_weights(&self) -> Result<bool> {
        if let Some(name) = zoo::bare(self.model) {
            let entry = zoo::named(name)?;
            return Ok(matches!(entry.origin, Origin::Carried(_)) || Store::from_env().holds_all(entry));
        }
        Ok(self.model.extension().is_some_and(|e| e == "safetensors"))
    }
}

/// Every convolution, pool and so on with the times of its dispatches.
fn nodes(program: &Program, times: &[NodeTime]) -> Vec<Node> {
    let graph = program.graph();
    let of = |id: NodeId| times.iter().filter(move |t| t.node == id).map(|t| t.time.as_secs_f64() * 1e3);
    let named = graph.iter().map(|(id, node)| Node {
        name: node.name.clone(),
        op: describe(&node.op),
        shape: node.shape.to_string(),
        kernel: program.rung(id).map_or_else(|| node.op.name().to_owned(), |v| v.name().to_owned()),
        ms: of(id).collect(),
        gflop: 2e-9 * graph.macs(id) as f64,
        bytes: program.bytes_moved(id),
    });
    named.filter(|node| !node.ms.is_empty()).collect()
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The value below which a part `q` of the list lies, interpolated between neighbours.
pub fn quantile(list: &mut [f64], q: f64) -> f64 {
    list.sort_by(f64::total_cmp);
    let at = (list.len().saturating_sub(1)) as f64 * q;
    let value = |i: f64| list.get(i as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (value(at.floor()), value(at.ceil()));
    low + (high - low) * at.fract()
}

/// A picture that no network is quick about: seeded noise.
fn noise() -> Picture {
    let mut random = Random::new(1);
    let (width, height) = PICTURE;
    let rgba = (0..width * height * 4).map(|i| if i % 4 == 3 { 255 } else { random.bits() as u8 }).collect();
    Picture { width, height, rgba }
}
