//! One network on one device, for scripts. Every call gives a promise; frames overlap as they do in the viewer.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
    sync::Arc,
};

use futures::{
    StreamExt,
    channel::{mpsc, oneshot},
    lock::Mutex,
};
use js_sys::{Promise, Reflect};
use wasm_bindgen::{Clamped, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_time::Instant;
use yolov4::{
    Error, Gpu, Result,
    low_level::{
        app::{Boxes, IN_FLIGHT, Live, LiveOptions, Offscreen, Outcome, View},
        tensor::Tensor,
    },
};

use crate::{
    failure::{failure, with_code},
    info,
    options::{EngineOptions, builder},
    source::{Pixels, Source},
    stage::{FONT, Stage, UI},
    subgroups,
};

/// What a promise settles to.
type Answer = std::result::Result<JsValue, JsValue>;

/// See the crate's page.
#[wasm_bindgen]
pub struct Engine {
    inner: Rc<Inner>,
}

struct Inner {
    gpu: Gpu,
    info: JsValue,
    names: Vec<String>,
    font: Vec<u8>,
    live: Mutex<Live>,
    stage: RefCell<Option<Stage>>,
    wishes: RefCell<Wishes>,
    mirror: Cell<bool>,
    next: Cell<u64>,
    /// Milliseconds of the last drawing whose time is known.
    drawn: Cell<Option<f64>>,
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<Landed>>>,
}

/// How a frame has ended. An [`Error`] cannot be cloned; what scripts see of it can.
type Landed = std::result::Result<Outcome, JsValue>;

/// What has been asked for since the last frame.
#[derive(Default)]
struct Wishes {
    thresholds: Option<(f32, f32)>,
    classes: Option<Vec<String>>,
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
        self.inner.info.clone()
    }

    /// The device, for drawing or computing beside the network.
    #[wasm_bindgen(getter, unchecked_return_type = "GPUDevice")]
    pub fn device(&self) -> JsValue {
        let device: Option<&JsValue> = self.inner.gpu.device().as_webgpu().map(AsRef::as_ref);
        device.cloned().unwrap_or_default()
    }

    /// Boxes of a picture, best first.
    #[wasm_bindgen(unchecked_return_type = "Promise<Detection[]>")]
    pub fn detect(&self, source: &Source) -> Promise {
        self.inner.promise(source, |inner, pixels| async move {
            let (outcome, _) = inner.play(pixels, true, false).await?;
            Ok(info::detections(&outcome.detections.unwrap_or_default()))
        })
    }

    /// Network and drawing of one frame; settles when the GPU is done. Boxes are read back only if `boxes`. At most two
    /// at once.
    #[wasm_bindgen(unchecked_return_type = "Promise<FrameReport>")]
    pub fn show(&self, source: &Source, boxes: bool) -> Promise {
        self.inner.promise(source, move |inner, pixels| async move {
            let started = Instant::now();
            let (outcome, copy) = inner.play(pixels, boxes, true).await?;
            Ok(inner.report(&outcome, copy, started))
        })
    }

    /// Runs the newest frame again, with the thresholds and classes of now; nothing if it is still under way, or there
    /// is none.
    #[wasm_bindgen(unchecked_return_type = "Promise<FrameReport | undefined>")]
    pub fn again(&self, boxes: bool) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move {
            let started = Instant::now();
            match inner.replay(boxes).await? {
                Some(outcome) => Ok(inner.report(&outcome, 0.0, started)),
                None => Ok(JsValue::UNDEFINED),
            }
        })
    }

    /// From zeros on the host to head tensors on the host, as benchmarks time it.
    #[wasm_bindgen(unchecked_return_type = "Promise<{ wallMs: number }>")]
    pub fn time(&self) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move {
            let mut live = inner.live.lock().await;
            let program = live.detector_mut().program_mut().map_err(|e| failure(&e))?;
            let zeros = Tensor::zeros(program.graph().input_shape());
            let started = Instant::now();
            program.play(&zeros, &[]).await.map_err(|e| failure(&e))?;
            Ok(info::object(&[("wallMs", millis(started).into())]))
        })
    }

    /// Draws into this canvas from now on.
    pub fn attach(&self, canvas: &JsValue) -> std::result::Result<(), JsValue> {
        let Inner { gpu, names, font, .. } = &*self.inner;
        let stage = Stage::new(gpu, canvas, names, font).map_err(|e| failure(&e))?;
        *self.inner.stage.borrow_mut() = Some(stage);
        Ok(())
    }

    /// Draws the newest frame again, at the size that the canvas has now.
    pub fn redraw(&self) -> std::result::Result<(), JsValue> {
        // While a frame is being started the chain is taken; that frame draws anyway.
        match self.inner.live.try_lock() {
            Some(live) => self.inner.draw(&live).map_err(|e| failure(&e)),
            None => Ok(()),
        }
    }

    /// Score and overlap that boxes are filtered by, from the next frame on.
    #[wasm_bindgen(js_name = setThresholds)]
    pub fn set_thresholds(&self, conf: f32, nms: f32) {
        self.inner.wishes.borrow_mut().thresholds = Some((conf, nms));
    }

    /// Only boxes of these classes, by name or number, from the next frame on; all if there are none.
    #[wasm_bindgen(js_name = setClasses)]
    pub fn set_classes(&self, names: Vec<String>) {
        self.inner.wishes.borrow_mut().classes = Some(names);
    }

    /// Left and right exchanged when drawing, but for text.
    #[wasm_bindgen(js_name = setMirror)]
    pub fn set_mirror(&self, on: bool) {
        self.inner.mirror.set(on);
    }

    /// The newest frame with its boxes, at this size.
    #[wasm_bindgen(unchecked_return_type = "Promise<ImageData>")]
    pub fn screenshot(&self, width: u32, height: u32) -> Promise {
        let inner = Rc::clone(&self.inner);
        future_to_promise(async move { inner.screenshot(width, height).await })
    }
}

