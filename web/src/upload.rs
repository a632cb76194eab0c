//! A script's frame to the GPU.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use yolov4::{Error, Gpu, Result, low_level::view::FrameInput};

use crate::{plain::set, source::SourcePixels};

impl SourcePixels {
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
