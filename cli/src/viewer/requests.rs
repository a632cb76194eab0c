//! What a show is asked for, and who makes what it needs.

use std::{path::PathBuf, sync::Arc, time::Duration};

use yolov4::{
    Detector, Gpu, Precision, Result,
    low_level::{
        video::{OpenOptions, Spec},
        view::{Outcome, Pace},
    },
};

/// Which network is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRequest {
    /// Name or file.
    pub model: PathBuf,
    /// Weights, where they are another file.
    pub weights: Option<PathBuf>,
    /// Element type.
    pub precision: Precision,
}

/// Where a window is opened.
pub type Display = Arc<dyn wgpu::wgt::WgpuHasDisplayHandle>;

/// Makes devices and detectors, on any thread.
pub trait DetectorFactory: Send + Sync {
    /// Another device, on the adapter that was asked for, that can draw on `display`; none where the processor plays and nothing is
    /// drawn.
    ///
    /// # Errors
    /// [`yolov4::Error::NoAdapter`]
    fn gpu(&self, display: Option<Display>) -> Result<Option<Gpu>>;

    /// A detector on this device, or on the processor.
    ///
    /// # Errors
    /// Whatever is wrong with its files.
    fn detector(&self, gpu: Option<&Gpu>, request: &ModelRequest) -> Result<Detector>;

    /// Networks that can be had without a download, to go through with a key.
    fn requests(&self) -> Vec<ModelRequest>;
}

/// How it runs.
#[derive(Clone)]
pub struct SessionOptions {
    /// Where frames come from.
    pub spec: Spec,
    /// How a camera is opened.
    pub open: OpenOptions,
    /// When frames come.
    pub pace: Pace,
    /// Boxes get numbers that stay with their object.
    pub track: bool,
    /// Boxes are read back.
    pub wants_boxes: bool,
    /// A picture of the frame of this number, from 1.
    pub screenshot: Option<(u64, PathBuf)>,
    /// Font of labels instead of the shipped one.
    pub font: Option<Vec<u8>>,
    /// Where the window is, if there is one.
    pub display: Option<Display>,
    /// The device is destroyed after this many frames, once; for tests.
    pub lose_device_at: Option<u64>,
}

impl SessionOptions {
    /// Frames from there, in their own time; nothing is read back.
    pub fn new(spec: Spec) -> Self {
        let (open, pace) = (OpenOptions::default(), Pace::default());
        Self {
            spec,
            open,
            pace,
            track: false,
            wants_boxes: false,
            screenshot: None,
            font: None,
            display: None,
            lose_device_at: None,
        }
    }
}

/// What has happened since the last look.
#[derive(Debug, Default)]
pub struct SessionUpdate {
    /// There is something new to draw.
    pub fresh: bool,
    /// The device was lost and built again: surfaces and scenes are to be made anew.
    pub rebuilt: bool,
    /// Another network plays: its classes have other names.
    pub renamed: bool,
    /// Frames that are done.
    pub outcomes: Vec<Outcome>,
    /// What there is to say: files that were written, frames that could not be decoded.
    pub said: Vec<String>,
    /// The first frame of all is done: how long after the start. For a terminal; a window shows the frame.
    pub first: Option<Duration>,
    /// The source has ended and every frame is done.
    pub over: bool,
}

impl SessionUpdate {
    /// What there is to say at a terminal.
    pub fn told(&self) -> Vec<String> {
        let first = self.first.map(|after| format!("first frame after {:.2} s", after.as_secs_f64()));
        first.into_iter().chain(self.said.iter().cloned()).collect()
    }
}
