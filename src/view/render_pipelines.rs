//! The three render pipelines of a scene: picture, boxes, panel; made once for a target's format.

use crate::{
    kernels::{Part, part},
    view::panel::Quad,
};

/// Pipelines and their layouts.
#[derive(Debug)]
pub struct RenderPipelines {
    pub picture: wgpu::RenderPipeline,
    pub boxes: wgpu::RenderPipeline,
    pub panel: wgpu::RenderPipeline,
}

/// The shaders below `shaders/draw`, by name, and what their texts are made of.
pub const SHADERS: [(&str, &[Part]); 3] = [
    ("picture", &[part!("draw/picture.wgsl")]),
    ("boxes", &[part!("shared/boxes.wgsl"), part!("draw/letters.wgsl"), part!("draw/boxes.wgsl")]),
    ("panel", &[part!("draw/panel.wgsl")]),
];

impl RenderPipelines {
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let quad = [0, 1, 2].map(|i| wgpu::VertexAttribute {
            format: wgpu::VertexFormat::Float32x4,
            offset: 16 * i,
            shader_location: i as u32,
        });
        let quads = wgpu::VertexBufferLayout {
            array_stride: size_of::<Quad>() as u64,
            step_mode: wgpu::VertexStepMode::Instance,
            attributes: &quad,
        };
        let make = |(name, parts): (&str, &[Part]), buffers: &[Option<wgpu::VertexBufferLayout<'_>>], blend| {
            let text = parts.iter().map(|part| part.text).collect::<Vec<_>>().join("\n");
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            });
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(name),
                layout: None,
                vertex: wgpu::VertexState {
                    module: &module,
                    entry_point: Some("vertex"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    buffers,
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: None,
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some("fragment"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    targets: &[Some(wgpu::ColorTargetState { format, blend, write_mask: wgpu::ColorWrites::ALL })],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        let over = Some(wgpu::BlendState::ALPHA_BLENDING);
        Self {
            picture: make(SHADERS[0], &[], None),
            boxes: make(SHADERS[1], &[], over),
            panel: make(SHADERS[2], &[Some(quads)], over),
        }
    }
}
