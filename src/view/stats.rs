//! What the HUD and the last line tell: counts, rates, delays, the time of each stage.

use std::time::Duration;

use serde::Serialize;
use web_time::Instant;

/// A part of a frame's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Host to GPU.
    Upload,
    /// Samples to pixels.
    Convert,
    /// Letterbox and network.
    Network,
    /// Decode, sort, NMS, order.
    Boxes,
    /// Picture, boxes, HUD.
    Draw,
}

impl Stage {
    /// In the order of a frame's way.
    pub const ALL: [Self; 5] = [Self::Upload, Self::Convert, Self::Network, Self::Boxes, Self::Draw];

    /// As the HUD spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Convert => "convert",
            Self::Network => "network",
            Self::Boxes => "boxes",
            Self::Draw => "draw",
        }
    }
}

/// A number that is smoothed: a tenth of the new, nine tenths of the old.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meter(Option<f64>);

impl Meter {
    /// Takes in a value.
    pub fn add(&mut self, value: f64) {
        self.0 = Some(self.0.map_or(value, |old| old + 0.1 * (value - old)));
    }

    /// The smoothed value; 0 if there was none.
    pub fn value(&self) -> f64 {
        self.0.unwrap_or(0.0)
    }
}

/// Counts since the start, rates of late.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames that went through the network.
    pub shown: u64,
    /// Milliseconds from a frame's arrival to the end of its work on the GPU.
    pub delay: Meter,
    /// Milliseconds from a frame's arrival to the end of the work that draws it into the window.
    pub photon: Meter,
    /// Milliseconds from one finished frame to the next.
    pub period: Meter,
    /// Milliseconds by stage, in the order of [`Stage::ALL`].
    pub stages: [Meter; 5],
    last: Option<Instant>,
}

impl Stats {
    /// Notes a frame that is done.
    pub fn finished(&mut self, captured: Instant, finished: Instant) {
        self.delay.add(millis(finished.saturating_duration_since(captured)));
        if let Some(last) = self.last.replace(finished) {
            self.period.add(millis(finished.saturating_duration_since(last)));
        }
    }

    /// Stands still: the time until the next frame is no period.
    pub fn interrupted(&mut self) {
        self.last = None;
    }

    /// Notes how long a stage took.
    pub fn stage(&mut self, stage: Stage, time: Duration) {
        self.stages[stage as usize].add(millis(time));
    }

    /// Frames a second.
    pub fn fps(&self) -> f64 {
        if self.period.value() > 0.0 { 1e3 / self.period.value() } else { 0.0 }
    }
}

/// What a run was, in numbers; the last line of `yolov4 view --headless`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Frames that came from the source.
    pub captured: u64,
    /// Those of them that went through the network and were shown.
    pub shown: u64,
    /// Those that were dropped for a newer one.
    pub dropped: u64,
    /// Those that could not be decoded, beside the ones captured.
    pub corrupt: u64,
    /// Frames a second from the first to the last.
    pub fps: f64,
    /// Milliseconds from a frame's arrival to the end of its work, smoothed.
    pub delay_ms: f64,
    /// Read-backs of boxes and pixels.
    pub readbacks: u64,
    /// Read-backs of times and counters.
    pub telemetry: u64,
    /// How often the device was lost and built again.
    pub devices_lost: u64,
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
