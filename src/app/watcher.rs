//! Waits on a thread of its own for what was submitted, so that nobody else has to.

use std::{
    sync::mpsc::{Sender, channel},
    thread::JoinHandle,
};

use crate::{
    app::Wake,
    error::{Error, Result},
    gpu::Gpu,
};

/// See above.
pub struct Watcher {
    sender: Option<Sender<wgpu::SubmissionIndex>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub fn new(gpu: &Gpu, wake: Wake) -> Result<Self> {
        let (sender, receiver) = channel::<wgpu::SubmissionIndex>();
        let device = gpu.device().clone();
        let run = move || {
            for index in receiver {
                // Of no account here: the loop that is woken asks the device itself.
                let _ = device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None });
                wake();
            }
        };
        let thread =
            std::thread::Builder::new().name("gpu".into()).spawn(run).map_err(Error::io("the GPU's thread"))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub fn watch(&self, index: wgpu::SubmissionIndex) {
        // The thread is gone only with the chain.
        self.sender.iter().for_each(|sender| drop(sender.send(index.clone())));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.sender = None;
        // Or it would still be inside the driver when the program ends and the driver is unloaded.
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}
