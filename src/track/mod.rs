//! Boxes of successive frames to tracks: which object of this frame is which of the last.
//!
//! Boxes alone, no look at the pixels, in the manner of ByteTrack (Zhang et al., ECCV 2022, section 3): where each track
//! should be now is foretold by a Kalman filter; the detections of high score are paired with all tracks by overlap, then
//! those of low score with the tracks that are left, for an object half hidden scores low before it is gone.
//!
//! ```
//! use std::time::Duration;
//! use yolov4::{BoxPx, Detection, track::{Tracker, TrackerOptions}};
//!
//! let mut tracker = Tracker::new(TrackerOptions::default())?;
//! for frame in 0..3 {
//!     let bbox = BoxPx { x: 10.0 + 2.0 * frame as f32, y: 10.0, w: 40.0, h: 80.0 };
//!     let found = [Detection { class: 0, name: "person".into(), score: 0.9, bbox, id: None }];
//!     let tracked = tracker.update(&found, Duration::from_millis(40 * frame));
//!     assert_eq!(tracked[0].id, 1);
//!     assert_eq!(tracked[0].detection, found[tracked[0].index]);
//! }
//! # Ok::<(), yolov4::Error>(())
//! ```

pub mod assign;
mod motion;
mod options;
mod tracked;
mod tracker;

pub use options::TrackerOptions;
pub use tracked::Tracked;
pub use tracker::Tracker;
