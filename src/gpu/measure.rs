//! Timing what is recorded into one pass, by the GPU's own clock and by that on the wall: long enough that the clock does
//! not matter, often enough that a disturbance does not.

use std::time::Duration;

use web_time::Instant;

use crate::{
    error::{Error, Result},
    gpu::{bound::BoundDispatch, context::Gpu, pipelines::Pipelines, stamps::Stamps},
    kernels::Dispatch,
};

/// What a time was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Timestamps that the GPU writes.
    Timestamps,
    /// The host's clock, submitting and waiting included.
    Wall,
}

/// One run by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimingSample {
    /// From the recording of the commands to having their result.
    pub wall: Duration,
    /// From the start to the end of the pass; none where there is no such clock, or one that cannot be right.
    pub gpu: Option<Duration>,
}

/// Records into a pass, waits, looks at the clocks.
pub(super) struct Stopwatch {
    gpu: Gpu,
    /// Copied at the end, so that there is something to wait for: timestamps, then the result.
    staging: wgpu::Buffer,
    stamps: Option<Stamps>,
}

impl Stopwatch {
    /// `bytes` of a result are brought home; `stamped` for the GPU's own clock too, where the device has one.
    pub fn new(gpu: &Gpu, bytes: usize, stamped: bool) -> Self {
        let stamps = stamped.then(|| Stamps::new(gpu, 2)).flatten();
        let bytes = bytes + stamps.as_ref().map_or(0, Stamps::bytes) as usize;
        let staging = gpu.buffer("stopwatch", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        Self { gpu: gpu.clone(), staging, stamps }
    }

    /// One run, and the first bytes of `result` after it.
    pub async fn run(
        &self,
        record: impl FnOnce(&mut wgpu::ComputePass<'_>),
        result: &wgpu::Buffer,
    ) -> Result<(TimingSample, Vec<u8>)> {
        let start = Instant::now();
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let timestamp_writes = self.stamps.as_ref().map(|stamps| stamps.around(0));
            let label = Some("measured");
            record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes }));
        }
        let stamped = self.stamps.as_ref().map_or(0, Stamps::bytes);
        if let Some(stamps) = &self.stamps {
            stamps.resolve(&mut encoder, &self.staging, 0);
        }
        encoder.copy_buffer_to_buffer(result, 0, &self.staging, stamped, Some(self.staging.size() - stamped));
        self.gpu.queue.submit([encoder.finish()]);
        let mut bytes = self.gpu.read(&self.staging).await?;
        let wall = start.elapsed();
        let result = bytes.split_off(stamped as usize);
        let gpu = self.stamps.as_ref().and_then(|stamps| stamps.times(&self.gpu, &bytes).first().copied());
        // A pass takes some time, and less than everything around it.
        Ok((TimingSample { wall, gpu: gpu.filter(|gpu| !gpu.is_zero() && *gpu <= wall) }, result))
    }
}

/// How much one run does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub rounds: u32,
    pub stride: u32,
    pub workgroups: u32,
    pub dispatches: u32,
}

impl Default for Load {
    fn default() -> Self {
        Self { rounds: 1, stride: 1, workgroups: 1, dispatches: 1 }
    }
}

/// Bytes of the result that are looked at.
const RESULT: usize = 256 * 16;

/// A measuring kernel with its buffers.
pub(super) struct Probe {
    gpu: Gpu,
    name: &'static str,
    bound: BoundDispatch,
    params: wgpu::Buffer,
    dst: wgpu::Buffer,
    watch: Stopwatch,
}

impl Probe {
    /// Binds parameters, result and, if the kernel has one, `src`.
    pub async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        dispatch: &Dispatch,
        src: Option<&wgpu::Buffer>,
    ) -> Result<Self> {
        let pipeline = pipelines.get(dispatch).await?;
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = gpu.buffer("roof", size_of::<RoofParams>(), uniform);
        let dst = gpu.buffer("roof", RESULT, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
        let buffers = [&params, &dst].into_iter().chain(src).enumerate();
        let entries: Vec<_> = buffers
            .map(|(i, buffer)| wgpu::BindGroupEntry { binding: i as u32, resource: buffer.as_entire_binding() })
            .collect();
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(dispatch.kernel.name),
            layout: &pipelines.bind_group_layout(dispatch.kernel),
            entries: &entries,
        });
        gpu.check()?;
        let bound = BoundDispatch { pipeline, group, workgroups: [1, 1, 1] };
        let watch = Stopwatch::new(gpu, RESULT, false);
        Ok(Self { gpu: gpu.clone(), name: dispatch.kernel.name, bound, params, dst, watch })
    }

    /// Seconds from the recording of the commands to having their result.
    pub async fn run(&mut self, load: Load) -> Result<f64> {
        // Just below one, so that numbers neither grow nor fade; exact in f16 too.
        let params = RoofParams { rounds: load.rounds, stride: load.stride, factor: -0.999_023_44, offset: 1.0 };
        self.gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(&params));
        self.bound.workgroups = [load.workgroups, 1, 1];
        let record = |pass: &mut wgpu::ComputePass<'_>| (0..load.dispatches).for_each(|_| self.bound.record(pass));
        let (sample, bytes) = self.watch.run(record, &self.dst).await?;
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        let wrong = |value: &&f32| !value.is_finite() || value.abs() >= 1e6;
        match values.iter().find(wrong) {
            Some(value) => Err(Error::Gpu(format!("kernel {}: expected numbers below 1e6, found {value}", self.name))),
            None => Ok(sample.wall.as_secs_f64()),
        }
    }
}

/// Seconds of a run that says something.
const LONG_ENOUGH: f64 = 0.05;
/// Doublings after which a clock that stands still is given up.
const MAX_STEP: u32 = 20;
/// Runs at the final load, of which the best counts.
const RUNS: usize = 5;

/// Doubles the load until a run is long enough; then the best of several. The load of step n is twice that of n - 1.
pub(super) async fn saturate(probe: &mut Probe, load: impl Fn(u32) -> Load) -> Result<(Load, f64)> {
    // The first run compiles, on some drivers.
    probe.run(load(0)).await?;
    let mut step = 0;
    let mut best = probe.run(load(0)).await?;
    while best < LONG_ENOUGH && step < MAX_STEP {
        step += 1;
        best = probe.run(load(step)).await?;
    }
    for _ in 1..RUNS {
        best = best.min(probe.run(load(step)).await?);
    }
    Ok((load(step), best))
}

/// The uniform buffer; field by field as in `shaders/shared/roof.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct RoofParams {
    pub rounds: u32,
    pub stride: u32,
    pub factor: f32,
    pub offset: f32,
}
