//! Recordings and screenshots: pictures of the scene at the frame's own size, read back without waiting.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use yolov4::{
    Detection, Error, Gpu, Picture, Result,
    low_level::{
        detect::draw,
        files,
        gpu::{self, FrameTexture},
        view::{Boxes, LiveChain, Offscreen, Outcome, View, fit},
    },
};

use crate::viewer::{Recorder, Trails, painting::Painting};

/// Pictures that may be on their way back before frames have to wait.
const COMING: usize = 4;

/// Writes recordings and screenshots of what is shown.
pub struct CaptureOutput {
    font: Option<Vec<u8>>,
    stage: Option<Offscreen>,
    recording: Option<(PathBuf, Option<Recorder>)>,
    /// Whether frames wait for the encoder rather than being left out.
    pub patient: bool,
    /// Left and right exchanged.
    pub mirror: bool,
    shots: Vec<PathBuf>,
    /// What each picture on its way is for.
    wanted: std::collections::VecDeque<Use>,
    /// The newest frame, where no device draws, and what was found in it.
    last: Option<(Arc<Picture>, Vec<Detection>)>,
    saved: Vec<String>,
    done: u64,
}

#[derive(Debug)]
struct Use {
    /// Frames per second of the recording it goes into.
    record: Option<f64>,
    shots: Vec<PathBuf>,
}

impl CaptureOutput {
    /// Nothing is recorded.
    pub fn new(font: Option<Vec<u8>>) -> Self {
        Self {
            font,
            stage: None,
            recording: None,
            patient: false,
            mirror: false,
            shots: vec![],
            wanted: std::collections::VecDeque::new(),
            last: None,
            saved: vec![],
            done: 0,
        }
    }

    /// Records from the next frame on.
    pub fn record(&mut self, path: PathBuf) {
        self.recording = Some((path, None));
    }

    /// Whether a recording is under way, or begins with the next frame.
    pub fn recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Takes a picture of the next frame that is shown.
    pub fn screenshot(&mut self, path: PathBuf) {
        self.shots.push(path);
    }

    /// Files that were finished since the last call, each with what became of it.
    pub fn saved(&mut self) -> Vec<String> {
        std::mem::take(&mut self.saved)
    }

    /// Pictures that were written into a recording.
    pub fn recorded(&self) -> u64 {
        self.done
    }

    /// Whether another frame may be submitted: no more pictures are on their way than there is room for.
    pub fn has_room(&self) -> bool {
        self.stage.as_ref().is_none_or(|stage| stage.coming() < COMING)
    }

    /// Whether no picture is on its way.
    pub fn idle(&self) -> bool {
        self.stage.as_ref().is_none_or(|stage| stage.coming() == 0)
    }

