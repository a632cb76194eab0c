//! A thread that waits for the GPU, for those that may not: futures of a runtime, whose threads have others to serve.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
};

use crate::error::{Error, Result};

/// Made when it is first asked for; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct Poller(Arc<Mutex<Option<Thread>>>);

#[derive(Debug)]
struct Thread {
    ask: Option<Sender<()>>,
    handle: Option<JoinHandle<()>>,
}

impl Poller {
    /// Sees to it that the callbacks of what was submitted so far are called; does not wait for them.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub fn poll(&self, device: &wgpu::Device) -> Result<()> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            *thread = Some(Thread::start(device.clone())?);
        }
        for ask in thread.iter().flat_map(|thread| &thread.ask) {
            // It ends only with the last of those that may ask.
            let _ = ask.send(());
        }
        Ok(())
    }
}

impl Thread {
    fn start(device: wgpu::Device) -> Result<Self> {
        let (ask, asked) = channel();
        let run = move || {
            for () in asked {
                // Whoever waits learns of a failure by the callback, or the want of one.
                let _ = device.poll(wgpu::PollType::wait_indefinitely());
            }
        };
        let handle = std::thread::Builder::new().name("gpu poll".into()).spawn(run);
        Ok(Self { ask: Some(ask), handle: Some(handle.map_err(Error::io("the GPU's thread"))?) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.ask = None;
        // Or it would still be inside the driver when the program ends and the driver is unloaded.
        self.handle.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}
