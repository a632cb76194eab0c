//! Frames in, pictures with boxes out: what the viewer's window, its headless form and the web page share.
//!
//! - [`Live`]: what happens to a frame on the GPU, without a read-back.
//! - [`Scene`]: draws a frame, its boxes and a panel onto any target.
//!
//! And what only programs outside of browsers have:
//!
//! - [`Capture`]: a source on a thread of its own; only the newest frame waits.
//! - [`Pipeline`]: takes frames from one to the other, at most two in flight, and counts.

mod brush;
mod chain;
mod clock;
mod ink;
mod labels;
mod live;
mod offscreen;
mod panel;
mod scene;
mod slot;
mod stats;
mod watcher;

pub use brush::SHADERS;
pub use chain::{Chain, Finished, IN_FLIGHT, Wake};
pub use labels::{Label, Labels, Letter};
pub use live::{Live, LiveOptions, Outcome, Shot};
pub use offscreen::Offscreen;
pub use panel::{Ink, Panel, Quad};
pub use scene::{BoxView, Boxes, Scene, View, fit};
pub use stats::{Meter, Stage, Stats, Summary};

#[cfg(not(target_arch = "wasm32"))]
pub use native::*;

/// What waits, has threads, or writes files.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    pub use super::{
        capture::{Capture, Pace, Waiting},
        headless::{Bell, Each, Stop, run as run_headless},
        hud::Hud,
        pipeline::Pipeline,
        record::Recorder,
        show::Show,
        studio::Studio,
        trails::Trails,
        wishes::{Progress, ShowOptions, Wish, Workshop},
    };
}

#[cfg(not(target_arch = "wasm32"))]
mod capture;
#[cfg(not(target_arch = "wasm32"))]
mod commands;
#[cfg(all(feature = "view", not(target_arch = "wasm32")))]
mod display;
#[cfg(not(target_arch = "wasm32"))]
mod headless;
#[cfg(not(target_arch = "wasm32"))]
mod history;
#[cfg(not(target_arch = "wasm32"))]
mod hud;
#[cfg(not(target_arch = "wasm32"))]
pub mod keys;
#[cfg(not(target_arch = "wasm32"))]
mod pipeline;
#[cfg(not(target_arch = "wasm32"))]
mod record;
#[cfg(not(target_arch = "wasm32"))]
mod show;
#[cfg(not(target_arch = "wasm32"))]
mod studio;
#[cfg(all(feature = "view", not(target_arch = "wasm32")))]
mod surface;
#[cfg(not(target_arch = "wasm32"))]
mod trails;
#[cfg(not(target_arch = "wasm32"))]
mod waiting;
#[cfg(all(feature = "view", not(target_arch = "wasm32")))]
pub mod window;
#[cfg(not(target_arch = "wasm32"))]
mod wishes;

#[cfg(all(feature = "view", not(target_arch = "wasm32")))]
pub use surface::Present;
