//! Picture to network input, by definition. In f32 and in the order of Darknet's own resize_image, so that results agree to the bit
//! where its do; the half-pixel sampler is `cv2.resize` with INTER_LINEAR before it rounds to bytes.

use crate::{
    host::{Picture, Placement, Sampling},
    tensor::{Shape, Tensor},
};

impl Placement {
    /// The canvas `[3, H, W]`, RGB / 255; `[1, H, W]` of a network that takes greys.
    pub fn resample(&self, picture: &Picture) -> Tensor {
        let mut out = self.empty();
        let (rows, columns) = (out.shape.h, out.shape.w);
        for (at, row) in out.data.chunks_exact_mut(columns.max(1)).enumerate() {
            self.resample_row(picture, at / rows, at % rows, row);
        }
        out
    }

    /// A canvas without a picture.
    pub fn empty(&self) -> Tensor {
        let (columns, rows) = self.canvas;
        Tensor::zeros(Shape::new(if self.grey { 1 } else { 3 }, rows, columns))
    }

    /// Row `y` of the plane of channel `c`.
    pub fn resample_row(&self, picture: &Picture, c: usize, y: usize, row: &mut [f32]) {
        let [across, down] = self.sampling();
        let ((ox, rw), (oy, rh)) = (across.region, down.region);
        for (x, out) in row.iter_mut().enumerate() {
            let inside = (ox..ox + rw).contains(&x) && (oy..oy + rh).contains(&y);
            *out = match (inside, self.aligned()) {
                (false, _) => self.fill,
                (true, true) => aligned(picture, self, c, (x - ox, y - oy), [across.step, down.step]),
                (true, false) => {
                    let at = |side: Sampling, n: usize| side.start + n as f32 * side.step;
                    bilinear(picture, self, c, at(across, x - ox), at(down, y - oy))
                }
            };
        }
    }
}

fn at(picture: &Picture, placement: &Placement, c: usize, x: i64, y: i64) -> f32 {
    let x = x.clamp(0, picture.width as i64 - 1) as usize;
    let y = y.clamp(0, picture.height as i64 - 1) as usize;
    let pixel = &picture.rgba[(y * picture.width + x) * 4..][..4];
    let value = match placement.grey {
        false => pixel[c],
        true => ((77 * u32::from(pixel[0]) + 150 * u32::from(pixel[1]) + 29 * u32::from(pixel[2])) >> 8) as u8,
    };
    f32::from(value) / 255.0
}

/// Corner pixels aligned. The last column is copied, the last row has no second tap: both as Darknet does it.
fn aligned(
    picture: &Picture,
    placement: &Placement,
    c: usize,
    (x, y): (usize, usize),
    [step_x, step_y]: [f32; 2],
) -> f32 {
    let row = |y: i64| {
        if x == placement.resized.0 - 1 || picture.width == 1 {
            return at(picture, placement, c, picture.width as i64 - 1, y);
        }
        let sx = x as f32 * step_x;
        let ix = sx as i64;
        let dx = sx - ix as f32;
        (1.0 - dx) * at(picture, placement, c, ix, y) + dx * at(picture, placement, c, ix + 1, y)
    };
    let sy = y as f32 * step_y;
    let iy = sy as i64;
    let dy = sy - iy as f32;
    let first = (1.0 - dy) * row(iy);
    if y == placement.resized.1 - 1 || picture.height == 1 { first } else { first + dy * row(iy + 1) }
}

/// Between the four pixels around a place, edges repeated.
fn bilinear(picture: &Picture, placement: &Placement, c: usize, sx: f32, sy: f32) -> f32 {
    let (ix, iy) = (sx.floor(), sy.floor());
    let (dx, dy) = (sx - ix, sy - iy);
    let row = |y: i64| {
        at(picture, placement, c, ix as i64, y) * (1.0 - dx) + at(picture, placement, c, ix as i64 + 1, y) * dx
    };
    row(iy as i64) * (1.0 - dy) + row(iy as i64 + 1) * dy
}
