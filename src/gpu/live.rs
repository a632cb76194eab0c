//! A program as part of a chain that never waits: a texture goes in, kept boxes stay in a buffer. What the steps are
//! recorded into, and when that is submitted, is the caller's.
//! Of a batch it is the first picture.

use crate::{
    error::{Error, Result},
    gpu::{
        bound::BoundDispatch,
        boxes::{HEADER, count, kept_boxes},
        program::Program,
        source::check_view,
    },
    graph::NodeId,
    host::{Candidate, Placement, Thresholds},
};

/// The letterboxes from one texture into one program.
#[derive(Debug)]
pub struct Feed(Vec<BoundDispatch>);

impl Program {
    /// Binds a texture of RGB pixels as the source of the network's input.
    ///
    /// # Errors
    /// [`Error::Graph`] if the network does not take colour pictures; [`Error::Usage`] for a texture that cannot be read as it is.
    pub fn feed(&self, picture: &wgpu::TextureView) -> Result<Feed> {
        let [view] = self.plan.views(NodeId(0)) else {
            return Err(Error::graph("input", "has no slot"));
        };
        check_view(picture.texture())?;
        self.sources[0].bind(&self.gpu, picture, &self.slots[view.slot.0]).map(Feed)
    }

    /// Sets what the next submit uses: where the picture lies, and which boxes are kept.
    pub fn set_frame(&self, placement: &Placement, thresholds: &Thresholds) {
        let plane = self.plan.views(NodeId(0)).first().map_or(0, |view| view.block * self.batch);
        self.sources[0].place(&self.gpu, placement, plane);
        self.boxes[0].set(&self.gpu, thresholds);
    }

    /// Clears the counters of boxes; outside any pass, before [`Program::record_boxes`].
    pub fn clear_boxes(&self, encoder: &mut wgpu::CommandEncoder) {
        self.boxes[0].clear(encoder);
    }

    /// Texture to heads.
    pub fn record_heads(&self, pass: &mut wgpu::ComputePass<'_>, feed: &Feed) {
        feed.0.iter().for_each(|letterbox| letterbox.record(pass));
        self.record_network(pass, &[]);
    }

    /// Heads to kept boxes.
    pub fn record_boxes(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.boxes[0].record(pass);
    }

    /// Counter and list of the kept boxes, in the layout of `shaders/nms.wgsl`; another buffer after
    /// [`Program::make_room`].
    pub fn kept(&self) -> &wgpu::Buffer {
        self.boxes[0].kept()
    }

    /// How many boxes there is room for.
    pub fn capacity(&self) -> usize {
        self.boxes[0].capacity()
    }

    /// Copies the counter of candidates, [`Program::TELEMETRY_BYTES`] of it, for [`Program::candidates`].
    pub fn copy_counter(&self, encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer, offset: u64) {
        encoder.copy_buffer_to_buffer(self.boxes[0].candidates(), 0, to, offset, Some(HEADER as u64));
    }

    /// Bytes that [`Program::copy_counter`] copies.
    pub const TELEMETRY_BYTES: usize = HEADER;

    /// How many candidates a frame had, by the bytes that [`Program::copy_counter`] copied.
    pub fn candidates(counter: &[u8]) -> usize {
        count(counter)
    }

    /// Makes room for `count` candidates.
    ///
    /// # Errors
    /// [`Error::Limit`] if they do not fit into one binding.
    pub async fn make_room(&mut self, count: usize) -> Result<()> {
        self.boxes[0].grow(&self.gpu, &mut self.pipelines, count).await
    }

    /// The boxes in a copy of [`Program::kept`], best first.
    pub fn kept_boxes(bytes: &[u8]) -> Vec<Candidate> {
        kept_boxes(bytes)
    }
}
