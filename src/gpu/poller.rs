//! Waiting for the GPU: in place on a thread that may sleep, by a thread of its own for futures of a runtime, whose threads have others
//! to serve.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};

use futures::channel::oneshot;

use crate::{
    error::{Error, Result},
    task,
};

/// The thread is made when it is first asked for; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct Poller(Arc<Mutex<Option<Thread>>>);

#[derive(Debug)]
struct Thread {
    ask: Option<Sender<oneshot::Sender<bool>>>,
    handle: Option<JoinHandle<()>>,
}

impl Poller {
    /// Waits until all that was submitted is done and its callbacks were called; whether that came to pass.
    ///
    /// # Errors
    /// [`Error::Io`] if the system gives no thread.
    pub async fn finished(&self, device: &wgpu::Device) -> Result<bool> {
        if task::may_block() {
            return Ok(wait(device, None).is_ok());
        }
        let (done, waiting) = oneshot::channel();
        {
            let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if thread.is_none() {
                *thread = Some(Thread::start(device.clone())?);
            }
            if let Some(ask) = thread.as_ref().and_then(|thread| thread.ask.as_ref()) {
                // If it has ended, `done` goes with the question.
                let _ = ask.send(done);
            }
        }
        Ok(waiting.await.unwrap_or(false))
    }
}

/// Waits until that submission is done, or all of them are without one, and the callbacks were called.
///
/// OpenGL waits for some two seconds at most, and then says that it is not done (wgpu-hal's `gles/fence.rs`): it is waited for again. A
/// device that is lost meanwhile makes wgpu panic where there is nobody to return an error to (`wgpu_core`'s `handle_error_fatal`).
///
/// # Errors
/// [`Error::DeviceLost`]
pub fn wait(device: &wgpu::Device, submission: Option<&wgpu::SubmissionIndex>) -> Result<()> {
    loop {
        let kind = wgpu::PollType::Wait { submission_index: submission.cloned(), timeout: None };
        return match catch_unwind(AssertUnwindSafe(|| device.poll(kind))) {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(wgpu::PollError::Timeout)) => continue,
            Ok(Err(e)) => Err(Error::DeviceLost(format!("waiting failed: {e}"))),
            Err(_) => Err(Error::DeviceLost("waiting failed".into())),
        };
    }
}

impl Thread {
    fn start(device: wgpu::Device) -> Result<Self> {
        let (ask, asked) = channel::<oneshot::Sender<bool>>();
        let run = move || {
            for done in asked {
                // Whoever asked may want it no more.
                let _ = done.send(wait(&device, None).is_ok());
            }
        };
        let handle = thread::Builder::new().name("gpu poll".into()).spawn(run);
        Ok(Self { ask: Some(ask), handle: Some(handle.map_err(Error::io("the GPU's thread"))?) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.ask = None;
        // Or it would still be inside the driver when the program ends and the driver is unloaded. Its own callbacks may drop the
        // last of those that ask.
        let other = |handle: &JoinHandle<()>| handle.thread().id() != thread::current().id();
        self.handle.take().filter(other).into_iter().for_each(|handle| drop(handle.join()));
    }
}
