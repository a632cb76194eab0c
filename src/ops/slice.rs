//! A range of channels (`[route]` with groups).

use std::ops::RangeInclusive;

use crate::{
    kernels::planes::At,
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// Channels `start .. start + channels` of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First channel.
    pub start: usize,
    /// Number of channels.
    pub channels: usize,
}

impl Definition for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn describe(&self) -> String {
        format!("slice from {}", self.start)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, Self { start, channels }) = (inputs[0], *self);
        if channels > 0 && start.checked_add(channels).is_some_and(|end| end <= x.c) {
            Ok(Shape::new(channels, x.h, x.w))
        } else {
            Err(format!("channels {start} .. {} are not all there", start.saturating_add(channels)))
        }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Range { start: self.start }
    }

    fn cut(&self) -> Cut {
        Cut::Range { start: self.start }
    }

    fn alone(&self) -> &'static str {
        ""
    }

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let n = value.pixels();
        let data = inputs[0].data[self.start * n..(self.start + self.channels) * n].to_vec();
        Ok(Tensor { shape: value, data })
    }

    /// What has to be copied is copied by the plan's own steps.
    fn lower(&self, _: &[At], _: At) -> Lowering {
        Lowering::Nothing
    }
}
