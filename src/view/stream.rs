//! A detector over the frames of a video: what is found in each, with numbers that stay with their objects.

use std::{collections::VecDeque, time::Duration};

use crate::{
    detect::{Detections, Detector},
    error::{Error, Result},
    track::{Tracker, TrackerOptions},
    video::{OpenOptions, Source, Spec, open},
    view::{Bell, Capture, LiveChain, LiveOptions, Outcome, Pace, Pipeline, live_chain},
};

/// Longest sleep: what nobody rings for is seen then.
const NAP: Duration = Duration::from_millis(100);

/// What was found in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameDetections {
    /// Its number among the frames played, from 0.
    pub number: u64,
    /// Its time in the video.
    pub time: Duration,
    /// The objects, best first; those that belong to a track have its number as [`crate::Detection::id`].
    pub detections: Detections,
}

/// The frames of a source, played two at a time; see [`Detector::stream`]. It waits for each, and ends with the source, or with the first
/// error, which comes behind the frames that came before it.
pub struct Stream {
    live: Box<dyn LiveChain>,
    capture: Capture,
    pipeline: Pipeline,
    bell: Bell,
    /// Of boxes that are given out; the tracker sees those of lower scores too.
    score_threshold: f32,
    tracker: Option<Tracker>,
    found: VecDeque<Outcome>,
    /// What the source has ended with, while frames that came before it are under way.
    error: Option<Error>,
    over: bool,
}

impl Detector {
    /// Finds the objects in every frame of a video file, or in the newest frame of a camera or a network stream whenever the last one is
    /// done. `source` is what `yolov4 view` takes: a path, a camera's number, an address, `-`; see [`Spec::parse`].
    ///
    /// ```no_run
    /// let detector = yolov4::Detector::builder().model("yolov4-tiny").build()?;
    /// for frame in detector.stream("street.mp4")? {
    ///     for found in &frame?.detections {
    ///         println!("{:?} {} {:?}", found.id, found.name, found.bbox);
    ///     }
    /// }
    /// # Ok::<(), yolov4::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Source`] or [`Error::Io`] if it cannot be opened.
    pub fn stream(self, source: &str) -> Result<Stream> {
        self.stream_from(open(&Spec::parse(Some(source))?, &OpenOptions::default())?)
    }

    /// Finds the objects in every frame of a source that is open already, or one of the caller's own.
    ///
    /// # Errors
    /// As [`Detector::stream`].
    pub fn stream_from(self, source: Box<dyn Source>) -> Result<Stream> {
        let bell = Bell::default();
        let live = live_chain(self, None, &LiveOptions { wants_boxes: true, wake: bell.wake() })?;
        let (score_threshold, _) = live.detector().thresholds();
        let pace = Pace { every: !source.live(), ..Pace::default() };
        let capture = Capture::start(source, pace, bell.wake())?;
        let stream = Stream {
            live,
            capture,
            pipeline: Pipeline::default(),
            bell,
            score_threshold,
            tracker: None,
            found: VecDeque::new(),
            error: None,
            over: false,
        };
        stream.track(Some(TrackerOptions::above(score_threshold)))
    }
}

impl Stream {
    /// How objects are tracked instead of as [`TrackerOptions::above`] the detector's threshold has it; not at all with `None`. Before the
    /// first frame. Without a rate of its own the tracker takes the source's.
    ///
    /// # Errors
    /// [`Error::Usage`] for thresholds that are none.
    pub fn track(mut self, options: Option<TrackerOptions>) -> Result<Self> {
        let rate = self.capture.rate().filter(|rate| rate.is_finite() && *rate > 0.0);
        let options = options.map(|options| TrackerOptions { rate: options.rate.or(rate), ..options });
        let lowest = options.as_ref().map_or(self.score_threshold, |options| options.low.min(self.score_threshold));
        self.tracker = options.map(Tracker::new).transpose()?;
        let (_, iou_threshold) = self.live.detector().thresholds();
        self.live.detector_mut().set_thresholds(lowest, iou_threshold);
        Ok(self)
    }

    /// What the source is, in words.
    pub fn source(&self) -> &str {
        self.capture.about()
    }

    /// The detector, for what it knows: names, thresholds, the player.
    pub fn detector(&self) -> &Detector {
        self.live.detector()
    }

    /// Only boxes of these classes, by name or number, from the next frame on; of all if there are none.
    ///
    /// # Errors
    /// [`Error::Usage`] for a class that there is not.
    pub fn set_classes(&mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Result<()> {
        self.live.detector_mut().set_classes(classes)
    }

    /// What went wrong since the last call without an end of it all: frames that could not be decoded, a camera that is opened again.
    pub fn complaints(&self) -> Vec<String> {
        self.capture.complaints()
    }

    /// Plays until a frame is done, or there are no more. Frames that came before an error are done first.
    fn advance(&mut self) -> Result<Option<Outcome>> {
        loop {
            if let Some(outcome) = self.found.pop_front() {
                return Ok(Some(outcome));
            }
            let ended = self.capture.waiting().ended || self.error.is_some();
            let started = match &self.error {
                None => self.pipeline.step(&self.capture, &mut *self.live).map(|frame| frame.is_some()),
                Some(_) => self.pipeline.collect(&mut *self.live).map(|()| false),
            };
            let started = match (started, self.error.take()) {
                (Ok(started), error) => {
                    self.error = error;
                    started
                }
                // What is under way fails too: there is nothing to wait for.
                (Err(_), Some(first)) => return Err(first),
                (Err(error), None) => {
                    self.error = Some(error);
                    true
                }
            };
            self.found.extend(self.live.outcomes());
            if !self.found.is_empty() || started {
                continue;
            }
            if ended && self.live.in_flight() == 0 {
                return self.error.take().map_or(Ok(None), Err);
            }
            self.bell.wait(NAP);
        }
    }

    fn finish(&mut self, outcome: Outcome) -> FrameDetections {
        let mut detections = outcome.detections.unwrap_or_default();
        if let Some(tracker) = &mut self.tracker {
            for tracked in tracker.update(&detections, outcome.pts) {
                detections[tracked.index].id = Some(tracked.id);
            }
        }
        detections.retain(|d| d.score >= self.score_threshold);
        let (width, height) = outcome.size;
        let image = String::new();
        let detections = Detections { image, width, height, detections };
        FrameDetections { number: outcome.number, time: outcome.pts, detections }
    }
}

impl Iterator for Stream {
    type Item = Result<FrameDetections>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.advance().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        Some(next?.map(|outcome| self.finish(outcome)))
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("source", &self.source()).finish_non_exhaustive()
    }
}
