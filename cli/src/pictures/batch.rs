//! Several pictures at once.

use yolov4::{Detections, Detector, Error, Picture, Result};

/// The objects in each picture; one that fails costs the others nothing, unless the device is lost.
pub async fn boxes(detector: &mut Detector, pictures: &[&Picture]) -> Vec<Result<Detections>> {
    match detector.detect_batch_async(pictures.iter().copied()).await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(e) if pictures.len() < 2 || matches!(e, Error::DeviceLost(_)) => vec![Err(e)],
        Err(_) => {
            let mut each = Vec::with_capacity(pictures.len());
            for picture in pictures {
                each.push(detector.detect_async(*picture).await);
            }
            each
        }
    }
}
