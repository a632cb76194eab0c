//! Pictures in, boxes out: the [`Detector`], over either player.

pub mod atlas;
mod build;
mod builder;
pub mod choices;
mod classes;
mod detection;
mod detections;
mod detector;
pub mod draw;
#[cfg(not(target_arch = "wasm32"))]
mod each;
pub mod formats;
mod host_player;
mod input;
mod jpeg;
mod letterbox;
#[cfg(feature = "gpu")]
mod live;
mod options;
mod other_files;
pub mod picture;
mod player;
#[cfg(feature = "gpu")]
pub mod roofs;
mod settings;
#[cfg(feature = "gpu")]
pub mod tuning;

pub use builder::{DetectorBuilder, Progress};
pub use choices::{Choice, Why};
pub use detection::{BoxPx, Detection};
pub use detections::Detections;
pub use detector::Detector;
#[cfg(not(target_arch = "wasm32"))]
pub use each::SeenPicture;
pub use host_player::{Heads, HostPlayer};
pub use input::{Input, PixelFormat, Pixels};
pub use letterbox::CanvasToImage;
pub use options::{NmsChoice, PlayerChoice, TuneChoice};
pub use player::Player;
