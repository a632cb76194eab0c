//! How long each node takes: timestamps between the dispatches of one pass.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    gpu::{
        context::{Gpu, TIMESTAMPS},
        play::Input,
        program::Program,
    },
    graph::NodeId,
};

/// Time of one dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeTime {
    /// The node of the fused graph.
    pub node: NodeId,
    /// Its kernel's time on the GPU.
    pub time: Duration,
}

/// Most queries in one set (wgpu's own limit is 4096).
const MAX_QUERIES: usize = 4096;

impl Program {
    /// Plays one frame, a whole batch of the same picture, and times every dispatch of the network.
    ///
    /// # Errors
    /// [`Error::Limit`] if the device was made without timestamps; as [`Program::play`] otherwise.
    pub async fn time_nodes(&mut self, input: impl Into<Input<'_>>) -> Result<Vec<NodeTime>> {
        let count = self.steps.len() + 1;
        if !self.gpu.device.features().contains(TIMESTAMPS) || count > MAX_QUERIES {
            return Err(Error::Limit {
                node: "profile".into(),
                what: "the time of each node".into(),
                needed: format!("{count} timestamps inside a pass"),
                allowed: "none".into(),
                hint: String::new(),
            });
        }
        let letterboxes = self.put_everywhere(input.into())?;
        let gpu = &self.gpu;
        let stamps = Stamps::new(gpu, count as u32);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.letterboxes(&letterboxes).for_each(|ready| ready.record(&mut pass));
            pass.write_timestamp(&stamps.set, 0);
            for (i, (_, ready)) in self.steps.iter().enumerate() {
                ready.record(&mut pass);
                pass.write_timestamp(&stamps.set, i as u32 + 1);
            }
        }
        let gaps = stamps.gaps(gpu, encoder).await?;
        Ok(self.steps.iter().zip(gaps).map(|((node, _), time)| NodeTime { node: *node, time }).collect())
    }

    /// Plays one frame, a whole batch of the same picture, and times the network as a whole by the GPU's own clock; none where there is no such clock.
    ///
    /// # Errors
    /// As [`Program::play`].
    pub async fn time_network(&mut self, input: impl Into<Input<'_>>) -> Result<Option<Duration>> {
        if !self.gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let letterboxes = self.put_everywhere(input.into())?;
        let gpu = &self.gpu;
        let stamps = Stamps::new(gpu, 2);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("network"),
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &stamps.set,
                    beginning_of_pass_write_index: Some(0),
                    end_of_pass_write_index: Some(1),
                }),
            });
            self.record_network(&mut pass, &letterboxes);
        }
        Ok(stamps.gaps(gpu, encoder).await?.first().copied())
    }
}

/// Timestamps and their way home.
struct Stamps {
    set: wgpu::QuerySet,
    count: u32,
}

impl Stamps {
    fn new(gpu: &Gpu, count: u32) -> Self {
        let ty = wgpu::QueryType::Timestamp;
        Self { set: gpu.device.create_query_set(&wgpu::QuerySetDescriptor { label: Some("nodes"), ty, count }), count }
    }

    /// Submits the commands that write them; the times between neighbours.
    async fn gaps(&self, gpu: &Gpu, mut encoder: wgpu::CommandEncoder) -> Result<Vec<Duration>> {
        let bytes = self.count as usize * 8;
        let copy = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::QUERY_RESOLVE;
        let resolved = gpu.buffer("timestamps", bytes, copy);
        let staging = gpu.buffer("timestamps", bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        encoder.resolve_query_set(&self.set, 0..self.count, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, None);
        gpu.queue.submit([encoder.finish()]);
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&gpu.read(&staging).await?);
        let nanos = f64::from(gpu.queue.get_timestamp_period());
        let gap = |pair: &[u64]| Duration::from_nanos((pair[1].saturating_sub(pair[0]) as f64 * nanos) as u64);
        // The buffer may be longer than its stamps.
        Ok(stamps.windows(2).take(self.count as usize - 1).map(gap).collect())
    }
}
