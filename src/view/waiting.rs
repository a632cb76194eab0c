//! The chain for programs that may wait: every future of [`Live`] is driven to its end.

use std::time::Duration;

use web_time::Instant;

use crate::{
    detect::Detector,
    error::Result,
    gpu::{self, Gpu},
    host::Frame,
    task::wait,
    view::{Boxes, Chain, Finished, FrameInput, Live, LiveChain, Outcome, Stats},
};

impl Chain for Live {
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()> {
        wait(self.start(FrameInput::Samples(frame), number, false))
    }

    fn poll(&mut self) -> Result<Vec<Finished>> {
        wait(self.collect())
    }

    fn in_flight(&self) -> usize {
        self.flying()
    }
}

impl LiveChain for Live {
    fn detector(&self) -> &Detector {
        self.detector()
    }

    fn detector_mut(&mut self) -> &mut Detector {
        self.detector_mut()
    }

    fn gpu(&self) -> Option<&Gpu> {
        Some(self.gpu())
    }

    fn outcomes(&mut self) -> Vec<Outcome> {
        self.outcomes()
    }

    fn stages(&self) -> &Stats {
        self.stages()
    }

    fn drew(&mut self, time: Duration) {
        self.drew(time);
    }

    fn drawn_when_started(&self) -> bool {
        true
    }

    fn newest(&self) -> (Option<usize>, Boxes<'_>) {
        (self.newest(), Boxes::OnGpu)
    }

    fn newest_captured(&self) -> Instant {
        self.newest_captured()
    }

    fn hold(&mut self, slot: usize) {
        self.hold(slot);
    }

    fn again(&mut self) -> Result<()> {
        self.again()
    }

    fn catch_up(&mut self) -> Result<bool> {
        self.catch_up()
    }

    fn show(&mut self, frame: &Frame) -> Result<()> {
        self.finish()?;
        let number = self.newest_number();
        wait(self.start(FrameInput::Samples(frame), number, true))
    }

    fn finish(&mut self) -> Result<Vec<Finished>> {
        let mut done = Vec::new();
        while self.flying() > 0 {
            gpu::wait(self.gpu().device(), None)?;
            done.extend(self.poll()?);
        }
        Ok(done)
    }

    fn change(&mut self, detector: Detector) -> Result<()> {
        self.finish()?;
        wait(self.replace(detector))
    }
}
