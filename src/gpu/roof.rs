//! The roofs: what an adapter can do at most, by kernels that do one thing each (`shaders/roof/`). They are measuring
//! tools, no ops: no twin, no problem, no place in the catalogue.

use crate::{
    error::Result,
    gpu::{
        context::Gpu,
        measure::{Load, Probe, RoofParams, saturate},
        pipelines::Pipelines,
        rung_benchmark::TimingBudget,
        tune::time,
    },
    kernels::{
        Bind, Binding, Dispatch, Kernel, Precision,
        conv::{Problem, Variant},
        part,
    },
    task::Task,
    tensor::Shape,
};

const BINDINGS: &[Binding] = &[
    Binding { name: "params", bind: Bind::Uniform(size_of::<RoofParams>()) },
    Binding { name: "dst", bind: Bind::ReadWrite },
];

static FMA: Kernel = Kernel {
    name: "roof/fma",
    twin: "",
    parts: &[part!("shared/roof.wgsl"), part!("roof/fma.wgsl")],
    bindings: BINDINGS,
    workgroup: [256, 1, 1],
};

static STORAGE: Kernel = Kernel {
    name: "roof/storage",
    twin: "",
    parts: &[part!("shared/roof.wgsl"), part!("roof/storage.wgsl")],
    bindings: &[BINDINGS[0], BINDINGS[1], Binding { name: "src", bind: Bind::Read }],
    workgroup: [256, 1, 1],
};

static WORKGROUP: Kernel = Kernel {
    name: "roof/workgroup",
    twin: "",
    parts: &[part!("shared/roof.wgsl"), part!("roof/workgroup.wgsl")],
    bindings: BINDINGS,
    workgroup: [256, 1, 1],
};

static EMPTY: Kernel = Kernel {
    name: "roof/empty",
    twin: "",
    parts: &[part!("shared/roof.wgsl"), part!("roof/empty.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Every kernel that measures a roof.
pub static ROOF_KERNELS: &[&Kernel] = &[&FMA, &STORAGE, &WORKGROUP, &EMPTY];

/// What an adapter can do at most, as these kernels have it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Roof {
    /// Multiply-adds in f32, two operations each, 1e9 a second.
    pub f32_gflops: f64,
    /// Multiply-adds in f16, two operations each, 1e9 a second; none where there is no f16.
    pub f16_gflops: Option<f64>,
    /// Reading of storage buffers too large for a cache, 1e9 bytes a second.
    pub storage_gbs: f64,
    /// Reading of workgroup memory, 1e9 bytes a second.
    pub workgroup_gbs: f64,
    /// What one more dispatch costs that does nothing, its recording included, in microseconds.
    pub dispatch_us: f64,
    /// From the recording of one such dispatch to knowing that it is done, in microseconds.
    pub submit_us: f64,
    /// The best that a rung of the ladder makes of a large convolution in f32 without Winograd, 1e9 operations a second.
    pub gemm_gflops: f64,
    /// The rung that did.
    pub gemm_rung: Variant,
    /// The best that a rung makes of that convolution stored in f16, 1e9 operations a second; none without f16.
    pub gemm_f16_gflops: Option<f64>,
    /// The rung that did.
    pub gemm_f16_rung: Option<Variant>,
}

impl Roof {
    /// Measures them all, which takes some seconds; f16 if the device was made for it. `progress` is told what comes next.
    ///
    /// # Errors
    /// What the device complains of; [`crate::Error::Gpu`] if a kernel's result is no number.
    pub fn measure<'a>(
        gpu: &'a Gpu,
        progress: &'a mut (dyn FnMut(&'static str) + Send + 'a),
    ) -> Task<'a, Result<Self>> {
        Box::pin(Self::find(gpu, progress))
    }

    async fn find(gpu: &Gpu, progress: &mut (dyn FnMut(&'static str) + Send)) -> Result<Self> {
        let halves = gpu.device.features().contains(wgpu::Features::SHADER_F16);
        progress("multiply-adds, f32");
        let f32_gflops = fma(gpu, Precision::F32).await?;
        progress("multiply-adds, f16");
        let f16_gflops = if halves { Some(fma(gpu, Precision::F16).await?) } else { None };
        progress("storage");
        let storage_gbs = storage(gpu).await?;
        progress("workgroup memory");
        let workgroup_gbs = workgroup(gpu).await?;
        progress("dispatch and submit");
        let (dispatch_us, submit_us) = overheads(gpu).await?;
        progress("matrix products");
        let (gemm_gflops, gemm_rung) = gemm(gpu, Precision::F32).await?;
        let halved = if halves { Some(gemm(gpu, Precision::F16).await?) } else { None };
        Ok(Self {
            f32_gflops,
            f16_gflops,
            storage_gbs,
            workgroup_gbs,
            dispatch_us,
            submit_us,
            gemm_gflops,
            gemm_rung,
            gemm_f16_gflops: halved.map(|(gflops, _)| gflops),
            gemm_f16_rung: halved.map(|(_, rung)| rung),
        })
    }

    /// The ceiling of networks stored in this precision, 1e9 operations a second. Those stored in f16 may count in either.
    pub fn gflops(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => self.f32_gflops,
            Precision::F16 => self.f32_gflops.max(self.f16_gflops.unwrap_or(0.0)),
        }
    }

    /// The least time in milliseconds for so many operations and so many bytes from and to storage.
    pub fn least_ms(&self, precision: Precision, flop: f64, bytes: f64) -> f64 {
        1e-6 * (flop / self.gflops(precision)).max(bytes / self.storage_gbs)
    }

    /// Whether every figure is one that an adapter may have: a number above zero.
    pub fn plausible(&self) -> bool {
        let rates = [self.f32_gflops, self.storage_gbs, self.workgroup_gbs, self.gemm_gflops];
        let given = rates.into_iter().chain([self.dispatch_us, self.submit_us]);
        let maybe = [self.f16_gflops, self.gemm_f16_gflops];
        given.chain(maybe.into_iter().flatten()).all(|figure| figure.is_finite() && figure > 0.0)
    }
}

