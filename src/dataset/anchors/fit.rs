//! How well anchors fit the objects of a set.

use std::{collections::HashSet, fmt};

use crate::dataset::ObjectShape;

/// Overlap of shapes from which an anchor is said to find an object.
const FOUND_IOU: f64 = 0.5;
/// ScaledYOLOv4's `anchor_t`: neither side may be this many times the other's.
const FOUND_RATIO: f64 = 4.0;

/// A head of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorHead {
    /// Pixels of the canvas from cell to cell.
    pub stride: usize,
    /// Indices of its anchors.
    pub mask: Vec<usize>,
}

/// How well anchors fit.
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorFit {
    /// All objects together.
    pub all: ClassFit,
    /// By class.
    pub classes: Vec<ClassFit>,
    /// By anchor: the objects whose shape it fits best.
    pub best_of: Vec<usize>,
    /// Objects whose best anchor is in the mask of no head, so that no cell learns them by it.
    pub unassigned: usize,
    /// Objects that have the cell and the anchor of another one of their picture: Darknet's `rewritten_bbox`.
    pub rewritten: usize,
}

/// How well anchors fit the objects of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassFit {
    /// Its name.
    pub name: String,
    /// Objects of a pixel or more.
    pub objects: usize,
    /// Overlap with the best anchor, on average, 0 to 1.
    pub mean_iou: f64,
    /// Best possible recall by overlap: the share that overlaps an anchor by half or more.
    pub by_iou: f64,
    /// Best possible recall by ScaledYOLOv4's rule: the share whose sides are less than four times an anchor's, and the other way round.
    pub by_ratio: f64,
}

#[derive(Clone, Default)]
struct Sums {
    objects: usize,
    iou: f64,
    by_iou: usize,
    by_ratio: usize,
}

/// How `anchors`, widths and heights in pixels of the canvas, fit `shapes` of it. Only anchors of a mask count towards recall; an object
/// belongs to the best of all, as Darknet has it. Objects of less than a pixel are left out.
pub fn fit(shapes: &[ObjectShape], classes: &[String], anchors: &[(f64, f64)], heads: &[AnchorHead]) -> AnchorFit {
    let used: Vec<usize> =
        (0..anchors.len()).filter(|anchor| heads.iter().any(|head| head.mask.contains(anchor))).collect();
    let mut sums = vec![Sums::default(); classes.len() + 1];
    let (mut best_of, mut unassigned, mut rewritten) = (vec![0; anchors.len()], 0, 0);
    let mut cells: HashSet<(usize, usize, usize, u64, u64)> = HashSet::new();
    for shape in shapes.iter().filter(|shape| shape.is_seen()) {
        let iou = used.iter().map(|anchor| shape.iou(anchors[*anchor])).fold(0.0, f64::max);
        let by_ratio = used.iter().any(|anchor| ratio(shape.size, anchors[*anchor]) < FOUND_RATIO);
        for sum in [sums.len() - 1, shape.class].into_iter().collect::<HashSet<_>>() {
            if let Some(sum) = sums.get_mut(sum) {
                sum.objects += 1;
                sum.iou += iou;
                sum.by_iou += usize::from(iou >= FOUND_IOU);
                sum.by_ratio += usize::from(by_ratio);
            }
        }
        let Some(best) = best(shape, anchors) else { continue };
        best_of[best] += 1;
        let (mut assigned, mut twice) = (false, false);
        for (number, head) in heads.iter().enumerate().filter(|(_, head)| head.mask.contains(&best)) {
            let cell = |place: f64| (place / head.stride.max(1) as f64) as u64;
            assigned = true;
            twice |= !cells.insert((shape.picture, number, best, cell(shape.centre.0), cell(shape.centre.1)));
        }
        unassigned += usize::from(!assigned);
        rewritten += usize::from(twice);
    }
    let names = classes.iter().map(String::as_str).chain(["all"]);
    let mut classes: Vec<ClassFit> = names.zip(&sums).map(|(name, sums)| sums.fit(name)).collect();
    let all = classes.pop().unwrap_or_default();
    AnchorFit { all, classes, best_of, unassigned, rewritten }
}

impl Sums {
    fn fit(&self, name: &str) -> ClassFit {
        let of = |sum: f64| if self.objects == 0 { 0.0 } else { sum / self.objects as f64 };
        let (mean_iou, by_iou, by_ratio) = (of(self.iou), of(self.by_iou as f64), of(self.by_ratio as f64));
        ClassFit { name: name.to_owned(), objects: self.objects, mean_iou, by_iou, by_ratio }
    }
}

/// The anchor whose shape overlaps most; of equal ones the first.
fn best(shape: &ObjectShape, anchors: &[(f64, f64)]) -> Option<usize> {
    let mut best = None;
    for (at, anchor) in anchors.iter().enumerate() {
        let iou = shape.iou(*anchor);
        if best.is_none_or(|(_, most)| iou > most) {
            best = Some((at, iou));
        }
    }
    best.map(|(at, _)| at)
}

fn ratio((w, h): (f64, f64), (aw, ah): (f64, f64)) -> f64 {
    (w / aw).max(aw / w).max(h / ah).max(ah / h)
}

/// A table, a line a class, and remarks.
impl fmt::Display for AnchorFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0).max(3);
        writeln!(f, "{:wide$} {:>8} {:>9} {:>10} {:>9}", "", "objects", "mean IoU", "IoU >= .5", "ratio < 4")?;
        for class in self.classes.iter().chain([&self.all]) {
            let ClassFit { name, objects, mean_iou, by_iou, by_ratio } = class;
            let (by_iou, by_ratio) = (100.0 * by_iou, 100.0 * by_ratio);
            writeln!(f, "{name:wide$} {objects:>8} {mean_iou:>9.3} {by_iou:>8.1} % {by_ratio:>7.1} %")?;
        }
        if self.unassigned > 0 {
            writeln!(f, "{} objects fit an anchor best that no head has", self.unassigned)?;
        }
        if self.rewritten > 0 {
            writeln!(f, "{} objects share cell and anchor with another of their picture", self.rewritten)?;
        }
        Ok(())
    }
}
