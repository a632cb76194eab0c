//! What a camera is and offers.

use serde::Serialize;

/// One camera.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CameraInfo {
    /// Its place in this list, from 0.
    pub number: usize,
    /// What opens it: `/dev/video0`, or the device's name for ffmpeg.
    pub path: String,
    /// In words: `HD Webcam C270`.
    pub name: String,
    /// Where it is plugged in: `usb-0000:00:14.0-1`; empty where the system does not say.
    pub bus: String,
    /// What it offers; empty where the system does not say.
    pub formats: Vec<CameraFormat>,
}

/// One layout and size that a camera offers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CameraFormat {
    /// As [`crate::video::FrameFormat::name`].
    pub format: String,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Frames per second; empty where the camera does not say.
    pub fps: Vec<f64>,
}
