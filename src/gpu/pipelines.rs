//! Shader modules and pipelines, each made once: modules by kernel, pipelines by kernel and constants.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    gpu::context::Gpu,
    kernels::{Bind, Dispatch, Kernel, Precision},
};

/// A pipeline's identity: the kernel's name, its constants by name and bit pattern.
type Key = (&'static str, Vec<(&'static str, u64)>);

/// Modules and pipelines of one program.
#[derive(Debug)]
pub struct Pipelines {
    gpu: Gpu,
    precision: Precision,
    checked: bool,
    modules: BTreeMap<&'static str, (wgpu::ShaderModule, wgpu::BindGroupLayout, wgpu::PipelineLayout)>,
    pipelines: BTreeMap<Key, wgpu::ComputePipeline>,
}

impl Pipelines {
    /// An empty store. `checked` keeps naga's bounds checks and loop counters in the kernels.
    pub fn new(gpu: &Gpu, precision: Precision, checked: bool) -> Self {
        Self { gpu: gpu.clone(), precision, checked, modules: BTreeMap::new(), pipelines: BTreeMap::new() }
    }

    /// The pipeline of a dispatch, made if need be.
    ///
    /// # Errors
    /// [`Error::Gpu`] with the kernel's name if the driver or the validator refuses it.
    pub async fn get(&mut self, dispatch: &Dispatch) -> Result<wgpu::ComputePipeline> {
        let constants = dispatch.constants.iter().map(|(name, value)| (*name, value.to_bits())).collect();
        let key: Key = (dispatch.kernel.name, constants);
        if let Some(pipeline) = self.pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let scope = self.gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let (module, _, layout) = self.module(dispatch.kernel);
        let pipeline = self.gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(dispatch.kernel.name),
            layout: Some(&layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &dispatch.constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        if let Some(error) = scope.pop().await {
            return Err(Error::Gpu(format!("kernel {}: {error}", dispatch.kernel.name)));
        }
        self.pipelines.insert(key, pipeline.clone());
        Ok(pipeline)
    }

    /// The layout of a kernel's group 0.
    pub fn bind_group_layout(&mut self, kernel: &'static Kernel) -> wgpu::BindGroupLayout {
        self.module(kernel).1
    }

    /// How many pipelines there are.
    pub fn count(&self) -> usize {
        self.pipelines.len()
    }

    fn module(&mut self, kernel: &'static Kernel) -> (wgpu::ShaderModule, wgpu::BindGroupLayout, wgpu::PipelineLayout) {
        let Self { gpu, precision, checked, modules, .. } = self;
        let made = modules.entry(kernel.name).or_insert_with(|| {
            let descriptor = wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source: wgpu::ShaderSource::Wgsl(kernel.source(*precision).into()),
            };
            let module = if *checked {
                gpu.device.create_shader_module(descriptor)
            } else {
                // SAFETY: the kernel problem suite runs every kernel with the checks on; the kernels index nothing
                // outside their bindings and have no endless loops.
                unsafe { gpu.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
            };
            let entries: Vec<_> = kernel.bindings.iter().enumerate().map(|(i, b)| layout_entry(i, b.bind)).collect();
            let group = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(kernel.name),
                entries: &entries,
            });
            let layout = gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(kernel.name),
                bind_group_layouts: &[Some(&group)],
                immediate_size: 0,
            });
            (module, group, layout)
        });
        made.clone()
    }
}

fn layout_entry(binding: usize, bind: Bind) -> wgpu::BindGroupLayoutEntry {
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: match bind {
            Bind::Uniform(_) => buffer(wgpu::BufferBindingType::Uniform),
            Bind::Read => buffer(wgpu::BufferBindingType::Storage { read_only: true }),
            Bind::ReadWrite => buffer(wgpu::BufferBindingType::Storage { read_only: false }),
            Bind::Texture => wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            Bind::WriteTexture => wgpu::BindingType::StorageTexture {
                access: wgpu::StorageTextureAccess::WriteOnly,
                format: wgpu::TextureFormat::Rgba8Unorm,
                view_dimension: wgpu::TextureViewDimension::D2,
            },
        },
        count: None,
    }
}
