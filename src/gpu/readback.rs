//! Bytes from the GPU, by an async map; on native the device is polled until they are there, by the thread that waits for them or,
//! where that may not sleep, by another. Every one is counted.

use futures::channel::oneshot;

use crate::{
    error::{Error, Result},
    gpu::{
        context::Gpu,
        counter::{Purpose, Readbacks},
    },
};

type MapResult = std::result::Result<(), wgpu::BufferAsyncError>;

/// Set by the map's callback.
type Mapped = oneshot::Receiver<MapResult>;

impl Gpu {
    /// The only way from the GPU to the host.
    fn map(&self, buffer: &wgpu::Buffer, purpose: Purpose, then: impl FnOnce() + Send + 'static) -> Mapped {
        let (sender, receiver) = oneshot::channel();
        self.readbacks.count(purpose);
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only if the caller has lost interest.
            let _ = sender.send(result);
            then();
        });
        receiver
    }

    /// What has been read back from this device so far.
    pub fn readbacks(&self) -> Readbacks {
        self.readbacks.so_far()
    }

    /// Waits for what was submitted before, then copies `buffer` (mappable) to the host.
    ///
    /// # Errors
    /// What the device has complained about, or that it could not be mapped.
    pub(super) async fn read(&self, buffer: &wgpu::Buffer) -> Result<Vec<u8>> {
        let mut mapping = Mapping { buffer, state: State::Asked(self.map(buffer, Purpose::Results, || {})) };
        #[cfg(not(target_arch = "wasm32"))]
        if !self.poller.finished(&self.device).await? {
            self.check()?;
            return Err(Error::DeviceLost("it was lost while it was waited for".into()));
        }
        mapping.state.wait().await;
        self.check()?;
        let State::There(outcome) = std::mem::take(&mut mapping.state) else {
            return Err(Error::Gpu("a read-back did not come".into()));
        };
        self.copy_out(buffer, outcome)
    }

    /// Waits as `read` does, then brings `buffer`, which cannot be mapped, to the host through a buffer that can.
    pub(super) async fn read_all(&self, buffer: &wgpu::Buffer) -> Result<Vec<u8>> {
        let readback = ReadbackBuffer::new(self, buffer.size() as usize);
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &readback.buffer, 0, None);
        self.queue.submit([encoder.finish()]);
        self.read(&readback.buffer).await
    }

    fn copy_out(&self, buffer: &wgpu::Buffer, mapped: Option<MapResult>) -> Result<Vec<u8>> {
        match mapped {
            Some(Ok(())) => {}
            Some(Err(e)) => return Err(Error::Gpu(format!("read-back failed: {e}"))),
            None => return Err(Error::DeviceLost("a read-back was dropped".into())),
        }
        let bytes = buffer.get_mapped_range(..).map_err(|e| Error::Gpu(format!("read-back failed: {e}")))?.to_vec();
        buffer.unmap();
        Ok(bytes)
    }
}

/// A buffer that is being mapped. Where nobody takes its bytes - the future that waits for them is dropped, the device complains -
/// it is unmapped, for commands write to it again.
struct Mapping<'a> {
    buffer: &'a wgpu::Buffer,
    state: State,
}

impl Drop for Mapping<'_> {
    fn drop(&mut self) {
        self.state.abandon(self.buffer);
    }
}

/// A buffer that commands copy into and the host reads later, without waiting.
#[derive(Debug)]
pub struct ReadbackBuffer {
    buffer: wgpu::Buffer,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Asked(Mapped),
    /// Mapped, or why not; none if the device dropped it.
    There(Option<MapResult>),
}

impl State {
    /// Whether the bytes are there, or never will be; the device must have been polled.
    fn arrived(&mut self) -> bool {
        if let Self::Asked(receiver) = self {
            match receiver.try_recv() {
                Ok(None) => {}
                Ok(Some(outcome)) => *self = Self::There(Some(outcome)),
                Err(oneshot::Canceled) => *self = Self::There(None),
            }
        }
        matches!(self, Self::There(_))
    }

    /// Waits for them; somebody else must see to it that they come.
    async fn wait(&mut self) {
        if let Self::Asked(receiver) = self {
            *self = Self::There(receiver.await.ok());
        }
    }

    /// Unmaps a buffer whose bytes nobody wants, or ends its mapping; one whose mapping has failed is as it was.
    fn abandon(&mut self, buffer: &wgpu::Buffer) {
        self.arrived();
        if let Self::Asked(_) | Self::There(Some(Ok(()))) = std::mem::take(self) {
            buffer.unmap();
        }
    }
}

impl ReadbackBuffer {
    /// Room for `bytes`.
    pub fn new(gpu: &Gpu, bytes: usize) -> Self {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        Self { buffer: gpu.buffer("readback", bytes, usage), state: State::Idle }
    }

    /// Where commands copy to; not while a read-back is under way.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Asks for the bytes; after the copying commands were submitted.
    pub fn request(&mut self, gpu: &Gpu, purpose: Purpose) {
        self.request_then(gpu, purpose, || {});
    }

    /// Asks for the bytes; `then` is called when they have arrived.
    pub fn request_then(&mut self, gpu: &Gpu, purpose: Purpose, then: impl FnOnce() + Send + 'static) {
        self.state = State::Asked(gpu.map(&self.buffer, purpose, then));
    }

    /// Asks for the bytes when `encoder`, which has the copying commands, is submitted. If it never is, they never come.
    pub fn request_on_submit(&mut self, gpu: &Gpu, encoder: &wgpu::CommandEncoder, purpose: Purpose) {
        let (sender, receiver) = oneshot::channel();
        gpu.readbacks.count(purpose);
        encoder.map_buffer_on_submit(&self.buffer, wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only if the caller has lost interest.
            let _ = sender.send(result);
        });
        self.state = State::Asked(receiver);
    }

    /// Whether a read-back is under way, or has come and was not taken.
    pub fn pending(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// Whether the bytes are there, or never will be; the device must have been polled.
    pub fn arrived(&mut self) -> bool {
        self.state.arrived()
    }

    /// Waits for them; on native somebody else must poll the device meanwhile.
    pub async fn wait(&mut self) {
        self.state.wait().await;
    }

    /// The bytes, once they are there.
    ///
    /// # Errors
    /// What the device has complained about, or that it could not be mapped.
    pub fn take(&mut self, gpu: &Gpu) -> Result<Option<Vec<u8>>> {
        if !self.arrived() {
            return Ok(None);
        }
        if let Err(complaint) = gpu.check() {
            self.state.abandon(&self.buffer);
            return Err(complaint);
        }
        let State::There(outcome) = std::mem::take(&mut self.state) else { return Ok(None) };
        gpu.copy_out(&self.buffer, outcome).map(Some)
    }
}
