//! Shader modules and pipelines, each made once: modules by kernel, pipelines by kernel and constants.

use std::collections::BTreeMap;

use futures::FutureExt;

use crate::{
    error::{Error, Result},
    gpu::{context::Gpu, parallel},
    kernels::{Bind, Dispatch, Kernel, Precision},
};

/// A pipeline's identity: the kernel's name, its constants by name and bit pattern.
type PipelineKey = (&'static str, Vec<(&'static str, u64)>);

/// Modules and pipelines of one program.
#[derive(Debug)]
pub struct Pipelines {
    gpu: Gpu,
    precision: Precision,
    checked: bool,
    modules: BTreeMap<&'static str, (wgpu::ShaderModule, wgpu::BindGroupLayout, wgpu::PipelineLayout)>,
    pipelines: BTreeMap<PipelineKey, wgpu::ComputePipeline>,
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
        let key = key(dispatch);
        if let Some(pipeline) = self.pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let (module, _, layout) = self.module(dispatch.kernel);
        let pipeline = create(&self.gpu, dispatch, &module, &layout).await?;
        self.pipelines.insert(key, pipeline.clone());
        Ok(pipeline)
    }

    /// Makes the pipelines of all these dispatches, several at once where there are threads: drivers compile here, most
    /// of them for tens of milliseconds each.
    ///
    /// # Errors
    /// As [`Pipelines::get`].
    pub fn prepare<'a>(&mut self, dispatches: impl Iterator<Item = &'a Dispatch>) -> Result<()> {
        // A browser makes them in the background anyway.
        if cfg!(target_arch = "wasm32") {
            return Ok(());
        }
        let missing: BTreeMap<PipelineKey, &Dispatch> = dispatches.map(|d| (key(d), d)).collect();
        let missing = missing.into_iter().filter(|(key, _)| !self.pipelines.contains_key(key)).collect::<Vec<_>>();
        let work: Vec<_> = missing.iter().map(|(_, dispatch)| (*dispatch, self.module(dispatch.kernel))).collect();
        let gpu = &self.gpu;
        // Without a browser an error is there at once.
        let made = parallel::map(&work, |(dispatch, (module, _, layout))| {
            create(gpu, dispatch, module, layout).now_or_never()
        });
        for ((key, _), pipeline) in missing.into_iter().zip(made) {
            if let Some(pipeline) = pipeline {
                self.pipelines.insert(key, pipeline?);
            }
        }
        Ok(())
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

fn key(dispatch: &Dispatch) -> PipelineKey {
    (dispatch.kernel.name, dispatch.constants.iter().map(|(name, value)| (*name, value.to_bits())).collect())
}

async fn create(
    gpu: &Gpu,
    dispatch: &Dispatch,
    module: &wgpu::ShaderModule,
    layout: &wgpu::PipelineLayout,
) -> Result<wgpu::ComputePipeline> {
    // Scopes belong to threads.
    let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
    let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(dispatch.kernel.name),
        layout: Some(layout),
        module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &dispatch.constants,
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    match scope.pop().await {
        Some(error) => Err(Error::Gpu(format!("kernel {}: {error}", dispatch.kernel.name))),
        None => Ok(pipeline),
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
