//! The loss that the paper's networks were trained with: truths are given by the ratio of sides to cells and their neighbours, boxes are pulled by
//! CIoU, objectness and classes by cross entropy, heads are balanced.
//!
//! It is a mean over a mini-batch times its pictures, so that gradients of mini-batches add up.

use std::collections::BTreeMap;

use crate::train::darknet_loss::{
    HeadValues, IouKind, LossParts, Misfit, Tally, Truth, YoloSection,
    head::{HeadReading, Spot},
    overlap::{AspectWeight, Rect, overlap},
    slope::exact_weighted,
};

/// How much each part counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaledGains {
    /// A truth is given to an anchor none of whose sides is that many times longer or shorter.
    pub anchor_ratio: f64,
    /// Boxes.
    pub boxes: f64,
    /// Objectness; what each head counts is in [`balance`].
    pub objectness: f64,
    /// Classes, if there are 80: it grows with them.
    pub classes: f64,
}

impl Default for ScaledGains {
    /// Those of the paper's code, from scratch and for the last epochs alike.
    fn default() -> Self {
        Self { anchor_ratio: 4.0, boxes: 0.05, objectness: 1.0, classes: 0.5 }
    }
}

/// A head's part of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaledHeadLoss {
    /// The gradient by the head's values, as they lie.
    pub gradient: Vec<f64>,
    /// Its parts, summed over the pictures.
    pub parts: LossParts,
    /// Counts and sums.
    pub tally: Tally,
}

/// What objectness counts in each of so many heads, the finest first.
pub fn balance(heads: usize) -> Vec<f64> {
    let (list, all): (&[f64], f64) = match heads {
        ..=3 => (&[4.0, 1.0, 0.4], 1.0),
        4 => (&[4.0, 1.0, 0.4, 0.1], 1.4),
        _ => (&[4.0, 1.0, 0.5, 0.4, 0.1], 1.4),
    };
    (0..heads).map(|n| all * list[n.min(list.len() - 1)]).collect()
}

