//! Which adapters are measured, through which graphics APIs.

use std::fmt;

use clap::ValueEnum;
use yolov4::{
    Backend, Error, Result,
    low_level::gpu::{self, GpuOptions},
};

/// `--backend`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    Vulkan,
    Metal,
    Dx12,
    Gl,
    All,
}

const BACKENDS: [(BackendChoice, Backend); 4] = [
    (BackendChoice::Vulkan, Backend::Vulkan),
    (BackendChoice::Metal, Backend::Metal),
    (BackendChoice::Dx12, Backend::Dx12),
    (BackendChoice::Gl, Backend::Gl),
];

/// One adapter through one graphics API, as [`gpu::Gpu::new`] is asked for it.
#[derive(Clone, Debug)]
pub struct AdapterSpec {
    pub backend: Option<Backend>,
    pub adapter: Option<String>,
    /// For remarks.
    name: String,
}

impl fmt::Display for AdapterSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl AdapterSpec {
    /// For a device of no network's.
    pub fn options(&self) -> GpuOptions {
        GpuOptions { backend: self.backend, adapter: self.adapter.clone(), ..GpuOptions::default() }
    }
}

/// The one that the options name, or all that they allow.
///
/// # Errors
/// [`Error::NoAdapter`] with `all`, if there is none.
pub async fn choose(choice: Option<BackendChoice>, adapter: Option<&str>) -> Result<Vec<AdapterSpec>> {
    if choice != Some(BackendChoice::All) {
        let backend = BACKENDS.iter().find(|(name, _)| Some(*name) == choice).map(|(_, backend)| *backend);
        let name = adapter.unwrap_or("the fastest adapter").to_owned();
        return Ok(vec![AdapterSpec { backend, adapter: adapter.map(str::to_owned), name }]);
    }
    let mut all = Vec::new();
    let mut names = Vec::new();
    for (_, backend) in BACKENDS {
        for (number, report) in gpu::adapters(Some(backend)).await.into_iter().enumerate() {
            let wanted = adapter.is_none_or(|wish| report.name.to_lowercase().contains(&wish.to_lowercase()));
            let name = format!("{} ({})", report.name, report.backend);
            names.push(format!("\"{}\"", report.name));
            if wanted {
                all.push(AdapterSpec { backend: Some(backend), adapter: Some(number.to_string()), name });
            }
        }
    }
    match adapter {
        _ if !all.is_empty() => Ok(all),
        Some(wish) if !names.is_empty() => Err(Error::NoAdapter(format!(
            "with --backend all, none has \"{wish}\" in its name; there is {}",
            names.join(", ")
        ))),
        _ => Err(Error::NoAdapter(gpu::driver_hint(None).into())),
    }
}
