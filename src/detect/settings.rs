//! What a detector is asked for after it was built, and what it knows of itself.

use std::sync::Arc;

use crate::{
    detect::{CanvasToImage, Detection, Detector, HostPlayer, Player, classes, player::check_channels},
    error::{Error, Result},
    host::Candidate,
};

impl Detector {
    /// The network on the host.
    ///
    /// # Errors
    /// [`Error::Usage`] if a GPU plays; [`Error::Graph`] if the network takes no pictures.
    #[doc(hidden)]
    pub fn host_player(&self) -> Result<Arc<HostPlayer>> {
        check_channels(self.graph())?;
        match &self.player {
            Player::Host(host) => Ok(Arc::clone(host)),
            #[cfg(feature = "gpu")]
            Player::Gpu(_) => Err(Error::Usage("a GPU plays, not the processor".into())),
        }
    }

    /// Candidates as [`Detector::detect`] returns them: in pixels, no more than asked for.
    #[doc(hidden)]
    pub fn detections(&self, found: &[Candidate], to_image: &CanvasToImage) -> Vec<Detection> {
        self.finish(found, to_image)
    }

    /// By class: whether it is wanted.
    #[doc(hidden)]
    pub fn wanted(&self) -> &[bool] {
        &self.wanted
    }

    /// A name for every class: its number where there are no names.
    pub fn class_names(&self) -> Vec<String> {
        let name = |class: usize| self.names.get(class).cloned().unwrap_or_else(|| class.to_string());
        (0..self.network.graph.classes()).map(name).collect()
    }

    /// Most boxes a picture, where that was asked for.
    pub fn max_det(&self) -> Option<usize> {
        self.max_det
    }

    /// Whether every picture is looked at three times: [`crate::DetectorBuilder::tta`].
    pub fn tta(&self) -> bool {
        self.tta
    }

    /// Minimum score and the overlap above which the lower-scoring box is removed, both 0 to 1.
    pub fn thresholds(&self) -> (f32, f32) {
        (self.thresholds.score_threshold, self.thresholds.iou_threshold)
    }

    /// Only boxes of these classes, by name or number, from the next frame on; of all if there are none.
    ///
    /// # Errors
    /// [`Error::Usage`] for a class that there is not.
    pub fn set_classes(&mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Result<()> {
        let wishes: Vec<String> = classes.into_iter().map(Into::into).collect();
        self.wanted = classes::filter(&wishes, &self.names, self.network.graph.classes())?;
        Ok(())
    }

    /// Sets minimum score and overlap, from the next frame on; both are clamped to 0 to 1.
    pub fn set_thresholds(&mut self, score_threshold: f32, iou_threshold: f32) {
        self.thresholds.score_threshold = score_threshold.clamp(0.0, 1.0);
        self.thresholds.iou_threshold = iou_threshold.clamp(0.0, 1.0);
    }

    /// The model's name: its file without folder and ending.
    pub fn title(&self) -> String {
        let source = &self.network.source;
        source.file_stem().unwrap_or(source.as_os_str()).to_string_lossy().into_owned()
    }
}
