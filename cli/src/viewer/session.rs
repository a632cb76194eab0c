//! What runs, window or not: source, chain, tracks, recordings, and how they are exchanged while it runs.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use yolov4::{
    Detector, Error, Gpu, Result,
    low_level::{
        video::{Source, Spec},
        view::{Boxes, Capture, LiveChain, LiveOptions, Outcome, Pipeline, Summary, Wake, live_chain},
    },
};

use crate::viewer::{
    CaptureOutput, DetectorFactory, ModelRequest, SessionOptions, SessionUpdate, Trails, history::History,
};

/// A network that is being built, and where.
pub(super) struct Building {
    pub built: Receiver<Result<(ModelRequest, Detector)>>,
    pub thread: JoinHandle<()>,
}

/// A running viewer, with or without a window: source, chain, tracks and recordings.
pub struct Session {
    pub(super) options: SessionOptions,
    pub(super) factory: Arc<dyn DetectorFactory>,
    pub(super) wake: Wake,
    pub(super) request: ModelRequest,
    pub(super) live: Box<dyn LiveChain>,
    pub(super) capture: Option<Capture>,
    pub(super) earlier: [u64; 3],
    /// Counts and rates.
    pub pipeline: Pipeline,
    pub(super) trails: Option<Trails>,
    /// Recordings and screenshots.
    pub capture_output: CaptureOutput,
    pub(super) building: Option<Building>,
    pub(super) presented: Arc<Mutex<VecDeque<Duration>>>,
    pub(super) newest_captured: Instant,
    /// Frames shown at the last drawing.
    pub(super) drawn: u64,
    pub(super) devices_lost: u64,
    pub(super) readbacks_before: (u64, u64),
    pub(super) history: History,
    /// When network and source began to be opened.
    opened: Instant,
    pub(super) first: Option<Instant>,
    pub(super) last: Option<Instant>,
    pub(super) trouble: Option<String>,
}

impl Session {
    /// Opens device and network; `source` is that of [`SessionOptions::spec`], open already: what is misspelt is told before
    /// seconds are spent on a network.
    ///
    /// # Errors
    /// Of each of them.
    pub fn new(
        factory: Arc<dyn DetectorFactory>,
        request: ModelRequest,
        source: Box<dyn Source>,
        options: SessionOptions,
        wake: Wake,
    ) -> Result<Self> {
        let opened = Instant::now();
        let gpu = factory.gpu(options.display.clone())?;
        let detector = factory.detector(gpu.as_ref(), &request)?;
        let trails = options.track.then(|| Trails::new(&detector)).transpose()?;
        let live = make_live(detector, gpu, &options, &wake)?;
        let capture = Capture::start(source, options.pace, wake.clone())?;
        let mut session = Self {
            capture_output: CaptureOutput::new(options.font.clone()),
            options,
            factory,
            wake,
            request,
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
            opened,
            first: None,
            last: None,
            trouble: None,
        };
        session.lower_threshold();
        Ok(session)
    }

    /// Looks at everything once: what is done, what is new. Waits for nothing.
    ///
    /// # Errors
    /// What cannot be gone on from. A lost device is built again; a source that has ended for a reason is told by
    /// [`Session::trouble`].
    pub fn advance(&mut self) -> Result<SessionUpdate> {
        let mut progress = SessionUpdate::default();
        match self.look(&mut progress) {
            Err(Error::DeviceLost(why)) => {
                self.rebuild(&why)?;
                progress.rebuilt = true;
            }
            other => other?,
        }
        Ok(progress)
    }

    fn look(&mut self, progress: &mut SessionUpdate) -> Result<()> {
        if self.options.lose_device_at.is_some_and(|at| self.pipeline.stats.shown >= at) {
            self.options.lose_device_at = None;
            self.gpu().into_iter().for_each(|gpu| gpu.device().destroy());
        }
        progress.renamed = self.built()?;
        progress.fresh |= progress.renamed;
        let room = self.capture_output.has_room();
        // Else when its boxes have come.
        let at_start = self.trails.is_none() && self.live.drawn_when_started();
        if let Some(capture) = self.capture.as_ref().filter(|_| room) {
            match self.pipeline.step(capture, &mut *self.live) {
                Ok(frame) => {
                    if let Some(frame) = frame {
                        self.history.push(frame);
                        self.first.get_or_insert_with(Instant::now);
                        self.trouble = None;
                        if at_start {
                            self.newest_captured = self.live.newest_captured();
                            progress.fresh = true;
                            self.shot_at(self.pipeline.stats.shown);
                            self.capture_output.started(&*self.live, self.rate())?;
                        }
                    }
                }
                // The source's end, or a frame that cannot be worked on: what was shown stays.
                Err(e @ (Error::Source { .. } | Error::Io { .. } | Error::Limit { .. } | Error::Usage(_))) => {
                    self.trouble = Some(e.to_string());
                    progress.fresh = true;
                }
                Err(other) => return Err(other),
            }
        } else {
            self.pipeline.collect(&mut *self.live)?;
        }
        progress.fresh |= self.live.catch_up()?;
        let rate = self.rate();
        for mut outcome in self.live.outcomes() {
            if self.last.replace(Instant::now()).is_none() {
                progress.first = Some(self.opened.elapsed());
            }
            if !at_start {
                self.newest_captured = self.live.newest_captured();
                self.shot_at(outcome.number + 1);
                let trails = follow(&mut self.trails, &mut outcome);
                self.live.hold(outcome.slot);
                progress.fresh = true;
                let moved = (!outcome.again).then_some(rate);
                self.capture_output.done(&*self.live, &outcome, trails, moved)?;
            }
            progress.outcomes.push(outcome);
        }
        if self.live.in_flight() == 0 {
            self.capture_output.still(&*self.live, self.trails.as_ref())?;
        }
        self.capture_output.collect()?;
        progress.said = self.capture_output.saved();
        progress.said.extend(self.capture.iter().flat_map(Capture::complaints));
        self.meter();
        let ended = self.capture.as_ref().is_none_or(|c| c.waiting().ended);
        let last = ended || self.pipeline.at_limit();
        progress.over = last && self.live.in_flight() == 0 && self.capture_output.idle();
        Ok(())
    }

