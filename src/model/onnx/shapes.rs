//! Borders of windows: here one number, there one for each side.

/// A window along one axis.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub input: usize,
    pub size: usize,
    pub stride: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
}

impl Axis {
    /// From the first tap to the last.
    const fn reach(&self) -> usize {
        (self.size - 1) * self.dilation + 1
    }

    /// Border at the end, so that there are as many outputs, for a border at the beginning.
    pub fn border_after(&self, before: usize, outputs: usize) -> usize {
        ((outputs - 1) * self.stride + self.reach()).saturating_sub(self.input + before)
    }

    /// Outputs for borders at either end; none if the window does not fit.
    pub fn outputs(&self, before: usize, after: usize, ceil: bool) -> Option<usize> {
        let room = (self.input + before + after).checked_sub(self.reach())?;
        let steps = if ceil { room.div_ceil(self.stride) } else { room / self.stride };
        // A window that would begin in the border at the end is none.
        let beyond = ceil && steps * self.stride >= self.input + before;
        Some(steps + 1 - usize::from(beyond))
    }

    /// Borders for as many outputs as strides fit into the input: `SAME_UPPER`, or `SAME_LOWER`.
    pub fn same(&self, lower: bool) -> (usize, usize) {
        let outputs = self.input.div_ceil(self.stride);
        let all = ((outputs - 1) * self.stride + self.reach()).saturating_sub(self.input);
        let (less, more) = (all / 2, all - all / 2);
        if lower { (more, less) } else { (less, more) }
    }
}
