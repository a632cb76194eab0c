//! Where frames come from: one trait, one file per kind of source. Nothing here converts colours; that is the GPU's.

#[cfg(feature = "h264")]
mod boxes;
mod camera_info;
pub mod cameras;
#[cfg(feature = "h264")]
mod decoder;
pub mod ffmpeg;
mod input;
pub mod mjpeg;
#[cfg(feature = "h264")]
pub mod mp4;
mod open;
pub mod paths;
mod pictures;
mod piped;
mod reconnect;
mod screen;
mod showinfo;
mod source;
mod spec;
#[cfg(feature = "h264")]
mod sps;
#[cfg(feature = "h264")]
mod turn;
#[cfg(target_os = "linux")]
pub mod v4l2;
pub mod y4m;

pub use camera_info::{CameraFormat, CameraInfo};
pub use cameras::cameras;
pub use input::ByteStream;
pub use open::open;
pub use pictures::Pictures;
pub use reconnect::Reconnect;
pub use source::{Next, Source, Stopper};
pub use spec::{CameraMode, OpenOptions, Spec};

pub use crate::host::{Colour, Frame, FrameFormat, Matrix, Range, Siting};
use source::{MAX_FRAME, MAX_SIDE};
