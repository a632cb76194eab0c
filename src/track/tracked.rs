//! What a tracker gives back.

use crate::detect::Detection;

/// A detection that is known to be the same object from frame to frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
    /// From 1 upwards in the order of confirmation; never given twice.
    pub id: u64,
    /// The detection itself, not the filter's idea of it.
    pub detection: Detection,
    /// Its place in the list that was given.
    pub index: usize,
    /// Calls of [`crate::track::Tracker::update`] since its first detection; 0 for the first.
    pub age: u64,
    /// Centres of its detections in pixels, oldest first, this one last; at most [`crate::track::TrackerOptions::trail`].
    pub trail: Vec<[f32; 2]>,
}
