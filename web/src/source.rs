//! What a script gives as a frame: samples, pixels, or what the browser itself copies to the GPU.

use js_sys::{Reflect, Uint8Array, Uint8ClampedArray};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_time::{Duration, Instant};
use yolov4::{
    Error, Result,
    low_level::host::{Colour, Frame, FrameFormat, Matrix, Range},
};

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
    #[cfg_attr(not(feature = "webgpu"), allow(dead_code, reason = "the host cannot read it"))]
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
