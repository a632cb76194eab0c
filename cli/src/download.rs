//! What a download says: which address, how far, how fast, how long still.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use yolov4::low_level::{
    fetch::{Event, Watch},
    text::grouped,
};

use crate::output;

/// A line for every connection; on a terminal a bar below it.
pub fn bar() -> Box<Watch<'static>> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    Box::new(move |event| match event {
        Event::Waiting { file } => {
            output::say(format_args!("waiting for another process that fetches {}", file.display()));
        }
        Event::Start { url, from, bytes } => {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            let rest = if from > 0 { format!(", from byte {}", grouped(from)) } else { String::new() };
            output::say(format_args!("fetching {url} ({} bytes{rest})", grouped(bytes)));
            bar.set_length(bytes);
            bar.reset();
            bar.set_position(from);
            // What was there already is no measure of the speed.
            bar.reset_eta();
            bar.enable_steady_tick(Duration::from_millis(200));
            if std::io::stderr().is_terminal() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
        }
        Event::Progress(done) => {
            bar.set_position(done);
            if bar.length() == Some(done) {
                bar.finish_and_clear();
            }
        }
        Event::Again { why } => {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            output::say(format_args!("note: {why}; going on from there"));
        }
    })
}
