//! The tracks themselves.

use std::{collections::VecDeque, time::Duration};

use crate::{
    detect::{BoxPx, Detection},
    error::Result,
    track::{
        Tracked, TrackerOptions,
        assign::{Pair, assign},
        motion::{Motion, edges, iou},
    },
};

/// One object, as far as it is known.
#[derive(Clone, Debug)]
struct Track {
    /// None until it is confirmed.
    id: Option<u64>,
    class: usize,
    motion: Motion,
    hits: u32,
    born: u64,
    /// Clock of the last detection.
    seen: f64,
    /// Not found in the last frame.
    lost: bool,
    trail: VecDeque<[f32; 2]>,
}

/// Gives the detections of successive frames their ids.
#[derive(Clone, Debug)]
pub struct Tracker {
    options: TrackerOptions,
    tracks: Vec<Track>,
    last_id: u64,
    /// Calls so far.
    updates: u64,
    /// Frames so far, those left out included.
    clock: f64,
    pts: Option<Duration>,
}

impl Default for Tracker {
    fn default() -> Self {
        let options = TrackerOptions::default();
        Self { options, tracks: Vec::new(), last_id: 0, updates: 0, clock: 0.0, pts: None }
    }
}

impl Tracker {
    /// Without tracks.
    ///
    /// # Errors
    /// [`crate::Error::Usage`], as [`TrackerOptions::check`].
    pub fn new(options: TrackerOptions) -> Result<Self> {
        options.check()?;
        Ok(Self { options, ..Self::default() })
    }

    /// The next frame: its detections, and when it is shown (of account only with [`TrackerOptions::rate`]). Gives those
    /// detections that belong to a confirmed track, in the order of the list. Boxes that are not finite or have no extent,
    /// and scores that are no numbers, are passed over.
    pub fn update(&mut self, detections: &[Detection], pts: Duration) -> Vec<Tracked> {
        let step = self.step(pts);
        self.updates += 1;
        self.clock += step;
        // Half a frame of patience for the rounding of time stamps.
        let patience = f64::from(self.options.keep) + 1.5;
        self.tracks.retain(|t| self.clock - t.seen < patience);
        for track in &mut self.tracks {
            track.motion.predict(step, track.lost);
        }
        let matches = self.associate(detections);
        let mut tracked = Vec::new();
        for (track, index) in matches {
            tracked.extend(self.hit(track, index, &detections[index]));
        }
        // A track that was never confirmed and is not found again was a mistake.
        self.tracks.retain(|t| t.seen == self.clock || t.id.is_some());
        for track in &mut self.tracks {
            track.lost = track.seen < self.clock;
        }
        tracked.sort_by_key(|t| t.index);
        tracked
    }

    /// Frames since the last call; a clock that stands or runs backwards, as when a video starts anew, counts as one.
    fn step(&mut self, pts: Duration) -> f64 {
        let before = self.pts.replace(pts);
        let frames = match (self.options.rate, before) {
            (Some(rate), Some(before)) if pts > before => (pts - before).as_secs_f64() * rate,
            _ => 1.0,
        };
        frames.min(f64::from(u32::MAX))
    }

    /// Pairs of track and detection, new tracks included.
    fn associate(&mut self, detections: &[Detection]) -> Vec<(usize, usize)> {
        let TrackerOptions { high, low, start, min_iou, min_iou_low, min_iou_new, .. } = self.options;
        let sound: Vec<usize> = (0..detections.len()).filter(|&i| is_sound(&detections[i])).collect();
        let (strong, weak): (Vec<usize>, Vec<usize>) = sound.into_iter().partition(|&i| detections[i].score >= high);
        let weak: Vec<usize> = weak.into_iter().filter(|&i| detections[i].score >= low).collect();
        let (known, new): (Vec<usize>, Vec<usize>) = (0..self.tracks.len()).partition(|&t| self.tracks[t].id.is_some());

        let mut matches = self.pair(&known, &strong, detections, min_iou);
        let (known, strong) = rest(&known, &strong, &matches);

        let visible: Vec<usize> = known.into_iter().filter(|&t| !self.tracks[t].lost).collect();
        matches.extend(self.pair(&visible, &weak, detections, min_iou_low));

        let young = self.pair(&new, &strong, detections, min_iou_new);
        let (_, strong) = rest(&new, &strong, &young);
        matches.extend(young);

        for index in strong.into_iter().filter(|&i| detections[i].score >= start) {
            matches.push((self.tracks.len(), index));
            self.tracks.push(self.begin(&detections[index]));
        }
        matches
    }

    /// The best pairs among these tracks and detections.
    fn pair(&self, tracks: &[usize], found: &[usize], all: &[Detection], least: f32) -> Vec<(usize, usize)> {
        let places: Vec<[f64; 4]> = found.iter().map(|&i| edges(&all[i].bbox)).collect();
        let mut pairs = Vec::new();
        for (row, &t) in tracks.iter().enumerate() {
            let track = &self.tracks[t];
            let expected = track.motion.edges();
            for (column, &i) in found.iter().enumerate() {
                let gain = iou(&expected, &places[column]) - f64::from(least);
                if gain > 0.0 && (self.options.agnostic || all[i].class == track.class) {
                    pairs.push(Pair { row, column, gain });
                }
            }
        }
        let chosen = assign(tracks.len(), found.len(), &pairs);
        chosen.into_iter().map(|(row, column)| (tracks[row], found[column])).collect()
    }

    fn begin(&self, found: &Detection) -> Track {
        Track {
            id: None,
            class: found.class,
            motion: Motion::new(&found.bbox),
            hits: 0,
            born: self.updates,
            seen: self.clock,
            lost: false,
            trail: VecDeque::new(),
        }
    }

    /// A track is found; what there is to tell of it, if it is confirmed.
    fn hit(&mut self, track: usize, index: usize, found: &Detection) -> Option<Tracked> {
        let track = self.tracks.get_mut(track)?;
        if track.hits > 0 {
            track.motion.correct(&found.bbox);
        }
        track.hits = track.hits.saturating_add(1);
        track.seen = self.clock;
        track.class = found.class;
        let BoxPx { x, y, w, h } = found.bbox;
        track.trail.push_back([x + 0.5 * w, y + 0.5 * h]);
        while track.trail.len() > self.options.trail {
            track.trail.pop_front();
        }
        if track.id.is_none() && (track.hits >= self.options.hits || self.updates == 1) {
            self.last_id += 1;
            track.id = Some(self.last_id);
        }
        Some(Tracked {
            id: track.id?,
            detection: found.clone(),
            index,
            age: self.updates - track.born,
            trail: track.trail.iter().copied().collect(),
        })
    }
}

fn is_sound(d: &Detection) -> bool {
    let BoxPx { x, y, w, h } = d.bbox;
    !d.score.is_nan() && [x, y, w, h].iter().all(|v| v.is_finite()) && w > 0.0 && h > 0.0
}

/// Tracks and detections that are in no pair.
fn rest(tracks: &[usize], found: &[usize], matches: &[(usize, usize)]) -> (Vec<usize>, Vec<usize>) {
    let mut taken: Vec<usize> = matches.iter().map(|m| m.0).collect();
    taken.sort_unstable();
    let tracks = tracks.iter().copied().filter(|t| taken.binary_search(t).is_err()).collect();
    let mut taken: Vec<usize> = matches.iter().map(|m| m.1).collect();
    taken.sort_unstable();
    (tracks, found.iter().copied().filter(|i| taken.binary_search(i).is_err()).collect())
}
