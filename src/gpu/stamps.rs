//! Timestamps of the GPU's own clock, and their way home.

use std::time::Duration;

use crate::{error::Result, gpu::context::Gpu};

/// A set of timestamps.
pub(super) struct Stamps {
    pub set: wgpu::QuerySet,
    count: u32,
    resolved: wgpu::Buffer,
    staging: wgpu::Buffer,
}

impl Stamps {
    /// Room for so many; the device must have timestamps.
    pub fn new(gpu: &Gpu, count: u32) -> Self {
        let (ty, bytes) = (wgpu::QueryType::Timestamp, count as usize * 8);
        let copy = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::QUERY_RESOLVE;
        Self {
            set: gpu.device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("timestamps"), ty, count }),
            count,
            resolved: gpu.buffer("timestamps", bytes, copy),
            staging: gpu.buffer("timestamps", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST),
        }
    }

    /// The first two, at the ends of a pass.
    pub fn around(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Ends the commands that write them.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.set, 0..self.count, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging, 0, None);
    }

    /// Once those were submitted: the times between neighbours.
    pub async fn gaps(&self, gpu: &Gpu) -> Result<Vec<Duration>> {
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&gpu.read(&self.staging).await?);
        let nanos = f64::from(gpu.queue.get_timestamp_period());
        let gap = |pair: &[u64]| Duration::from_nanos((pair[1].saturating_sub(pair[0]) as f64 * nanos) as u64);
        // The buffer may be longer than its stamps.
        Ok(stamps.windows(2).take(self.count as usize - 1).map(gap).collect())
    }
}
