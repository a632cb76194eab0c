//! A canvas, and the scene that is drawn into it.

use wasm_bindgen::{JsCast, JsValue};
use yolov4::{
    Error, Gpu, Result,
    low_level::view::{Boxes, Live, Scene, View},
};

/// Letters of labels, unless the script brings a font.
pub const FONT: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Latin.ttf");

/// Height of a line of panel text; there is no panel: the page writes its figures itself.
pub const UI: f32 = 14.0;

/// Either kind of canvas; its size is the script's business.
enum Canvas {
    Element(web_sys::HtmlCanvasElement),
    Offscreen(web_sys::OffscreenCanvas),
}

impl Canvas {
    fn size(&self) -> (u32, u32) {
        match self {
            Self::Element(canvas) => (canvas.width(), canvas.height()),
            Self::Offscreen(canvas) => (canvas.width(), canvas.height()),
        }
    }
}

/// The canvas that is drawn on, and what draws on it.
pub struct CanvasStage {
    gpu: Gpu,
    canvas: Canvas,
    surface: wgpu::Surface<'static>,
    config: wgpu::SurfaceConfiguration,
    scene: Scene,
}

impl CanvasStage {
    /// # Errors
    /// [`Error::Usage`] for what is no canvas; [`Error::Gpu`] if the device cannot draw into it.
    pub fn new(gpu: &Gpu, canvas: &JsValue, names: &[String], font: &[u8]) -> Result<Self> {
        let refused = |why: String| Error::Gpu(format!("the device cannot draw into this canvas: {why}"));
        let (instance, adapter) = gpu.origin().ok_or_else(|| refused("it has no adapter".into()))?;
        let (canvas, target) = if let Some(element) = canvas.dyn_ref::<web_sys::HtmlCanvasElement>() {
            (Canvas::Element(element.clone()), wgpu::SurfaceTarget::Canvas(element.clone()))
        } else if let Some(offscreen) = canvas.dyn_ref::<web_sys::OffscreenCanvas>() {
            (Canvas::Offscreen(offscreen.clone()), wgpu::SurfaceTarget::OffscreenCanvas(offscreen.clone()))
        } else {
            return Err(Error::Usage("expected a canvas to draw into".into()));
        };
        let surface = instance.create_surface(target).map_err(|e| refused(e.to_string()))?;
        let offered = surface.get_capabilities(adapter).formats;
        let plain =
            |f: &&wgpu::TextureFormat| matches!(f, wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Rgba8Unorm);
        let format = offered.iter().find(plain).copied().ok_or_else(|| refused("it offers no format".into()))?;
        let (width, height) = canvas.size();
        let config = wgpu::SurfaceConfiguration {
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            format,
            color_space: wgpu::SurfaceColorSpace::Auto,
            width: width.max(1),
            height: height.max(1),
            present_mode: wgpu::PresentMode::Fifo,
            desired_maximum_frame_latency: 1,
            alpha_mode: wgpu::CompositeAlphaMode::Auto,
            view_formats: vec![],
        };
        surface.configure(gpu.device(), &config);
        let scene = Scene::new(gpu, format, names, font, UI)?;
        Ok(Self { gpu: gpu.clone(), canvas, surface, config, scene })
    }

    /// Draws the newest frame, at the size that the canvas has now. Returns the time of a drawing that has become known.
    ///
    /// # Errors
    /// What the device has complained about.
    pub fn draw(&mut self, live: &Live, mirror: bool) -> Result<Option<web_time::Duration>> {
        let size = self.canvas.size();
        if size.0 == 0 || size.1 == 0 {
            return Ok(None);
        }
        if size != (self.config.width, self.config.height) {
            (self.config.width, self.config.height) = size;
            self.surface.configure(self.gpu.device(), &self.config);
        }
        let wgpu::CurrentSurfaceTexture::Success(picture) = self.surface.get_current_texture() else {
            return self.gpu.check().map(|()| None);
        };
        let target = picture.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let view = View { size, slot: live.newest(), boxes: Boxes::OnGpu, panel: &[], mirror };
        self.scene.draw(&mut encoder, &target, live, &view)?;
        self.gpu.queue().submit([encoder.finish()]);
        self.scene.submitted();
        self.gpu.queue().present(picture);
        self.scene.drew()
    }
}
