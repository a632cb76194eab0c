//! A detector over the frames of a video: what is found in each, with numbers that stay with their objects.

use std::{collections::VecDeque, time::Duration};

use crate::{
    detect::{Detections, Detector},
    error::Result,
    task,
    track::{Tracker, TrackerOptions},
    video::{OpenOptions, Source, Spec, open},
    view::{Bell, Capture, Chain, Live, LiveOptions, Outcome, Pace, Pipeline},
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

/// The frames of a source, played two at a time; see [`Detector::stream`]. It ends with the source, or with the first error.
pub struct Stream {
    live: Live,
    capture: Capture,
    pipeline: Pipeline,
    bell: Bell,
    tracker: Option<Tracker>,
    found: VecDeque<Outcome>,
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
    /// [`crate::Error::Source`] or [`crate::Error::Io`] if it cannot be opened; [`crate::Error::NoAdapter`] if the oracle plays.
    pub fn stream(self, source: &str) -> Result<Stream> {
        self.stream_from(open(&Spec::parse(Some(source))?, &OpenOptions::default())?)
    }

    /// The same for a source that is open, or one of the caller's own.
    ///
    /// # Errors
    /// As [`Detector::stream`].
    pub fn stream_from(self, source: Box<dyn Source>) -> Result<Stream> {
        let bell = Bell::default();
        let live = task::wait(Live::new(self, &LiveOptions { wants_boxes: true, wake: bell.wake() }))?;
        let pace = Pace { every: !source.live(), ..Pace::default() };
        let tracker = Tracker::new(TrackerOptions { rate: source.rate(), ..TrackerOptions::default() })?;
        let capture = Capture::start(source, pace, bell.wake())?;
        let (pipeline, found) = (Pipeline::default(), VecDeque::new());
        Ok(Stream { live, capture, pipeline, bell, tracker: Some(tracker), found, over: false })
    }
}

impl Stream {
    /// How objects are tracked, from the next frame on; not at all with `None`.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for thresholds that are none.
    pub fn track(mut self, options: Option<TrackerOptions>) -> Result<Self> {
        self.tracker = options.map(Tracker::new).transpose()?;
        Ok(self)
    }

    /// What the source is, in words.
    pub fn source(&self) -> &str {
        self.capture.about()
    }

    /// The detector, for its thresholds and classes: the next frame is played with those.
    pub fn detector_mut(&mut self) -> &mut Detector {
        self.live.detector_mut()
    }

    /// What went wrong since the last call without an end of it all: frames that could not be decoded, a camera that is opened again.
    pub fn complaints(&self) -> Vec<String> {
        self.capture.complaints()
    }

    /// Plays until a frame is done, or there are no more.
    fn advance(&mut self) -> Result<Option<Outcome>> {
        loop {
            if let Some(outcome) = self.found.pop_front() {
                return Ok(Some(outcome));
            }
            let ended = self.capture.waiting().ended;
            let started = self.pipeline.step(&self.capture, &mut self.live)?;
            self.found.extend(self.live.outcomes());
            if !self.found.is_empty() || started.is_some() {
                continue;
            }
            if ended && self.live.in_flight() == 0 {
                return Ok(None);
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
