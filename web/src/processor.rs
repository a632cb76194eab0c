//! One network on the processor, for scripts where no GPU answers: everything at once, and at once.

use js_sys::Promise;
use wasm_bindgen::{Clamped, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;
use web_time::{Duration, Instant};
use yolov4::{
    Detection, Detector, Error, Result,
    low_level::{
        detect::{HostPlayer, draw},
        host::Picture,
        tensor::Tensor,
    },
};

use crate::{
    failure::failure,
    info,
    options::{EngineOptions, builder},
    source::{JsSource, SourcePixels},
};

/// A network that plays when it is asked to, in the thread that asks.
#[wasm_bindgen]
pub struct Processor {
    detector: Detector,
    info: JsValue,
}

/// A picture on the host: what was found in it, and its pixels.
#[wasm_bindgen]
pub struct PlayedPicture {
    picture: Picture,
    detections: Vec<Detection>,
    stages: [Duration; 3],
}

#[wasm_bindgen]
impl PlayedPicture {
    /// Columns.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.picture.width
    }

    /// Rows.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.picture.height
    }

    /// RGBA.
    pub fn rgba(&self) -> Clamped<Vec<u8>> {
        Clamped(self.picture.rgba.clone())
    }

    /// Best first.
    #[wasm_bindgen(getter, unchecked_return_type = "Detection[]")]
    pub fn detections(&self) -> JsValue {
        info::detections(&self.detections)
    }

    /// Milliseconds.
    #[wasm_bindgen(getter, unchecked_return_type = "{ convert: number; network: number; boxes: number }")]
    pub fn stages(&self) -> JsValue {
        info::stages(self.stages, None)
    }
}

#[wasm_bindgen]
impl Processor {
    /// Loads a network.
    #[wasm_bindgen(unchecked_return_type = "Promise<Processor>")]
    pub fn create(options: EngineOptions) -> Promise {
        future_to_promise(async move {
            let open = async {
                let detector = builder(&options)?.build_async().await?;
                let info = info::processor(&detector);
                Ok(Self { detector, info })
            };
            let opened: Result<Self> = open.await;
            opened.map(JsValue::from).map_err(|e| failure(&e))
        })
    }

    /// What there is to know.
    #[wasm_bindgen(getter, unchecked_return_type = "EngineInfo")]
    pub fn info(&self) -> JsValue {
        self.info.clone()
    }

    /// Boxes of samples or pixels.
    pub fn detect(&self, source: &JsSource) -> std::result::Result<PlayedPicture, JsValue> {
        SourcePixels::new(source).and_then(|pixels| self.find(pixels)).map_err(|e| failure(&e))
    }

    /// Boxes of a picture that was looked at before, with the thresholds and classes of now.
    pub fn again(&self, found: &PlayedPicture) -> std::result::Result<PlayedPicture, JsValue> {
        self.look(found.picture.clone(), Duration::ZERO).map_err(|e| failure(&e))
    }

    /// Milliseconds of the network alone.
    pub fn time(&self) -> std::result::Result<f64, JsValue> {
        let run = || {
            let input = Tensor::zeros(self.detector.graph().input_shape());
            let started = Instant::now();
            self.player()?.play(&input, None)?;
            Ok(1e3 * started.elapsed().as_secs_f64())
        };
        let timed: Result<f64> = run();
        timed.map_err(|e| failure(&e))
    }

    /// Score and overlap that boxes are filtered by, from the next picture on.
    #[wasm_bindgen(js_name = setThresholds)]
    pub fn set_thresholds(&mut self, conf: f32, nms: f32) {
        self.detector.set_thresholds(conf, nms);
    }

    /// Only boxes of these classes, by name or number, from the next picture on; all if there are none.
    #[wasm_bindgen(js_name = setClasses)]
    pub fn set_classes(&mut self, names: Vec<String>) -> std::result::Result<(), JsValue> {
        self.detector.set_classes(names).map_err(|e| failure(&e))
    }
}

impl Processor {
    fn player(&self) -> Result<std::sync::Arc<HostPlayer>> {
        self.detector.host_player()
    }

    fn find(&self, pixels: SourcePixels) -> Result<PlayedPicture> {
        let started = Instant::now();
        let picture = match pixels {
            SourcePixels::Samples(frame) => {
                frame.check()?;
                self.player()?.to_rgba(&frame)
            }
            SourcePixels::Rgba(rgba, (width, height)) => Picture { width, height, rgba },
            SourcePixels::Foreign(..) => {
                return Err(Error::source("the frame", "expected samples, or pixels of RGBA"));
            }
        };
        picture.check()?;
        self.look(picture, started.elapsed())
    }

    fn look(&self, picture: Picture, converted: Duration) -> Result<PlayedPicture> {
        let (placement, to_image, thresholds) = self.detector.frame(picture.width, picture.height);
        let (boxes, mut stages) = self.player()?.boxes(&picture, &placement, &thresholds, self.detector.wanted())?;
        stages[0] += converted;
        let detections = self.detector.detections(&boxes, &to_image);
        Ok(PlayedPicture { picture, detections, stages })
    }
}

/// Width of a box's edge on a picture whose short side is so long.
#[wasm_bindgen(js_name = lineWidth)]
#[must_use]
pub fn line_width(short: f32) -> f32 {
    draw::line_width(short)
}

/// Height of a label's text on such a picture.
#[wasm_bindgen(js_name = textSize)]
#[must_use]
pub fn text_size(short: f32) -> f32 {
    draw::text_size(short)
}

/// Red, green, blue of a class's boxes.
#[wasm_bindgen]
#[must_use]
pub fn colour(class: usize) -> Vec<u8> {
    draw::colour(class).to_vec()
}

/// Whether text on them is white; else it is black.
#[wasm_bindgen(js_name = whiteInk)]
#[must_use]
pub fn white_ink(class: usize) -> bool {
    draw::white_ink(draw::colour(class))
}
