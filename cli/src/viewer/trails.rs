//! Tracks as they are drawn: boxes with numbers, and where their middles have been.

use yolov4::{
    Detection, Detector, Result,
    low_level::{
        detect::draw,
        host::Candidate,
        view::{Outcome, Panel, Quad},
    },
    track::{Tracked, Tracker, TrackerOptions},
};

/// A tracker, and the frame it has last seen.
#[derive(Debug)]
pub struct Trails {
    tracker: Tracker,
    conf: f32,
    slot: Option<usize>,
    size: (usize, usize),
    tracked: Vec<Tracked>,
    boxes: Vec<Candidate>,
    ids: u64,
}

impl Trails {
    /// Without tracks, for this detector's threshold.
    ///
    /// # Errors
    /// [`yolov4::Error::Usage`] for a threshold that is none.
    pub fn new(detector: &Detector) -> Result<Self> {
        let conf = detector.thresholds().0;
        Ok(Self {
            tracker: Tracker::new(TrackerOptions::above(conf))?,
            conf,
            slot: None,
            size: (1, 1),
            tracked: vec![],
            boxes: vec![],
            ids: 0,
        })
    }

    /// Takes over a threshold of boxes that are shown; returns that of those the tracker looks at.
    pub fn lower(&mut self, conf: f32) -> f32 {
        self.conf = conf;
        TrackerOptions::above(conf).low
    }

    /// Threshold of boxes that are shown.
    pub fn conf(&self) -> f32 {
        self.conf
    }

    /// The next frame.
    pub fn update(&mut self, outcome: &Outcome, found: &[Detection]) {
        self.slot = Some(outcome.slot);
        self.size = outcome.size;
        self.tracked = self.tracker.update(found, outcome.pts);
        self.ids = self.tracked.iter().map(|t| t.id).max().unwrap_or(0).max(self.ids);
        let candidate = |t: &Tracked| Candidate { track: t.id as u32, ..t.detection.as_candidate(outcome.size) };
        self.boxes = self.tracked.iter().map(candidate).collect();
        self.boxes.sort_unstable_by(Candidate::best_first);
    }

    /// Where the frame's pixels are.
    pub fn slot(&self) -> Option<usize> {
        self.slot
    }

    /// Its boxes as fractions of the picture, best first.
    pub fn boxes(&self) -> &[Candidate] {
        &self.boxes
    }

    /// Its tracks.
    pub fn tracked(&self) -> &[Tracked] {
        &self.tracked
    }

    /// Tracks so far.
    pub fn ids(&self) -> u64 {
        self.ids
    }

    /// Dots where the middles of the boxes have been, in a rectangle of the target (left, top, width, height).
    pub fn dots(&self, rect: [f32; 4], mirror: bool) -> Vec<Quad> {
        let mut panel = Panel::default();
        let dot = draw::line_width(rect[2].min(rect[3])).max(2.0);
        for tracked in &self.tracked {
            let [r, g, b] = draw::colour(tracked.detection.class).map(|c| f32::from(c) / 255.0);
            let count = tracked.trail.len() as f32;
            for (i, [x, y]) in tracked.trail.iter().enumerate() {
                let (mut u, v) = (x / self.size.0 as f32, y / self.size.1 as f32);
                if mirror {
                    u = 1.0 - u;
                }
                let (px, py) = (rect[0] + u * rect[2], rect[1] + v * rect[3]);
                let alpha = (i as f32 + 1.0) / count;
                panel.rect(px - dot / 2.0, py - dot / 2.0, dot, dot, [r, g, b, alpha]);
            }
        }
        panel.quads
    }
}
