//! Convolution as a matrix product: weights times the patches of the picture, which are gathered while they are packed. A depthwise one is
//! too thin for that and has a loop of its own.

use std::borrow::Cow;

use rayon::prelude::*;
use rten_gemm::{
    BiasVector, ColOffsets, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, Im2Col, PackedAMatrix, RowOffsets,
};
use rten_tensor::NdTensorView;

use crate::{
    cpu::{activation, row::inside},
    ops::{Conv, Definition, NodeParams, Upsample},
    tensor::{Shape, Tensor},
};

/// Elements of patches that are worth a copy, which is quicker to pack; more of them are gathered one by one.
const MOST_PATCHES: usize = 16 << 20;

/// A convolution with its numbers as the matrix product wants them.
pub struct CpuConv {
    op: Conv,
    input: Shape,
    value: Shape,
    work: Work,
    /// One a filter.
    bias: Vec<f32>,
}

/// How it is played.
enum Work {
    /// By group.
    Product(Vec<PackedAMatrix<f32>>),
    /// One input channel a group: OIHW weights.
    Depthwise(Vec<f32>),
}

impl std::fmt::Debug for CpuConv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuConv").field("op", &self.op).field("input", &self.input).finish_non_exhaustive()
    }
}

impl CpuConv {
    /// Packs the weights of `op`, which reads values of shape `input` and makes one of shape `value`.
    ///
    /// # Errors
    /// If there are no numbers, or not as many as there should be.
    pub fn new(op: Conv, numbers: Option<NodeParams>, input: Shape, value: Shape) -> Result<Self, String> {
        let Some(NodeParams::Conv { weights, bias }) = numbers else { return Err("has no parameters".into()) };
        let expected = op.kernel_elements(input.c);
        if weights.len() != expected {
            return Err(format!("expected {expected} weights, found {}", weights.len()));
        }
        let bias = bias.unwrap_or_else(|| vec![0.0; op.filters]);
        if bias.len() != op.filters {
            return Err(format!("expected {} biases, found {}", op.filters, bias.len()));
        }
        let work = if input.c == op.groups && op.groups > 1 {
            Work::Depthwise(weights)
        } else {
            let gemm = GemmExecutor::new();
            let (rows, depth) = (op.filters / op.groups, weights.len() / op.filters);
            let group = |weights| gemm.prepack_a(NdTensorView::from_data([rows, depth], weights));
            Work::Product(weights.chunks_exact(rows * depth).map(group).collect())
        };
        Ok(Self { op, input, value, work, bias })
    }

    /// The value, from that of input 0 and the residual, if there is one.
    ///
    /// # Errors
    /// What the matrix product complains of.
    pub fn play(&self, inputs: &[&Tensor]) -> Result<Tensor, String> {
        let shape = self.op.computed(self.value);
        let mut out = Tensor::zeros(shape);
        match &self.work {
            Work::Product(groups) => self.products(groups, &inputs[0].data, shape, &mut out.data)?,
            Work::Depthwise(weights) => self.depthwise(weights, inputs[0], shape, &mut out.data),
        }
        let epilogue = self.op.epilogue;
        let residual = inputs.get(1).map(|residual| residual.data.as_slice());
        out.data.par_chunks_mut(shape.pixels().max(1)).enumerate().for_each(|(channel, plane)| {
            activation::apply(epilogue.activation, plane);
            if let (Some(after), Some(residual)) = (epilogue.residual, residual) {
                let added = &residual[channel * plane.len()..][..plane.len()];
                plane.iter_mut().zip(added).for_each(|(sum, more)| *sum += more);
                activation::apply(after, plane);
            }
        });
        match epilogue.upsample {
            1 => Ok(out),
            stride => Upsample { stride, scale: 1.0 }.play(&[&out], None, self.value),
        }
    }

    fn products(
        &self,
        groups: &[PackedAMatrix<f32>],
        image: &[f32],
        shape: Shape,
        out: &mut [f32],
    ) -> Result<(), String> {
        // Not kept: it may not go from thread to thread, and costs nothing to make.
        let gemm = GemmExecutor::new();
        let (channels, rows) = (self.input.c / groups.len(), self.op.filters / groups.len());
        let (pixels, sums) = (self.input.pixels(), shape.pixels());
        // Every pixel is its own patch.
        let plain = self.op.size == 1 && (self.op.stride_y, self.op.stride_x, self.op.pad) == (1, 1, 0);
        for (group, weights) in groups.iter().enumerate() {
            let image = &image[group * channels * pixels..][..channels * pixels];
            let out = &mut out[group * rows * sums..][..rows * sums];
            let bias = Some(BiasVector::Column(&self.bias[group * rows..][..rows]));
            let options = GemmOptions { bias, ..GemmOptions::default() };
            let (weights, depth) = (GemmInputA::Packed(weights), channels * self.op.size * self.op.size);
            let product = if plain || depth * sums <= MOST_PATCHES {
                let patches = if plain { Cow::Borrowed(image) } else { self.unrolled(image, shape, depth).into() };
                let matrix = NdTensorView::from_data([depth, sums], &*patches);
                gemm.gemm(out, weights, GemmInputB::Unpacked(matrix), options)
            } else {
                let patches = self.patches(&gemm, image, channels, shape)?;
                gemm.gemm(out, weights, GemmInputB::Im2Col(&patches), options)
            };
            product.map_err(|e| format!("its matrix product failed: {e}"))?;
        }
        Ok(())
    }

