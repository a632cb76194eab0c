//! The native part of the Python package: a [`Detector`] behind a lock, pictures in as bytes, boxes out as bytes. What Python sees of it is
//! in `python/yolov4`.

mod detector;
mod found;
mod options;
mod raise;
mod raw_input;

use pyo3::prelude::*;

/// The module `yolov4._yolov4`.
#[pymodule]
mod _yolov4 {
    #[pymodule_export]
    use crate::{detector::NativeDetector, found::NativeDetections};
}
