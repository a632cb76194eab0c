//! A chain with a detector, whoever plays: what a viewer and a stream need of it.

use std::time::Duration;

use web_time::Instant;

use crate::{
    detect::Detector,
    error::Result,
    gpu::Gpu,
    host::Frame,
    view::{Boxes, Chain, Finished, Outcome, SceneSource, Stats},
};

/// A chain with a detector, whoever plays.
pub trait LiveChain: Chain + SceneSource + Send {
    /// The detector.
    fn detector(&self) -> &Detector;

    /// The detector, for its thresholds and classes: the next frame is played with those.
    fn detector_mut(&mut self) -> &mut Detector;

    /// The device that frames are drawn with; none where nothing is drawn.
    fn gpu(&self) -> Option<&Gpu>;

    /// What was done since the last call, in order.
    fn outcomes(&mut self) -> Vec<Outcome>;

    /// Takes over the times of the stages.
    fn stages(&self) -> &Stats;

    /// Notes how long a drawing took.
    fn drew(&mut self, time: Duration);

    /// Whether a frame can be drawn as soon as it is started, with boxes that only the GPU will know; else when it is done.
    fn drawn_when_started(&self) -> bool;

    /// The slot of the newest frame that can be drawn, and its boxes.
    fn newest(&self) -> (Option<usize>, Boxes<'_>);

    /// When that frame came in.
    fn newest_captured(&self) -> Instant;

    /// Keeps a slot's pixels from being written over, instead of the one kept before.
    fn hold(&mut self, slot: usize);

    /// Plays the newest frame once more, with thresholds that have changed. One that is under way is left to
    /// [`LiveChain::catch_up`].
    ///
    /// # Errors
    /// As [`Chain::submit`].
    fn again(&mut self) -> Result<()>;

    /// Does what [`LiveChain::again`] has left. Returns whether there is something new to draw.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    fn catch_up(&mut self) -> Result<bool>;

    /// Shows a frame that was shown before.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    fn show(&mut self, frame: &Frame) -> Result<()>;

    /// Waits for the frames under way.
    ///
    /// # Errors
    /// What the device complains of.
    fn finish(&mut self) -> Result<Vec<Finished>>;

    /// Puts another detector in place; frames under way are waited for.
    ///
    /// # Errors
    /// If it is of another device, or of none; what the device complains of.
    fn change(&mut self, detector: Detector) -> Result<()>;
}
