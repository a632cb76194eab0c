//! Batch-norm at inference, as it stands in the file: the GPU has folded it into a convolution.

use std::ops::RangeInclusive;

use crate::{
    kernels::planes::At,
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, expect},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::BatchNorm`].
pub struct BatchNorm;

impl Definition for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn counts(&self, _: &[Shape], value: Shape) -> Counts {
        let c = value.c as u64;
        // Beta and gamma are trained, mean and variance observed.
        Counts { trained: 2 * c, stored: 4 * c, ..Counts::default() }
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Never
    }

    fn alone(&self) -> &'static str {
        ""
    }

    /// `gamma * (x - mean) / sqrt(var + eps) + beta`, per channel.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps }) = numbers else {
            return Err("has no parameters".into());
        };
        let lists = [beta, gamma, mean, var];
        lists.iter().try_for_each(|list| expect("batch-norm numbers of each kind", value.c, list.len()))?;
        let mut out = inputs[0].clone();
        for (c, plane) in out.data.chunks_mut(value.pixels()).enumerate() {
            let deviation = (var[c].wide() + f64::from(*eps)).sqrt();
            for v in plane {
                let normal = (v.wide() - mean[c].wide()) / deviation;
                *v = T::of(gamma[c].wide() * normal + beta[c].wide());
            }
        }
        Ok(out)
    }

    fn lower(&self, _: &[At], _: At) -> Lowering {
        Lowering::Nothing
    }
}
