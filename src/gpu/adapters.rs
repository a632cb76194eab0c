//! Which adapters there are, which one is taken, and what helps where there is none.

use std::sync::Arc;

use crate::{
    error::Error,
    gpu::{coop::CoopSides, limits::DeviceRequirements, report::AdapterReport},
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
    pub(super) const fn flags(self) -> wgpu::Backends {
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
    /// A processor that poses as a GPU is no adapter.
    pub hardware: bool,
    /// Where windows are opened that are drawn into: OpenGL needs to know it from the start.
    pub display: Option<Arc<dyn wgpu::wgt::WgpuHasDisplayHandle>>,
}

pub(super) fn new_instance(backends: wgpu::Backends, options: &GpuOptions) -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = backends;
    descriptor.display = options.display.clone().map(|display| Box::new(display) as _);
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

/// Whether this is the version of an OpenGL without compute shaders, which wgpu offers all the same (Mesa's softpipe: "3.3 (Core
/// Profile)"). OpenGL ES, whose versions begin with its name, it judges right.
fn has_no_compute(version: &str) -> bool {
    let number = version.split_whitespace().next().unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    matches!((parts.next().flatten(), parts.next().flatten()), (Some(major), Some(minor)) if (major, minor) < (4, 3))
}

/// Every adapter that can compute, best first. The no-op back end is no adapter: it would answer with zeros.
async fn candidates(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let mut all = instance.enumerate_adapters(wgpu::Backends::all()).await;
    all.retain(|a| {
        let computes = a.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS);
        let info = a.get_info();
        let too_old = info.backend == wgpu::Backend::Gl && has_no_compute(&info.driver_info);
        computes && !too_old && info.backend != wgpu::Backend::Noop
    });
    all.sort_by_key(|a| rank(&a.get_info()));
    all
}

/// Why there is no adapter.
pub(super) enum Missing {
    /// There is none but the one of this name, which is a processor.
    Software(String),
    /// There is none that fits.
    Adapter(Error),
}

/// The adapter that is named, or all of them, best first.
pub(super) async fn choose(
    instance: &wgpu::Instance,
    options: &GpuOptions,
) -> std::result::Result<Vec<wgpu::Adapter>, Missing> {
    if cfg!(target_arch = "wasm32") {
        // A browser shows no list: it is asked for its fast adapter.
        let wish = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let asked = instance.request_adapter(&wish).await;
        return asked.map(|adapter| vec![adapter]).map_err(|e| Missing::Adapter(Error::NoAdapter(e.to_string())));
    }
    let mut all = candidates(instance).await;
    let listed = |(i, a): (usize, &wgpu::Adapter)| format!("{i} \"{}\"", a.get_info().name);
    let names = all.iter().enumerate().map(listed).collect::<Vec<_>>().join(", ");
    if options.hardware {
        let software = |a: &wgpu::Adapter| a.get_info().device_type == wgpu::DeviceType::Cpu;
        let first = all.iter().find(|a| software(a)).map(|a| a.get_info().name);
        all.retain(|a| !software(a));
        if let Some(name) = first.filter(|_| all.is_empty()) {
            return Err(Missing::Software(name));
        }
    }
    let found = match &options.adapter {
        None => all,
        Some(wish) => {
            let place = place(wish, &all.iter().map(|a| a.get_info().name).collect::<Vec<_>>());
            place.and_then(|place| all.into_iter().nth(place)).into_iter().collect()
        }
    };
    if !found.is_empty() {
        return Ok(found);
    }
    Err(Missing::Adapter(match &options.adapter {
        Some(wish) if !names.is_empty() => {
            Error::NoAdapter(format!("none is called \"{wish}\", or has that number; there is {names}"))
        }
        _ => {
            let through = options.backend.map_or_else(String::new, |b| format!(" through {b:?}"));
            Error::NoAdapter(format!("no driver answers{through}; {}", driver_hint(options.backend)))
        }
    }))
}

/// The place of the adapter that `wish` means: the one of this very number, or else the first with this in its name.
fn place(wish: &str, names: &[String]) -> Option<usize> {
    let number = wish.parse().ok().filter(|number| *number < names.len());
    let wish = wish.to_ascii_lowercase();
    number.or_else(|| names.iter().position(|name| name.to_ascii_lowercase().contains(&wish)))
}

/// How to get a driver on this system, for that back end.
pub fn driver_hint(backend: Option<Backend>) -> &'static str {
    if cfg!(target_os = "linux") && backend == Some(Backend::Gl) {
        "a card needs its OpenGL driver: libegl1 and libgl1-mesa-dri for AMD and Intel, the maker's for NVIDIA"
    } else if cfg!(target_os = "linux") {
        "a card needs its Vulkan driver: mesa-vulkan-drivers for AMD and Intel, the maker's for NVIDIA"
    } else if cfg!(target_os = "windows") {
        "install your card's driver from its maker"
    } else {
        "a Metal device is part of macOS 10.13 and later"
    }
}

/// What there is on this machine, best first; the numbers of adapters are the places in this list.
pub fn adapters(backend: Option<Backend>) -> Task<'static, Vec<AdapterReport>> {
    Box::pin(async move {
        let all =
            candidates(&new_instance(backend.map_or(wgpu::Backends::all(), Backend::flags), &GpuOptions::default()))
                .await;
        all.iter().map(report_of).collect()
    })
}

pub(super) fn report_of(adapter: &wgpu::Adapter) -> AdapterReport {
    let coop = CoopSides::new(&adapter.cooperative_matrix_properties());
    AdapterReport::new(&adapter.get_info(), adapter.features(), &adapter.limits(), coop)
}

#[cfg(test)]
mod tests {
    use super::{has_no_compute, place};

    #[test]
    fn opengl_computes_from_4_3_on() {
        let old = ["3.3 (Core Profile) Mesa 22.3.6", "4.2.0 NVIDIA 390.157", "2.1 Metal - 83"];
        let new = ["4.5 (Core Profile) Mesa 22.3.6", "4.3.0 - Build 20.19", "OpenGL ES 3.2 Mesa 22.3.6", ""];
        assert!(old.iter().all(|version| has_no_compute(version)));
        assert!(!new.iter().any(|version| has_no_compute(version)));
    }

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
