//! Heads to boxes on the GPU: decode, sort, NMS, with room that grows when a frame overflows it.

use crate::{
    error::{Error, Result},
    gpu::{bound::BoundDispatch, context::Gpu, limits::check_dispatch, pipelines::Pipelines},
    graph::{
        Graph,
        plan::{Plan, TensorView},
    },
    host::{Candidate, Look, Thresholds},
    kernels::{
        Dispatch,
        decode::{self, DecodeParams, HeadAt, MAX_ANCHORS, ThresholdParams},
        nms,
        planes::At,
        sort,
    },
};

/// The canvases of a batch that show one picture: one for each of its looks, side by side.
#[derive(Clone, Copy, Debug)]
pub struct BatchIndex<'a> {
    /// Number of the first of them.
    pub first: usize,
    pub looks: &'a [Look],
    /// Canvases in all.
    pub of: usize,
}

/// Bytes before the list: the counter, padded to a record.
pub(super) const HEADER: usize = size_of::<Candidate>();

/// One head: where to read it, and how.
#[derive(Debug)]
struct HeadBuffers {
    at: HeadAt,
    slot: wgpu::Buffer,
    params: wgpu::Buffer,
}

/// The way from heads to boxes.
#[derive(Debug)]
pub struct PostProcessor {
    heads: Vec<HeadBuffers>,
    classes: usize,
    thresholds: wgpu::Buffer,
    /// A word a class: 0 for those that make no candidates.
    wanted: wgpu::Buffer,
    room: Room,
}

/// What depends on how many candidates there is room for.
#[derive(Debug)]
struct Room {
    capacity: usize,
    candidates: wgpu::Buffer,
    kept: wgpu::Buffer,
    dead: wgpu::Buffer,
    staging: wgpu::Buffer,
    work: Vec<BoundDispatch>,
}

impl PostProcessor {
    /// Dispatches for the heads of `graph` for one picture, with room for the smallest capacity.
    pub async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        graph: &Graph,
        plan: &Plan,
        slots: &[wgpu::Buffer],
        picture: BatchIndex<'_>,
    ) -> Result<Self> {
        let uniform = wgpu::BufferUsages::UNIFORM;
        let mut heads = Vec::new();
        let mut first_index = 0;
        // The boxes of all looks are one list from here on.
        let looks = picture.looks.iter().enumerate();
        for ((number, look), head) in looks.flat_map(|look| graph.heads.iter().map(move |head| (look, head))) {
            let name = &graph.node(head.input).name;
            let [TensorView { slot, block, shape, .. }] = plan.views(head.input) else {
                return Err(Error::graph(name, "a head cannot be a concat without a value"));
            };
            if head.anchors.len() > MAX_ANCHORS {
                return Err(Error::graph(
                    name,
                    format!("{} anchors in one head, at most {MAX_ANCHORS} are possible", head.anchors.len()),
                ));
            }
            let net = graph.input_shape();
            let at = HeadAt {
                src: At { shape: *shape, block: *block, pictures: picture.of },
                anchors: head.anchors.clone(),
                classes: head.classes,
                scale_x_y: head.scale_x_y,
                new_coords: head.new_coords,
                first_index,
                net: (net.w, net.h),
                picture: picture.first + number,
                look: *look,
            };
            first_index += head.anchors.len() * shape.pixels();
            let params = gpu.filled("decode", &decode::dispatch(&at).params, uniform);
            heads.push(HeadBuffers { at, slot: slots[slot.0].clone(), params });
        }
        let classes = graph.classes();
        let thresholds = gpu.buffer("thresholds", size_of::<ThresholdParams>(), uniform | wgpu::BufferUsages::COPY_DST);
        let wanted = gpu.filled("wanted", bytemuck::cast_slice(&vec![1_u32; classes]), wgpu::BufferUsages::STORAGE);
        let room = Room::new(gpu, pipelines, &heads, [&thresholds, &wanted], classes, sort::LOCAL).await?;
        debug_assert_eq!(size_of::<DecodeParams>() % 16, 0);
        Ok(Self { heads, classes, thresholds, wanted, room })
    }

    /// Sets by class whether it makes candidates, from the next submit on; classes beyond the end of the list do.
    pub fn want(&self, gpu: &Gpu, wanted: &[bool]) {
        let word = |class| u32::from(wanted.get(class).copied().unwrap_or(true));
        let words: Vec<u32> = (0..self.classes).map(word).collect();
        gpu.write(&self.wanted, 0, bytemuck::cast_slice(&words));
    }

    /// Sets the frame's thresholds; before [`PostProcessor::record`].
    pub fn set(&self, gpu: &Gpu, thresholds: &Thresholds) {
        let params = thresholds.params(self.room.capacity);
        gpu.queue.write_buffer(&self.thresholds, 0, bytemuck::bytes_of(&params));
    }

    /// Clears the counters and what NMS notes; outside any pass.
    pub fn clear(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.clear_buffer(&self.room.candidates, 0, Some(HEADER as u64));
        encoder.clear_buffer(&self.room.kept, 0, Some(HEADER as u64));
        encoder.clear_buffer(&self.room.dead, 0, None);
    }

    /// Decode, sort, NMS.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.room.work.iter().for_each(|bound| bound.record(pass));
    }

    /// Copies counters and boxes to where the host can see them.
    pub fn fetch(&self, encoder: &mut wgpu::CommandEncoder) {
        let Room { candidates, kept, staging, .. } = &self.room;
        encoder.copy_buffer_to_buffer(candidates, 0, staging, 0, Some(HEADER as u64));
        encoder.copy_buffer_to_buffer(kept, 0, staging, HEADER as u64, None);
    }

    /// The boxes of the frame that was fetched, best first, or the number of candidates that there was no room for.
    ///
    /// # Errors
    /// What the device has complained about.
    pub async fn take(&self, gpu: &Gpu) -> Result<Fetched> {
        let bytes = gpu.read(&self.room.staging).await?;
        let (header, kept) = bytes.split_at(HEADER);
        let found = count(header);
        let overflow = found > self.room.capacity;
        Ok(if overflow { Fetched::Overflow(found) } else { Fetched::Boxes(kept_boxes(kept)) })
    }

    /// The counter of candidates and their list.
    pub fn candidates(&self) -> &wgpu::Buffer {
        &self.room.candidates
    }

    /// The counter of kept boxes and their list; another buffer after [`PostProcessor::grow`].
    pub fn kept(&self) -> &wgpu::Buffer {
        &self.room.kept
    }

    /// How many candidates there is room for.
    pub fn capacity(&self) -> usize {
        self.room.capacity
    }

    /// Makes room for `count` candidates.
    ///
    /// # Errors
    /// [`Error::Limit`] if there are more than [`nms::MAX_BOXES`], or they do not fit into one binding.
    pub async fn grow(&mut self, gpu: &Gpu, pipelines: &mut Pipelines, count: usize) -> Result<()> {
        let capacity = sort::capacity(count);
        let limit = |needed, allowed| Error::Limit {
            node: "boxes".into(),
            what: format!("{count} candidates"),
            needed,
            allowed,
            hint: "; raise the score threshold".into(),
        };
        if count > nms::MAX_BOXES {
            return Err(limit("as many comparisons with each other".into(), format!("{} candidates", nms::MAX_BOXES)));
        }
        let bytes = (HEADER + capacity * size_of::<Candidate>()) as u64;
        let allowed = gpu.limits.max_storage_buffer_binding_size.min(gpu.limits.max_buffer_size);
        if bytes > allowed {
            return Err(limit(format!("{bytes} bytes in one binding"), allowed.to_string()));
        }
        tracing::debug!(count, capacity, "more candidates than there was room for: once more");
        let filters = [&self.thresholds, &self.wanted];
        self.room = Room::new(gpu, pipelines, &self.heads, filters, self.classes, capacity).await?;
        Ok(())
    }
}

