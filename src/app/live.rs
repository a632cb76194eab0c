//! The chain on the GPU: frame to texture, network, boxes, the arguments of their draw; nothing comes back that nobody
//! asked for, and nothing is waited for.

use std::time::{Duration, Instant};

use crate::{
    app::{
        Chain, Finished, IN_FLIGHT, Stage, Stats, Wake, labels,
        slot::{self, About, Landed, Slot},
        watcher::Watcher,
    },
    detect::{Detection, Detector, Undo},
    error::{Error, Result},
    gpu::{Drawn, FrameTexture, Gpu, Pipelines, Program, Rank},
    kernels::{Precision, rank::MAX_DRAWN},
    track::Tracked,
    video::Frame,
};

/// How a chain is built.
#[derive(Clone)]
pub struct LiveOptions {
    /// Whether boxes are read back.
    pub wants_boxes: bool,
    /// Called when a frame is done.
    pub wake: Wake,
}

/// A frame that is done, with what was asked for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its number among the frames shown, from 0.
    pub number: u64,
    /// Its time in the video.
    pub pts: Duration,
    /// Columns and rows.
    pub size: (usize, usize),
    /// Where its pixels are, for [`Live::texture`].
    pub slot: usize,
    /// Its boxes, if they are read back.
    pub detections: Option<Vec<Detection>>,
    /// Those of them that belong to a track, if objects are tracked.
    pub tracked: Option<Vec<Tracked>>,
}

/// See above.
pub struct Live {
    gpu: Gpu,
    detector: Detector,
    pipelines: Pipelines,
    rank: Rank,
    slots: Vec<Slot>,
    newest: Option<usize>,
    held: Option<usize>,
    /// The frame that was submitted last flies with thresholds that have changed since.
    stale: bool,
    wants_boxes: bool,
    version: u64,
    outcomes: Vec<Outcome>,
    stages: Stats,
    watcher: Watcher,
    wake: Wake,
}

impl Live {
    /// A chain for this detector, on its device.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the oracle plays; what the device complains of.
    pub fn new(detector: Detector, options: &LiveOptions) -> Result<Self> {
        let gpu = detector.program()?.gpu().clone();
        let mut pipelines = Pipelines::new(&gpu, Precision::F32, false);
        let rank = make_rank(&gpu, &mut pipelines, &detector)?;
        let watcher = Watcher::new(&gpu, options.wake.clone())?;
        Ok(Self {
            gpu,
            detector,
            pipelines,
            rank,
            slots: vec![],
            newest: None,
            held: None,
            stale: false,
            wants_boxes: options.wants_boxes,
            version: 0,
            outcomes: vec![],
            stages: Stats::default(),
            watcher,
            wake: options.wake.clone(),
        })
    }

    /// Whether boxes are read back from the next frame on.
    pub fn want_boxes(&mut self, wanted: bool) {
        self.wants_boxes = wanted;
    }

    /// The detector.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// The detector, for its thresholds.
    pub fn detector_mut(&mut self) -> &mut Detector {
        &mut self.detector
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// What was done since the last call, in order.
    pub fn outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }

    /// Takes over the times of the stages.
    pub fn stages(&self) -> &Stats {
        &self.stages
    }

    /// Notes how long a drawing took.
    pub fn drew(&mut self, time: Duration) {
        self.stages.stage(Stage::Draw, time);
    }

    /// The slot of the frame that was submitted last.
    pub fn newest(&self) -> Option<usize> {
        self.newest
    }

    /// When that frame came in.
    pub fn newest_captured(&self) -> Instant {
        let about = self.newest.and_then(|i| self.slots[i].last);
        about.map_or_else(Instant::now, |about| about.captured)
    }

    /// Keeps a slot's pixels from being written over, instead of the one kept before.
    pub fn hold(&mut self, slot: usize) {
        self.held = Some(slot);
    }

