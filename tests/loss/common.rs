//! Heads, truths and sections for the tests.
#![allow(dead_code, reason = "each file takes what it needs")]

use yolov4::low_level::train::darknet_loss::{
    BoxGradient, BoxLoss, HeadLoss, HeadValues, IouKind, Truth, YoloSection, picture,
};

/// A generator of numbers that are always the same.
pub struct Random(pub u64);

impl Random {
    /// Uniform in 0..1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

pub const KINDS: [IouKind; 4] = [IouKind::Iou, IouKind::Giou, IouKind::Diou, IouKind::Ciou];
/// Nothing about the grid is square.
pub const GRID: (usize, usize) = (5, 3);
pub const CANVAS: (usize, usize) = (160, 96);

pub fn section() -> YoloSection {
    YoloSection {
        anchors: vec![[10., 14.], [23., 27.], [37., 58.], [81., 82.], [135., 169.], [344., 319.]],
        mask: vec![1, 2, 3],
        classes: 4,
        box_loss: BoxLoss::Overlap(IouKind::Ciou),
        ignore_thresh: 0.7,
        ..YoloSection::default()
    }
}

/// Values of a head: logits, or with `new_coords` probabilities.
pub fn head(section: &YoloSection, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    let range = if section.new_coords { (0.1, 0.9) } else { (-1.5, 1.5) };
    (0..section.channels() * GRID.0 * GRID.1).map(|_| random.within(range.0, range.1)).collect()
}

pub fn of(raw: &[f64]) -> HeadValues<'_, f64> {
    HeadValues { raw, grid: GRID, canvas: CANVAS }
}

pub fn truth(class: usize, cx: f64, cy: f64, w: f64, h: f64) -> Truth {
    Truth { class, cx, cy, w, h }
}

pub fn darknet(section: &YoloSection, raw: &[f64], truths: &[Truth]) -> HeadLoss {
    picture(section, BoxGradient::Darknet, of(raw), truths).unwrap()
}

/// Place of an entry at mask, column, row.
pub fn at(section: &YoloSection, mask: usize, entry: usize, (column, row): (usize, usize)) -> usize {
    ((mask * (5 + section.classes) + entry) * GRID.1 + row) * GRID.0 + column
}

/// What an index of the head means: 0..4 box, 4 objectness, 5.. classes.
pub fn entry(section: &YoloSection, index: usize) -> usize {
    index / (GRID.0 * GRID.1) % (5 + section.classes)
}

/// A truth that fits anchor 2 (37x58, the second of the mask), in column 1, row 1.
pub fn middle(class: usize) -> Truth {
    truth(class, 0.31, 0.42, 0.22, 0.51)
}
