//! One place in the ring of frames: a texture, its way into the network, and what comes back of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use web_time::Instant;

use crate::{
    error::Result,
    gpu::{Feed, FrameKind, FrameTexture, Gpu, Pipelines, Program, Purpose, Rank, ReadbackBuffer, Stamps},
    view::watcher::Watcher,
};

/// Passes that are timed: convert, network, boxes.
pub const PASSES: u32 = 3;

/// What is known of the frame in a slot.
#[derive(Clone, Copy, Debug)]
pub struct FrameMeta {
    pub number: u64,
    pub pts: Duration,
    pub captured: Instant,
    pub size: (usize, usize),
    /// Candidates that there was room for when it was submitted; 0 if its boxes were written over since.
    pub capacity: usize,
    /// A frame that was shown before, with other thresholds: it does not count.
    pub again: bool,
}

/// The buffers of one frame in flight: its texture, its binding to the network, and the read-backs of its results.
#[derive(Debug)]
pub struct FrameSlot {
    pub texture: FrameTexture,
    feed: Feed,
    stamps: Option<Stamps>,
    telemetry: ReadbackBuffer,
    boxes: Option<ReadbackBuffer>,
    ended: Arc<Mutex<Option<Instant>>>,
    /// The frame whose work is under way.
    pub flying: Option<FrameMeta>,
    /// The frame whose pixels are in the texture.
    pub last: Option<FrameMeta>,
}

/// What a slot's frame has brought back.
pub struct Landed {
    pub meta: FrameMeta,
    pub ended: Instant,
    /// Counter of candidates.
    pub counter: Vec<u8>,
    /// Times of the passes; none where the adapter has no timestamps.
    pub passes: Option<[Duration; PASSES as usize]>,
    /// Copy of the kept boxes, if that was asked for.
    pub boxes: Option<Vec<u8>>,
}

impl FrameSlot {
    pub async fn new(gpu: &Gpu, pipelines: &mut Pipelines, program: &Program, kind: FrameKind) -> Result<Self> {
        let texture = FrameTexture::new(gpu, pipelines, kind).await?;
        let feed = program.feed(texture.view())?;
        let stamps = Stamps::new(gpu, 2 * PASSES);
        let stamped = stamps.as_ref().map_or(0, Stamps::bytes) as usize;
        let telemetry = ReadbackBuffer::new(gpu, Program::TELEMETRY_BYTES + stamped);
        Ok(Self { texture, feed, stamps, telemetry, boxes: None, ended: Arc::default(), flying: None, last: None })
    }

    /// Binds another program's network to the same texture.
    pub fn attach(&mut self, program: &Program) -> Result<()> {
        self.feed = program.feed(self.texture.view())?;
        Ok(())
    }

    /// Samples to kept boxes, and what is wanted of them on the way back.
    pub fn record(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        program: &Program,
        rank: &Rank,
        convert: bool,
        wants_boxes: bool,
    ) {
        let pass = |encoder: &mut wgpu::CommandEncoder, number: u32, record: &dyn Fn(&mut wgpu::ComputePass<'_>)| {
            let timestamp_writes = self.stamps.as_ref().map(|stamps| stamps.around(number));
            record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes }));
        };
        program.clear_boxes(encoder);
        pass(encoder, 0, &|p| {
            if convert {
                self.texture.record(p);
            }
        });
        pass(encoder, 1, &|p| program.record_heads(p, &self.feed));
        pass(encoder, 2, &|p| {
            program.record_boxes(p);
            rank.record(p);
        });
        program.copy_counter(encoder, self.telemetry.buffer(), 0);
        if let Some(stamps) = &self.stamps {
            stamps.resolve(encoder, self.telemetry.buffer(), Program::TELEMETRY_BYTES as u64);
        }
        self.copy_boxes(gpu, encoder, program, wants_boxes);
    }

    fn copy_boxes(&mut self, gpu: &Gpu, encoder: &mut wgpu::CommandEncoder, program: &Program, wanted: bool) {
        if !wanted {
            self.boxes = None;
            return;
        }
        let kept = program.kept();
        let fits = self.boxes.as_ref().is_some_and(|readback| readback.buffer().size() == kept.size());
        if !fits {
            self.boxes = Some(ReadbackBuffer::new(gpu, kept.size() as usize));
        }
        if let Some(readback) = &self.boxes {
            encoder.copy_buffer_to_buffer(kept, 0, readback.buffer(), 0, None);
        }
    }

    /// After the submit: what is to come back is asked for.
    pub fn request(&mut self, gpu: &Gpu, meta: FrameMeta, watcher: &Watcher) {
        let ended = Arc::clone(&self.ended);
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = None;
        gpu.queue().on_submitted_work_done(move || {
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        });
        self.telemetry.request_then(gpu, Purpose::Telemetry, watcher.arrival());
        if let Some(readback) = &mut self.boxes {
            readback.request_then(gpu, Purpose::Results, watcher.arrival());
        }
        self.flying = Some(meta);
        self.last = Some(meta);
    }

    /// What has come back, once all of it is there.
    pub fn land(&mut self, gpu: &Gpu) -> Result<Option<Landed>> {
        let Some(meta) = self.flying else { return Ok(None) };
        let ended = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_none() || !self.telemetry.arrived() || !self.boxes.as_mut().is_none_or(ReadbackBuffer::arrived) {
            return Ok(None);
        }
        let bytes = self.telemetry.take(gpu)?.unwrap_or_default();
        let boxes = match &mut self.boxes {
            Some(readback) => readback.take(gpu)?,
            None => None,
        };
        self.flying = None;
        let (counter, stamps) = bytes.split_at(Program::TELEMETRY_BYTES.min(bytes.len()));
        // Every other time between neighbours is that of a pass.
        let times = self.stamps.as_ref().map(|own| own.times(gpu, stamps));
        let passes = times.and_then(|times| times.into_iter().step_by(2).collect::<Vec<_>>().try_into().ok());
        let ended = ended.unwrap_or_else(Instant::now);
        Ok(Some(Landed { meta, ended, counter: counter.to_vec(), passes, boxes }))
    }
}
