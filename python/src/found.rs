//! The objects in one picture.

use pyo3::{prelude::*, types::PyBytes};
use yolov4::{Detections, Result, image::RgbaImage};

use crate::{raise::raised, raw_input::RawInput};

/// What `yolov4.Detections` is made of.
#[pyclass(frozen)]
pub struct NativeDetections {
    detections: Detections,
    /// How many classes the network knows.
    classes: usize,
}

impl NativeDetections {
    pub fn new(detections: Detections, classes: usize) -> Self {
        Self { detections, classes }
    }
}

#[pymethods]
impl NativeDetections {
    /// The path, or nothing; columns; rows.
    fn picture(&self) -> (&str, usize, usize) {
        (&self.detections.image, self.detections.width, self.detections.height)
    }

    /// Left, top, right, bottom of each box: f32, in the machine's order of bytes.
    fn xyxy<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let corners = self.detections.iter().flat_map(|d| [d.bbox.x, d.bbox.y, d.bbox.right(), d.bbox.bottom()]);
        PyBytes::new(py, &corners.flat_map(f32::to_ne_bytes).collect::<Vec<_>>())
    }

    /// f32.
    fn score<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.detections.iter().flat_map(|d| d.score.to_ne_bytes()).collect::<Vec<_>>())
    }

    /// i64.
    fn class_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let classes = self.detections.iter().map(|d| i64::try_from(d.class).unwrap_or(i64::MAX));
        PyBytes::new(py, &classes.flat_map(i64::to_ne_bytes).collect::<Vec<_>>())
    }

    fn names(&self) -> Vec<String> {
        self.detections.iter().map(|d| d.name.clone()).collect()
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.detections.to_json().map_err(|e| raised(py, &e))
    }

    fn to_coco(&self, py: Python<'_>, image_id: u64) -> PyResult<String> {
        self.detections.to_coco(image_id, self.classes).map_err(|e| raised(py, &e))
    }

    fn to_yolo(&self) -> String {
        self.detections.to_yolo()
    }

    fn to_counts(&self) -> String {
        self.detections.to_counts()
    }

    /// Columns, rows and RGBA samples of a picture with the boxes on it.
    fn draw<'py>(&self, py: Python<'py>, picture: RawInput) -> PyResult<(u32, u32, Bound<'py, PyBytes>)> {
        let draw = || -> Result<RgbaImage> {
            let mut image = RgbaImage::try_from(picture.decode()?)?;
            self.detections.draw(&mut image)?;
            Ok(image)
        };
        let drawn = py.detach(draw).map_err(|e| raised(py, &e))?;
        Ok((drawn.width(), drawn.height(), PyBytes::new(py, &drawn)))
    }
}
