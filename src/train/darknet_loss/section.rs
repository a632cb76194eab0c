//! What a `[yolo]` section says to the loss.

use crate::train::darknet_loss::Misfit;

/// Which measure of overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IouKind {
    /// Intersection over union, 0 to 1.
    Iou,
    /// IoU less the part of the hull that neither box covers, -1 to 1.
    Giou,
    /// IoU less the squared distance of the centres over the squared diagonal of the hull.
    Diou,
    /// DIoU less a term of the aspect ratios.
    Ciou,
}

impl IouKind {
    /// The kind that `iou_thresh_kind=text` means. Like Darknet, IoU for a name that it does not know.
    pub fn named(text: &str) -> Self {
        match text {
            "giou" => Self::Giou,
            "diou" => Self::Diou,
            "ciou" => Self::Ciou,
            _ => Self::Iou,
        }
    }
}

/// What pulls a box to its truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxLoss {
    /// Squared error of the four head values, weighted by 2 - w*h of the truth.
    Mse,
    /// One less the overlap.
    Overlap(IouKind),
}

impl BoxLoss {
    /// The loss that `iou_loss=text` means. Like Darknet, IoU for a name that it does not know.
    pub fn named(text: &str) -> Self {
        if text == "mse" { Self::Mse } else { Self::Overlap(IouKind::named(text)) }
    }
}

/// Which gradient the deltas of boxes are. Those of objectness and classes are the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxGradient {
    /// Darknet's own, with its quirks: w and h doubled, no chain through sigma and `scale_x_y` in x and y nor through
    /// the square of `new_coords`, the hull's term of DIoU and CIoU with the wrong sign in x and y.
    Darknet,
    /// The derivative of the boxes' part of [`Tally::objective`](crate::train::darknet_loss::Tally::objective) by the head's values.
    Exact,
}

/// Everything that the loss reads of a `[yolo]` section; [`YoloSection::default`] has Darknet's values for absent keys.
#[derive(Clone, Debug, PartialEq)]
pub struct YoloSection {
    /// `anchors`: width and height of **all** `num` anchors, in pixels of the canvas. Default none.
    pub anchors: Vec<[f64; 2]>,
    /// `mask`: the anchors of this head, in the order of its channels. Without the key, all of them. Default none.
    pub mask: Vec<usize>,
    /// `classes`. Default 20.
    pub classes: usize,
    /// `new_coords`: the convolution has already applied the logistic function to all channels, and width and height
    /// are 4 v^2 anchors. Default false.
    pub new_coords: bool,
    /// `scale_x_y`: how far a centre may leave its cell; 1 = not at all. Default 1.
    pub scale_x_y: f64,
    /// `ignore_thresh`: a prediction whose best IoU is above it (and one of whose classes is above 0.25) is not pushed to
    /// no object. Default 0.5.
    pub ignore_thresh: f64,
    /// `truth_thresh`: a prediction whose best IoU is above it is assigned to that truth as well. Default 1: never.
    pub truth_thresh: f64,
    /// `iou_thresh`: other anchors of the mask whose shape overlaps the truth's by more are assigned too. Default 1: none.
    pub iou_thresh: f64,
    /// `iou_thresh_kind`: the overlap that `iou_thresh` is compared with. Default IoU.
    pub iou_thresh_kind: IouKind,
    /// `iou_loss`. Default mse.
    pub box_loss: BoxLoss,
    /// `iou_normalizer`: weight of boxes. Default 0.75.
    pub iou_normalizer: f64,
    /// `obj_normalizer`: weight of objectness. Default 1.
    pub obj_normalizer: f64,
    /// `cls_normalizer`: weight of the true class, but only where there are multipliers. Default 1.
    pub cls_normalizer: f64,
    /// `max_delta`: bound of each box delta of a single truth, not for mse. Default none.
    pub max_delta: Option<f64>,
    /// `label_smooth_eps`: targets are e/2 and 1 - e/2; not with `focal_loss`. Default 0.
    pub label_smooth_eps: f64,
    /// `focal_loss`: alpha 0.5, gamma 2, for classes. Default false.
    pub focal_loss: bool,
    /// `objectness_smooth`: objectness is pulled to the IoU instead of 0 or 1. Default false.
    pub objectness_smooth: bool,
    /// From `counters_per_class` by [`multipliers`], one for each class: they weight class, objectness and box. Default
    /// none.
    pub multipliers: Option<Vec<f64>>,
    /// `max`: truths of a picture after these are not looked at. Default 200.
    pub max_boxes: usize,
}

impl Default for YoloSection {
    fn default() -> Self {
        Self {
            anchors: Vec::new(),
            mask: Vec::new(),
            classes: 20,
            new_coords: false,
            scale_x_y: 1.0,
            ignore_thresh: 0.5,
            truth_thresh: 1.0,
            iou_thresh: 1.0,
            iou_thresh_kind: IouKind::Iou,
            box_loss: BoxLoss::Mse,
            iou_normalizer: 0.75,
            obj_normalizer: 1.0,
            cls_normalizer: 1.0,
            max_delta: None,
            label_smooth_eps: 0.0,
            focal_loss: false,
            objectness_smooth: false,
            multipliers: None,
            max_boxes: 200,
        }
    }
}

impl YoloSection {
    /// Channels of the head: masks*(5+classes).
    pub fn channels(&self) -> usize {
        self.mask.len().saturating_mul(self.classes.saturating_add(5))
    }

    pub(crate) fn check(&self) -> Result<(), Misfit> {
        if let Some(&index) = self.mask.iter().find(|&&index| index >= self.anchors.len()) {
            return Err(Misfit::Mask { index, anchors: self.anchors.len() });
        }
        if let Some(index) = self.anchors.iter().position(|a| a.iter().any(|&side| !(side > 0.0 && side.is_finite()))) {
            return Err(Misfit::Anchor { index });
        }
        match &self.multipliers {
            Some(found) if found.len() != self.classes => {
                Err(Misfit::Multipliers { classes: self.classes, found: found.len() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn multiplier(&self, class: usize) -> f64 {
        self.multipliers.as_ref().and_then(|all| all.get(class)).copied().unwrap_or(1.0)
    }
}

/// Weights of the classes from `counters_per_class`: how many times rarer a class is than the most frequent one, at most
/// `max_delta`. A count below 1 is taken as 1.
pub fn multipliers(counters_per_class: &[i64], max_delta: Option<f64>) -> Vec<f64> {
    let counts = counters_per_class.iter().map(|&count| count.max(1) as f64);
    let most = counts.clone().fold(0.0, f64::max);
    counts.map(|count| (most / count).min(max_delta.unwrap_or(f64::INFINITY))).collect()
}
