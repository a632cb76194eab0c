//! Objects as they lie on the canvas of a network.

use crate::dataset::LabelledPicture;

/// An object on a canvas, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObjectShape {
    /// Index of its picture.
    pub picture: usize,
    /// Index of its class.
    pub class: usize,
    /// Centre from the left and the top.
    pub centre: (f64, f64),
    /// Width and height.
    pub size: (f64, f64),
}

impl ObjectShape {
    /// Whether it is a pixel wide and high or more: Darknet learns nothing from others.
    pub fn is_seen(&self) -> bool {
        self.size.0 >= 1.0 && self.size.1 >= 1.0
    }

    /// Overlap of the shapes, wherever they are: intersection over union, 0 to 1.
    pub fn iou(&self, (w, h): (f64, f64)) -> f64 {
        let both = self.size.0.min(w) * self.size.1.min(h);
        let union = self.size.0 * self.size.1 + w * h - both;
        if union > 0.0 { both / union } else { 0.0 }
    }
}

/// The objects of `pictures` on a canvas of columns and rows, which each picture fills, or `letterbox`: lies in the middle of, as large as
/// its proportions allow. Then pictures must have been measured: others are left out.
pub fn shapes(pictures: &[LabelledPicture], canvas: (usize, usize), letterbox: bool) -> Vec<ObjectShape> {
    let (cw, ch) = (canvas.0 as f64, canvas.1 as f64);
    let of = |(at, picture): (usize, &LabelledPicture)| {
        let (w, h) = if letterbox {
            let Some((width, height)) = picture.own_size.or(picture.image.size) else { return vec![] };
            let (width, height) = (width.max(1) as f64, height.max(1) as f64);
            let scale = (cw / width).min(ch / height);
            (width * scale, height * scale)
        } else {
            (cw, ch)
        };
        let (left, top) = ((cw - w) / 2.0, (ch - h) / 2.0);
        let shape = |(class, [x, y, bw, bh]): (usize, [f64; 4])| ObjectShape {
            picture: at,
            class,
            centre: (left + x * w, top + y * h),
            size: (bw * w, bh * h),
        };
        picture.truths().into_iter().map(shape).collect()
    };
    pictures.iter().enumerate().flat_map(of).collect()
}
