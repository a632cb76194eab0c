//! What an adapter is and can do, in plain words and numbers.

use crate::gpu::coop::CoopSides;

/// Timing single nodes takes timestamps between the dispatches of one pass.
pub(super) const TIMESTAMPS: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES);

/// What is known of an adapter.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AdapterReport {
    /// Marketing name.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`, `gl` or `browser-webgpu`.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// `discrete`, `integrated`, `virtual`, `cpu` or `other`.
    pub kind: &'static str,
    /// Whether a processor does the work: correct, and slow.
    pub software: bool,
    /// Largest storage binding, in bytes.
    pub max_binding_bytes: u64,
    /// Largest buffer, in bytes.
    pub max_buffer_bytes: u64,
    /// Largest side of a picture that can go in as a texture, in pixels.
    pub max_picture_side: u32,
    /// Workgroup memory, in bytes.
    pub max_workgroup_bytes: u32,
    /// Invocations per workgroup.
    pub max_invocations: u32,
    /// Smallest and largest subgroup.
    pub subgroup: (u32, u32),
    /// Whether values can be stored in 16 bits.
    pub f16: bool,
    /// Rows of the cooperative matrices that there are.
    pub coop: CoopSides,
    /// Whether single nodes can be timed.
    pub timestamps: bool,
}

impl AdapterReport {
    pub(super) fn new(
        info: &wgpu::AdapterInfo,
        features: wgpu::Features,
        limits: &wgpu::Limits,
        coop: CoopSides,
    ) -> Self {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu => "virtual",
            wgpu::DeviceType::Cpu => "cpu",
            wgpu::DeviceType::Other => "other",
        };
        Self {
            // Browsers keep it to themselves.
            name: if info.name.is_empty() { "unnamed adapter".into() } else { info.name.clone() },
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            kind,
            software: info.device_type == wgpu::DeviceType::Cpu,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_buffer_bytes: limits.max_buffer_size,
            max_picture_side: limits.max_texture_dimension_2d,
            max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
            max_invocations: limits.max_compute_invocations_per_workgroup,
            subgroup: (info.subgroup_min_size, info.subgroup_max_size),
            f16: features.contains(wgpu::Features::SHADER_F16),
            coop,
            timestamps: features.contains(TIMESTAMPS),
        }
    }
}
