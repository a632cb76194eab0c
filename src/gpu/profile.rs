//! How long each node takes: timestamps between the dispatches of one pass.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    gpu::{program::Program, put::ProgramInput, report::TIMESTAMPS, stamps::Stamps},
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
    pub async fn time_nodes(&mut self, input: impl Into<ProgramInput<'_>>) -> Result<Vec<NodeTime>> {
        let count = self.steps.len() + 1;
        let able = self.gpu.device.features().contains(TIMESTAMPS) && count <= MAX_QUERIES;
        let Some(stamps) = able.then(|| Stamps::new(&self.gpu, count as u32)).flatten() else {
            return Err(Error::Limit {
                node: "profile".into(),
                what: "the time of each node".into(),
                needed: format!("{count} timestamps inside a pass"),
                allowed: "none".into(),
                hint: String::new(),
            });
        };
        let letterboxes = self.put_everywhere(input.into()).await?;
        let gpu = &self.gpu;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.letterboxes(&letterboxes).for_each(|bound| bound.record(&mut pass));
            pass.write_timestamp(stamps.set(), 0);
            for (i, (_, bound)) in self.steps.iter().enumerate() {
                bound.record(&mut pass);
                pass.write_timestamp(stamps.set(), i as u32 + 1);
            }
        }
        let gaps = stamps.submit(gpu, encoder).await?;
        Ok(self.steps.iter().zip(gaps).map(|((node, _), time)| NodeTime { node: *node, time }).collect())
    }

    /// Plays one frame, a whole batch of the same picture, and times the network as a whole by the GPU's own clock; none where there is no such clock.
    ///
    /// # Errors
    /// As [`Program::play`].
    pub async fn time_network(&mut self, input: impl Into<ProgramInput<'_>>) -> Result<Option<Duration>> {
        let Some(stamps) = Stamps::new(&self.gpu, 2) else { return Ok(None) };
        let letterboxes = self.put_everywhere(input.into()).await?;
        let gpu = &self.gpu;
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("network"),
                timestamp_writes: Some(stamps.around(0)),
            });
            self.record_network(&mut pass, &letterboxes);
        }
        Ok(stamps.submit(gpu, encoder).await?.first().copied())
    }
}
