//! What a session is, in words: for the HUD and the title.

use yolov4::{Gpu, low_level::video::Spec};

use crate::viewer::Session;

impl Session {
    /// The source in words, without the folders that a file lies in.
    pub fn about(&self) -> String {
        let about = self.capture.as_ref().map_or("", |c| c.about());
        match self.spec() {
            Spec::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                about.replacen(&path.display().to_string(), &name, 1)
            }
            _ => about.to_owned(),
        }
    }

    /// Who plays: the adapter and its back end, or the processor.
    pub fn plays_on(&self) -> String {
        let detector = self.live.detector();
        detector
            .gpu()
            .map(Gpu::report)
            .map_or_else(|| detector.player(), |report| format!("{} ({})", report.name, report.backend))
    }
}