/// Invocations of a workgroup of all but the empty kernel.
const LANES: f64 = 256.0;

/// Workgroups and rounds that double with every step: workgroups until the adapter is surely full, then rounds.
fn doubled(step: u32, rounds: u32) -> Load {
    let wide = step.min(8);
    Load { rounds: rounds << (step - wide), workgroups: 64 << wide, ..Load::default() }
}

fn dispatch(kernel: &'static Kernel, constants: Vec<(&'static str, f64)>) -> Dispatch {
    Dispatch { kernel, constants, params: vec![], workgroups: [1, 1, 1] }
}

async fn fma(gpu: &Gpu, precision: Precision) -> Result<f64> {
    let mut pipelines = Pipelines::new(gpu, precision, false);
    let mut best = 0.0f64;
    // A processor has too few registers for eight, a GPU hides more behind them.
    for chains in [2.0, 4.0, 8.0] {
        let mut probe = Probe::new(gpu, &mut pipelines, &dispatch(&FMA, vec![("CHAINS", chains)]), None).await?;
        let (load, seconds) = saturate(&mut probe, |step| doubled(step, 8)).await?;
        // 16 multiply-adds of four numbers, two operations each.
        let flop = f64::from(load.workgroups) * LANES * f64::from(load.rounds) * chains * 16.0 * 4.0 * 2.0;
        best = best.max(1e-9 * flop / seconds);
    }
    Ok(best)
}

/// Most bytes that are read: more than any cache holds, less than any card.
const STREAM_BYTES: u64 = 512 << 20;
/// Most bytes that are read where a processor plays: its caches are smaller.
const STREAM_BYTES_SOFTWARE: u64 = 128 << 20;
/// Workgroups that read them.
const STREAM_WORKGROUPS: u32 = 1024;
/// Bytes that they read in one round: eight vectors an invocation.
const STREAM_ROUND: u64 = STREAM_WORKGROUPS as u64 * 256 * 8 * 16;

