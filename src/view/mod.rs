//! Frames in, pictures with boxes out, without a way through the host: what a viewer, the web page and a program with a
//! device of its own share.
//!
//! - [`Live`]: what happens to a frame on the GPU, without a read-back; `ProcessorChain`: the same on the processor.
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
#[cfg(not(target_arch = "wasm32"))]
mod live_chain;
mod live_detector;
mod offscreen;
mod outcome;
mod panel;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod pipeline;
#[cfg(not(target_arch = "wasm32"))]
mod processor;
mod render_pipelines;
mod scene;
mod slot;
#[cfg(not(target_arch = "wasm32"))]
mod start;
mod stats;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod stream;
#[cfg(not(target_arch = "wasm32"))]
mod waiting;
mod watcher;
#[cfg(not(target_arch = "wasm32"))]
mod worker;

#[cfg(not(target_arch = "wasm32"))]
pub use bell::Bell;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use capture::{Capture, Pace, Waiting};
pub use chain::{Chain, Finished, IN_FLIGHT, Wake};
pub use labels::{Label, Labels, Letter};
pub use live::{FrameInput, Live, LiveOptions};
#[cfg(not(target_arch = "wasm32"))]
pub use live_chain::LiveChain;
pub use live_detector::{GPU_BOXES, LiveDetector};
pub use offscreen::Offscreen;
pub use outcome::Outcome;
pub use panel::{Ink, Panel, Quad};
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use pipeline::Pipeline;
#[cfg(not(target_arch = "wasm32"))]
pub use processor::ProcessorChain;
pub use render_pipelines::SHADERS;
pub use scene::{Boxes, Scene, SceneSource, View, fit};
#[cfg(not(target_arch = "wasm32"))]
pub use start::live_chain;
pub use stats::{Meter, Stage, Stats, Summary};
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub use stream::{FrameDetections, Stream};
