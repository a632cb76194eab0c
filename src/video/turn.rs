//! How a track is to be turned before it is shown: phones film as they are held, and say so.

use crate::video::{Frame, FrameFormat};

/// A quarter turn, a mirror, or both: where columns and rows go. For each of the four one of -1, 0 and 1, as in the matrix of a `tkhd` box
/// (ISO/IEC 14496-12, 8.3.2): x' = a x + c y, y' = b x + d y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    a: i8,
    b: i8,
    c: i8,
    d: i8,
}

impl Default for Turn {
    fn default() -> Self {
        Self { a: 1, b: 0, c: 0, d: 1 }
    }
}

impl Turn {
    /// Of a display matrix in fixed point; none for one that leans or has no extent.
    pub fn new([a, b, c, d]: [i32; 4]) -> Option<Self> {
        let sign = |v: i32| v.signum() as i8;
        let upright = b == 0 && c == 0 && a != 0 && d != 0;
        let lying = a == 0 && d == 0 && b != 0 && c != 0;
        (upright || lying).then(|| Self { a: sign(a), b: sign(b), c: sign(c), d: sign(d) })
    }

    /// Columns and rows as they are seen.
    pub fn size(self, (width, height): (usize, usize)) -> (usize, usize) {
        if self.a == 0 { (height, width) } else { (width, height) }
    }

    /// The frame as it is to be seen. Of planes of 4:2:0, each by itself.
    pub fn apply(self, frame: Frame) -> Frame {
        if self == Self::default() || frame.format != FrameFormat::I420 {
            return frame;
        }
        let (width, height) = (frame.width, frame.height);
        let half = (width.div_ceil(2), height.div_ceil(2));
        let (luma, chroma) = frame.data.split_at((width * height).min(frame.data.len()));
        let (first, second) = chroma.split_at((half.0 * half.1).min(chroma.len()));
        let mut data = Vec::with_capacity(frame.data.len());
        for (plane, size) in [(luma, (width, height)), (first, half), (second, half)] {
            self.plane(plane, size, &mut data);
        }
        let (width, height) = self.size((width, height));
        Frame { width, height, data, ..frame }
    }

    /// The samples of one plane in their new order.
    fn plane(self, samples: &[u8], (width, height): (usize, usize), out: &mut Vec<u8>) {
        if samples.len() < width * height {
            return;
        }
        let (columns, rows) = self.size((width, height));
        // The turn back is its transpose.
        let along = |by_column: i8, by_row: i8, column: usize, row: usize, length: usize| {
            let at = if by_column != 0 { column } else { row };
            if by_column + by_row < 0 { length - 1 - at } else { at }
        };
        for row in 0..rows {
            out.extend((0..columns).map(|column| {
                let x = along(self.a, self.b, column, row, width);
                let y = along(self.c, self.d, column, row, height);
                samples[y * width + x]
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_turned_and_mirrored_as_its_matrix_says() {
        // 1 2 3
        // 4 5 6
        let turned = |matrix: [i32; 4]| {
            let turn = Turn::new(matrix).unwrap();
            let mut out = Vec::new();
            turn.plane(&[1, 2, 3, 4, 5, 6], (3, 2), &mut out);
            (turn.size((3, 2)), out)
        };
        const ONE: i32 = 1 << 16;
        assert_eq!(turned([ONE, 0, 0, ONE]), ((3, 2), vec![1, 2, 3, 4, 5, 6]));
        // A quarter to the right: the left edge is above.
        assert_eq!(turned([0, ONE, -ONE, 0]), ((2, 3), vec![4, 1, 5, 2, 6, 3]));
        assert_eq!(turned([-ONE, 0, 0, -ONE]), ((3, 2), vec![6, 5, 4, 3, 2, 1]));
        assert_eq!(turned([0, -ONE, ONE, 0]), ((2, 3), vec![3, 6, 2, 5, 1, 4]));
        assert_eq!(turned([-ONE, 0, 0, ONE]), ((3, 2), vec![3, 2, 1, 6, 5, 4]));
        assert_eq!(turned([ONE, 0, 0, -ONE]), ((3, 2), vec![4, 5, 6, 1, 2, 3]));
        assert_eq!(turned([0, ONE, ONE, 0]), ((2, 3), vec![1, 4, 2, 5, 3, 6]));
        assert_eq!(Turn::new([ONE, 7, 0, ONE]), None);
        assert_eq!(Turn::new([0; 4]), None);
    }
}
