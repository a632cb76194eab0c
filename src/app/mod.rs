//! Frames in, pictures with boxes out: what the viewer's window and its headless form share.
//!
//! - [`Capture`]: a source on a thread of its own; only the newest frame waits.
//! - [`Chain`]: what happens to a frame on the GPU, without a read-back; [`Live`] is the real one.
//! - [`Pipeline`]: takes frames from one to the other, at most two in flight, and counts.
//! - [`Scene`]: draws a frame, its boxes and a panel onto any target.

mod brush;
mod capture;
mod clock;
mod commands;
mod headless;
mod history;
mod hud;
mod ink;
pub mod keys;
mod labels;
mod live;
mod offscreen;
mod panel;
mod pipeline;
mod record;
mod scene;
mod show;
mod slot;
mod stats;
mod studio;
#[cfg(feature = "view")]
mod surface;
mod trails;
mod watcher;
#[cfg(feature = "view")]
pub mod window;
mod wishes;

pub use brush::SHADERS;
pub use capture::{Capture, Pace, Waiting, Wake};
pub use headless::{Bell, Each, run as run_headless};
pub use hud::Hud;
pub use labels::{Label, Labels, Letter};
pub use live::{Live, LiveOptions, Outcome};
pub use offscreen::Offscreen;
pub use panel::{Ink, Panel, Quad};
pub use pipeline::{Chain, Finished, IN_FLIGHT, Pipeline};
pub use record::Recorder;
pub use scene::{BoxView, Boxes, Scene, View, fit};
pub use show::Show;
pub use stats::{Meter, Stage, Stats, Summary};
pub use studio::Studio;
#[cfg(feature = "view")]
pub use surface::Present;
pub use trails::Trails;
pub use wishes::{Progress, ShowOptions, Wish, Workshop};
