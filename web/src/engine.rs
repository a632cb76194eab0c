//! One network on one device, for scripts. Every call gives a promise; frames overlap as they do in the viewer.

use std::{
    rc::{Rc, Weak},
    sync::Arc,
};

use futures::{StreamExt, channel::mpsc};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_time::Instant;
use yolov4::{
    Error,
    low_level::view::{Live, LiveOptions},
};

use crate::{
    chain::FrameChain,
    failure::{failure, without_webgpu},
    info,
    options::{EngineOptions, builder},
    plain::object,
    source::JsSource,
    stage::{CanvasStage, FONT},
    subgroups,
};

/// See the crate's page.
#[wasm_bindgen]
pub struct Engine {
    chain: Rc<FrameChain>,
    tuned: String,
}

#[wasm_bindgen]
impl Engine {
    /// Loads a network onto the GPU.
    #[wasm_bindgen(unchecked_return_type = "Promise<Engine>")]
    pub fn create(options: EngineOptions) -> Promise {
        future_to_promise(async move { open(&options).await.map(JsValue::from) })
    }

    /// What there is to know.
    #[wasm_bindgen(getter, unchecked_return_type = "EngineInfo")]
    pub fn info(&self) -> JsValue {
        self.chain.info.clone()
    }

    /// What is known of the adapter's speed, as JSON: for `EngineOptions.tuned` of the next one.
    #[wasm_bindgen(getter)]
    pub fn tuned(&self) -> String {
        self.tuned.clone()
    }

    /// The device, for drawing or computing beside the network.
    #[wasm_bindgen(getter, unchecked_return_type = "GPUDevice")]
    pub fn device(&self) -> JsValue {
        let device: Option<&JsValue> = self.chain.gpu.device().as_webgpu().map(AsRef::as_ref);
        device.cloned().unwrap_or_default()
    }

    /// Boxes of a picture, best first.
    #[wasm_bindgen(unchecked_return_type = "Promise<Detection[]>")]
    pub fn detect(&self, source: &JsSource) -> Promise {
        self.chain.promise(source, |chain, pixels| async move {
            let (outcome, _) = chain.play(pixels, true, false).await?;
            Ok(info::detections(&outcome.detections.unwrap_or_default()))
        })
    }

    /// Network and drawing of one frame; settles when the GPU is done. Boxes are read back only if `boxes`. At most two
    /// at once.
    #[wasm_bindgen(unchecked_return_type = "Promise<FrameReport>")]
    pub fn show(&self, source: &JsSource, boxes: bool) -> Promise {
        self.chain.promise(source, move |chain, pixels| async move {
            let started = Instant::now();
            let (outcome, copy) = chain.play(pixels, boxes, true).await?;
            Ok(chain.report(&outcome, copy, started))
        })
    }

    /// Runs the newest frame again, with the thresholds and classes of now; nothing if it is still under way, or there
    /// is none.
    #[wasm_bindgen(unchecked_return_type = "Promise<FrameReport | undefined>")]
    pub fn again(&self, boxes: bool) -> Promise {
        let chain = Rc::clone(&self.chain);
        future_to_promise(async move {
            let started = Instant::now();
            match chain.replay(boxes).await? {
                Some(outcome) => Ok(chain.report(&outcome, 0.0, started)),
                None => Ok(JsValue::UNDEFINED),
            }
        })
    }

    /// From zeros on the host to head tensors on the host, as benchmarks time it.
    #[wasm_bindgen(unchecked_return_type = "Promise<{ wallMs: number }>")]
    pub fn time(&self) -> Promise {
        let chain = Rc::clone(&self.chain);
        future_to_promise(async move {
            let millis = chain.time().await.map_err(|e| failure(&e))?;
            Ok(object(&[("wallMs", millis.into())]))
        })
    }

    /// Draws into this canvas from now on.
    pub fn attach(&self, canvas: &JsValue) -> std::result::Result<(), JsValue> {
        let FrameChain { gpu, names, font, .. } = &*self.chain;
        let stage = CanvasStage::new(gpu, canvas, names, font).map_err(|e| failure(&e))?;
        *self.chain.stage.borrow_mut() = Some(stage);
        Ok(())
    }

    /// Draws the newest frame again, at the size that the canvas has now.
    pub fn redraw(&self) -> std::result::Result<(), JsValue> {
        // While a frame is being started the chain is taken; that frame draws anyway.
        match self.chain.live.try_lock() {
            Some(live) => self.chain.draw(&live).map_err(|e| failure(&e)),
            None => Ok(()),
        }
    }

    /// Score and overlap that boxes are filtered by, from the next frame on.
    #[wasm_bindgen(js_name = setThresholds)]
    pub fn set_thresholds(&self, conf: f32, nms: f32) {
        self.chain.requests.borrow_mut().thresholds = Some((conf, nms));
    }

    /// Only boxes of these classes, by name or number, from the next frame on; all if there are none.
    #[wasm_bindgen(js_name = setClasses)]
    pub fn set_classes(&self, names: Vec<String>) {
        self.chain.requests.borrow_mut().classes = Some(names);
    }

    /// Left and right exchanged when drawing, but for text.
    #[wasm_bindgen(js_name = setMirror)]
    pub fn set_mirror(&self, on: bool) {
        self.chain.mirror.set(on);
    }

    /// The newest frame with its boxes, at this size.
    #[wasm_bindgen(unchecked_return_type = "Promise<ImageData>")]
    pub fn screenshot(&self, width: u32, height: u32) -> Promise {
        let chain = Rc::clone(&self.chain);
        future_to_promise(async move { chain.screenshot(width, height).await })
    }
}

impl Drop for Engine {
    /// The garbage collector would take its time; frames in flight end with an error.
    fn drop(&mut self) {
        self.chain.gpu.device().destroy();
    }
}

async fn open(options: &EngineOptions) -> std::result::Result<Engine, JsValue> {
    if let Some(missing) = without_webgpu() {
        return Err(missing);
    }
    subgroups::widen(options.subgroups().unwrap_or(true));
    let (sender, receiver) = mpsc::unbounded();
    let wake = Arc::new(move || {
        // The loop at the other end is gone only with the engine.
        let _ = sender.unbounded_send(());
    });
    let build = async {
        let detector = builder(options)?.build_async().await?;
        let info = info::engine(&detector)?;
        let names = detector.class_names();
        let tuned = detector.program()?.tuned().to_json();
        let live = Live::new(detector, &LiveOptions { wants_boxes: false, wake }).await?;
        Ok((live, info, names, tuned))
    };
    let (live, info, names, tuned) = build.await.map_err(|e: Error| failure(&e))?;
    let font = options.font().unwrap_or_else(|| FONT.to_vec());
    let chain = Rc::new(FrameChain::new(live, info, names, font));
    spawn_local(listen(Rc::downgrade(&chain), receiver));
    Ok(Engine { chain, tuned })
}

/// Looks after frames whenever something has come back from the GPU, as long as there is an engine.
async fn listen(chain: Weak<FrameChain>, mut wakes: mpsc::UnboundedReceiver<()>) {
    while wakes.next().await.is_some() {
        let Some(chain) = chain.upgrade() else { return };
        chain.land().await;
    }
}
