//! What runs, window or not: source, chain, tracks, recordings, and how they are exchanged while it runs.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use crate::{
    app::{
        Boxes, Capture, Chain, Live, LiveOptions, Outcome, Pace, Pipeline, Summary, Wake, history::History,
        studio::Studio, trails::Trails,
    },
    detect::Detector,
    error::{Error, Result},
    gpu::Gpu,
    kernels::Precision,
    video::{OpenOptions, Source, Spec, open},
};

/// Which network is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Name or file.
    pub model: PathBuf,
    /// Weights, where they are another file.
    pub weights: Option<PathBuf>,
    /// Element type.
    pub precision: Precision,
}

/// Makes devices and detectors, on any thread.
pub trait Workshop: Send + Sync {
    /// Another device, on the adapter that was asked for.
    ///
    /// # Errors
    /// [`Error::NoAdapter`]
    fn gpu(&self) -> Result<Gpu>;

    /// A detector on this device.
    ///
    /// # Errors
    /// Whatever is wrong with its files.
    fn detector(&self, gpu: &Gpu, wish: &Wish) -> Result<Detector>;

    /// Networks that can be had without a download, to go through with a key.
    fn wishes(&self) -> Vec<Wish>;
}

/// How it runs.
#[derive(Clone)]
pub struct ShowOptions {
    /// Where frames come from.
    pub spec: Spec,
    /// How a camera is opened.
    pub open: OpenOptions,
    /// When frames come.
    pub pace: Pace,
    /// Boxes get numbers that stay with their object.
    pub track: bool,
    /// Boxes are read back.
    pub wants_boxes: bool,
    /// Font of labels instead of the shipped one.
    pub font: Option<Vec<u8>>,
    /// The device is destroyed after this many frames, once; for tests.
    pub lose_device_at: Option<u64>,
}

impl ShowOptions {
    /// Frames from there, in their own time; nothing is read back.
    pub fn new(spec: Spec) -> Self {
        let (open, pace) = (OpenOptions::default(), Pace::default());
        Self { spec, open, pace, track: false, wants_boxes: false, font: None, lose_device_at: None }
    }
}

/// What has happened since the last look.
#[derive(Debug, Default)]
pub struct Progress {
    /// There is something new to draw.
    pub fresh: bool,
    /// The device was lost and built again: surfaces and scenes are to be made anew.
    pub rebuilt: bool,
    /// Another network plays: its classes have other names.
    pub renamed: bool,
    /// Frames that are done.
    pub outcomes: Vec<Outcome>,
    /// What there is to say: files that were written, frames that could not be decoded.
    pub said: Vec<String>,
    /// The source has ended and every frame is done.
    pub over: bool,
}

/// See above.
pub struct Show {
    options: ShowOptions,
    workshop: Arc<dyn Workshop>,
    wake: Wake,
    wish: Wish,
    live: Live,
    capture: Option<Capture>,
    earlier: [u64; 3],
    /// Counts and rates.
    pub pipeline: Pipeline,
    trails: Option<Trails>,
    /// Recordings and screenshots.
    pub studio: Studio,
    building: Option<Receiver<Result<(Wish, Detector)>>>,
    presented: Arc<Mutex<VecDeque<Duration>>>,
    newest_captured: Instant,
    /// Frames shown at the last drawing.
    drawn: u64,
    devices_lost: u64,
    readbacks_before: (u64, u64),
    history: History,
    first: Option<Instant>,
    last: Option<Instant>,
    trouble: Option<String>,
}

