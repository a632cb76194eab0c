//! A show of frames with boxes on them, in a window or without one.
//!
//! - [`Show`]: the source, the network, and what a user may do to them.
//! - [`window`]: shows it, and takes keys and dropped files.
//! - [`run_headless`]: plays it without a window.

mod commands;
mod display;
mod headless;
mod history;
mod hud;
pub mod keys;
mod record;
mod show;
mod studio;
mod surface;
mod trails;
pub mod window;
mod wishes;

pub use headless::{Each, Stop, run as run_headless};
pub use hud::Hud;
pub use record::Recorder;
pub use show::Show;
pub use studio::Studio;
pub use surface::Present;
pub use trails::Trails;
pub use wishes::{Progress, ShowOptions, Wish, Workshop};
