//! Adapter and device: chosen by name, back end and kind, asked for no more than a network needs.

use std::sync::{Arc, Mutex, PoisonError};

#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::poller::Poller;
use crate::{
    error::{Error, Result},
    gpu::{
        coop::CoopSides,
        counter::Counter,
        limits::DeviceRequirements,
        report::{AdapterReport, TIMESTAMPS},
    },
    kernels::{
        Precision,
        conv::{Caps, Coop},
    },
    task::Task,
};

/// A graphics API that wgpu speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Backend {
    /// Linux, Windows, Android.
    Vulkan,
    /// macOS, iOS.
    Metal,
    /// Windows.
    Dx12,
    /// OpenGL ES 3.1 and later: the last resort.
    Gl,
}

impl Backend {
    const fn flags(self) -> wgpu::Backends {
        match self {
            Self::Vulkan => wgpu::Backends::VULKAN,
            Self::Metal => wgpu::Backends::METAL,
            Self::Dx12 => wgpu::Backends::DX12,
            Self::Gl => wgpu::Backends::GL,
        }
    }
}

/// Which adapter to take, and what for.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// Only this back end; otherwise the platform's own before OpenGL.
    pub backend: Option<Backend>,
    /// The adapter's number as `yolov4 adapters` lists it, or else part of its name, any case.
    pub adapter: Option<String>,
    /// What the network asks of the device.
    pub requirements: DeviceRequirements,
}

/// A device that works, and what it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    pub(super) readbacks: Counter,
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) poller: Poller,
    report: AdapterReport,
    failure: Arc<Mutex<Option<DeviceError>>>,
    origin: Option<(wgpu::Instance, wgpu::Adapter)>,
}

/// What the device has complained about since it was last asked.
#[derive(Clone, Debug)]
enum DeviceError {
    Lost(String),
    OutOfMemory(String),
    Other(String),
}

impl Gpu {
    /// Opens the adapter that `options` name, or else the fastest kind there is.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if none fits; [`Error::Gpu`] if it refuses the device; [`Error::Limit`] if it lacks a
    /// feature of [`GpuOptions::requirements`].
    #[doc(hidden)]
    pub fn new(options: &GpuOptions) -> Task<'_, Result<Self>> {
        Box::pin(Self::open(options))
    }

    async fn open(options: &GpuOptions) -> Result<Self> {
        // OpenGL is not even loaded where there is something better: its loader is slow and noisy.
        let better = options.backend.map_or(wgpu::Backends::PRIMARY, Backend::flags);
        let mut instance = new_instance(better);
        let adapter = match choose(&instance, options).await {
            Err(Error::NoAdapter(_)) if options.backend.is_none() => {
                instance = new_instance(wgpu::Backends::all());
                choose(&instance, options).await?
            }
            found => found?,
        };
        let features = adapter.features();
        let offered = adapter.limits();
        let report = report_of(&adapter);
        if options.requirements.precision == Precision::F16 && !report.f16 {
            return Err(Error::Limit {
                node: format!("adapter \"{}\"", report.name),
                what: "precision f16".into(),
                needed: "the feature shader-f16".into(),
                allowed: "f32 only".into(),
                hint: String::new(),
            });
        }
        let mut required = wgpu::Features::empty();
        required.set(wgpu::Features::SHADER_F16, options.requirements.precision == Precision::F16);
        required |= features & wgpu::Features::SUBGROUP;
        let mut experimental_features = wgpu::ExperimentalFeatures::disabled();
        if !report.coop.of(options.requirements.precision).is_empty() {
            required |= features & wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
            // SAFETY: what is experimental is used for one thing, in two kernels, which take matrices of the sizes that
            // the adapter lists, inside of workgroup memory, in uniform control flow.
            experimental_features = unsafe { wgpu::ExperimentalFeatures::enabled() };
        }
        if options.requirements.timestamps {
            // Browsers have them at the ends of passes only.
            required |= features & TIMESTAMPS;
        }
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("yolov4"),
                required_features: required,
                required_limits: options.requirements.limits(&offered),
                experimental_features,
                memory_hints: wgpu::MemoryHints::Performance,
                trace: wgpu::Trace::Off,
            })
            .await
            .map_err(|e| Error::Gpu(format!("\"{}\" refuses a device: {e}", report.name)))?;
        Ok(Self { origin: Some((instance, adapter)), ..Self::with_report(device, queue, report) })
    }

    /// Uses a device that the caller has made, such as a viewer's or a game's.
    ///
    /// The device's own error and loss handlers are replaced. Cooperative matrices are not made use of: a device does
    /// not tell which it has.
    pub fn from_device(device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let report =
            AdapterReport::new(&device.adapter_info(), device.features(), &device.limits(), CoopSides::default());
        Self::with_report(device, queue, report)
    }

    fn with_report(device: wgpu::Device, queue: wgpu::Queue, report: AdapterReport) -> Self {
        let failure = Arc::new(Mutex::new(None));
        let note = |into: &Arc<Mutex<Option<DeviceError>>>| {
            let into = Arc::clone(into);
            move |what: DeviceError| {
                let mut known = into.lock().unwrap_or_else(PoisonError::into_inner);
                // A loss explains whatever was complained of before it; anything else is told in its order.
                if known.is_none()
                    || (matches!(what, DeviceError::Lost(_)) && !matches!(*known, Some(DeviceError::Lost(_))))
                {
                    *known = Some(what);
                }
            }
        };
        let lost = note(&failure);
        device.set_device_lost_callback(move |why, message| lost(DeviceError::Lost(format!("{why:?}: {message}"))));
        let failed = note(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            failed(match error {
                wgpu::Error::OutOfMemory { .. } => DeviceError::OutOfMemory(error.to_string()),
                other => DeviceError::Other(other.to_string()),
            });
        }));
        let limits = device.limits();
        Self {
            device,
            queue,
            limits,
            readbacks: Counter::default(),
            #[cfg(not(target_arch = "wasm32"))]
            poller: Poller::default(),
            report,
            failure,
            origin: None,
        }
    }

    /// What convolutions can make use of.
    #[doc(hidden)]
    pub fn caps(&self, precision: Precision) -> Caps {
        let features = self.device.features();
        Caps {
            software: self.report.software,
            subgroup: features.contains(wgpu::Features::SUBGROUP) && self.report.subgroup.0 >= 8,
            half: precision == Precision::F16,
            coop: if features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX | wgpu::Features::SUBGROUP) {
                self.report.coop.caps(precision, &self.report.backend, self.report.subgroup)
            } else {
                Coop::default()
            },
            binding: self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size) as usize,
        }
    }

    /// What the adapter is.
    #[doc(hidden)]
    pub fn report(&self) -> &AdapterReport {
        &self.report
    }

    /// The wgpu device, for drawing beside the network.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The queue that frames are submitted to.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// What the device came from, to make surfaces with; none for a device of the caller's.
    #[doc(hidden)]
    pub fn origin(&self) -> Option<&(wgpu::Instance, wgpu::Adapter)> {
        self.origin.as_ref()
    }

    /// Turns what the device has complained about into an error; a lost device stays lost.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::OutOfMemory`], [`Error::Gpu`].
    pub fn check(&self) -> Result<()> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.clone() {
            None => Ok(()),
            Some(DeviceError::Lost(why)) => Err(Error::DeviceLost(why)),
            Some(DeviceError::OutOfMemory(what)) => {
                *failure = None;
                Err(Error::OutOfMemory(what))
            }
            Some(DeviceError::Other(what)) => {
                *failure = None;
                Err(Error::Gpu(what))
            }
        }
    }
}