    /// A slot's pixels.
    pub fn texture(&self, slot: usize) -> Option<&FrameTexture> {
        self.slots.get(slot).map(|s| &s.texture)
    }

    /// The map from the network's canvas to a frame of this size.
    pub fn undo(&self, (width, height): (usize, usize)) -> Undo {
        self.detector.frame(width, height).1
    }

    /// Another number whenever a buffer or texture that others have bound was replaced.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Kept boxes of the frame that was submitted last, on the GPU.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the oracle plays.
    pub fn kept(&self) -> Result<&wgpu::Buffer> {
        self.detector.program().map(Program::kept)
    }

    /// Their order and the arguments of their draw.
    pub fn rank(&self) -> &Rank {
        &self.rank
    }

    /// Runs the frame that was submitted last once more, with thresholds that have changed. One that is in flight is
    /// left to [`Live::catch_up`].
    ///
    /// # Errors
    /// As [`Chain::submit`].
    pub fn again(&mut self) -> Result<()> {
        let Some(index) = self.newest else { return Ok(()) };
        self.stale = self.slots[index].flying.is_some();
        if self.stale {
            return Ok(());
        }
        let Some(last) = self.slots[index].last else { return Ok(()) };
        let capacity = self.detector.program()?.capacity();
        self.fly(index, About { capacity, again: true, ..last }, false)
    }

    /// Runs the frame that was submitted last once more if [`Live::again`] found it in flight and it has landed
    /// since. A frame that was submitted meanwhile makes up for it. Returns whether there is something new to draw.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    pub fn catch_up(&mut self) -> Result<bool> {
        let stale = self.stale;
        if stale {
            self.again()?;
        }
        Ok(stale && !self.stale)
    }

    /// Shows a frame that was shown before.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    pub fn show(&mut self, frame: &Frame) -> Result<()> {
        self.finish()?;
        let number = self.newest.and_then(|i| self.slots[i].last).map_or(0, |about| about.number);
        self.start(frame, number, true)
    }

    fn start(&mut self, frame: &Frame, number: u64, again: bool) -> Result<()> {
        let index = self.slot_for(frame)?;
        let started = Instant::now();
        self.slots[index].texture.upload(&self.gpu, frame)?;
        self.stages.stage(Stage::Upload, started.elapsed());
        let capacity = self.detector.program()?.capacity();
        self.fly(index, About { again, ..slot::about(frame, number, capacity) }, true)?;
        self.newest = Some(index);
        // It has the thresholds of now.
        self.stale = false;
        Ok(())
    }

    /// A slot that is free, made or made anew so that it fits the frame.
    fn slot_for(&mut self, frame: &Frame) -> Result<usize> {
        let free = |(i, s): &(usize, &Slot)| s.flying.is_none() && Some(*i) != self.held && Some(*i) != self.newest;
        let found = self.slots.iter().enumerate().find(free).map(|(i, _)| i);
        if let Some(index) = found.filter(|i| self.slots[*i].texture.fits(frame)) {
            return Ok(index);
        }
        let program = self.detector.program()?;
        let made = pollster::block_on(Slot::new(&self.gpu, &mut self.pipelines, program, frame))?;
        self.version += 1;
        match found {
            Some(index) => {
                self.slots[index] = made;
                Ok(index)
            }
            None if self.slots.len() < IN_FLIGHT + 2 => {
                self.slots.push(made);
                Ok(self.slots.len() - 1)
            }
            None => Err(Error::Usage("more frames were submitted than may be in flight".into())),
        }
    }

    fn fly(&mut self, index: usize, about: About, convert: bool) -> Result<()> {
        let program = self.detector.program()?;
        let (placement, _, thresholds) = self.detector.frame(about.size.0, about.size.1);
        program.set_frame(&placement, &thresholds);
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.rank.clear(&mut encoder);
        let slot = &mut self.slots[index];
        slot.record(&self.gpu, &mut encoder, program, &self.rank, convert, self.wants_boxes);
        let submitted = self.gpu.queue().submit([encoder.finish()]);
        slot.request(&self.gpu, about);
        self.watcher.watch(submitted);
        self.gpu.check()
    }

    fn landed(&mut self, index: usize, landed: &Landed) -> Result<Option<Finished>> {
        let about = landed.about;
        if let Some(passes) = landed.passes {
            for (stage, time) in [Stage::Convert, Stage::Network, Stage::Boxes].into_iter().zip(passes) {
                self.stages.stage(stage, time);
            }
        }
        let found = Program::candidates(&landed.counter);
        if found > about.capacity {
            let program = self.detector.program_mut()?;
            if found > program.capacity() {
                pollster::block_on(program.make_room(found))?;
                self.rank = make_rank(&self.gpu, &mut self.pipelines, &self.detector)?;
                self.version += 1;
            }
            if self.wants_boxes {
                // Whoever reads boxes gets all of them: once more, with room.
                let capacity = self.detector.program()?.capacity();
                self.fly(index, About { capacity, ..about }, false)?;
                return Ok(None);
            }
        }
        let undo = self.detector.frame(about.size.0, about.size.1).1;
        let detections =
            landed.boxes.as_ref().map(|bytes| self.detector.detections(&Program::kept_boxes(bytes), &undo));
        self.outcomes.push(Outcome {
            number: about.number,
            pts: about.pts,
            size: about.size,
            slot: index,
            detections,
            tracked: None,
        });
        let done = Finished { number: about.number, captured: about.captured, finished: landed.ended };
        Ok((!about.again).then_some(done))
    }
}

