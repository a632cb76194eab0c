//! The frames that were shown last, to step back to.

use std::collections::VecDeque;

use yolov4::low_level::video::Frame;

/// Bytes that are kept where somebody may step back.
pub const MOST: usize = 64 << 20;

/// The frames that were shown last, and the place among them of the one that is shown.
#[derive(Debug, Default)]
pub struct History {
    /// Bytes that are kept, but one frame at least.
    pub most: usize,
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Steps back from the newest.
    back: usize,
}

impl History {
    /// A frame that is shown for the first time.
    pub fn push(&mut self, frame: Frame) {
        self.back = 0;
        self.bytes += frame.data.len();
        self.frames.push_back(frame);
        while self.bytes > self.most && self.frames.len() > 1 {
            self.bytes -= self.frames.pop_front().map_or(0, |old| old.data.len());
        }
    }

    /// The frame before the one that is shown.
    pub fn back(&mut self) -> Option<&Frame> {
        let at = self.frames.len().checked_sub(2 + self.back)?;
        self.back += 1;
        self.frames.get(at)
    }

    /// The newest frame, if that is not the one that is shown.
    pub fn newest(&mut self) -> Option<&Frame> {
        (std::mem::take(&mut self.back) > 0).then(|| self.frames.back())?
    }

    /// The frame after the one that is shown; none if that is the newest.
    pub fn forward(&mut self) -> Option<&Frame> {
        self.back = self.back.checked_sub(1)?;
        self.frames.get(self.frames.len() - 1 - self.back)
    }
}
