//! The GPU player: beside `view`, which draws, the only floor that says wgpu. Everything is built once (adapter, device,
//! pipelines, bind groups, buffers); a frame is one submit, and what comes back is what somebody asked for.
//!
//! - [`Gpu`]: an adapter and its device, asked for with the limits that a network needs.
//! - [`Program`]: one network on one device, ready to play.
//! - [`Roof`]: what an adapter can do at most, measured.
//! - [`FrameTexture`], [`Feed`], [`Rank`], [`ReadbackBuffer`]: the pieces of a chain that never waits, from a video frame to the
//!   arguments of the draw that shows its boxes.
//!
//! One async path serves native and browser: a wait is a future, and on native the device is polled until it is done.

mod adapters;
mod bound;
mod boxes;
mod buffers;
mod call;
mod context;
mod convolve;
mod coop;
mod counter;
mod frames;
mod limits;
mod live;
mod lower;
mod measure;
mod parallel;
mod pipelines;
mod play;
#[cfg(not(target_arch = "wasm32"))]
mod poller;
mod profile;
mod program;
mod put;
mod rank;
mod readback;
mod report;
mod roof;
mod rung_benchmark;
mod source;
mod stamps;
mod table;
#[cfg(feature = "train")]
mod train;
mod tune;
mod upload;
mod weights;

pub use adapters::{Backend, GpuOptions, adapters, driver_hint};
pub use context::Gpu;
pub use coop::CoopSides;
pub use counter::{Purpose, Readbacks};
pub use frames::{FrameKind, FrameTexture};
pub use limits::{DeviceRequirements, requirements};
pub use live::Feed;
pub use measure::Clock;
pub use pipelines::Pipelines;
pub use play::Played;
#[cfg(not(target_arch = "wasm32"))]
pub use poller::wait;
pub use profile::NodeTime;
pub use program::{Program, ProgramOptions};
pub use put::ProgramInput;
pub use rank::{Drawn, Rank};
pub use readback::ReadbackBuffer;
pub use report::AdapterReport;
pub use roof::{ROOF_KERNELS, Roof};
pub use rung_benchmark::{RungBenchmark, Timing, TimingBudget};
pub use stamps::Stamps;
pub use table::{Table, TuningEntry};
#[cfg(feature = "train")]
pub use train::{Adaptive, Descent, GradientNorm, PlannedTraining, TrainOptions, TrainProgram};
pub use tune::{Tune, time};
pub use wgpu::TextureView;