    /// Takes the picture that was asked for, if its frame has come.
    fn shot_at(&mut self, shown: u64) {
        if let Some((_, path)) = self.options.screenshot.take_if(|(at, _)| *at <= shown) {
            self.capture_output.screenshot(path);
        }
    }

    /// What is drawn: slot and boxes.
    pub fn picture(&self) -> (Option<usize>, Boxes<'_>) {
        match &self.trails {
            None => self.live.newest(),
            Some(trails) => (trails.slot(), Boxes::Given(trails.boxes())),
        }
    }

    /// After a drawing was submitted: a frame's delay is known when the GPU has drawn it for the first time. `drew` is how
    /// long one of the last took, where that has become known.
    pub fn presented(&mut self, drew: Option<Duration>) {
        drew.into_iter().for_each(|time| self.live.drew(time));
        if std::mem::replace(&mut self.drawn, self.pipeline.stats.shown) == self.pipeline.stats.shown {
            return;
        }
        let (captured, into) = (self.newest_captured, Arc::clone(&self.presented));
        self.gpu().into_iter().for_each(|gpu| {
            let into = Arc::clone(&into);
            gpu.queue().on_submitted_work_done(move || {
                into.lock().unwrap_or_else(PoisonError::into_inner).push_back(captured.elapsed());
            });
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
    pub fn live(&self) -> &dyn LiveChain {
        &*self.live
    }

    /// The device that plays, or draws what the processor has played; none where nothing is drawn.
    pub fn gpu(&self) -> Option<&Gpu> {
        self.live.gpu()
    }

    /// The source, and what it is waiting for.
    pub fn capture(&self) -> Option<&Capture> {
        self.capture.as_ref()
    }

    /// What the network is.
    pub fn request(&self) -> &ModelRequest {
        &self.request
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

    /// Shows the frame before, or after, the one that is shown; `false` if it was not kept.
    pub(super) fn again(&mut self, back: bool) -> Result<bool> {
        let frame = if back { self.history.back() } else { self.history.forward() };
        frame.map_or(Ok(false), |frame| self.live.show(frame).map(|()| true))
    }

    fn built(&mut self) -> Result<bool> {
        let Some(Building { built, .. }) = &self.building else { return Ok(false) };
        let Ok(built) = built.try_recv() else { return Ok(false) };
        self.building = None;
        match built {
            Ok((request, detector)) => {
                self.trails = self.options.track.then(|| Trails::new(&detector)).transpose()?;
                self.live.change(detector)?;
                self.request = request;
                self.lower_threshold();
                self.live.again()?;
            }
            Err(e) => self.trouble = Some(e.to_string()),
        }
        Ok(true)
    }

    /// Where frames come from.
    pub fn spec(&self) -> &Spec {
        &self.options.spec
    }

    /// A frame that was waiting in a source that is given up was dropped.
    pub(super) fn count(&mut self, old: &Capture) {
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
        let now = self.gpu().map(Gpu::readbacks).unwrap_or_default();
        (self.readbacks_before.0 + now.results, self.readbacks_before.1 + now.telemetry)
    }

    /// Frames that ended with [`Session::finish`].
    pub fn remaining(&mut self) -> Vec<Outcome> {
        let mut rest = self.live.outcomes();
        for outcome in &mut rest {
            follow(&mut self.trails, outcome);
        }
        rest
    }

    /// Ends: the source is stopped, frames in flight and recordings are finished.
    ///
    /// # Errors
    /// What the device or a recording complains of.
    pub fn finish(&mut self) -> Result<Summary> {
        if let Some(capture) = self.capture.take() {
            self.count(&capture);
        }
        // No thread may be inside the driver when the program ends.
        self.building.take().into_iter().for_each(|building| drop(building.thread.join()));
        for done in self.live.finish()? {
            self.pipeline.stats.finished(done.captured, done.finished);
        }
        self.capture_output.finish(self.live.gpu())?;
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
        let gpu = self.factory.gpu(self.options.display.clone())?;
        let detector = self.factory.detector(gpu.as_ref(), &self.request)?;
        self.trails = self.options.track.then(|| Trails::new(&detector)).transpose()?;
        self.live = make_live(detector, gpu, &self.options, &self.wake)?;
        self.lower_threshold();
        self.capture_output.lost();
        Ok(())
    }
}

/// Gives a frame's boxes to the tracks, if there are any, and notes which box is whose.
fn follow<'a>(trails: &'a mut Option<Trails>, outcome: &mut Outcome) -> Option<&'a Trails> {
    let trails = trails.as_mut()?;
    trails.update(outcome, outcome.detections.as_ref()?);
    outcome.tracked = Some(trails.tracked().to_vec());
    Some(trails)
}

fn make_live(
    detector: Detector,
    gpu: Option<Gpu>,
    options: &SessionOptions,
    wake: &Wake,
) -> Result<Box<dyn LiveChain>> {
    let wants_boxes = options.wants_boxes || options.track;
    live_chain(detector, gpu, &LiveOptions { wants_boxes, wake: wake.clone() })
}