impl Drop for Engine {
    /// The garbage collector would take its time; frames in flight end with an error.
    fn drop(&mut self) {
        self.inner.gpu.device().destroy();
    }
}

async fn open(options: &EngineOptions) -> std::result::Result<Engine, JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap_or_default();
    if Reflect::get(&navigator, &"gpu".into()).unwrap_or_default().is_undefined() {
        return Err(with_code("no-webgpu", "this browser has no WebGPU, or the page is not a secure context"));
    }
    subgroups::widen(options.subgroups().unwrap_or(true));
    let (sender, receiver) = mpsc::unbounded();
    let wake = Arc::new(move || {
        // The loop at the other end is gone only with the engine.
        let _ = sender.unbounded_send(());
    });
    let build = async {
        let detector = builder(options)?.build().await?;
        let info = info::engine(&detector)?;
        let names = detector.class_names();
        let live = Live::new(detector, &LiveOptions { wants_boxes: false, wake }).await?;
        Ok((live, info, names))
    };
    let (live, info, names) = build.await.map_err(|e: Error| failure(&e))?;
    let inner = Rc::new(Inner {
        gpu: live.gpu().clone(),
        info,
        names,
        font: options.font().unwrap_or_else(|| FONT.to_vec()),
        live: Mutex::new(live),
        stage: RefCell::default(),
        wishes: RefCell::default(),
        mirror: Cell::default(),
        next: Cell::default(),
        drawn: Cell::default(),
        waiting: RefCell::default(),
    });
    spawn_local(listen(Rc::downgrade(&inner), receiver));
    Ok(Engine { inner })
}

/// Looks after frames whenever something has come back from the GPU, as long as there is an engine.
async fn listen(inner: Weak<Inner>, mut wakes: mpsc::UnboundedReceiver<()>) {
    while wakes.next().await.is_some() {
        let Some(inner) = inner.upgrade() else { return };
        inner.land().await;
    }
}

