//! How a list is shared among workgroups: in rows, since a direction has no more than 65,535.

use crate::kernels::Kernel;

/// Workgroups of a row.
const ROW: usize = 1 << 15;

/// Workgroups for an invocation each of so many, and the invocations of a row.
pub(super) fn rows(count: usize, kernel: &Kernel) -> ([u32; 3], u32) {
    let groups = count.div_ceil(kernel.workgroup[0] as usize).max(1);
    let row = groups.min(ROW);
    ([row as u32, groups.div_ceil(row) as u32, 1], row as u32 * kernel.workgroup[0])
}
