//! Without a window: the same chain, until the source ends or enough frames were shown.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use yolov4::{
    Result,
    low_level::view::{Bell, Outcome, Summary},
};

use crate::viewer::Session;

/// Longest nap: whatever is not announced by a wake is seen then.
const NAP: Duration = Duration::from_millis(100);

/// Gets every frame that is done, in order, and what there is to say.
pub type Each<'a> = dyn FnMut(&[Outcome], &[String]) -> Result<()> + 'a;

/// Asks a run to end; what it has begun is finished.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Does so; `true` the first time.
    pub fn stop(&self) -> bool {
        !self.0.swap(true, Relaxed)
    }

    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Runs to the end, or until it is to stop; tells `each` about it.
///
/// # Errors
/// What cannot be gone on from, or what `each` says.
pub fn run(session: &mut Session, bell: &Bell, stop: &Stop, each: &mut Each<'_>) -> Result<Summary> {
    loop {
        let progress = session.advance()?;
        each(&progress.outcomes, &progress.told())?;
        if progress.over || stop.asked() {
            break;
        }
        if progress.outcomes.is_empty() && !progress.fresh {
            bell.wait(NAP);
        }
    }
    let summary = session.finish();
    let (rest, said) = (session.remaining(), session.capture_output.saved());
    each(&rest, &said)?;
    summary
}
