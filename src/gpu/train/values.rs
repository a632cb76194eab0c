//! Values to the GPU and back: those of all pictures of a batch, or the one of what sums over it.

use crate::{
    error::{Error, Result},
    gpu::{
        bound::SLOT_USAGE,
        buffers::{decode, encode},
        call::Stretch,
        context::Gpu,
    },
    graph::plan::TensorView,
    kernels::Precision,
    tensor::{Shape, Tensor},
};

/// How values lie.
#[derive(Clone, Copy, Debug)]
pub struct ValueFormat {
    pub precision: Precision,
    /// Pictures of the batch.
    pub pictures: usize,
}

impl ValueFormat {
    /// Values of a view.
    pub fn count(self, view: &TensorView) -> usize {
        if view.summed { 1 } else { self.pictures }
    }

    fn plane_bytes(self, shape: Shape) -> usize {
        shape.pixels() * 4 * self.precision.bytes()
    }

    /// Bytes of all values of a view.
    pub fn bytes(self, view: &TensorView) -> usize {
        view.shape.blocks() * self.count(view) * self.plane_bytes(view.shape)
    }

    /// The first byte of a view in its slot.
    pub fn offset(self, view: &TensorView) -> usize {
        view.block * self.count(view) * self.plane_bytes(view.shape)
    }

    /// Writes the values of a view, with the next submit.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are not as many as pictures; [`Error::Graph`] if one has another shape.
    pub fn write(
        self,
        gpu: &Gpu,
        name: &str,
        view: &TensorView,
        slot: &wgpu::Buffer,
        values: &mut dyn ExactSizeIterator<Item = &Tensor>,
    ) -> Result<()> {
        let count = self.count(view);
        if values.len() != count {
            return Err(Error::Usage(format!("{name}: expected {count} values, found {}", values.len())));
        }
        let each = self.plane_bytes(view.shape);
        for (number, value) in values.enumerate() {
            if value.shape != view.shape || value.data.len() != view.shape.elements() {
                return Err(Error::graph(name, format!("expected {}, found {}", view.shape, value.shape)));
            }
            // Planes of all pictures alternate.
            for (block, bytes) in encode(self.precision, &value.to_nc4hw4()).chunks(each).enumerate() {
                let plane = (view.block + block) * count + number;
                gpu.write(slot, plane * each, bytes);
            }
        }
        Ok(())
    }

    /// Submits the commands, then reads what these stretches hold, which are of these views.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn read(
        self,
        gpu: &Gpu,
        mut encoder: wgpu::CommandEncoder,
        from: &[(TensorView, Stretch)],
    ) -> Result<Vec<Vec<Tensor>>> {
        let total = from.iter().map(|(view, _)| self.bytes(view)).sum();
        let all = gpu.buffer("values", total, SLOT_USAGE);
        let mut at = 0;
        for (view, stretch) in from {
            let bytes = self.bytes(view) as u64;
            let first = stretch.offset + self.offset(view) as u64;
            encoder.copy_buffer_to_buffer(&stretch.buffer, first, &all, at, Some(bytes));
            at += bytes;
        }
        gpu.queue.submit([encoder.finish()]);
        let bytes = gpu.read_all(&all).await?;
        let mut rest = &bytes[..];
        let mut values = Vec::new();
        for (view, _) in from {
            let (mine, others) = rest.split_at(self.bytes(view).min(rest.len()));
            rest = others;
            let of = (0..self.count(view)).map(|number| self.unpack(view, mine, number));
            values.push(of.collect::<Result<Vec<_>>>()?);
        }
        Ok(values)
    }

    fn unpack(self, view: &TensorView, bytes: &[u8], number: usize) -> Result<Tensor> {
        let planes = bytes.chunks_exact(self.plane_bytes(view.shape)).skip(number).step_by(self.count(view));
        let mut mine = Vec::with_capacity(4 * view.shape.vectors());
        planes.for_each(|plane| mine.extend_from_slice(&decode(self.precision, plane)));
        Tensor::from_nc4hw4(view.shape, &mine).ok_or_else(|| Error::Gpu("a read-back was cut short".into()))
    }
}
