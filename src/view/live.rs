//! The chain on the GPU: frame to texture, network, boxes, the arguments of their draw; nothing comes back that nobody
//! asked for, and nothing is waited for.

use std::time::Duration;

use web_time::Instant;

use crate::{
    detect::{CanvasToImage, Detector},
    error::{Error, Result},
    gpu::{Drawn, FrameKind, FrameTexture, Gpu, Pipelines, Program, Rank},
    host::Frame,
    kernels::{Precision, rank::MAX_DRAWN},
    view::{
        Finished, IN_FLIGHT, Outcome, SceneSource, Stage, Stats, Wake, labels,
        slot::{FrameMeta, FrameSlot, Landed},
        watcher::Watcher,
    },
};

/// How a chain is built.
#[derive(Clone)]
pub struct LiveOptions {
    /// Whether boxes are read back from the GPU.
    pub wants_boxes: bool,
    /// Called when a frame is done.
    pub wake: Wake,
}

/// Where the pixels of a frame come from.
pub enum FrameInput<'a> {
    /// From samples on the host.
    Samples(&'a Frame),
    /// From `fill`, which puts them into a texture of `size` columns and rows.
    Outside {
        /// Columns and rows.
        size: (usize, usize),
        /// Called once.
        fill: &'a mut dyn FnMut(&wgpu::Texture) -> Result<()>,
    },
}