impl Show {
    /// Opens device and network; `source` is that of [`ShowOptions::spec`], open already: what is misspelt is told before
    /// seconds are spent on a network.
    ///
    /// # Errors
    /// Of each of them.
    pub fn new(
        workshop: Arc<dyn Workshop>,
        wish: Wish,
        source: Box<dyn Source>,
        options: ShowOptions,
        wake: Wake,
    ) -> Result<Self> {
        let gpu = workshop.gpu()?;
        let detector = workshop.detector(&gpu, &wish)?;
        let trails = options.track.then(|| Trails::new(&detector)).transpose()?;
        let live = make_live(detector, &options, &wake)?;
        let capture = Capture::start(source, options.pace, wake.clone())?;
        let mut show = Self {
            studio: Studio::new(options.font.clone()),
            options,
            workshop,
            wake,
            wish,
            live,
            capture: Some(capture),
            earlier: [0; 3],
            pipeline: Pipeline::default(),
            trails,
            building: None,
            presented: Arc::default(),
            newest_captured: Instant::now(),
            drawn: 0,
            devices_lost: 0,
            readbacks_before: (0, 0),
            history: History::default(),
            first: None,
            last: None,
            trouble: None,
        };
        show.lower_threshold();
        Ok(show)
    }

    /// Looks at everything once: what is done, what is new. Waits for nothing.
    ///
    /// # Errors
    /// What cannot be gone on from. A lost device is built again; a source that has ended for a reason is told by
    /// [`Show::trouble`].
    pub fn advance(&mut self) -> Result<Progress> {
        let mut progress = Progress::default();
        match self.look(&mut progress) {
            Err(Error::DeviceLost(why)) => {
                self.rebuild(&why)?;
                progress.rebuilt = true;
            }
            other => other?,
        }
        Ok(progress)
    }

    fn look(&mut self, progress: &mut Progress) -> Result<()> {
        if self.options.lose_device_at.is_some_and(|at| self.pipeline.stats.shown >= at) {
            self.options.lose_device_at = None;
            self.live.gpu().device().destroy();
        }
        progress.renamed = self.built()?;
        progress.fresh |= progress.renamed;
        let room = self.studio.has_room();
        if let Some(capture) = self.capture.as_ref().filter(|_| room) {
            match self.pipeline.step(capture, &mut self.live) {
                Ok(frame) => {
                    let started = frame.is_some();
                    if let Some(frame) = frame {
                        self.history.push(frame);
                        self.first.get_or_insert_with(Instant::now);
                        self.newest_captured = self.live.newest_captured();
                        self.trouble = None;
                    }
                    progress.fresh |= started && self.trails.is_none();
                    self.studio.submitted(&self.live, started, self.trails.is_some(), self.rate())?;
                }
                // The source's end, or a frame that cannot be worked on: what was shown stays.
                Err(e @ (Error::Source { .. } | Error::Io { .. } | Error::Limit { .. } | Error::Usage(_))) => {
                    self.trouble = Some(e.to_string());
                    progress.fresh = true;
                }
                Err(other) => return Err(other),
            }
        } else {
            self.pipeline.collect(&mut self.live)?;
        }
        progress.fresh |= self.live.catch_up()?;
        let rate = self.rate();
        for mut outcome in self.live.outcomes() {
            self.last = Some(Instant::now());
            if let (Some(trails), Some(found)) = (&mut self.trails, &outcome.detections) {
                trails.update(&outcome, found);
                outcome.tracked = Some(trails.tracked().to_vec());
                self.live.hold(outcome.slot);
                progress.fresh = true;
                self.studio.tracked(&self.live, trails, rate)?;
            }
            progress.outcomes.push(outcome);
        }
        self.studio.collect()?;
        progress.said = self.studio.saved();
        progress.said.extend(self.capture.iter().flat_map(Capture::complaints));
        self.meter();
        let ended = self.capture.as_ref().is_none_or(|c| c.waiting().ended);
        let last = ended || self.pipeline.at_limit();
        progress.over = last && self.live.in_flight() == 0 && self.studio.idle();
        Ok(())
    }

    /// What is drawn: slot and boxes.
    pub fn picture(&self) -> (Option<usize>, Boxes<'_>) {
        match &self.trails {
            None => (self.live.newest(), Boxes::OnGpu),
            Some(trails) => (trails.slot(), Boxes::Given(trails.boxes())),
        }
    }