/// The loss of a mini-batch at all heads: the values of each are \[pictures, masks*(5+classes), h, w\], `truths` one list for each picture.
///
/// # Errors
/// What does not fit together.
pub fn scaled<T: Copy + Into<f64>>(
    gains: &ScaledGains,
    heads: &[(&YoloSection, HeadValues<'_, T>)],
    truths: &[impl AsRef<[Truth]>],
) -> Result<Vec<ScaledHeadLoss>, Misfit> {
    let mut finest: Vec<usize> = (0..heads.len()).collect();
    finest.sort_by_key(|&n| std::cmp::Reverse(heads[n].1.cells()));
    let balance = balance(heads.len());
    let weight = |n: usize| finest.iter().position(|&at| at == n).map_or(1.0, |rank| balance[rank]);
    let share = 3.0 / heads.len().max(1) as f64;
    let of = |(n, (section, values)): (usize, &(&YoloSection, HeadValues<'_, T>))| {
        let each = values.check(section, truths.len())?;
        let gains = ScaledGains {
            boxes: gains.boxes * share,
            objectness: gains.objectness * share * weight(n),
            classes: gains.classes * share * of_classes(section.classes),
            ..*gains
        };
        Ok(HeadTask { gains, section, values: *values, each }.loss(truths))
    };
    heads.iter().enumerate().map(of).collect()
}

/// Of one class the paper's code learns nothing, as its boxes are scored without; here the score is a product of both. Its probability has to
/// rise as fast as objectness does then, which an eightieth would not let it.
fn of_classes(classes: usize) -> f64 {
    if classes == 1 { 1.0 } else { classes as f64 / 80.0 }
}

/// A head, with what counts in it.
struct HeadTask<'a, T> {
    gains: ScaledGains,
    section: &'a YoloSection,
    values: HeadValues<'a, T>,
    /// Values of a picture.
    each: usize,
}

/// A truth that a prediction is asked for.
struct Match {
    picture: usize,
    spot: Spot,
    truth: Truth,
}

/// Nothing is asked of a probability beyond what 32 bits tell from 0 and 1.
const LEAST: f64 = 1e-7;

impl<T: Copy + Into<f64>> HeadTask<'_, T> {
    fn loss(&self, truths: &[impl AsRef<[Truth]>]) -> ScaledHeadLoss {
        let (section, pictures) = (self.section, truths.len());
        let mut gradient = vec![0.0; self.values.raw.len()];
        let mut parts = LossParts::default();
        let not_finite = self.values.raw.iter().filter(|&&v| !v.into().is_finite()).count();
        let mut tally = Tally { not_finite, ..Tally::default() };
        let mut matches = Vec::new();
        for (picture, truths) in truths.iter().enumerate() {
            for truth in truths.as_ref() {
                tally.skipped += usize::from(!self.give(picture, truth, &mut matches));
            }
        }
        let found = matches.len().max(1) as f64;
        let all = pictures as f64;
        let entries = (pictures * section.mask.len() * self.values.cells()).max(1) as f64;
        let mut wanted: BTreeMap<(usize, Spot), f64> = BTreeMap::new();
        for one in &matches {
            let (reading, start) = self.reading(one.picture);
            let (columns, rows) = (self.values.grid.0 as f64, self.values.grid.1 as f64);
            // In cells, so that lengths along both sides are the same.
            let cells =
                |rect: Rect<f64>| Rect { x: rect.x * columns, y: rect.y * rows, w: rect.w * columns, h: rect.h * rows };
            let (pred, truth) = (cells(reading.rect(one.spot)), cells(Rect::of(&one.truth)));
            let (slope, ciou) = exact_weighted(IouKind::Ciou, AspectWeight::Held, pred, truth);
            let (slope, ciou) = if ciou.is_finite() { (slope, ciou) } else { ([0.0; 4], 0.0) };
            parts.boxes += self.gains.boxes * (1.0 - ciou) / found * all;
            let chain = reading.rect_slope(one.spot);
            for (entry, by) in slope.iter().enumerate() {
                let by = by * chain[entry] * if entry % 2 == 0 { columns } else { rows };
                gradient[start + reading.at(one.spot, entry)] -=
                    self.gains.boxes / found * all * if by.is_finite() { by } else { 0.0 };
            }
            // Where several are asked of one, the one that it fits best, in whatever order they come.
            let target = wanted.entry((one.picture, one.spot)).or_insert(0.0);
            *target = target.max(ciou.clamp(0.0, 1.0));
            for class in 0..section.classes {
                let at = reading.at(one.spot, 5 + class);
                let target = if class == one.truth.class { 1.0 } else { 0.0 };
                let weight = self.gains.classes / (found * section.classes as f64) * all;
                let (loss, by) = entropy(&reading, at, target);
                parts.classes += weight * loss;
                gradient[start + at] += weight * by;
                tally.assigned_class += if target > 0.0 { reading.probability(at) } else { 0.0 };
            }
            let iou = overlap(IouKind::Iou, pred, truth);
            tally.assigned += 1;
            tally.boxes += 1;
            tally.iou += if iou.is_finite() { iou } else { 0.0 };
            tally.recall_50 += usize::from(iou > 0.5);
            tally.recall_75 += usize::from(iou > 0.75);
            tally.assigned_objectness += reading.objectness(one.spot);
        }
        let weight = self.gains.objectness / entries * all;
        for picture in 0..pictures {
            let (reading, start) = self.reading(picture);
            for spot in self.spots() {
                let at = reading.at(spot, 4);
                let target = wanted.get(&(picture, spot)).copied().unwrap_or(0.0);
                let (loss, by) = entropy(&reading, at, target);
                parts.objectness += weight * loss;
                gradient[start + at] += weight * by;
                tally.predictions += 1;
                tally.objectness += reading.objectness(spot);
            }
        }
        ScaledHeadLoss { gradient, parts, tally }
    }

    /// A picture's values, and where they begin.
    fn reading(&self, picture: usize) -> (HeadReading<'_, T>, usize) {
        let start = picture * self.each;
        let head = HeadValues { raw: &self.values.raw[start..start + self.each], ..self.values };
        (HeadReading { section: self.section, head }, start)
    }

    fn spots(&self) -> impl Iterator<Item = Spot> {
        let ((columns, rows), masks) = (self.values.grid, self.section.mask.len());
        (0..masks).flat_map(move |mask| {
            (0..rows).flat_map(move |row| (0..columns).map(move |column| Spot { mask, column, row }))
        })
    }

    /// Gives a truth to every anchor of the head that is shaped like it, in its own cell and in the neighbours that it lies next to. Whether it is one: of
    /// a class there is, and on the canvas.
    fn give(&self, picture: usize, truth: &Truth, matches: &mut Vec<Match>) -> bool {
        let inside = |v: f64| (0.0..1.0).contains(&v);
        if truth.class >= self.section.classes || !inside(truth.cx) || !inside(truth.cy) {
            return false;
        }
        let (columns, rows) = self.values.grid;
        let own = [truth.cx * columns as f64, truth.cy * rows as f64];
        let cells = cells_around(own, [columns, rows], self.section.scale_x_y);
        for mask in 0..self.section.mask.len() {
            let [w, h] = self.section.anchors[self.section.mask[mask]];
            let sides = [truth.w * self.values.canvas.0 as f64 / w, truth.h * self.values.canvas.1 as f64 / h];
            let ratio = sides.into_iter().map(|side| side.max(1.0 / side)).fold(0.0, f64::max);
            if ratio.is_nan() || ratio >= self.gains.anchor_ratio {
                continue;
            }
            matches.extend(cells.iter().map(|[column, row]| Match {
                picture,
                spot: Spot { mask, column: *column, row: *row },
                truth: *truth,
            }));
        }
        true
    }
}

/// The cell of a point, and of its four neighbours those whose centres can reach it: the nearer one in each direction where they may leave their cell by
/// half of one (`scale_x_y` of 2, as in the paper's networks), none where they may not.
fn cells_around(at: [f64; 2], grid: [usize; 2], scale_x_y: f64) -> Vec<[usize; 2]> {
    let cell = at.map(|v| v as usize);
    let mut cells = vec![[cell[0].min(grid[0] - 1), cell[1].min(grid[1] - 1)]];
    let reach = ((scale_x_y - 1.0) / 2.0).min(0.5);
    for axis in [0, 1] {
        let within = at[axis] - cell[axis] as f64;
        let mut neighbour = cells[0];
        if within < reach && neighbour[axis] > 0 {
            neighbour[axis] -= 1;
            cells.push(neighbour);
        } else if 1.0 - within < reach && neighbour[axis] + 1 < grid[axis] {
            neighbour[axis] += 1;
            cells.push(neighbour);
        }
    }
    cells
}

/// Cross entropy with a target, and its derivative by the head's value: a logit, or with `new_coords` a probability.
fn entropy<T: Copy + Into<f64>>(reading: &HeadReading<'_, T>, at: usize, target: f64) -> (f64, f64) {
    let v = reading.raw(at);
    if reading.section.new_coords {
        let p = v.clamp(LEAST, 1.0 - LEAST);
        return (-target * p.ln() - (1.0 - target) * (1.0 - p).ln(), (p - target) / (p * (1.0 - p)));
    }
    (v.max(0.0) + (-v.abs()).exp().ln_1p() - target * v, reading.probability(at) - target)
}
