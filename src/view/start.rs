//! The chain for a detector.

use crate::{
    detect::Detector,
    error::Result,
    gpu::Gpu,
    task,
    view::{Live, LiveChain, LiveOptions, ProcessorChain},
};

/// The chain for a detector: on its GPU, or on the processor, which draws on `display`, if anything is drawn.
///
/// # Errors
/// What the device complains of; [`crate::Error::Io`] if the system gives no thread.
pub fn live_chain(detector: Detector, display: Option<Gpu>, options: &LiveOptions) -> Result<Box<dyn LiveChain>> {
    match detector.program() {
        Ok(_) => Ok(Box::new(task::wait(Live::new(detector, options))?)),
        Err(_) => Ok(Box::new(ProcessorChain::new(detector, display, options.wake.clone())?)),
    }
}
