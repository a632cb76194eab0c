//! From the capture to the chain, at most two frames in flight.
//!
//! Two, so that the GPU never waits for the host, and no more, so that a frame waits for one other at most: what is shown
//! is never older than two periods of the chain and one of the source.

use crate::{
    error::Result,
    video::Frame,
    view::{Capture, Chain, IN_FLIGHT, Stats},
};

/// Counts, and keeps [`IN_FLIGHT`].
#[derive(Debug, Default)]
pub struct Pipeline {
    /// Rates and counts.
    pub stats: Stats,
    /// No more frames than this are started.
    pub limit: Option<u64>,
}

impl Pipeline {
    /// Collects what has ended, then starts the newest frame if there is one and room for it. Returns the one
    /// that was started: it can be shown.
    ///
    /// # Errors
    /// Of the chain or the source. A frame that the chain refuses is counted as shown: it left the capture.
    pub fn step(&mut self, capture: &Capture, chain: &mut dyn Chain) -> Result<Option<Frame>> {
        self.collect(chain)?;
        if chain.in_flight() >= IN_FLIGHT || self.at_limit() {
            return Ok(None);
        }
        match capture.take()? {
            None => Ok(None),
            Some(frame) => {
                let number = self.stats.shown;
                self.stats.shown += 1;
                chain.submit(&frame, number)?;
                Ok(Some(frame))
            }
        }
    }

    /// Whether as many frames were started as may be.
    pub fn at_limit(&self) -> bool {
        self.limit.is_some_and(|limit| self.stats.shown >= limit)
    }

    /// Collects what has ended.
    ///
    /// # Errors
    /// Of the chain.
    pub fn collect(&mut self, chain: &mut dyn Chain) -> Result<()> {
        for done in chain.poll()? {
            self.stats.finished(done.captured, done.finished);
        }
        Ok(())
    }
}
