//! Frames on their way through the network, two at most, and those who wait for them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures::{channel::oneshot, lock::Mutex};
use js_sys::Promise;
use wasm_bindgen::{Clamped, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;
use web_time::Instant;
use yolov4::{
    Error, Gpu, Result,
    low_level::{
        tensor::Tensor,
        view::{Boxes, IN_FLIGHT, Live, Offscreen, Outcome, View},
    },
};

use crate::{
    device_loss::root,
    failure::{failure, with_code},
    info,
    source::{JsSource, SourcePixels},
    stage::{CanvasStage, UI},
};

/// What a promise settles to.
pub type Answer = std::result::Result<JsValue, JsValue>;

/// The chain of the worker: the detector, what was asked of it, and the frames in flight.
pub struct FrameChain {
    pub gpu: Gpu,
    pub info: JsValue,
    pub names: Vec<String>,
    pub font: Vec<u8>,
    pub live: Mutex<Live>,
    pub stage: RefCell<Option<CanvasStage>>,
    pub requests: RefCell<Requests>,
    pub mirror: Cell<bool>,
    /// Whether the newest frame was drawn: one whose boxes only are asked for is not.
    shown: Cell<bool>,
    next: Cell<u64>,
    /// Milliseconds of the last drawing whose time is known.
    drawn: Cell<Option<f64>>,
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<Landed>>>,
}

/// How a frame has ended. An [`Error`] cannot be cloned; what scripts see of it can.
type Landed = std::result::Result<Outcome, JsValue>;

/// What has been asked for since the last frame.
#[derive(Default)]
pub struct Requests {
    pub thresholds: Option<(f32, f32)>,
    pub classes: Option<Vec<String>>,
}

impl FrameChain {
    /// For this detector; `font` is of the labels.
    pub fn new(live: Live, info: JsValue, names: Vec<String>, font: Vec<u8>) -> Self {
        Self {
            gpu: live.gpu().clone(),
            info,
            names,
            font,
            live: Mutex::new(live),
            stage: RefCell::default(),
            requests: RefCell::default(),
            mirror: Cell::default(),
            shown: Cell::default(),
            next: Cell::default(),
            drawn: Cell::default(),
            waiting: RefCell::default(),
        }
    }

    /// The promise of what `run` makes of a source. The pixels are taken hold of at once: a script may reuse its buffer.
    pub fn promise<F>(
        self: &Rc<Self>,
        source: &JsSource,
        run: impl FnOnce(Rc<Self>, SourcePixels) -> F + 'static,
    ) -> Promise
    where
        F: Future<Output = Answer> + 'static,
    {
        let (inner, pixels) = (Rc::clone(self), SourcePixels::new(source).map_err(|e| failure(&e)));
        future_to_promise(async move { run(inner, pixels?).await })
    }

    /// A frame's way to its end; milliseconds that the copy took beside it.
    pub async fn play(
        &self,
        pixels: SourcePixels,
        boxes: bool,
        draw: bool,
    ) -> std::result::Result<(Outcome, f64), JsValue> {
        match self.begin(&pixels, boxes, draw).await {
            Ok((coming, copy)) => Ok((self.end(coming).await?, copy)),
            Err(error) => Err(root(&self.gpu, error).await),
        }
    }

    async fn begin(&self, pixels: &SourcePixels, boxes: bool, draw: bool) -> Result<(oneshot::Receiver<Landed>, f64)> {
        let mut live = self.live.lock().await;
        if live.flying() >= IN_FLIGHT {
            return Err(Error::Usage(format!("{IN_FLIGHT} frames are under way: wait for one of them")));
        }
        self.grant(&mut live)?;
        live.want_boxes(boxes);
        let number = self.next.get();
        let mut copied = 0.0;
        let mut fill = |texture: &wgpu::Texture| {
            let started = Instant::now();
            let outcome = pixels.fill(&self.gpu, texture);
            copied = millis(started);
            outcome
        };
        live.start(pixels.frame_input(&mut fill), number, false).await?;
        self.next.set(number + 1);
        self.shown.set(draw);
        if draw {
            self.draw(&live)?;
        }
        Ok((self.expect(number), copied))
    }

    pub async fn replay(&self, boxes: bool) -> std::result::Result<Option<Outcome>, JsValue> {
        let coming = {
            let mut live = self.live.lock().await;
            let run = async {
                self.grant(&mut live)?;
                live.want_boxes(boxes);
                let before = live.flying();
                live.again()?;
                self.shown.set(true);
                self.draw(&live)?;
                Ok(live.flying() > before)
            };
            let started: Result<bool> = run.await;
            started.map(|started| started.then(|| self.expect(live.newest_number())))
        };
        match coming {
            Ok(Some(coming)) => self.end(coming).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(root(&self.gpu, error).await),
        }
    }

    /// Takes over what has been asked for.
    fn grant(&self, live: &mut Live) -> Result<()> {
        let Requests { thresholds, classes } = self.requests.take();
        if let Some((conf, nms)) = thresholds {
            live.detector_mut().set_thresholds(conf, nms);
        }
        if let Some(classes) = classes {
            live.detector_mut().set_classes(&classes)?;
        }
        Ok(())
    }

    fn expect(&self, number: u64) -> oneshot::Receiver<Landed> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(number, sender);
        receiver
    }

    async fn end(&self, coming: oneshot::Receiver<Landed>) -> Landed {
        coming.await.unwrap_or_else(|_| Err(with_code("device-lost", "the frame was given up")))
    }

    /// Tells everybody whose frame has ended.
    pub async fn land(&self) {
        let mut live = self.live.lock().await;
        let looked = async {
            live.collect().await?;
            if live.catch_up()? && self.shown.get() {
                self.draw(&live)?;
            }
            Ok(())
        };
        let looked: Result<()> = looked.await;
        for outcome in live.outcomes() {
            let waiting = self.waiting.borrow_mut().remove(&outcome.number);
            // Whoever asked may be gone.
            waiting.into_iter().for_each(|sender| drop(sender.send(Ok(outcome.clone()))));
        }
        if let Err(error) = looked {
            let error = root(&self.gpu, error).await;
            for (_, sender) in std::mem::take(&mut *self.waiting.borrow_mut()) {
                let _ = sender.send(Err(error.clone()));
            }
        }
    }

    pub fn draw(&self, live: &Live) -> Result<()> {
        let mut stage = self.stage.borrow_mut();
        if let Some(time) = stage.as_mut().map(|stage| stage.draw(live, self.mirror.get())).transpose()?.flatten() {
            self.drawn.set(Some(1e3 * time.as_secs_f64()));
        }
        Ok(())
    }

    pub fn report(&self, outcome: &Outcome, copy: f64, started: Instant) -> JsValue {
        info::report(outcome, copy, millis(started), self.drawn.get(), self.gpu.readbacks())
    }

    /// Milliseconds from zeros on the host to head tensors on the host.
    pub async fn time(&self) -> Result<f64> {
        let mut live = self.live.lock().await;
        let program = live.detector_mut().program_mut()?;
        let zeros = Tensor::zeros(program.graph().input_shape());
        let started = Instant::now();
        program.play(&zeros, &[]).await?;
        Ok(millis(started))
    }

    pub async fn screenshot(&self, width: u32, height: u32) -> Answer {
        let shoot = async {
            let mut offscreen = Offscreen::new(&self.gpu, &self.names, &self.font, (width, height), UI)?;
            {
                let live = self.live.lock().await;
                let view = View {
                    size: (width, height),
                    slot: live.newest(),
                    boxes: Boxes::OnGpu,
                    panel: &[],
                    mirror: self.mirror.get(),
                };
                offscreen.shoot(&*live, &view)?;
            }
            offscreen.wait().await;
            offscreen.take()?.pop().ok_or_else(|| Error::Gpu("the picture did not come back".into()))
        };
        let picture = shoot.await.map_err(|e| failure(&e))?;
        image_data(&picture.rgba, picture.width as u32)
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = js_sys::Object)]
    type ImageData;

    #[wasm_bindgen(constructor, catch)]
    fn new(data: Clamped<Vec<u8>>, width: u32) -> std::result::Result<ImageData, JsValue>;
}

fn image_data(rgba: &[u8], width: u32) -> Answer {
    ImageData::new(Clamped(rgba.to_vec()), width).map(JsValue::from)
}

fn millis(since: Instant) -> f64 {
    1e3 * since.elapsed().as_secs_f64()
}
