//! A show of frames with boxes on them, in a window or without one.
//!
//! - [`Session`]: the source, the network, and what a user may do to them.
//! - [`window`]: shows it, and takes keys and dropped files.
//! - [`run_headless`]: plays it without a window.

mod capture_output;
mod commands;
mod display;
mod headless;
mod history;
mod hud;
pub mod keys;
mod painting;
mod record;
mod requests;
mod session;
mod surface;
mod trails;
pub mod window;
mod words;

pub use capture_output::CaptureOutput;
pub use headless::{Each, Stop, run as run_headless};
pub use hud::Hud;
pub use record::Recorder;
pub use requests::{DetectorFactory, Display, ModelRequest, SessionOptions, SessionUpdate};
pub use session::Session;
pub use surface::Present;
pub use trails::Trails;
