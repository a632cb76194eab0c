//! What can be set.

use crate::error::{Error, Result};

/// Thresholds and patience of a [`crate::track::Tracker`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerOptions {
    /// Scores from here up are paired first, with every track.
    pub high: f32,
    /// Scores from here up to `high` are paired second, with tracks seen in the last frame; what is below is dropped.
    pub low: f32,
    /// A track begins from this score up.
    pub start: f32,
    /// Least overlap (intersection over union) of a track's prediction with a detection of high score.
    pub min_iou: f32,
    /// Least overlap of a track's prediction with a detection of low score, which needs a better fit.
    pub min_iou_low: f32,
    /// Least overlap of the prediction of a track that is not confirmed yet with a detection.
    pub min_iou_new: f32,
    /// Detections in a row that confirm a track; those of the very first frame are confirmed at once.
    pub hits: u32,
    /// Frames without a detection after which a track is given up.
    pub keep: u32,
    /// Frames per second. With it a frame is `1 / rate` seconds by the time stamps, so that frames left out count for
    /// `keep` and for the motion; without it each call is one frame.
    pub rate: Option<f64>,
    /// Whether a track may change its class.
    pub agnostic: bool,
    /// Longest trail, in points.
    pub trail: usize,
}

impl Default for TrackerOptions {
    /// Scores, overlaps and patience of the paper and its program (0.5 is the middle of the thresholds it uses).
    fn default() -> Self {
        Self {
            high: 0.5,
            low: 0.1,
            start: 0.6,
            min_iou: 0.2,
            min_iou_low: 0.5,
            min_iou_new: 0.3,
            hits: 2,
            keep: 30,
            rate: None,
            agnostic: false,
            trail: 32,
        }
    }
}

/// Score that a tracker still looks at.
const LOW: f32 = 0.1;
/// What a new track's score must have beyond the threshold (ByteTrack, section 4.1).
const START: f32 = 0.1;

impl TrackerOptions {
    /// For boxes that are shown from a score up; those from [`TrackerOptions::low`] up are to be given too, for an object half hidden
    /// scores low before it is gone.
    pub fn above(score_threshold: f32) -> Self {
        let low = score_threshold.min(LOW);
        Self { high: score_threshold, low, start: (score_threshold + START).min(1.0), ..Self::default() }
    }

    /// Whether the numbers make sense together.
    ///
    /// # Errors
    /// [`Error::Usage`] names the first that does not.
    pub fn check(&self) -> Result<()> {
        let numbers = [
            ("high", self.high),
            ("low", self.low),
            ("start", self.start),
            ("min_iou", self.min_iou),
            ("min_iou_low", self.min_iou_low),
            ("min_iou_new", self.min_iou_new),
        ];
        for (name, value) in numbers {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::Usage(format!("tracker: expected {name} from 0 to 1, found {value}")));
            }
        }
        if self.low > self.high || self.high > self.start {
            let (low, high, start) = (self.low, self.high, self.start);
            let found = format!("found low {low}, high {high}, start {start}");
            return Err(Error::Usage(format!("tracker: expected scores low <= high <= start, {found}")));
        }
        if self.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            let found = self.rate.unwrap_or_default();
            return Err(Error::Usage(format!("tracker: expected a rate above 0 frames per second, found {found}")));
        }
        Ok(())
    }
}