    /// After a drawing was submitted, which took the host so long: a frame's delay is known when the GPU has drawn it for
    /// the first time.
    pub fn presented(&mut self, drawing: Duration) {
        self.live.drew(drawing);
        if std::mem::replace(&mut self.drawn, self.pipeline.stats.shown) == self.pipeline.stats.shown {
            return;
        }
        let (captured, into) = (self.newest_captured, Arc::clone(&self.presented));
        self.live.gpu().queue().on_submitted_work_done(move || {
            into.lock().unwrap_or_else(PoisonError::into_inner).push_back(captured.elapsed());
        });
    }

    fn meter(&mut self) {
        let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        for delay in presented.drain(..) {
            self.pipeline.stats.photon.add(delay.as_secs_f64() * 1e3);
        }
    }

    /// The tracks, if there are any.
    pub fn trails(&self) -> Option<&Trails> {
        self.trails.as_ref()
    }

    /// The chain.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The source, and what it is waiting for.
    pub fn capture(&self) -> Option<&Capture> {
        self.capture.as_ref()
    }

    /// What the network is.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// What ended the source, or kept a frame from being shown.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Frames per second of the source, or as asked for.
    pub fn rate(&self) -> f64 {
        let own = || self.capture.as_ref().and_then(Capture::rate);
        self.options.pace.fps.or_else(own).unwrap_or(30.0)
    }

    /// Whether a network is being built.
    pub fn building(&self) -> bool {
        self.building.is_some()
    }

    /// How often the device was lost.
    pub fn devices_lost(&self) -> u64 {
        self.devices_lost
    }

