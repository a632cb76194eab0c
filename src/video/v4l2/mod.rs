//! Cameras of Linux, by the kernel's own interface (Video4Linux2), without any library.

mod ask;
pub mod camera;
pub mod io;
pub mod layout;
pub mod list;
pub mod modes;
pub mod sys;

pub use camera::Camera;
pub use io::{Device, V4l2Io};
