//! The chain for programs that may wait: every future of [`Live`] is driven to its end.

use crate::{
    detect::Detector,
    error::{Error, Result},
    host::Frame,
    task::wait,
    view::{Chain, Finished, FrameInput, Live},
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

impl Live {
    /// Shows a frame that was shown before.
    ///
    /// # Errors
    /// As [`Live::start`].
    pub fn show(&mut self, frame: &Frame) -> Result<()> {
        self.finish()?;
        let number = self.newest_number();
        wait(self.start(FrameInput::Samples(frame), number, true))
    }

    /// Waits for the frames in flight.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn finish(&mut self) -> Result<Vec<Finished>> {
        let mut done = Vec::new();
        while self.flying() > 0 {
            self.gpu()
                .device()
                .poll(wgpu::PollType::wait_indefinitely())
                .map_err(|e| Error::DeviceLost(format!("waiting failed: {e}")))?;
            done.extend(self.poll()?);
        }
        Ok(done)
    }

    /// Puts another detector in place, which must be of the same device; frames in flight are waited for.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn change(&mut self, detector: Detector) -> Result<()> {
        self.finish()?;
        wait(self.replace(detector))
    }
}
