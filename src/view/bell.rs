//! What a thread sleeps on that has nothing to do.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use crate::view::Wake;

/// Rung by whoever has something new, waited for by one.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    /// What rings it.
    pub fn wake(&self) -> Wake {
        let own = self.clone();
        Arc::new(move || {
            *own.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            own.0.1.notify_one();
        })
    }

    /// Sleeps until it rings, or `nap` is over.
    pub fn wait(&self, nap: Duration) {
        let rung = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) =
            self.0.1.wait_timeout_while(rung, nap, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}
