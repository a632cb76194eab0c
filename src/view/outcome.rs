//! What has become of a frame.

use std::{sync::Arc, time::Duration};

use crate::{detect::Detection, host::Picture, track::Tracked};

/// A frame that is done, with what was asked for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its number among the frames shown, from 0.
    pub number: u64,
    /// Its time in the video.
    pub pts: Duration,
    /// Columns and rows.
    pub size: (usize, usize),
    /// Where its pixels are, for [`crate::view::SceneSource::texture`].
    pub slot: usize,
    /// Its boxes, if they are read back.
    pub detections: Option<Vec<Detection>>,
    /// Times of convert, network, boxes; none where the adapter has no timestamps.
    pub passes: Option<[Duration; 3]>,
    /// Those of them that belong to a track, if objects are tracked.
    pub tracked: Option<Vec<Tracked>>,
    /// Its pixels, where the processor has played it.
    pub picture: Option<Arc<Picture>>,
    /// It was shown before, with other thresholds or when others had been shown since.
    pub again: bool,
}

impl Outcome {
    /// Its objects; those of tracks, with their numbers, if objects are tracked.
    pub fn found(&self) -> Vec<Detection> {
        match (&self.tracked, &self.detections) {
            (Some(tracked), _) => tracked.iter().map(|t| Detection { id: Some(t.id), ..t.detection.clone() }).collect(),
            (None, Some(found)) => found.clone(),
            (None, None) => vec![],
        }
    }
}