impl Chain for Live {
    fn submit(&mut self, frame: &Frame, number: u64) -> Result<()> {
        self.start(frame, number, false)
    }

    fn poll(&mut self) -> Result<Vec<Finished>> {
        // A lost device answers no poll; it is told by the check.
        let _ = self.gpu.device().poll(wgpu::PollType::Poll);
        self.gpu.check()?;
        let mut done = Vec::new();
        loop {
            let flying = self.slots.iter().enumerate().filter_map(|(i, s)| s.flying.map(|about| (about.number, i)));
            // In order: a frame that is run again holds up those behind it.
            let Some((_, index)) = flying.min() else { break };
            let Some(landed) = self.slots[index].land(&self.gpu)? else { break };
            done.extend(self.landed(index, &landed)?);
        }
        Ok(done)
    }

    fn in_flight(&self) -> usize {
        self.slots.iter().filter(|s| s.flying.is_some()).count()
    }
}

impl Live {
    /// Puts another detector in place, which must be of the same device; frames in flight are waited for.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn replace(&mut self, detector: Detector) -> Result<()> {
        self.finish()?;
        self.detector = detector;
        self.rank = make_rank(&self.gpu, &mut self.pipelines, &self.detector)?;
        let program = self.detector.program()?;
        self.slots.iter_mut().try_for_each(|slot| slot.attach(program))?;
        self.version += 1;
        (self.wake)();
        Ok(())
    }

    /// Waits for the frames in flight.
    ///
    /// # Errors
    /// What the device complains of.
    pub fn finish(&mut self) -> Result<Vec<Finished>> {
        let mut done = Vec::new();
        while self.in_flight() > 0 {
            self.gpu
                .device()
                .poll(wgpu::PollType::wait_indefinitely())
                .map_err(|e| Error::DeviceLost(format!("waiting failed: {e}")))?;
            done.extend(self.poll()?);
        }
        Ok(done)
    }
}

fn make_rank(gpu: &Gpu, pipelines: &mut Pipelines, detector: &Detector) -> Result<Rank> {
    let drawn = Drawn {
        wanted: detector.wanted(),
        most: detector.max_det().unwrap_or(MAX_DRAWN),
        quads: labels::quads(&detector.class_names()),
    };
    let program = detector.program()?;
    pollster::block_on(Rank::new(gpu, pipelines, program.kept(), program.capacity(), &drawn))
}
