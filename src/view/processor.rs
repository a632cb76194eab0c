//! The chain where no GPU plays: frames go to the processor, one after the other, on a thread of its own. What is drawn is the frame
//! whose boxes came last.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use web_time::Instant;

use crate::{
    detect::{CanvasToImage, Detector},
    error::Result,
    gpu::{FrameKind, FrameTexture, Gpu, Pipelines, Rank},
    host::{Candidate, Frame, Picture},
    kernels::Precision,
    task,
    view::{
        Boxes, Chain, Finished, LiveChain, Outcome, SceneSource, Stage, Stats, Wake,
        worker::{Job, PlayedFrame, Worker},
    },
};

/// What is known of a frame under way.
struct Flight {
    frame: Arc<Frame>,
    number: u64,
    to_image: CanvasToImage,
    /// It was shown before, and does not count.
    again: bool,
}

/// The frame that was done last.
struct Landed {
    frame: Arc<Frame>,
    number: u64,
    /// As fractions of it, best first.
    boxes: Vec<Candidate>,
}

/// Where frames are drawn.
struct Display {
    gpu: Gpu,
    pipelines: Pipelines,
    texture: Option<FrameTexture>,
    version: u64,
}

/// The chain from a frame to its boxes on the processor.
pub struct ProcessorChain {
    detector: Detector,
    worker: Worker,
    wake: Wake,
    display: Option<Display>,
    flying: VecDeque<Flight>,
    landed: Option<Landed>,
    /// The frame that was done last has other thresholds than those of now.
    stale: bool,
    /// It was played again after it was drawn.
    redraw: bool,
    outcomes: Vec<Outcome>,
    stages: Stats,
}

impl ProcessorChain {
    /// A chain for this detector, which must play on the host; `display` is where its frames are drawn, if they are.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if a GPU plays; [`crate::Error::Io`] if the system gives no thread.
    pub fn new(detector: Detector, display: Option<Gpu>, wake: Wake) -> Result<Self> {
        detector.host_player()?;
        let display = display.map(|gpu| {
            let pipelines = Pipelines::new(&gpu, Precision::F32, false);
            Display { gpu, pipelines, texture: None, version: 0 }
        });
        Ok(Self {
            detector,
            worker: Worker::new(wake.clone())?,
            wake,
            display,
            flying: VecDeque::new(),
            landed: None,
            stale: false,
            redraw: false,
            outcomes: vec![],
            stages: Stats::default(),
        })
    }

    fn start(&mut self, frame: Arc<Frame>, number: u64, again: bool) -> Result<()> {
        frame.check()?;
        let (placement, to_image, thresholds) = self.detector.frame(frame.width, frame.height);
        let (player, wanted) = (self.detector.host_player()?, self.detector.wanted().to_vec());
        self.worker.send(Job { player, frame: Arc::clone(&frame), placement, thresholds, wanted })?;
        self.flying.push_back(Flight { frame, number, to_image, again });
        Ok(())
    }

    fn land(&mut self, flight: Flight, played: PlayedFrame) -> Result<Option<Finished>> {
        let Flight { frame, number, to_image, again } = flight;
        let size = (frame.width, frame.height);
        for (stage, time) in [Stage::Convert, Stage::Network, Stage::Boxes].into_iter().zip(played.passes) {
            self.stages.stage(stage, time);
        }
        if let Some(display) = &mut self.display {
            let started = Instant::now();
            display.show(&played.picture)?;
            self.stages.stage(Stage::Upload, started.elapsed());
        }
        let detections = self.detector.detections(&played.boxes, &to_image);
        let boxes = detections.iter().map(|found| found.as_candidate(size)).collect();
        let (pts, captured) = (frame.pts, frame.captured);
        self.redraw |= again;
        self.landed = Some(Landed { frame, number, boxes });
        self.outcomes.push(Outcome {
            number,
            pts,
            size,
            slot: 0,
            detections: Some(detections),
            passes: Some(played.passes),
            tracked: None,
            picture: Some(played.picture),
            again,
        });
        Ok((!again).then_some(Finished { number, captured, finished: played.ended }))
    }
}