fn new_instance(backends: wgpu::Backends) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = backends;
    wgpu::Instance::new(descriptor)
}

/// Best kind first; OpenGL only where there is nothing else.
fn rank(info: &wgpu::AdapterInfo) -> (bool, u32) {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    (info.backend == wgpu::Backend::Gl, kind)
}

/// Every adapter that can compute, best first. The no-op back end is no adapter: it would answer with zeros.
async fn candidates(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let mut all = instance.enumerate_adapters(wgpu::Backends::all()).await;
    all.retain(|a| {
        let computes = a.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS);
        computes && a.get_info().backend != wgpu::Backend::Noop
    });
    all.sort_by_key(|a| rank(&a.get_info()));
    all
}

async fn choose(instance: &wgpu::Instance, options: &GpuOptions) -> Result<wgpu::Adapter> {
    if cfg!(target_arch = "wasm32") {
        // A browser shows no list: it is asked for its fast adapter.
        let wish = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        return instance.request_adapter(&wish).await.map_err(|e| Error::NoAdapter(e.to_string()));
    }
    let all = candidates(instance).await;
    let listed = |(i, a): (usize, &wgpu::Adapter)| format!("{i} \"{}\"", a.get_info().name);
    let names = all.iter().enumerate().map(listed).collect::<Vec<_>>().join(", ");
    let place = match &options.adapter {
        None => Some(0),
        Some(wish) => place(wish, &all.iter().map(|a| a.get_info().name).collect::<Vec<_>>()),
    };
    let found = place.and_then(|place| all.into_iter().nth(place));
    found.ok_or_else(|| match &options.adapter {
        Some(wish) if !names.is_empty() => {
            Error::NoAdapter(format!("none is called \"{wish}\", or has that number; there is {names}"))
        }
        _ => {
            let through = options.backend.map_or_else(String::new, |b| format!(" through {b:?}"));
            Error::NoAdapter(format!("no driver answers{through}; {}", driver_hint()))
        }
    })
}

/// The place of the adapter that `wish` means: the one of this very number, or else the first with this in its name.
fn place(wish: &str, names: &[String]) -> Option<usize> {
    let number = wish.parse().ok().filter(|number| *number < names.len());
    let wish = wish.to_lowercase();
    number.or_else(|| names.iter().position(|name| name.to_lowercase().contains(&wish)))
}

/// How to get a driver on this system.
pub fn driver_hint() -> &'static str {
    if cfg!(target_os = "linux") {
        "install your card's Vulkan driver, or a software one: apt-get install mesa-vulkan-drivers"
    } else if cfg!(target_os = "windows") {
        "install your card's driver from its maker"
    } else {
        "a Metal device is part of macOS 10.13 and later"
    }
}

/// What there is on this machine, best first; the numbers of adapters are the places in this list.
pub fn adapters(backend: Option<Backend>) -> Task<'static, Vec<AdapterReport>> {
    Box::pin(async move {
        let all = candidates(&new_instance(backend.map_or(wgpu::Backends::all(), Backend::flags))).await;
        all.iter().map(report_of).collect()
    })
}

fn report_of(adapter: &wgpu::Adapter) -> AdapterReport {
    let coop = CoopSides::new(&adapter.cooperative_matrix_properties());
    AdapterReport::new(&adapter.get_info(), adapter.features(), &adapter.limits(), coop)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn numbers_are_places_before_they_are_parts_of_names() {
        let names = ["NVIDIA H100", "Intel Arc A770", "llvmpipe (LLVM 15.0.6, 256 bits)"].map(str::to_owned);
        for (wish, expected) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("2", Some(2)),
            ("770", Some(1)),
            ("H100", Some(0)),
            ("arc", Some(1)),
            ("3", None),
        ] {
            assert_eq!(place(wish, &names), expected, "{wish}");
        }
    }
}
