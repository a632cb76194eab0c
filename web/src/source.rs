//! What a script gives as a frame: samples, pixels, or what the browser itself copies to the GPU.

use js_sys::{Function, Object, Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_time::{Duration, Instant};
use yolov4::{
    Error, Result,
    low_level::{
        gpu::Gpu,
        host::{Colour, Frame, FrameFormat, Matrix, Range},
        view::FrameInput,
    },
};

use crate::failure::set;

#[wasm_bindgen]
extern "C" {
    /// `Source` of `types.d.ts`.
    #[wasm_bindgen(typescript_type = "Source")]
    pub type JsSource;

    #[wasm_bindgen(method, getter)]
    fn data(this: &JsSource) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn format(this: &JsSource) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn matrix(this: &JsSource) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = fullRange)]
    fn full_range(this: &JsSource) -> Option<bool>;
}

/// Columns and rows, in order of preference: what is seen of a frame, then what an element was laid out as.
const SIZES: [(&str, &str); 4] = [
    ("displayWidth", "displayHeight"),
    ("videoWidth", "videoHeight"),
    ("naturalWidth", "naturalHeight"),
    ("width", "height"),
];

/// A frame on its way to the GPU.
pub enum SourcePixels {
    Samples(Frame),
    Rgba(Vec<u8>, (usize, usize)),
    Foreign(JsValue, (usize, usize)),
}

impl SourcePixels {
    /// # Errors
    /// [`Error::Source`] for what has no pixels.
    pub fn new(source: &JsSource) -> Result<Self> {
        let size = size(source).ok_or_else(|| Error::source("the picture", "has no size: is it loaded?"))?;
        let data = source.data();
        if let Some(bytes) = data.dyn_ref::<Uint8ClampedArray>() {
            return Ok(Self::Rgba(bytes.to_vec(), size));
        }
        match (data.dyn_ref::<Uint8Array>(), source.format()) {
            (Some(bytes), Some(format)) => samples(source, &format, size, bytes.to_vec()).map(Self::Samples),
            _ => Ok(Self::Foreign(source.into(), size)),
        }
    }

    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Samples(frame) => (frame.width, frame.height),
            Self::Rgba(_, size) | Self::Foreign(_, size) => *size,
        }
    }

    /// Puts the pixels into a texture of their size.
    pub fn fill(&self, gpu: &Gpu, texture: &wgpu::Texture) -> Result<()> {
        match self {
            Self::Samples(_) => Ok(()),
            Self::Rgba(bytes, (w, h)) => write(gpu, texture, bytes, (*w, *h)),
            Self::Foreign(source, size) => copy(gpu, texture, source, *size),
        }
    }

    /// For the chain.
    pub fn frame_input<'a>(&'a self, fill: &'a mut dyn FnMut(&wgpu::Texture) -> Result<()>) -> FrameInput<'a> {
        match self {
            Self::Samples(frame) => FrameInput::Samples(frame),
            _ => FrameInput::Outside { size: self.size(), fill },
        }
    }
}

fn size(source: &JsSource) -> Option<(usize, usize)> {
    let number = |key: &str| Reflect::get(source, &key.into()).ok().and_then(|v| v.as_f64()).filter(|n| *n >= 1.0);
    SIZES.iter().find_map(|(w, h)| Some((number(w)? as usize, number(h)? as usize)))
}

fn samples(source: &JsSource, format: &str, (width, height): (usize, usize), data: Vec<u8>) -> Result<Frame> {
    let format = match format {
        "RGBA" | "RGBX" => FrameFormat::Rgba8,
        "I420" => FrameFormat::I420,
        "NV12" => FrameFormat::Nv12,
        other => {
            return Err(Error::source("the frame", format!("expected RGBA, RGBX, I420 or NV12, found {other}")));
        }
    };
    let colour = Colour {
        matrix: if source.matrix().as_deref() == Some("bt709") { Matrix::Bt709 } else { Matrix::Bt601 },
        range: if source.full_range() == Some(true) { Range::Full } else { Range::Limited },
        ..Colour::default()
    };
    Ok(Frame { width, height, format, colour, data, pts: Duration::ZERO, captured: Instant::now() })
}

fn write(gpu: &Gpu, texture: &wgpu::Texture, bytes: &[u8], (w, h): (usize, usize)) -> Result<()> {
    if bytes.len() != 4 * w * h {
        return Err(Error::source(
            "the picture",
            format!("expected {} bytes of RGBA, found {}", 4 * w * h, bytes.len()),
        ));
    }
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * w as u32), rows_per_image: Some(h as u32) };
    gpu.queue().write_texture(texture.as_image_copy(), bytes, layout, texture.size());
    Ok(())
}

/// The browser's own copy, called as a script would: wgpu's panics where the browser refuses a source.
fn copy(gpu: &Gpu, texture: &wgpu::Texture, source: &JsValue, (w, h): (usize, usize)) -> Result<()> {
    let refused = |why: JsValue| {
        let words = why.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{why:?}"), |e| String::from(e.message()));
        Error::source("the frame", format!("the browser does not copy it to the GPU: {words}"))
    };
    let missing = || Error::Gpu("the device is not a browser's".into());
    let queue: &JsValue = gpu.queue().as_webgpu().ok_or_else(missing)?.as_ref();
    let to: &JsValue = texture.as_webgpu().ok_or_else(missing)?.as_ref();
    let (from, into) = (Object::new(), Object::new());
    set(&from, "source", source);
    set(&into, "texture", to);
    let extent = js_sys::Array::of2(&(w as f64).into(), &(h as f64).into());
    let copy: Function = Reflect::get(queue, &"copyExternalImageToTexture".into()).map_err(refused)?.unchecked_into();
    copy.call3(queue, &from, &into, &extent).map_err(refused).map(|_| ())
}