    /// Each row of `plane`, whose shape is that of the sums, from the first column on whose tap lies in the picture, with the row of
    /// `source` under it: `put` takes every `stride_x`th number of that.
    fn under_tap(&self, tap: usize, source: &[f32], shape: Shape, plane: &mut [f32], put: impl Fn(&mut [f32], &[f32])) {
        let (op, input, start) = (&self.op, self.input, (self.op.pad * self.op.dilation) as i64);
        let shift = (tap % op.size * op.dilation) as i64 - start;
        let (first, last) = inside(input.w, shape.w, op.stride_x, shift);
        for (row, out) in plane.chunks_exact_mut(shape.w).enumerate() {
            let y = (row * op.stride_y + tap / op.size * op.dilation) as i64 - start;
            if y < 0 || y >= input.h as i64 || first >= last {
                continue;
            }
            let line = &source[y as usize * input.w..][..input.w];
            put(&mut out[first..last], &line[((first * op.stride_x) as i64 + shift) as usize..]);
        }
    }

    /// The patches of a group's channels, a column each: a row is the picture shifted by a tap.
    fn unrolled(&self, image: &[f32], shape: Shape, depth: usize) -> Vec<f32> {
        let (pixels, taps) = (self.input.pixels(), self.op.size * self.op.size);
        let mut all = vec![0.0; depth * shape.pixels()];
        all.par_chunks_mut(shape.pixels().max(1)).enumerate().for_each(|(at, row)| {
            let source = &image[at / taps * pixels..][..pixels];
            self.under_tap(at % taps, source, shape, row, |out, line| match self.op.stride_x {
                1 => out.copy_from_slice(&line[..out.len()]),
                stride => out.iter_mut().zip(line.iter().step_by(stride)).for_each(|(to, from)| *to = *from),
            });
        });
        all
    }

    /// The patches of a group's channels, a column each, which are gathered when they are read.
    fn patches<'a>(
        &self,
        gemm: &GemmExecutor,
        image: &'a [f32],
        channels: usize,
        shape: Shape,
    ) -> Result<Im2Col<'a, f32>, String> {
        let (op, width) = (&self.op, self.input.w);
        let too_large = |_| "has more elements than can be counted here".to_owned();
        let number = |n: usize| i32::try_from(n).map_err(too_large);
        number(image.len())?;
        let start = op.pad * op.dilation;
        let (taps, n_rows) = (op.size * op.size, channels * op.size * op.size);
        let (mut chan, mut y, mut x) = (vec![], vec![], vec![]);
        // What is beyond the end is never read, but counted.
        for row in 0..n_rows.next_multiple_of(gemm.im2col_row_count_step()) {
            let (channel, tap) = (row.min(n_rows - 1) / taps, row.min(n_rows - 1) % taps);
            chan.push(number(channel * self.input.pixels())?);
            y.push(number(tap / op.size * op.dilation * width)?);
            x.push(number(tap % op.size * op.dilation)?);
        }
        let row_offsets = RowOffsets { chan, y, x };
        let n_cols = shape.pixels();
        let (mut y, mut x) = (vec![], vec![]);
        for column in 0..n_cols.next_multiple_of(gemm.im2col_col_count_step()) {
            let column = column.min(n_cols - 1);
            let place = |at: usize, by: usize| Ok::<i32, String>(number(at)? - number(by)?);
            y.push(place(column / shape.w * op.stride_y * width, start * width)?);
            x.push(place(column % shape.w * op.stride_x, start)?);
        }
        let col_offsets = ColOffsets { y, x };
        let (max_y_offset, max_x_offset) = (number((self.input.h - 1) * width)?, number(width - 1)?);
        let image = NdTensorView::from_data([channels, self.input.h, width], image);
        Ok(Im2Col { image, row_offsets, col_offsets, n_cols, n_rows, max_y_offset, max_x_offset })
    }

    fn depthwise(&self, weights: &[f32], x: &Tensor, shape: Shape, out: &mut [f32]) {
        let (taps, of_group) = (self.op.size * self.op.size, self.op.filters / self.op.groups);
        out.par_chunks_mut(shape.pixels().max(1)).enumerate().for_each(|(filter, plane)| {
            plane.fill(self.bias[filter]);
            let source = x.plane(filter / of_group);
            for (tap, weight) in weights[filter * taps..][..taps].iter().enumerate() {
                self.under_tap(tap, source, shape, plane, |sums, line| {
                    let pairs = sums.iter_mut().zip(line.iter().step_by(self.op.stride_x));
                    pairs.for_each(|(sum, v)| *sum += weight * v);
                });
            }
        });
    }
}