    /// Changes the thresholds; the frame that is shown gets its boxes anew.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn set_thresholds(&mut self, conf: f32, nms: f32) -> Result<()> {
        self.live.detector_mut().set_thresholds(conf, nms);
        self.lower_threshold();
        self.live.again()
    }

    /// Score and overlap that boxes are filtered by.
    pub fn thresholds(&self) -> (f32, f32) {
        let (conf, nms) = self.live.detector().thresholds();
        (self.trails.as_ref().map_or(conf, Trails::conf), nms)
    }

    /// Shows the frame before, or after, the one that is shown; `false` if it was not kept.
    pub(super) fn again(&mut self, back: bool) -> Result<bool> {
        let frame = if back { self.history.back() } else { self.history.forward() };
        frame.map_or(Ok(false), |frame| self.live.show(frame).map(|()| true))
    }

    /// A tracker looks at boxes that are not shown.
    fn lower_threshold(&mut self) {
        if let Some(trails) = &mut self.trails {
            let (conf, nms) = self.live.detector().thresholds();
            let low = trails.lower(conf);
            self.live.detector_mut().set_thresholds(low, nms);
        }
    }

    /// Begins to build another network, on a thread; it takes over when it is ready.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub fn change(&mut self, wish: Wish) -> Result<()> {
        if self.building.is_some() {
            return Ok(());
        }
        let (sender, receiver) = channel();
        let (workshop, gpu, wake) = (Arc::clone(&self.workshop), self.live.gpu().clone(), self.wake.clone());
        let run = move || {
            let built = workshop.detector(&gpu, &wish).map(|detector| (wish, detector));
            // The receiver is gone only with the viewer.
            let _ = sender.send(built);
            wake();
        };
        std::thread::Builder::new().name("build".into()).spawn(run).map_err(Error::io("the building thread"))?;
        self.building = Some(receiver);
        Ok(())
    }

    /// The network after this one among those that are to be had.
    pub fn next_wish(&self) -> Wish {
        let all = self.workshop.wishes();
        let at = all.iter().position(|w| w.model == self.wish.model);
        let next = at.map_or(0, |i| i + 1);
        let found = all.get(next).or(all.first()).cloned();
        Wish { precision: self.wish.precision, ..found.unwrap_or_else(|| self.wish.clone()) }
    }

    fn built(&mut self) -> Result<bool> {
        let Some(receiver) = &self.building else { return Ok(false) };
        let Ok(built) = receiver.try_recv() else { return Ok(false) };
        self.building = None;
        match built {
            Ok((wish, detector)) => {
                self.trails = self.options.track.then(|| Trails::new(&detector)).transpose()?;
                self.live.replace(detector)?;
                self.wish = wish;
                self.lower_threshold();
                self.live.again()?;
            }
            Err(e) => self.trouble = Some(e.to_string()),
        }
        Ok(true)
    }

    /// Takes another source; the counts go on.
    ///
    /// # Errors
    /// If it cannot be opened: the old one stays.
    pub fn take_source(&mut self, spec: Spec) -> Result<()> {
        let source = open(&spec, &self.options.open)?;
        let capture = Capture::start(source, self.options.pace, self.wake.clone())?;
        if let Some(old) = self.capture.replace(capture) {
            self.count(&old);
        }
        self.options.spec = spec;
        self.trouble = None;
        Ok(())
    }

    /// Where frames come from.
    pub fn spec(&self) -> &Spec {
        &self.options.spec
    }

    /// A frame that was waiting in a source that is given up was dropped.
    fn count(&mut self, old: &Capture) {
        let waiting = u64::from(matches!(old.take(), Ok(Some(_))));
        let (captured, dropped, corrupt) = old.counts();
        self.earlier = [self.earlier[0] + captured, self.earlier[1] + dropped + waiting, self.earlier[2] + corrupt];
    }

    /// Frames captured, dropped, corrupt.
    pub fn counts(&self) -> (u64, u64, u64) {
        let (captured, dropped, corrupt) = self.capture.as_ref().map_or((0, 0, 0), Capture::counts);
        (self.earlier[0] + captured, self.earlier[1] + dropped, self.earlier[2] + corrupt)
    }

    /// Read-backs of results and of telemetry, on this device and those that were lost.
    pub fn readbacks(&self) -> (u64, u64) {
        let now = self.live.gpu().readbacks();
        (self.readbacks_before.0 + now.results, self.readbacks_before.1 + now.telemetry)
    }

    /// Ends: the source is stopped, frames in flight and recordings are finished.
    ///
    /// # Errors
    /// What the device or a recording complains of.
    pub fn finish(&mut self) -> Result<Summary> {
        if let Some(capture) = self.capture.take() {
            self.count(&capture);
        }
        for done in self.live.finish()? {
            self.pipeline.stats.finished(done.captured, done.finished);
        }
        self.studio.finish(self.live.gpu())?;
        let shown = self.pipeline.stats.shown;
        let seconds = self.first.zip(self.last).map_or(0.0, |(a, b)| b.duration_since(a).as_secs_f64());
        let (captured, dropped, corrupt) = self.counts();
        let (readbacks, telemetry) = self.readbacks();
        Ok(Summary {
            captured,
            shown,
            dropped,
            corrupt,
            fps: if seconds > 0.0 { shown as f64 / seconds } else { 0.0 },
            delay_ms: self.pipeline.stats.delay.value(),
            readbacks,
            telemetry,
            devices_lost: self.devices_lost,
        })
    }

    /// Another device in place of one that was lost.
    fn rebuild(&mut self, why: &str) -> Result<()> {
        tracing::warn!(why, "the device was lost: it is built again");
        self.readbacks_before = self.readbacks();
        self.devices_lost += 1;
        // What was being built was for the device that is gone.
        self.building = None;
        let gpu = self.workshop.gpu()?;
        let detector = self.workshop.detector(&gpu, &self.wish)?;
        self.trails = self.options.track.then(|| Trails::new(&detector)).transpose()?;
        self.live = make_live(detector, &self.options, &self.wake)?;
        self.lower_threshold();
        self.studio.lost();
        Ok(())
    }
}

fn make_live(detector: Detector, options: &ShowOptions, wake: &Wake) -> Result<Live> {
    let wants_boxes = options.wants_boxes || options.track;
    Live::new(detector, &LiveOptions { wants_boxes, wake: wake.clone() })
}
