//! Frames in, pictures with boxes out, without a way through the host: what a viewer, the web page and a program with a
//! device of its own share.
//!
//! - [`Live`]: what happens to a frame on the GPU, without a read-back.
//! - [`Scene`]: draws a frame, its boxes and a panel onto any target.
//!
//! And where there are sources of video:
//!
//! - [`Capture`]: a source on a thread of its own; only the newest frame waits.
//! - [`Pipeline`]: takes frames from one to the other, at most two in flight, and counts.

#[cfg(not(target_arch = "wasm32"))]
mod bell;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod capture;
mod chain;
mod clock;
mod glyphs;
mod labels;
mod live;
mod live_detector;
mod offscreen;
mod panel;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod pipeline;
mod render_pipelines;
mod scene;
mod slot;
mod stats;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod stream;
#[cfg(not(target_arch = "wasm32"))]
mod waiting;
mod watcher;

#[cfg(not(target_arch = "wasm32"))]
pub use bell::Bell;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use capture::{Capture, Pace, Waiting};
pub use chain::{Chain, Finished, IN_FLIGHT, Wake};
pub use labels::{Label, Labels, Letter};
pub use live::{FrameInput, Live, LiveOptions, Outcome};
pub use live_detector::{GPU_BOXES, LiveDetector};
pub use offscreen::Offscreen;
pub use panel::{Ink, Panel, Quad};
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use pipeline::Pipeline;
pub use render_pipelines::SHADERS;
pub use scene::{Boxes, Scene, View, fit};
pub use stats::{Meter, Stage, Stats, Summary};
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use stream::{FrameDetections, Stream};