    /// A frame that was started, whose boxes come from the GPU.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn started(&mut self, live: &dyn LiveChain, rate: f64) -> Result<()> {
        self.take(live, None, Some(rate))
    }

    /// The picture that is shown stands still: screenshots that were asked for are of it.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn still(&mut self, live: &dyn LiveChain, trails: Option<&Trails>) -> Result<()> {
        self.take(live, trails, None)
    }

    /// A frame whose boxes have come, with their numbers if there are tracks; `moved`: frames per second, if it is another frame than the
    /// last.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn done(
        &mut self,
        live: &dyn LiveChain,
        outcome: &Outcome,
        trails: Option<&Trails>,
        moved: Option<f64>,
    ) -> Result<()> {
        if live.gpu().is_none() {
            self.last = outcome.picture.clone().map(|picture| (picture, outcome.found()));
        }
        self.take(live, trails, moved)
    }

    /// The newest frame, drawn by whoever draws.
    fn take(&mut self, live: &dyn LiveChain, trails: Option<&Trails>, moved: Option<f64>) -> Result<()> {
        match (live.gpu(), trails) {
            (None, _) => self.paint(trails, moved),
            (Some(gpu), None) => {
                let (slot, boxes) = live.newest();
                self.shoot(gpu, live, slot, boxes, None, moved)
            }
            (Some(gpu), Some(trails)) => {
                self.shoot(gpu, live, trails.slot(), Boxes::Given(trails.boxes()), Some(trails), moved)
            }
        }
    }

    /// On the host, at once.
    fn paint(&mut self, trails: Option<&Trails>, moved: Option<f64>) -> Result<()> {
        let record = moved.filter(|_| self.recording.is_some());
        let Some((picture, found)) = &self.last else { return Ok(()) };
        if record.is_none() && self.shots.is_empty() {
            return Ok(());
        }
        let rect = [0.0, 0.0, picture.width as f32, picture.height as f32];
        let painting = Painting {
            font: self.font.as_deref().unwrap_or(draw::FONT),
            mirror: self.mirror,
            dots: &trails.map(|t| t.dots(rect, self.mirror)).unwrap_or_default(),
            size: self.recording.as_ref().and_then(|(_, recorder)| recorder.as_ref()).map(Recorder::size),
        };
        let painted = painting.paint(picture, found)?;
        let shots = std::mem::take(&mut self.shots);
        self.keep(painted, Use { record, shots });
        Ok(())
    }

    /// `moved`: frames per second, if it is another frame than the last.
    fn shoot(
        &mut self,
        gpu: &Gpu,
        live: &dyn LiveChain,
        slot: Option<usize>,
        boxes: Boxes<'_>,
        trails: Option<&Trails>,
        moved: Option<f64>,
    ) -> Result<()> {
        let record = moved.filter(|_| self.recording.is_some());
        let Some(size) = slot.and_then(|s| live.texture(s)).map(FrameTexture::size) else { return Ok(()) };
        if record.is_none() && self.shots.is_empty() {
            return Ok(());
        }
        let size = (size.0 as u32, size.1 as u32);
        // A recording keeps the size it began with.
        let fixed = self.recording.as_ref().is_some_and(|(_, recorder)| recorder.is_some());
        if self.stage.as_ref().is_none_or(|stage| stage.size() != size && !fixed && stage.coming() == 0) {
            let names = live.detector().class_names();
            let font = self.font.as_deref().unwrap_or(draw::FONT);
            self.stage = Some(Offscreen::new(gpu, &names, font, size, 14.0)?);
        }
        let Some(stage) = &mut self.stage else { return Ok(()) };
        let rect = fit((size.0 as usize, size.1 as usize), stage.size());
        let dots = trails.map(|t| t.dots(rect, self.mirror)).unwrap_or_default();
        stage.shoot(live, &View { size: stage.size(), slot, boxes, panel: &dots, mirror: self.mirror })?;
        self.wanted.push_back(Use { record, shots: std::mem::take(&mut self.shots) });
        Ok(())
    }

    /// Pictures that have come back go where they belong.
    ///
    /// # Errors
    /// What the device has complained about. What a file complains of is told by [`CaptureOutput::saved`].
    pub fn collect(&mut self) -> Result<()> {
        let Some(stage) = &mut self.stage else { return Ok(()) };
        for picture in stage.take()? {
            let Some(wanted) = self.wanted.pop_front() else { continue };
            self.keep(picture, wanted);
        }
        Ok(())
    }

    fn keep(&mut self, picture: Picture, wanted: Use) {
        for path in wanted.shots {
            self.saved.push(match save(&path, &picture) {
                Ok(()) => format!("{} was written", path.display()),
                Err(e) => format!("error: {e}"),
            });
        }
        if let Some(rate) = wanted.record
            && let Err(e) = self.add(picture, rate)
        {
            self.saved.push(format!("error: {e}"));
            self.recording = None;
        }
    }

    fn add(&mut self, picture: Picture, rate: f64) -> Result<()> {
        let Some((path, recorder)) = &mut self.recording else { return Ok(()) };
        if recorder.is_none() {
            let size = (picture.width as u32, picture.height as u32);
            *recorder = Some(Recorder::start(path, size, rate)?);
        }
        if let Some(recorder) = recorder {
            recorder.add(picture, self.patient)?;
            self.done += 1;
        }
        Ok(())
    }

    /// Ends the recording; what becomes of it is told by [`CaptureOutput::saved`].
    pub fn stop(&mut self) {
        if let Err(e) = self.close() {
            self.saved.push(format!("error: {e}"));
        }
    }

    fn close(&mut self) -> Result<()> {
        let Some((path, Some(recorder))) = self.recording.take() else { return Ok(()) };
        let dropped = recorder.finish()?;
        let left_out = if dropped > 0 { format!(" ({dropped} pictures were left out)") } else { String::new() };
        self.saved.push(format!("{} was written{left_out}", path.display()));
        Ok(())
    }

    /// Waits for pictures on their way, and ends the recording.
    ///
    /// # Errors
    /// Of the device or the file.
    pub fn finish(&mut self, gpu: Option<&Gpu>) -> Result<()> {
        while let Some(gpu) = gpu.filter(|_| !self.idle()) {
            gpu::wait(gpu.device(), None)?;
            self.collect()?;
        }
        self.close()
    }

    /// The device is gone, and what was on its way with it.
    pub fn lost(&mut self) {
        self.stage = None;
        self.wanted.clear();
    }
}

/// A picture file, whole or not at all; its ending says what is written.
fn save(path: &Path, picture: &Picture) -> Result<()> {
    let fail =
        |e: image::ImageError| Error::Image { path: path.to_owned(), message: format!("cannot be written: {e}") };
    let format = image::ImageFormat::from_path(path).map_err(fail)?;
    let pixels = image::RgbaImage::from_raw(picture.width as u32, picture.height as u32, picture.rgba.clone());
    let rgb = image::DynamicImage::from(pixels.unwrap_or_default()).to_rgb8();
    let mut bytes = std::io::Cursor::new(Vec::new());
    rgb.write_to(&mut bytes, format).map_err(fail)?;
    files::write_whole(path, |file| std::io::Write::write_all(file, bytes.get_ref())).map_err(Error::io(path))
}
