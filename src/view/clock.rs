//! How long a drawing takes on the GPU: two timestamps, read back when nobody waits for them.

use std::time::Duration;

use crate::{
    error::Result,
    gpu::{Gpu, Purpose, ReadbackBuffer, Stamps},
};

/// None of it where the adapter has no timestamps.
#[derive(Debug)]
pub struct DrawTimer {
    gpu: Gpu,
    stamps: Option<Stamps>,
    readback: ReadbackBuffer,
    /// Stamps were written that were not asked for yet.
    written: bool,
}

impl DrawTimer {
    pub fn new(gpu: &Gpu) -> Self {
        let stamps = Stamps::new(gpu, 2);
        let readback = ReadbackBuffer::new(gpu, stamps.as_ref().map_or(8, Stamps::bytes) as usize);
        Self { gpu: gpu.clone(), stamps, readback, written: false }
    }

    /// For the pass that is timed; none while the last times are on their way.
    pub fn writes(&mut self) -> Option<wgpu::RenderPassTimestampWrites<'_>> {
        let stamps = self.stamps.as_ref().filter(|_| !self.readback.pending())?;
        self.written = true;
        Some(wgpu::RenderPassTimestampWrites {
            query_set: stamps.set(),
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        })
    }

    /// After the pass.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        if let Some(stamps) = self.stamps.as_ref().filter(|_| self.written) {
            stamps.resolve(encoder, self.readback.buffer(), 0);
        }
    }

    /// After the submit.
    pub fn request(&mut self) {
        if std::mem::take(&mut self.written) {
            self.readback.request(&self.gpu, Purpose::Telemetry);
        }
    }

    /// The time of a drawing that was not told yet.
    ///
    /// # Errors
    /// What the device has complained about.
    pub fn take(&mut self) -> Result<Option<Duration>> {
        let Some(bytes) = self.readback.take(&self.gpu)? else { return Ok(None) };
        Ok(self.stamps.as_ref().and_then(|stamps| stamps.times(&self.gpu, &bytes).first().copied()))
    }
}
