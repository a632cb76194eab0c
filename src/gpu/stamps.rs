//! Timestamps of the GPU's own clock, and their way home.

use std::time::Duration;

use crate::{error::Result, gpu::context::Gpu};

/// A set of timestamps.
#[derive(Debug)]
pub struct Stamps {
    set: wgpu::QuerySet,
    count: u32,
    resolved: wgpu::Buffer,
}

impl Stamps {
    /// Room for so many; none where the device has no timestamps.
    pub fn new(gpu: &Gpu, count: u32) -> Option<Self> {
        let (ty, copy) = (wgpu::QueryType::Timestamp, wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::QUERY_RESOLVE);
        gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY).then(|| Self {
            set: gpu.device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("timestamps"), ty, count }),
            count,
            resolved: gpu.buffer("timestamps", count as usize * 8, copy),
        })
    }

    /// Where they are written.
    pub fn set(&self) -> &wgpu::QuerySet {
        &self.set
    }

    /// Those at the ends of a pass: the first two for pass 0, the next two for pass 1.
    pub fn around(&self, pass: u32) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(2 * pass),
            end_of_pass_write_index: Some(2 * pass + 1),
        }
    }

    /// Length of all of them.
    pub fn bytes(&self) -> u64 {
        u64::from(self.count) * 8
    }

    /// Ends the commands that write them: they go `into` a buffer of the caller's, `at` a multiple of four bytes.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder, into: &wgpu::Buffer, at: u64) {
        encoder.resolve_query_set(&self.set, 0..self.count, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, into, at, Some(self.bytes()));
    }

    /// The times between neighbours, of the bytes that have come home.
    pub fn times(&self, gpu: &Gpu, bytes: &[u8]) -> Vec<Duration> {
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(bytes);
        let nanos = f64::from(gpu.queue.get_timestamp_period());
        let gap = |pair: &[u64]| Duration::from_nanos((pair[1].saturating_sub(pair[0]) as f64 * nanos) as u64);
        // The buffer may be longer than its stamps.
        stamps.windows(2).take(self.count as usize - 1).map(gap).collect()
    }

    /// Submits the commands that write them, waits, and returns the times between neighbours.
    ///
    /// # Errors
    /// What the device has complained about.
    pub async fn submit(&self, gpu: &Gpu, mut encoder: wgpu::CommandEncoder) -> Result<Vec<Duration>> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = gpu.buffer("timestamps", self.bytes() as usize, usage);
        self.resolve(&mut encoder, &staging, 0);
        gpu.queue.submit([encoder.finish()]);
        Ok(self.times(gpu, &gpu.read(&staging).await?))
    }
}
