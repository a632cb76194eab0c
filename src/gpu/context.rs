//! The device: asked for no more than a network needs, on the adapter that is wanted, or the next one where that refuses.

use std::sync::{Arc, Mutex, PoisonError};

#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::poller::Poller;
use crate::{
    error::{Error, Result},
    gpu::{
        adapters::{GpuOptions, Missing, choose, driver_hint, new_instance, report_of},
        coop::CoopSides,
        counter::Counter,
        report::{AdapterReport, TIMESTAMPS},
    },
    kernels::{
        Precision,
        conv::{Caps, CardClass, Coop},
    },
    task::Task,
};

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
    /// Opens the adapter that `options` name, or else the fastest kind there is; the next one where that refuses.
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
        let rounds = match (options.backend, &options.adapter) {
            (Some(backend), _) => vec![backend.flags()],
            (None, Some(_)) => vec![wgpu::Backends::PRIMARY, wgpu::Backends::all()],
            (None, None) => vec![wgpu::Backends::PRIMARY, wgpu::Backends::GL],
        };
        let (mut refused, mut missing) = (Vec::new(), None);
        for backends in rounds {
            if options.adapter.is_some() && !refused.is_empty() {
                // It would be the same one again.
                break;
            }
            let instance = new_instance(backends, options);
            let found = match choose(&instance, options).await {
                Ok(found) => found,
                // OpenGL, which might have a card that is too old for Vulkan, takes longer to look at than the processor needs to play.
                Err(Missing::Software(name)) if refused.is_empty() => {
                    let hint = driver_hint(options.backend);
                    return Err(Error::NoAdapter(format!("there is only \"{name}\"; {hint}")));
                }
                Err(Missing::Software(_)) => break,
                Err(Missing::Adapter(e)) => {
                    missing = Some(e);
                    continue;
                }
            };
            for adapter in found {
                let software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
                match Self::on(instance.clone(), adapter, options).await {
                    Ok(gpu) => return Ok(gpu),
                    // Who asks for f16 does not want another adapter.
                    Err(e @ Error::Limit { .. }) => return Err(e),
                    // Another driver in software has the same processor and the same memory, and may end the process for want of it.
                    Err(e) if software && refused.is_empty() => return Err(e),
                    Err(e) => {
                        tracing::warn!("{e}");
                        refused.push(e);
                    }
                }
            }
        }
        let none = || missing.unwrap_or_else(|| Error::NoAdapter(driver_hint(options.backend).into()));
        Err(match refused.len() {
            0 => none(),
            1 => refused.remove(0),
            _ => Error::Gpu(refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        })
    }

    /// A device of this adapter.
    async fn on(instance: wgpu::Instance, adapter: wgpu::Adapter, options: &GpuOptions) -> Result<Self> {
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
        let half = options.requirements.precision == Precision::F16 || options.requirements.f16_too && report.f16;
        required.set(wgpu::Features::SHADER_F16, half);
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
            class: CardClass::of(&self.report.name, self.report.kind),
        }
    }

    /// The most workgroups of a dispatch in one direction.
    #[cfg(feature = "train")]
    #[doc(hidden)]
    pub fn workgroups_in_a_row(&self) -> u64 {
        self.limits.max_compute_workgroups_per_dimension.into()
    }

    /// The most bytes that a storage binding may have.
    #[cfg(feature = "train")]
    #[doc(hidden)]
    pub fn binding_bytes(&self) -> u64 {
        super::limits::binding_bytes(&self.limits, None)
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

    /// Bytes of device memory that everything made here takes now; none where the platform does not say.
    pub fn allocated(&self) -> Option<u64> {
        self.device.generate_allocator_report().map(|report| report.total_allocated_bytes)
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