impl Display {
    /// A picture where scenes find it.
    fn show(&mut self, picture: &Picture) -> Result<()> {
        let kind = FrameKind { size: (picture.width, picture.height), format: None };
        let texture = match self.texture.take().filter(|texture| texture.kind() == kind) {
            Some(texture) => texture,
            None => {
                self.version += 1;
                task::wait(FrameTexture::new(&self.gpu, &mut self.pipelines, kind))?
            }
        };
        texture.fill(&self.gpu, picture);
        self.texture = Some(texture);
        self.gpu.check()
    }
}

impl Chain for ProcessorChain {
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()> {
        // It will have the thresholds of now, and is drawn when it is done.
        (self.stale, self.redraw) = (false, false);
        self.start(Arc::new(frame.clone()), number, false)
    }

    fn poll(&mut self) -> Result<Vec<Finished>> {
        if let Some(display) = &self.display {
            // A lost device answers no poll; it is told by the check.
            let _ = display.gpu.device().poll(wgpu::PollType::Poll);
            display.gpu.check()?;
        }
        // One at a time: whoever draws must see each before the next takes its place.
        let Some(played) = self.flying.front().and_then(|_| self.worker.take()) else { return Ok(vec![]) };
        let Some(flight) = self.flying.pop_front() else { return Ok(vec![]) };
        let done = self.land(flight, played?)?;
        if !self.flying.is_empty() {
            (self.wake)();
        }
        Ok(done.into_iter().collect())
    }

    fn in_flight(&self) -> usize {
        self.flying.len()
    }
}

impl SceneSource for ProcessorChain {
    fn texture(&self, slot: usize) -> Option<&FrameTexture> {
        self.display.as_ref().filter(|_| slot == 0)?.texture.as_ref()
    }

    fn version(&self) -> u64 {
        self.display.as_ref().map_or(0, |display| display.version)
    }

    fn to_image(&self, (width, height): (usize, usize)) -> CanvasToImage {
        self.detector.frame(width, height).1
    }

    fn boxes_on_gpu(&self) -> Option<(&wgpu::Buffer, &Rank)> {
        None
    }
}

impl LiveChain for ProcessorChain {
    fn detector(&self) -> &Detector {
        &self.detector
    }

    fn detector_mut(&mut self) -> &mut Detector {
        &mut self.detector
    }

    fn gpu(&self) -> Option<&Gpu> {
        self.display.as_ref().map(|display| &display.gpu)
    }

    fn outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }

    fn stages(&self) -> &Stats {
        &self.stages
    }

    fn drew(&mut self, time: Duration) {
        self.stages.stage(Stage::Draw, time);
    }

    fn drawn_when_started(&self) -> bool {
        false
    }

    fn newest(&self) -> (Option<usize>, Boxes<'_>) {
        match &self.landed {
            Some(landed) if self.display.is_some() => (Some(0), Boxes::Given(&landed.boxes)),
            _ => (None, Boxes::None),
        }
    }

    fn newest_captured(&self) -> Instant {
        self.landed.as_ref().map_or_else(Instant::now, |landed| landed.frame.captured)
    }

    fn hold(&mut self, _: usize) {}

    fn again(&mut self) -> Result<()> {
        self.stale = !self.flying.is_empty();
        match &self.landed {
            Some(landed) if !self.stale => self.start(Arc::clone(&landed.frame), landed.number, true),
            _ => Ok(()),
        }
    }

    fn catch_up(&mut self) -> Result<bool> {
        if self.stale && self.flying.is_empty() {
            self.again()?;
        }
        Ok(std::mem::take(&mut self.redraw))
    }

    fn show(&mut self, frame: &Frame) -> Result<()> {
        self.finish()?;
        let number = self.landed.as_ref().map_or(0, |landed| landed.number);
        self.start(Arc::new(frame.clone()), number, true)
    }

    fn finish(&mut self) -> Result<Vec<Finished>> {
        let mut done = Vec::new();
        while let Some(flight) = self.flying.pop_front() {
            let played = self.worker.wait()?;
            done.extend(self.land(flight, played)?);
        }
        Ok(done)
    }

    fn change(&mut self, detector: Detector) -> Result<()> {
        detector.host_player()?;
        self.finish()?;
        self.detector = detector;
        // Of classes that are called otherwise.
        self.landed.iter_mut().for_each(|landed| landed.boxes.clear());
        (self.wake)();
        Ok(())
    }
}