async fn storage(gpu: &Gpu) -> Result<f64> {
    let most = if gpu.report().software { STREAM_BYTES_SOFTWARE } else { STREAM_BYTES };
    let allowed = gpu.limits.max_storage_buffer_binding_size.min(gpu.limits.max_buffer_size).min(most);
    let rounds = (allowed / STREAM_ROUND).max(1);
    let bytes = rounds * STREAM_ROUND;
    let src = gpu.buffer("roof", bytes as usize, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST);
    let mut pipelines = Pipelines::new(gpu, Precision::F32, false);
    let mut probe = Probe::new(gpu, &mut pipelines, &dispatch(&STORAGE, vec![]), Some(&src)).await?;
    let load = |step| Load {
        rounds: rounds as u32,
        stride: STREAM_WORKGROUPS * 256,
        workgroups: STREAM_WORKGROUPS,
        dispatches: 1u32 << step,
    };
    let (load, seconds) = saturate(&mut probe, load).await?;
    src.destroy();
    Ok(1e-9 * bytes as f64 * f64::from(load.dispatches) / seconds)
}

async fn workgroup(gpu: &Gpu) -> Result<f64> {
    let mut pipelines = Pipelines::new(gpu, Precision::F32, false);
    let mut probe = Probe::new(gpu, &mut pipelines, &dispatch(&WORKGROUP, vec![]), None).await?;
    let (load, seconds) = saturate(&mut probe, |step| doubled(step, 64)).await?;
    let bytes = f64::from(load.workgroups) * LANES * f64::from(load.rounds) * 16.0 * 16.0;
    Ok(1e-9 * bytes / seconds)
}

/// Rate and rung of the best implicit GEMM on a product of matrices, and on a convolution of 3x3.
async fn gemm(gpu: &Gpu, precision: Precision) -> Result<(f64, Variant)> {
    let large =
        |channels: usize, side: usize, size: usize| Problem::plain(Shape::new(channels, side, side), channels, size);
    let mut pipelines = Pipelines::new(gpu, precision, false);
    let caps = gpu.caps(precision);
    let mut best = (0.0, Variant::Direct);
    for problem in [large(512, 32, 1), large(256, 52, 3)] {
        // The best guess first: it spares those that are far slower.
        let guess = Variant::gemm(problem.output.pixels(), &caps);
        let others = Variant::ALL.iter().copied().filter(|v| *v != guess && v.is_gemm() && v.suits(&caps));
        let able: Vec<Variant> = [guess].into_iter().chain(others).filter(|v| v.takes(&problem, &caps)).collect();
        for (rung, timing) in time(gpu, &mut pipelines, &caps, &problem, &able, GEMM_EFFORT).await? {
            let gflops = 1e-9 * problem.flop() / timing.best().as_secs_f64();
            if gflops > best.0 {
                best = (gflops, rung);
            }
        }
    }
    Ok(best)
}

/// As much as for other roofs.
const GEMM_EFFORT: TimingBudget = TimingBudget { span: 50.0, tries: 4 };

/// Dispatches in the longer of two command buffers.
const MANY: u32 = 1024;
/// Runs of each, of which the best counts.
const RUNS: usize = 15;

/// Microseconds of one more dispatch, and of a submit with one.
async fn overheads(gpu: &Gpu) -> Result<(f64, f64)> {
    let mut pipelines = Pipelines::new(gpu, Precision::F32, false);
    let mut probe = Probe::new(gpu, &mut pipelines, &dispatch(&EMPTY, vec![]), None).await?;
    let (mut one, mut many) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..RUNS {
        one = one.min(probe.run(Load::default()).await?);
        many = many.min(probe.run(Load { dispatches: MANY + 1, ..Load::default() }).await?);
    }
    // On a clock too coarse to tell them apart, not nothing but next to it.
    Ok((1e6 * (many - one).max(1e-9) / f64::from(MANY), 1e6 * one.max(1e-9)))
}
