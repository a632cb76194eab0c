//! Ctrl-C ends a run so that recordings are whole; a second one ends the program at once.

use yolov4::low_level::view::Wake;

use crate::viewer::Stop;

/// Exit code of a program that was interrupted, as shells know it.
const INTERRUPTED: i32 = 130;

/// What is asked to stop; `wake` makes the run look.
pub fn stop(wake: Wake) -> Stop {
    let stop = Stop::default();
    let own = stop.clone();
    let set = ctrlc::set_handler(move || {
        if own.stop() {
            wake();
        } else {
            std::process::exit(INTERRUPTED);
        }
    });
    if let Err(e) = set {
        tracing::warn!("Ctrl-C ends the program at once: {e}");
    }
    stop
}
