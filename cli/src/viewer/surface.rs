//! A window's swap chain: configured, taken, lost and made again.

use std::sync::Arc;

use winit::window::Window;

use yolov4::{Error, Gpu, Result};

/// How pictures are handed to the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Present {
    /// Every one, in step with the screen.
    #[default]
    Fifo,
    /// The newest, in step with the screen.
    Mailbox,
    /// At once; may tear.
    Immediate,
}

/// A surface and its configuration.
pub struct WindowSurface {
    gpu: Gpu,
    window: Arc<Window>,
    surface: wgpu::Surface<'static>,
    config: wgpu::SurfaceConfiguration,
    /// Colours are written as they are: the view has no sRGB encoding.
    view: wgpu::TextureFormat,
    /// How often it was lost or outdated, and made again.
    pub remade: u64,
}

impl WindowSurface {
    /// A surface on this window.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the adapter cannot show pictures in it.
    pub fn new(gpu: &Gpu, window: Arc<Window>, present: Present) -> Result<Self> {
        let refused = |why: String| Error::Gpu(format!("\"{}\" cannot draw into a window: {why}", gpu.report().name));
        let (instance, adapter) = gpu.origin().ok_or_else(|| refused("it is a device of the caller's".into()))?;
        let surface = instance.create_surface(Arc::clone(&window)).map_err(|e| refused(e.to_string()))?;
        let offered = surface.get_capabilities(adapter);
        let plain =
            |f: &&wgpu::TextureFormat| matches!(f, wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Rgba8Unorm);
        let format = offered.formats.iter().find(plain).or(offered.formats.first()).copied();
        let format = format.ok_or_else(|| refused("it offers no format; try another --adapter or --backend".into()))?;
        let request = match present {
            Present::Fifo => wgpu::PresentMode::Fifo,
            Present::Mailbox => wgpu::PresentMode::Mailbox,
            Present::Immediate => wgpu::PresentMode::Immediate,
        };
        let view = format.remove_srgb_suffix();
        let size = window.inner_size();
        let config = wgpu::SurfaceConfiguration {
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            format,
            color_space: wgpu::SurfaceColorSpace::Auto,
            width: size.width.max(1),
            height: size.height.max(1),
            // Fifo is everywhere.
            present_mode: if offered.present_modes.contains(&request) { request } else { wgpu::PresentMode::Fifo },
            desired_maximum_frame_latency: 1,
            alpha_mode: wgpu::CompositeAlphaMode::Auto,
            view_formats: if view == format { vec![] } else { vec![view] },
        };
        surface.configure(gpu.device(), &config);
        gpu.check()?;
        Ok(Self { gpu: gpu.clone(), window, surface, config, view, remade: 0 })
    }

    /// Format that pictures are drawn in.
    pub fn format(&self) -> wgpu::TextureFormat {
        self.view
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        (self.config.width, self.config.height)
    }

    /// The window has another size; 0 is a minimised one and changes nothing.
    pub fn resize(&mut self, width: u32, height: u32) {
        if width > 0 && height > 0 && (width, height) != self.size() {
            let most = self.gpu.device().limits().max_texture_dimension_2d;
            (self.config.width, self.config.height) = (width.min(most), height.min(most));
            self.surface.configure(self.gpu.device(), &self.config);
        }
    }

    /// The next picture to draw into; none if the window cannot be seen, or only after the next try.
    ///
    /// # Errors
    /// If the surface was lost and cannot be made again.
    pub fn take(&mut self) -> Result<Option<(wgpu::SurfaceTexture, wgpu::TextureView)>> {
        for _ in 0..2 {
            match self.surface.get_current_texture() {
                wgpu::CurrentSurfaceTexture::Success(texture) => {
                    let view = texture
                        .texture
                        .create_view(&wgpu::TextureViewDescriptor { format: Some(self.view), ..Default::default() });
                    return Ok(Some((texture, view)));
                }
                wgpu::CurrentSurfaceTexture::Timeout | wgpu::CurrentSurfaceTexture::Occluded => return Ok(None),
                wgpu::CurrentSurfaceTexture::Suboptimal(texture) => {
                    drop(texture);
                    self.again();
                }
                wgpu::CurrentSurfaceTexture::Outdated | wgpu::CurrentSurfaceTexture::Validation => self.again(),
                wgpu::CurrentSurfaceTexture::Lost => {
                    self.gpu.check()?;
                    let (instance, _) = self.gpu.origin().ok_or_else(|| Error::Gpu("the surface was lost".into()))?;
                    self.surface = instance
                        .create_surface(Arc::clone(&self.window))
                        .map_err(|e| Error::Gpu(format!("the surface was lost: {e}")))?;
                    self.again();
                }
            }
        }
        self.gpu.check()?;
        Ok(None)
    }

    fn again(&mut self) {
        self.remade += 1;
        let size = self.window.inner_size();
        if size.width > 0 && size.height > 0 {
            (self.config.width, self.config.height) = (size.width, size.height);
        }
        self.surface.configure(self.gpu.device(), &self.config);
    }
}
