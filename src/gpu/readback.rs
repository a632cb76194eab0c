//! Bytes from the GPU, by an async map; on native the device is polled until they are there.

use futures::channel::oneshot;

use crate::{
    error::{Error, Result},
    gpu::context::Gpu,
};

impl Gpu {
    /// Waits for what was submitted before, then copies `buffer` (mappable) to the host.
    ///
    /// # Errors
    /// What the device has complained about, or that it could not be mapped.
    pub(super) async fn read(&self, buffer: &wgpu::Buffer) -> Result<Vec<u8>> {
        let (sender, receiver) = oneshot::channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only if the caller has lost interest.
            let _ = sender.send(result);
        });
        #[cfg(not(target_arch = "wasm32"))]
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|e| Error::Gpu(format!("waiting failed: {e}")))?;
        let mapped = receiver.await;
        self.check()?;
        match mapped {
            Ok(Ok(())) => {}
            Ok(Err(e)) => return Err(Error::Gpu(format!("read-back failed: {e}"))),
            Err(_) => return Err(Error::DeviceLost("a read-back was dropped".into())),
        }
        let bytes = buffer.get_mapped_range(..).map_err(|e| Error::Gpu(format!("read-back failed: {e}")))?.to_vec();
        buffer.unmap();
        Ok(bytes)
    }
}
