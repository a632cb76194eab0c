//! Frames in, pictures with boxes out: what the viewer's window and its headless form share.
//!
//! - [`Capture`]: a source on a thread of its own; only the newest frame waits.
//! - [`Chain`]: what happens to a frame on the GPU, without a read-back; [`Live`] is the real one.
//! - [`Pipeline`]: takes frames from one to the other, at most two in flight, and counts.
//! - [`Scene`]: draws a frame, its boxes and the HUD onto any target.

mod atlas;
mod capture;
mod hud;
mod labels;
mod live;
mod offscreen;
mod pipeline;
mod record;
mod scene;
mod slot;
mod stats;
#[cfg(feature = "view")]
pub mod window;

pub use atlas::{Atlas, Glyph};
pub use capture::{Capture, Pace, Waiting, Wake};
pub use hud::{Hud, Panel};
pub use live::{Live, LiveOptions, Outcome};
pub use offscreen::Offscreen;
pub use pipeline::{Chain, Finished, IN_FLIGHT, Pipeline};
pub use record::Recorder;
pub use scene::{Scene, SceneOptions, View};
pub use stats::{Meter, Stage, Stats};
