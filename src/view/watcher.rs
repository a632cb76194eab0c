//! Wakes whoever waits for the GPU.

#[cfg(target_arch = "wasm32")]
use crate::gpu::Gpu;
#[cfg(not(target_arch = "wasm32"))]
use crate::gpu::{Gpu, wait};
use crate::{error::Result, view::Wake};

/// Waits on a thread of its own for what was submitted, so that nobody else has to.
#[cfg(not(target_arch = "wasm32"))]
pub struct Watcher {
    sender: Option<std::sync::mpsc::Sender<wgpu::SubmissionIndex>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Watcher {
    pub fn new(gpu: &Gpu, wake: Wake) -> Result<Self> {
        let (sender, receiver) = std::sync::mpsc::channel::<wgpu::SubmissionIndex>();
        let device = gpu.device().clone();
        let run = move || {
            for index in receiver {
                // Of no account here: the loop that is woken asks the device itself.
                let _ = wait(&device, Some(&index));
                wake();
            }
        };
        let thread = std::thread::Builder::new().name("gpu".into()).spawn(run);
        let thread = thread.map_err(crate::error::Error::io("the GPU's thread"))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub fn watch(&self, index: wgpu::SubmissionIndex) {
        // The thread is gone only with the chain.
        self.sender.iter().for_each(|sender| drop(sender.send(index.clone())));
    }

    /// What a read-back does when it has come: nothing, it comes while the device is polled by the one who waits.
    pub fn arrival(&self) -> impl FnOnce() + Send + 'static {
        || {}
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Drop for Watcher {
    fn drop(&mut self) {
        self.sender = None;
        // Or it would still be inside the driver when the program ends and the driver is unloaded.
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

/// A browser has no thread to wait on, and polls by itself: it calls back.
#[cfg(target_arch = "wasm32")]
pub struct Watcher {
    gpu: Gpu,
    wake: Wake,
}

#[cfg(target_arch = "wasm32")]
impl Watcher {
    pub fn new(gpu: &Gpu, wake: Wake) -> Result<Self> {
        Ok(Self { gpu: gpu.clone(), wake })
    }

    pub fn watch(&self, _: wgpu::SubmissionIndex) {
        let wake = self.wake.clone();
        self.gpu.queue().on_submitted_work_done(move || wake());
    }

    /// What a read-back does when it has come.
    pub fn arrival(&self) -> impl FnOnce() + Send + 'static {
        let wake = self.wake.clone();
        move || wake()
    }
}
