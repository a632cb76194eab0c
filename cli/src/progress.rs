//! Progress on a terminal: how far, how fast, how much is left.

use std::{fmt::Write, io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use yolov4::DetectorBuilder;

/// A bar on a terminal, nothing elsewhere; nothing for a single picture either. Of an unknown number, 0, it says what is done.
pub fn bar(count: usize) -> ProgressBar {
    let template = if count == 0 {
        "{spinner} {pos} done, {rate}"
    } else {
        "{bar:30} {pos}/{len}, {left} left, {rate}, {eta} to go"
    };
    styled(count, template)
}

/// A bar for the steps of building a network.
pub fn building(builder: DetectorBuilder) -> (DetectorBuilder, ProgressBar) {
    let bar = styled(0, "{bar:30} {pos}/{len}");
    let shown = bar.clone();
    let builder = builder.progress(Box::new(move |done, total| {
        shown.set_length(total as u64);
        shown.set_position(done as u64);
    }));
    (builder, bar)
}

fn styled(count: usize, template: &str) -> ProgressBar {
    let hidden = count == 1 || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        let left = |state: &ProgressState, w: &mut dyn Write| {
            // What cannot be written into a bar is left out of it.
            let _ = write!(w, "{}", state.len().unwrap_or(0).saturating_sub(state.pos()));
        };
        let rate = |state: &ProgressState, w: &mut dyn Write| {
            let _ = write!(w, "{:.1} a second", state.per_sec());
        };
        bar.set_style(style.with_key("left", left).with_key("rate", rate));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
