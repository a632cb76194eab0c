//! What a frame starts from, and its way to the GPU.

use crate::{
    error::{Error, Result},
    gpu::{buffers::encode, program::Program},
    graph::{NodeId, plan::TensorView},
    host::{Frame, Picture, Placement},
    tensor::{Shape, Tensor},
};

/// What a frame starts from.
#[derive(Clone, Copy, Debug)]
pub enum ProgramInput<'a> {
    /// The network's input as it is: `[C, H, W]`.
    Tensor(&'a Tensor),
    /// The same for each look that the program takes at a picture.
    Looks(&'a [Tensor]),
    /// A picture, resampled on the GPU.
    Picture(&'a Picture, &'a Placement),
    /// A frame of a video, made pixels of and resampled on the GPU.
    Frame(&'a Frame, &'a Placement),
    /// A texture that is on the GPU.
    Texture(&'a wgpu::TextureView, &'a Placement),
}

impl<'a> From<&'a Tensor> for ProgramInput<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl Program {
    /// Brings the inputs to the GPU, one for each picture of the batch from the first on; those whose letterbox kernel
    /// has to run.
    pub(super) async fn put(&mut self, inputs: &[ProgramInput<'_>]) -> Result<Vec<usize>> {
        if inputs.is_empty() || inputs.len() > self.batch() {
            let message = format!("a batch of {}: expected 1 to {} pictures", inputs.len(), self.batch());
            return Err(Error::Usage(message));
        }
        // Whatever was there for later is overwritten.
        self.ahead = None;
        let [view] = *self.plan.views(NodeId(0)) else {
            return Err(Error::graph("input", "has no slot"));
        };
        let mut letterboxes = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            let slot = &self.slots[view.slot.0];
            // Planes of all pictures alternate.
            let first = view.block * self.batch + number * self.looks.len();
            match input {
                ProgramInput::Picture(picture, placement) => {
                    self.sources[number].upload(&self.gpu, picture, placement, first, slot)?;
                    letterboxes.push(number);
                }
                ProgramInput::Frame(frame, placement) => {
                    let source = &mut self.sources[number];
                    source.upload_frame(&self.gpu, &mut self.pipelines, frame, slot).await?;
                    source.place(&self.gpu, placement, first);
                    letterboxes.push(number);
                }
                ProgramInput::Texture(view, placement) => {
                    self.sources[number].show(&self.gpu, view, slot)?;
                    self.sources[number].place(&self.gpu, placement, first);
                    letterboxes.push(number);
                }
                ProgramInput::Tensor(tensor) => self.put_tensors(std::slice::from_ref(*tensor), &view, first)?,
                ProgramInput::Looks(tensors) => self.put_tensors(tensors, &view, first)?,
            }
        }
        Ok(letterboxes)
    }

    /// Brings the same input to every picture of the batch.
    pub(super) async fn put_everywhere(&mut self, input: ProgramInput<'_>) -> Result<Vec<usize>> {
        self.put(&vec![input; self.batch()]).await
    }

    /// Brings what a picture's looks show to their planes, from `first` on.
    fn put_tensors(&self, tensors: &[Tensor], view: &TensorView, first: usize) -> Result<()> {
        if tensors.len() != self.looks.len() {
            let message = format!("an input of {} tensors: expected one a look, {}", tensors.len(), self.looks.len());
            return Err(Error::Usage(message));
        }
        let each = self.plane_bytes(view.shape);
        for (look, tensor) in tensors.iter().enumerate() {
            if tensor.shape != view.shape {
                return Err(Error::graph("input", format!("expected {}, found {}", view.shape, tensor.shape)));
            }
            let planes = tensor.to_nc4hw4();
            let bytes = encode(self.precision, &planes);
            // Planes of all canvases alternate.
            for (block, bytes) in bytes.chunks(each).enumerate() {
                let plane = first + look + block * self.batch;
                self.gpu.queue.write_buffer(&self.slots[view.slot.0], (plane * each) as u64, bytes);
            }
        }
        Ok(())
    }

    /// Bytes of one plane of one canvas.
    pub(super) fn plane_bytes(&self, shape: Shape) -> usize {
        shape.pixels() * 4 * self.precision.bytes()
    }
}
