//! How long a drawing takes on the GPU: two timestamps, read back when nobody waits for them.

use std::time::Duration;

use crate::{
    app::ink::buffer,
    error::Result,
    gpu::{Gpu, Landing, Purpose},
};

const STAMPS: u32 = 2;
const BYTES: u64 = STAMPS as u64 * 8;

/// None of it where the adapter has no timestamps.
#[derive(Debug)]
pub struct Clock {
    gpu: Gpu,
    parts: Option<(wgpu::QuerySet, wgpu::Buffer)>,
    landing: Landing,
    /// Stamps were written that were not asked for yet.
    written: bool,
}

impl Clock {
    pub fn new(gpu: &Gpu) -> Self {
        let device = gpu.device();
        let parts = device.features().contains(wgpu::Features::TIMESTAMP_QUERY).then(|| {
            let set = device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("drawing"),
                ty: wgpu::QueryType::Timestamp,
                count: STAMPS,
            });
            let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
            (set, buffer(device, "drawing", BYTES as usize, usage))
        });
        Self { gpu: gpu.clone(), parts, landing: Landing::new(gpu, BYTES as usize), written: false }
    }

    /// For the pass that is timed; none while the last times are on their way.
    pub fn writes(&mut self) -> Option<wgpu::RenderPassTimestampWrites<'_>> {
        let (set, _) = self.parts.as_ref().filter(|_| !self.landing.pending())?;
        self.written = true;
        Some(wgpu::RenderPassTimestampWrites {
            query_set: set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        })
    }

    /// After the pass.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        if let Some((set, resolved)) = self.parts.as_ref().filter(|_| self.written) {
            encoder.resolve_query_set(set, 0..STAMPS, resolved, 0);
            encoder.copy_buffer_to_buffer(resolved, 0, self.landing.buffer(), 0, Some(BYTES));
        }
    }

    /// After the submit.
    pub fn request(&mut self) {
        if std::mem::take(&mut self.written) {
            self.landing.request(&self.gpu, Purpose::Telemetry);
        }
    }

    /// The time of a drawing that was not told yet.
    ///
    /// # Errors
    /// What the device has complained about.
    pub fn take(&mut self) -> Result<Option<Duration>> {
        let Some(bytes) = self.landing.take(&self.gpu)? else { return Ok(None) };
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes[..BYTES as usize]);
        let ticks = stamps[1].saturating_sub(stamps[0]) as f64;
        Ok(Some(Duration::from_nanos((ticks * f64::from(self.gpu.queue().get_timestamp_period())) as u64)))
    }
}
