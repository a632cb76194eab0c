//! How long each node takes: timestamps between the dispatches of one pass.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    gpu::{context::TIMESTAMPS, play::Input, program::Program, ready::Ready},
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
    /// Plays one frame and times every dispatch of the network.
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
        let picture = self.put(input.into())?;
        let gpu = &self.gpu;
        let set = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("nodes"),
            ty: wgpu::QueryType::Timestamp,
            count: count as u32,
        });
        let copy = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::QUERY_RESOLVE;
        let resolved = gpu.buffer("timestamps", count * 8, copy);
        let staging = gpu.buffer("timestamps", count * 8, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let letterbox: Option<&Ready> = self.source.ready().filter(|_| picture);
            letterbox.into_iter().for_each(|ready| ready.record(&mut pass));
            pass.write_timestamp(&set, 0);
            for (i, (_, ready)) in self.steps.iter().enumerate() {
                ready.record(&mut pass);
                pass.write_timestamp(&set, i as u32 + 1);
            }
        }
        encoder.resolve_query_set(&set, 0..count as u32, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, None);
        gpu.queue.submit([encoder.finish()]);
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&gpu.read(&staging).await?);
        let nanos = f64::from(gpu.queue.get_timestamp_period());
        let times = self.steps.iter().zip(stamps.windows(2)).map(|((node, _), pair)| NodeTime {
            node: *node,
            time: Duration::from_nanos((pair[1].saturating_sub(pair[0]) as f64 * nanos) as u64),
        });
        Ok(times.collect())
    }
}