/// A counter's value; 0 if there are no bytes.
pub fn count(bytes: &[u8]) -> usize {
    bytes.get(..4).map_or(0, |word| bytemuck::pod_read_unaligned::<u32>(word) as usize)
}

/// The boxes of a copy of [`PostProcessor::kept`], best first.
pub fn kept_boxes(bytes: &[u8]) -> Vec<Candidate> {
    let list = bytes.get(HEADER..).unwrap_or_default();
    let kept = count(bytes).min(list.len() / size_of::<Candidate>());
    let mut boxes: Vec<Candidate> = bytemuck::pod_collect_to_vec(&list[..kept * size_of::<Candidate>()]);
    boxes.sort_unstable_by(Candidate::best_first);
    boxes
}

/// What came back.
#[derive(Debug)]
pub enum Fetched {
    /// The boxes, best first.
    Boxes(Vec<Candidate>),
    /// There were this many candidates, more than there was room for.
    Overflow(usize),
}

impl Room {
    async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        heads: &[HeadBuffers],
        [thresholds, wanted]: [&wgpu::Buffer; 2],
        classes: usize,
        capacity: usize,
    ) -> Result<Self> {
        let (storage, to, from) =
            (wgpu::BufferUsages::STORAGE, wgpu::BufferUsages::COPY_DST, wgpu::BufferUsages::COPY_SRC);
        let list = HEADER + capacity * size_of::<Candidate>();
        let candidates = gpu.buffer("candidates", list, storage | to | from);
        let kept = gpu.buffer("kept", list, storage | to | from);
        let keys = gpu.buffer("keys", capacity * 16, storage);
        let dead = gpu.buffer("dead", nms::dead_words(classes, capacity) * 4, storage | to);
        let staging = gpu.buffer("boxes", HEADER + list, wgpu::BufferUsages::MAP_READ | to);
        let mut plan: Vec<(Dispatch, Vec<&wgpu::Buffer>)> = Vec::new();
        for head in heads {
            plan.push((decode::dispatch(&head.at), vec![&head.params, thresholds, &head.slot, wanted, &candidates]));
        }
        for dispatch in sort::dispatches(capacity) {
            let buffers =
                if dispatch.kernel == &sort::KERNEL { vec![thresholds, &candidates, &keys] } else { vec![&keys] };
            plan.push((dispatch, buffers));
        }
        for dispatch in nms::dispatches(classes, capacity) {
            plan.push((dispatch, vec![thresholds, &candidates, &keys, &dead, &kept]));
        }
        let mut work = Vec::with_capacity(plan.len());
        for (dispatch, buffers) in plan {
            check_dispatch("boxes", &dispatch, &gpu.limits)?;
            let pipeline = pipelines.get(&dispatch).await?;
            let layout = pipelines.bind_group_layout(dispatch.kernel);
            let entries: Vec<_> = buffers
                .iter()
                .enumerate()
                .map(|(i, b)| wgpu::BindGroupEntry { binding: i as u32, resource: b.as_entire_binding() })
                .collect();
            let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(dispatch.kernel.name),
                layout: &layout,
                entries: &entries,
            });
            work.push(BoundDispatch { pipeline, group, workgroups: dispatch.workgroups });
        }
        Ok(Self { capacity, candidates, kept, dead, staging, work })
    }
}
