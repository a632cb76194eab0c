//! What an adapter can do at most, measured: the ceilings that percentages are of.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::{
    error::Result,
    gpu::{
        context::Gpu,
        pipelines::Pipelines,
        ready::{Ready, SLOT_USAGE},
        tune::Table,
    },
    kernels::{Kernel, Precision, roof},
};

/// The ceilings of one adapter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roof {
    /// Multiply-adds on registers in f32, in GFLOP/s, two operations each.
    pub fma_f32: f64,
    /// The same in f16, where there is any.
    pub fma_f16: Option<f64>,
    /// From one storage buffer to another, in GB/s, both ways counted.
    pub storage: f64,
    /// Reads of workgroup memory, in GB/s.
    pub workgroup: f64,
    /// An empty dispatch among others, in microseconds.
    pub dispatch_us: f64,
    /// A submit of one empty dispatch until the host knows that it is done, in microseconds.
    pub submit_us: f64,
}

/// Least time of a run that counts.
const SPAN: Duration = Duration::from_millis(50);
/// Bytes of each buffer of the copy: beyond most caches, within every limit.
const COPIED: usize = 64 << 20;

impl Roof {
    /// Measures everything; takes seconds.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn measure(gpu: &Gpu) -> Result<Self> {
        let half = gpu.device.features().contains(wgpu::Features::SHADER_F16);
        let fma = async |precision| {
            // Enough for every lane of a large GPU, and short on a processor.
            let groups = if gpu.report().software { 16 } else { 8192 };
            let trial = Trial::new(gpu, precision, &roof::FMA, groups, 64 * groups as usize).await?;
            Ok::<f64, crate::Error>(trial.rate(gpu, (roof::FMA_OPERATIONS * 64 * groups as usize) as f64).await? / 1e9)
        };
        let fma_f32 = fma(Precision::F32).await?;
        let fma_f16 = if half { Some(fma(Precision::F16).await?) } else { None };
        // 65,535 workgroups at most in one direction.
        let vectors = COPIED / 16;
        let copy = Trial::new(gpu, Precision::F32, &roof::COPY, (vectors / 64).min(65_535) as u32, vectors).await?;
        let storage = copy.rate(gpu, 2.0 * 16.0 * 64.0 * f64::from(copy.ready.workgroups[0])).await? / 1e9;
        let groups = if gpu.report().software { 16 } else { 8192 };
        let shared = Trial::new(gpu, Precision::F32, &roof::WORKGROUP, groups, 64 * groups as usize).await?;
        let workgroup = shared.rate(gpu, (roof::WORKGROUP_BYTES * 64 * groups as usize) as f64).await? / 1e9;
        let empty = Trial::new(gpu, Precision::F32, &roof::COPY, 1, 64).await?;
        let dispatch_us = 1e6 / empty.rate(gpu, 1.0).await?;
        let mut submit = Duration::MAX;
        for _ in 0..20 {
            submit = submit.min(empty.run(gpu, 1).await?);
        }
        Ok(Self { fma_f32, fma_f16, storage, workgroup, dispatch_us, submit_us: submit.as_secs_f64() * 1e6 })
    }

    /// Multiply-adds that count for a precision: sums are in f32 whatever the storage.
    pub fn fma(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => self.fma_f32,
            Precision::F16 => self.fma_f16.unwrap_or(self.fma_f32).max(self.fma_f32),
        }
    }

    /// Whether these are figures at all.
    pub fn is_plausible(&self) -> bool {
        let all = [self.fma_f32, self.storage, self.workgroup, self.dispatch_us, self.submit_us];
        all.into_iter().chain(self.fma_f16).all(|v| v.is_finite() && v > 0.0)
    }

    /// Under what it is kept.
    pub fn file_name(gpu: &Gpu) -> String {
        Table::file_name(&Table::identity(gpu))
    }
}

struct Trial {
    ready: Ready,
    dst: wgpu::Buffer,
    probe: wgpu::Buffer,
}

impl Trial {
    async fn new(
        gpu: &Gpu,
        precision: Precision,
        kernel: &'static Kernel,
        groups: u32,
        vectors: usize,
    ) -> Result<Self> {
        let mut pipelines = Pipelines::new(gpu, precision, false);
        let pipeline = pipelines.get(&roof::dispatch(kernel, groups)).await?;
        let bytes = vectors.max(256) * 4 * precision.bytes();
        // Zeros: sums that neither grow nor become denormal.
        let [src, dst] = ["roof source", "roof result"].map(|label| gpu.buffer(label, bytes, SLOT_USAGE));
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name),
            layout: &pipelines.bind_group_layout(kernel),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: src.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: dst.as_entire_binding() },
            ],
        });
        let probe = gpu.buffer("probe", 16, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        Ok(Self { ready: Ready { pipeline, group, workgroups: [groups, 1, 1] }, dst, probe })
    }

    /// Units a second, `units` being those of one dispatch: the best of three runs that are long enough.
    async fn rate(&self, gpu: &Gpu, units: f64) -> Result<f64> {
        self.run(gpu, 1).await?;
        let mut count = 1;
        while self.run(gpu, count).await? < SPAN && count < 1 << 16 {
            count *= 2;
        }
        let mut best = 0.0f64;
        for _ in 0..3 {
            let time = self.run(gpu, count).await?;
            best = best.max(units * f64::from(count) / time.as_secs_f64());
        }
        Ok(best)
    }

    async fn run(&self, gpu: &Gpu, count: u32) -> Result<Duration> {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            (0..count).for_each(|_| self.ready.record(&mut pass));
        }
        encoder.copy_buffer_to_buffer(&self.dst, 0, &self.probe, 0, Some(16));
        let started = Instant::now();
        gpu.queue.submit([encoder.finish()]);
        gpu.read(&self.probe).await?;
        Ok(started.elapsed())
    }
}