/// The chain from a frame to its boxes on the GPU, over a ring of frames in flight.
pub struct Live {
    gpu: Gpu,
    detector: Detector,
    pipelines: Pipelines,
    rank: Rank,
    slots: Vec<FrameSlot>,
    newest: Option<usize>,
    held: Option<usize>,
    /// The frame that was submitted last flies with thresholds that have changed since.
    stale: bool,
    /// That frame was flown again after it was drawn.
    redraw: bool,
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
    /// [`Error::NoAdapter`] if the processor plays; what the device complains of.
    pub async fn new(detector: Detector, options: &LiveOptions) -> Result<Self> {
        let gpu = detector.program()?.gpu().clone();
        let mut pipelines = Pipelines::new(&gpu, Precision::F32, false);
        let rank = make_rank(&gpu, &mut pipelines, &detector, quads(&detector)).await?;
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
            redraw: false,
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

    /// The detector, for its thresholds and classes: the next frame is played with those.
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

    /// Its number; 0 if there was none.
    pub fn newest_number(&self) -> u64 {
        self.newest.and_then(|i| self.slots[i].last).map_or(0, |meta| meta.number)
    }

    /// When that frame came in.
    pub fn newest_captured(&self) -> Instant {
        let meta = self.newest.and_then(|i| self.slots[i].last);
        meta.map_or_else(Instant::now, |meta| meta.captured)
    }

    /// Keeps a slot's pixels from being written over, instead of the one kept before.
    pub fn hold(&mut self, slot: usize) {
        self.held = Some(slot);
    }

    /// Kept boxes of the frame that was submitted last, on the GPU.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the processor plays.
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
    /// As [`Live::start`].
    pub fn again(&mut self) -> Result<()> {
        let Some(index) = self.newest else { return Ok(()) };
        self.stale = self.slots[index].flying.is_some();
        if self.stale {
            return Ok(());
        }
        let Some(last) = self.slots[index].last else { return Ok(()) };
        let capacity = self.detector.program()?.capacity();
        self.submit_slot(index, FrameMeta { capacity, again: true, ..last }, false, self.wants_boxes)
    }

    /// Runs the frame that was submitted last once more if [`Live::again`] found it in flight and it has landed
    /// since. A frame that was submitted meanwhile makes up for it. Returns whether there is something new to draw: that
    /// frame, or one that had too little room and was run again by [`Live::collect`].
    ///
    /// # Errors
    /// As [`Live::start`].
    pub fn catch_up(&mut self) -> Result<bool> {
        if self.stale {
            self.again()?;
            self.redraw |= !self.stale;
        }
        Ok(std::mem::take(&mut self.redraw))
    }

    /// Starts a frame's work, does not wait for it. `again`: it was shown before, and does not count.
    ///
    /// # Errors
    /// [`Error::Usage`] if more frames are in flight than may be; what the device complains of.
    pub async fn start(&mut self, input: FrameInput<'_>, number: u64, again: bool) -> Result<()> {
        let kind = match &input {
            FrameInput::Samples(frame) => FrameKind::from(*frame),
            FrameInput::Outside { size, .. } => FrameKind { size: *size, format: None },
        };
        let index = self.slot_for(kind).await?;
        let started = Instant::now();
        let texture = &self.slots[index].texture;
        let (pts, captured) = match input {
            FrameInput::Samples(frame) => {
                texture.upload(&self.gpu, frame)?;
                (frame.pts, frame.captured)
            }
            FrameInput::Outside { fill, .. } => {
                fill(texture.texture())?;
                (Duration::ZERO, started)
            }
        };
        self.stages.stage(Stage::Upload, started.elapsed());
        let capacity = self.detector.program()?.capacity();
        let meta = FrameMeta { number, pts, captured, size: kind.size, capacity, again };
        self.submit_slot(index, meta, true, self.wants_boxes)?;
        self.newest = Some(index);
        // It has the thresholds of now, and is drawn by whoever starts it.
        (self.stale, self.redraw) = (false, false);
        Ok(())
    }

    /// A slot that is free, made or made anew so that it fits the frame.
    async fn slot_for(&mut self, kind: FrameKind) -> Result<usize> {
        let free =
            |(i, s): &(usize, &FrameSlot)| s.flying.is_none() && Some(*i) != self.held && Some(*i) != self.newest;
        let found = self.slots.iter().enumerate().find(free).map(|(i, _)| i);
        if let Some(index) = found.filter(|i| self.slots[*i].texture.kind() == kind) {
            return Ok(index);
        }
        let program = self.detector.program()?;
        let made = FrameSlot::new(&self.gpu, &mut self.pipelines, program, kind).await?;
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

    fn submit_slot(&mut self, index: usize, meta: FrameMeta, convert: bool, boxes: bool) -> Result<()> {
        let program = self.detector.program()?;
        let (placement, _, thresholds) = self.detector.frame(meta.size.0, meta.size.1);
        program.set_frame(&placement, &thresholds);
        program.want_classes(self.detector.wanted());
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.rank.clear(&mut encoder);
        let slot = &mut self.slots[index];
        slot.record(&self.gpu, &mut encoder, program, &self.rank, convert, boxes);
        let submitted = self.gpu.queue().submit([encoder.finish()]);
        slot.request(&self.gpu, meta, &self.watcher);
        self.watcher.watch(submitted);
        self.gpu.check()
    }

    async fn landed(&mut self, index: usize, landed: &Landed) -> Result<Option<Finished>> {
        let meta = landed.meta;
        if let Some(passes) = landed.passes {
            for (stage, time) in [Stage::Convert, Stage::Network, Stage::Boxes].into_iter().zip(passes) {
                self.stages.stage(stage, time);
            }
        }
        let found = Program::candidates(&landed.counter);
        if found > self.detector.program()?.capacity() {
            self.detector.program_mut()?.make_room(found).await?;
            self.rank = make_rank(&self.gpu, &mut self.pipelines, &self.detector, quads(&self.detector)).await?;
            self.version += 1;
        }
        let capacity = self.detector.program()?.capacity();
        let newest = self.newest == Some(index);
        // Whoever reads boxes gets all of them, and so does whoever draws: what is drawn are those of the newest frame, which
        // may lie in a buffer that is gone even if they had room. Older frames are not drawn any more.
        if meta.capacity < capacity && (newest || found > meta.capacity && landed.boxes.is_some()) {
            if newest {
                // With the thresholds of now.
                (self.stale, self.redraw) = (false, true);
            } else if let Some(drawn) = self.newest.and_then(|i| self.slots[i].flying.as_mut()) {
                // An older one's boxes are about to take their place.
                drawn.capacity = 0;
            }
            self.submit_slot(index, FrameMeta { capacity, ..meta }, false, landed.boxes.is_some())?;
            return Ok(None);
        }
        let to_image = self.detector.frame(meta.size.0, meta.size.1).1;
        let detections =
            landed.boxes.as_ref().map(|bytes| self.detector.detections(&Program::kept_boxes(bytes), &to_image));
        self.outcomes.push(Outcome {
            number: meta.number,
            pts: meta.pts,
            size: meta.size,
            slot: index,
            detections,
            passes: landed.passes,
            tracked: None,
            picture: None,
            again: meta.again,
        });
        let done = Finished { number: meta.number, captured: meta.captured, finished: landed.ended };
        Ok((!meta.again).then_some(done))
    }
}

impl Live {
    /// Frames that have ended since the last call, in order of their numbers.
    ///
    /// # Errors
    /// If the device is lost, or there are more candidates than it has room for.
    pub async fn collect(&mut self) -> Result<Vec<Finished>> {
        // A lost device answers no poll; it is told by the check.
        let _ = self.gpu.device().poll(wgpu::PollType::Poll);
        self.gpu.check()?;
        let mut done = Vec::new();
        loop {
            let flying = self.slots.iter().enumerate().filter_map(|(i, s)| s.flying.map(|meta| (meta.number, i)));
            // In order: a frame that is run again holds up those behind it.
            let Some((_, index)) = flying.min() else { break };
            let Some(landed) = self.slots[index].land(&self.gpu)? else { break };
            done.extend(self.landed(index, &landed).await?);
        }
        Ok(done)
    }

    /// Frames whose work has not ended.
    pub fn flying(&self) -> usize {
        self.slots.iter().filter(|s| s.flying.is_some()).count()
    }

    /// Puts another detector in place, which must be of the same device. No frame may be in flight.
    ///
    /// # Errors
    /// What the device complains of.
    pub async fn replace(&mut self, detector: Detector) -> Result<()> {
        self.detector = detector;
        self.rank = make_rank(&self.gpu, &mut self.pipelines, &self.detector, quads(&self.detector)).await?;
        let program = self.detector.program()?;
        self.slots.iter_mut().try_for_each(|slot| slot.attach(program))?;
        self.version += 1;
        (self.wake)();
        Ok(())
    }
}

impl SceneSource for Live {
    fn texture(&self, slot: usize) -> Option<&FrameTexture> {
        self.slots.get(slot).map(|s| &s.texture)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn to_image(&self, (width, height): (usize, usize)) -> CanvasToImage {
        self.detector.frame(width, height).1
    }

    fn boxes_on_gpu(&self) -> Option<(&wgpu::Buffer, &Rank)> {
        Some((self.kept().ok()?, &self.rank))
    }
}

/// The order of a detector's boxes and the arguments of a draw with so many instances a box.
pub(super) async fn make_rank(gpu: &Gpu, pipelines: &mut Pipelines, detector: &Detector, quads: u32) -> Result<Rank> {
    let drawn = Drawn { most: detector.max_det().unwrap_or(MAX_DRAWN), quads };
    let program = detector.program()?;
    Rank::new(gpu, pipelines, program.kept(), program.capacity(), drawn).await
}

/// Instances for a box with its label.
fn quads(detector: &Detector) -> u32 {
    labels::quads(&detector.class_names())
}
