//! Cameras of Linux, by the kernel's own interface (Video4Linux2), without any library.

pub mod camera;
pub mod io;
pub mod layout;
pub mod list;
pub mod modes;
mod query;
pub mod sys;

pub use camera::Camera;
pub use io::{V4l2Device, V4l2Io};