impl Inner {
    /// The promise of what `run` makes of a source. The pixels are taken hold of at once: a script may reuse its buffer.
    fn promise<F>(self: &Rc<Self>, source: &Source, run: impl FnOnce(Rc<Self>, Pixels) -> F + 'static) -> Promise
    where
        F: Future<Output = Answer> + 'static,
    {
        let (inner, pixels) = (Rc::clone(self), Pixels::new(source).map_err(|e| failure(&e)));
        future_to_promise(async move { run(inner, pixels?).await })
    }

    /// A frame's way to its end; milliseconds that the copy took beside it.
    async fn play(&self, pixels: Pixels, boxes: bool, draw: bool) -> std::result::Result<(Outcome, f64), JsValue> {
        let (coming, copy) = self.begin(&pixels, boxes, draw).await.map_err(|e| failure(&e))?;
        Ok((self.end(coming).await?, copy))
    }

    async fn begin(&self, pixels: &Pixels, boxes: bool, draw: bool) -> Result<(oneshot::Receiver<Landed>, f64)> {
        let mut live = self.live.lock().await;
        if live.flying() >= IN_FLIGHT {
            return Err(Error::Usage(format!("{IN_FLIGHT} frames are under way: wait for one of them")));
        }
        self.grant(&mut live).await?;
        live.want_boxes(boxes);
        let number = self.next.get();
        let mut copied = 0.0;
        let mut fill = |texture: &wgpu::Texture| {
            let started = Instant::now();
            let outcome = pixels.fill(&self.gpu, texture);
            copied = millis(started);
            outcome
        };
        live.start(pixels.shot(&mut fill), number, false).await?;
        self.next.set(number + 1);
        if draw {
            self.draw(&live)?;
        }
        Ok((self.expect(number), copied))
    }

    async fn replay(&self, boxes: bool) -> std::result::Result<Option<Outcome>, JsValue> {
        let coming = {
            let mut live = self.live.lock().await;
            let run = async {
                self.grant(&mut live).await?;
                live.want_boxes(boxes);
                let before = live.flying();
                live.again()?;
                self.draw(&live)?;
                Ok(live.flying() > before)
            };
            let started = run.await.map_err(|e: Error| failure(&e))?;
            started.then(|| self.expect(live.newest_number()))
        };
        match coming {
            Some(coming) => self.end(coming).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes over what has been asked for.
    async fn grant(&self, live: &mut Live) -> Result<()> {
        let Wishes { thresholds, classes } = self.wishes.take();
        if let Some((conf, nms)) = thresholds {
            live.detector_mut().set_thresholds(conf, nms);
        }
        if let Some(classes) = classes {
            live.detector_mut().set_classes(&classes)?;
            live.reclassed().await?;
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
    async fn land(&self) {
        let mut live = self.live.lock().await;
        let looked = async {
            live.collect().await?;
            if live.catch_up()? {
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
            let error = self.root(error).await;
            for (_, sender) in std::mem::take(&mut *self.waiting.borrow_mut()) {
                let _ = sender.send(Err(error.clone()));
            }
        }
    }

    /// A read-back that fails because the device is lost may be told before the loss is.
    async fn root(&self, error: Error) -> JsValue {
        if !matches!(error, Error::DeviceLost(_)) {
            for _ in 0..10 {
                // A turn of the loop of promises.
                let turn = Promise::resolve(&JsValue::UNDEFINED);
                let _ = wasm_bindgen_futures::JsFuture::from(turn).await;
                if let Err(lost @ Error::DeviceLost(_)) = self.gpu.check() {
                    return failure(&lost);
                }
            }
        }
        failure(&error)
    }

    fn draw(&self, live: &Live) -> Result<()> {
        if let Some(stage) = self.stage.borrow_mut().as_mut() {
            if let Some(time) = stage.draw(live, self.mirror.get())? {
                self.drawn.set(Some(1e3 * time.as_secs_f64()));
            }
        }
        Ok(())
    }

    fn report(&self, outcome: &Outcome, copy: f64, started: Instant) -> JsValue {
        info::report(outcome, copy, millis(started), self.drawn.get(), self.gpu.readbacks())
    }

    async fn screenshot(&self, width: u32, height: u32) -> Answer {
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
                offscreen.shoot(&live, &view)?;
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
