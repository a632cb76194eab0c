//! What is told of a display that is not there, and of one that goes.

use winit::error::{EventLoopError, OsError};

use yolov4::Error;

/// None at the start: a window was asked for where there can be none, and another option helps.
pub(super) fn missing() -> Error {
    let set = |name: &str| std::env::var_os(name).is_some();
    let why = match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (true, _) if cfg!(feature = "wayland") => "nothing answers at $WAYLAND_DISPLAY",
        (_, true) => "nothing answers at $DISPLAY",
        (true, false) => "this build opens windows on X11 (XWayland) alone, and DISPLAY is not set; --features wayland",
        (false, false) => "neither WAYLAND_DISPLAY nor DISPLAY is set",
    };
    let why = if cfg!(target_os = "linux") { format!(": {why}") } else { String::new() };
    Error::Usage(format!("there is no display to open a window on{why}; --headless needs none"))
}

/// A display that opens no window.
pub(super) fn no_window(why: &OsError) -> Error {
    Error::Usage(format!("no window can be opened ({why}); --headless needs none"))
}

/// It went while the window was open.
pub(super) fn gone(why: &EventLoopError) -> Error {
    Error::Display(format!("the display has gone: {why}"))
}

/// The event loop ended, and nobody has told it to.
pub(super) fn closed() -> Error {
    Error::Display("the window was closed before anything was shown".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_that_goes_is_no_fault_of_the_options() {
        let (gone, closed) = (gone(&EventLoopError::ExitFailure(1)), closed());
        assert!([&gone, &closed].iter().all(|e| matches!(e, Error::Display(_))), "{gone:?} {closed:?}");
        assert!(gone.to_string().starts_with("the display has gone: "), "{gone}");
    }
}
