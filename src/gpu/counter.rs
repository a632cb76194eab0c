//! How often something was read back from a device.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// What is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Boxes, values, pixels.
    Results,
    /// A few bytes about the frame: times, whether there was room for its boxes.
    Telemetry,
}

/// How many read-backs there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Readbacks {
    /// Of boxes, values, pixels.
    pub results: u64,
    /// Of times and counters.
    pub telemetry: u64,
}

/// The counters of read-backs by [`Purpose`], shared by the clones of a [`crate::gpu::Gpu`].
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<[AtomicU64; 2]>);

impl Counter {
    /// One more.
    pub fn count(&self, purpose: Purpose) {
        self.0[purpose as usize].fetch_add(1, Relaxed);
    }

    /// Those so far.
    pub fn so_far(&self) -> Readbacks {
        let [results, telemetry] = &*self.0;
        Readbacks { results: results.load(Relaxed), telemetry: telemetry.load(Relaxed) }
    }
}
