//! Which columns of a row have a tap inside the picture.

/// Columns `first .. last` of a row of `out` whose tap, `shift` from their own place, lies inside a row of `width`.
pub fn inside(width: usize, out: usize, stride: usize, shift: i64) -> (usize, usize) {
    let stride = stride as i64;
    let first = (-shift).max(0).div_euclid(stride) + i64::from((-shift).max(0) % stride != 0);
    let last = ((width as i64 - 1 - shift).div_euclid(stride) + 1).clamp(0, out as i64);
    (first.clamp(0, last) as usize, last as usize)
}
