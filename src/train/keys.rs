//! What a cfg says about training: rates, decay, the loss of every head, how pictures are varied.

use std::path::Path;

use crate::{
    error::{Error, Result},
    graph::Graph,
    model::darknet::cfg::{Cfg, Section},
    train::{
        augment::{AugmentKeys, Mixup, Mosaic, Spread},
        darknet_loss::{BoxLoss, IouKind, YoloSection, multipliers},
        recipe::{Optimizer, TrainingRecipe, WarmUp},
        schedule::{Policy, Schedule},
    },
};

/// What becomes of a key of Darknet's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyFate {
    /// As Darknet has it.
    Honoured,
    /// It asks for what is not there, or for what the command line says; a remark where it would change the result.
    Passed,
    /// Refused unless it has its neutral value.
    Refused,
}

/// The keys of `[net]` and `[yolo]` that are about training, and what becomes of each; docs/training.md has the same table.
pub const TRAINING_KEYS: &[(&str, &str, KeyFate)] = &[
    ("net", "learning_rate", KeyFate::Honoured),
    ("net", "learning_rate_min", KeyFate::Honoured),
    ("net", "momentum", KeyFate::Honoured),
    ("net", "decay", KeyFate::Honoured),
    ("net", "policy", KeyFate::Honoured),
    ("net", "step", KeyFate::Honoured),
    ("net", "scale", KeyFate::Honoured),
    ("net", "steps", KeyFate::Honoured),
    ("net", "scales", KeyFate::Honoured),
    ("net", "gamma", KeyFate::Honoured),
    ("net", "power", KeyFate::Honoured),
    ("net", "sgdr_cycle", KeyFate::Honoured),
    ("net", "sgdr_mult", KeyFate::Honoured),
    ("net", "burn_in", KeyFate::Passed),
    ("net", "max_batches", KeyFate::Passed),
    ("net", "batch", KeyFate::Passed),
    ("net", "subdivisions", KeyFate::Passed),
    ("net", "hue", KeyFate::Honoured),
    ("net", "saturation", KeyFate::Honoured),
    ("net", "exposure", KeyFate::Honoured),
    ("net", "flip", KeyFate::Honoured),
    ("net", "angle", KeyFate::Passed),
    ("net", "aspect", KeyFate::Passed),
    ("net", "mosaic", KeyFate::Honoured),
    ("net", "mixup", KeyFate::Honoured),
    ("net", "cutmix", KeyFate::Passed),
    ("net", "blur", KeyFate::Passed),
    ("net", "gaussian_noise", KeyFate::Passed),
    ("net", "ema_alpha", KeyFate::Passed),
    ("net", "mosaic_bound", KeyFate::Passed),
    ("net", "try_fix_nan", KeyFate::Passed),
    ("net", "weights_reject_freq", KeyFate::Passed),
    ("net", "equidistant_point", KeyFate::Passed),
    ("net", "badlabels_rejection_percentage", KeyFate::Passed),
    ("net", "num_sigmas_reject_badlabels", KeyFate::Passed),
    ("net", "dynamic_minibatch", KeyFate::Passed),
    ("net", "adam", KeyFate::Refused),
    ("net", "adversarial_lr", KeyFate::Refused),
    ("net", "contrastive", KeyFate::Refused),
    ("yolo", "ignore_thresh", KeyFate::Honoured),
    ("yolo", "truth_thresh", KeyFate::Honoured),
    ("yolo", "iou_thresh", KeyFate::Honoured),
    ("yolo", "iou_thresh_kind", KeyFate::Honoured),
    ("yolo", "iou_loss", KeyFate::Honoured),
    ("yolo", "iou_normalizer", KeyFate::Honoured),
    ("yolo", "obj_normalizer", KeyFate::Honoured),
    ("yolo", "cls_normalizer", KeyFate::Honoured),
    ("yolo", "max_delta", KeyFate::Honoured),
    ("yolo", "label_smooth_eps", KeyFate::Honoured),
    ("yolo", "focal_loss", KeyFate::Honoured),
    ("yolo", "objectness_smooth", KeyFate::Honoured),
    ("yolo", "counters_per_class", KeyFate::Honoured),
    ("yolo", "max", KeyFate::Honoured),
    ("yolo", "jitter", KeyFate::Honoured),
    ("yolo", "resize", KeyFate::Honoured),
    ("yolo", "random", KeyFate::Passed),
];

/// Everything that a cfg says about training.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingKeys {
    /// Rates; without burn-in, and as long as nobody says otherwise.
    pub schedule: Schedule,
    /// `momentum`
    pub momentum: f64,
    /// What the first steps begin with.
    pub warm_up: Option<WarmUp>,
    /// `decay`; with the paper's recipe for a batch of [`NOMINAL_BATCH`](crate::train::recipe::NOMINAL_BATCH).
    pub decay: f64,
    /// What is asked of the heads, and how a step is made of it.
    pub recipe: TrainingRecipe,
    /// How numbers are moved.
    pub optimizer: Optimizer,
    /// The loss of every head, in the graph's order.
    pub heads: Vec<YoloSection>,
    /// How pictures are varied.
    pub augment: AugmentKeys,
    /// How they are in the last third, if otherwise.
    pub last_third: Option<AugmentKeys>,
}

impl TrainingKeys {
    /// Those of the cfg at `path`, which `graph` was read from.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Cfg`] for a value that is none, or a key that asks for another way of training.
    pub fn read(path: &Path, graph: &Graph, notes: &mut Vec<String>) -> Result<Self> {
        let cfg = Cfg::read(path)?;
        let net = &cfg.sections[0];
        let yolo: Vec<&Section> = cfg.sections.iter().filter(|section| section.kind == "yolo").collect();
        if yolo.len() != graph.heads.len() {
            let (expected, found) = (graph.heads.len(), yolo.len());
            return Err(net.error(format!("expected {expected} [yolo] sections to train, found {found}")));
        }
        // As this program writes one: there would be nothing but Darknet's defaults, which nobody trains with.
        if net.peek("learning_rate").is_none() && yolo.iter().all(|section| section.peek("ignore_thresh").is_none()) {
            notes.push(format!("{}: says nothing about training: as YOLOv4-tiny's", net.place()));
            return Ok(Self::of_graph(graph));
        }
        for section in std::iter::once(net).chain(yolo.iter().copied()) {
            fates(section, notes)?;
        }
        cfg.sections.iter().skip(1).for_each(|section| of_layer(section, notes));
        let heads = yolo.iter().zip(&graph.heads).map(|(section, head)| yolo_section(section, head));
        let heads = heads.collect::<Result<_>>()?;
        // Darknet looks at the last head for these.
        let last = yolo.last().copied().unwrap_or(net);
        let augment = AugmentKeys {
            jitter: number(last, "jitter", 0.2)?,
            resize: number(last, "resize", 1.0)?.max(1.0),
            flip: net.number_or::<i64>("flip", 1)? != 0,
            hue: number(net, "hue", 0.0)?,
            saturation: Spread::Times(number(net, "saturation", 1.0)?.max(1.0)),
            exposure: Spread::Times(number(net, "exposure", 1.0)?.max(1.0)),
            mosaic: if net.number_or::<i64>("mosaic", 0)? != 0 { Mosaic::Corners } else { Mosaic::Never },
            mixup: if net.number_or::<i64>("mixup", 0)? != 0 { Mixup::Halves } else { Mixup::Never },
        };
        Ok(Self {
            schedule: schedule(net)?,
            momentum: number(net, "momentum", 0.9)?,
            warm_up: None,
            decay: number(net, "decay", 0.0001)?,
            recipe: TrainingRecipe::Darknet,
            optimizer: Optimizer::Sgd,
            heads,
            augment,
            last_third: None,
        })
    }

    /// Those of YOLOv4-tiny, for a network whose file says nothing about training.
    pub fn of_graph(graph: &Graph) -> Self {
        // Each head knows its own anchors; which of them a truth is given to is decided among all.
        let (anchors, masks) = graph.anchors();
        let anchors: Vec<[f64; 2]> = anchors.iter().map(|(w, h)| [f64::from(*w), f64::from(*h)]).collect();
        let heads = graph.heads.iter().zip(masks).map(|(head, mask)| YoloSection {
            anchors: anchors.clone(),
            mask,
            iou_thresh: 0.213,
            ignore_thresh: 0.7,
            box_loss: BoxLoss::Overlap(IouKind::Ciou),
            iou_normalizer: 0.07,
            max_delta: Some(5.0),
            ..of_head(head)
        });
        Self {
            schedule: Schedule {
                learning_rate: 0.00261,
                burn_in: 0,
                power: 4.0,
                max_batches: 0,
                policy: Policy::Constant,
            },
            momentum: 0.9,
            warm_up: None,
            decay: 0.0005,
            recipe: TrainingRecipe::Darknet,
            optimizer: Optimizer::Sgd,
            heads: heads.collect(),
            augment: AugmentKeys {
                jitter: 0.3,
                resize: 1.5,
                flip: true,
                hue: 0.1,
                saturation: Spread::Times(1.5),
                exposure: Spread::Times(1.5),
                ..AugmentKeys::default()
            },
            last_third: None,
        }
    }

    /// The same, for the classes of a graph.
    #[must_use]
    pub fn of_classes(mut self, graph: &Graph) -> Self {
        for (section, head) in self.heads.iter_mut().zip(&graph.heads) {
            if section.classes != head.classes {
                // They count other classes.
                section.multipliers = None;
                section.classes = head.classes;
            }
        }
        self
    }
}

/// Keys of any layer that are about training, and not done.
const OF_LAYERS: [&str; 8] = [
    "stopbackward",
    "train_only_bn",
    "dont_update",
    "onlyforward",
    "burnin_update",
    "clip",
    "learning_rate",
    "dropblock",
];

/// Tells what a layer asks of training.
fn of_layer(section: &Section, notes: &mut Vec<String>) {
    for key in OF_LAYERS {
        if let Some(value) = section.peek(key).filter(|value| !matches!(*value, "0" | "0.0")) {
            notes.push(format!(
                "{}: {key}={value} is not done (--freeze keeps the first layers as they are)",
                section.place()
            ));
        }
    }
    if section.kind == "dropout" {
        notes.push(format!("{}: nothing is dropped", section.place()));
    }
}

/// Refuses and tells what is not done.
fn fates(section: &Section, notes: &mut Vec<String>) -> Result<()> {
    for (kind, key, fate) in TRAINING_KEYS.iter().filter(|(kind, ..)| *kind == section.kind) {
        match (fate, section.peek(key)) {
            (KeyFate::Refused, Some(value)) if !matches!(value, "0" | "0.0") => {
                return Err(
                    section.error_key(key, format!("{key}={value} is another way of training, which is not there"))
                );
            }
            // What the command line says is its own.
            (KeyFate::Passed, Some(value))
                if !matches!(*key, "batch" | "subdivisions" | "burn_in" | "max_batches" | "mosaic_bound")
                    && !matches!(value, "0" | "0.0") =>
            {
                let fate = if *key == "random" { "is what --multi-scale asks for" } else { "is not done" };
                notes.push(format!("{}: [{kind}] {key}={value} {fate}", section.place()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn number(section: &Section, key: &str, default: f64) -> Result<f64> {
    Ok(section.number::<f32>(key)?.map_or(default, f64::from))
}

fn of_head(head: &crate::graph::Head) -> YoloSection {
    YoloSection {
        anchors: head.anchors.iter().map(|(w, h)| [f64::from(*w), f64::from(*h)]).collect(),
        mask: (0..head.anchors.len()).collect(),
        classes: head.classes,
        new_coords: head.new_coords,
        scale_x_y: f64::from(head.scale_x_y),
        ..YoloSection::default()
    }
}

/// The anchors of all heads are looked at where a truth is given to one of them: `anchors` and `mask` are the section's, not the head's.
fn yolo_section(section: &Section, head: &crate::graph::Head) -> Result<YoloSection> {
    let all: Vec<f32> = section.list("anchors")?;
    let anchors: Vec<[f64; 2]> = all.chunks_exact(2).map(|side| [f64::from(side[0]), f64::from(side[1])]).collect();
    let mask: Vec<usize> = section.list("mask")?;
    let mask = if mask.is_empty() { (0..anchors.len()).collect() } else { mask };
    let max_delta = section.number::<f32>("max_delta")?.map(f64::from);
    let counters: Vec<i64> = section.list("counters_per_class")?;
    let default = YoloSection::default();
    Ok(YoloSection {
        anchors,
        mask,
        ignore_thresh: number(section, "ignore_thresh", default.ignore_thresh)?,
        truth_thresh: number(section, "truth_thresh", default.truth_thresh)?,
        iou_thresh: number(section, "iou_thresh", default.iou_thresh)?,
        iou_thresh_kind: section.text("iou_thresh_kind").map_or(default.iou_thresh_kind, IouKind::named),
        box_loss: section.text("iou_loss").map_or(default.box_loss, BoxLoss::named),
        iou_normalizer: number(section, "iou_normalizer", default.iou_normalizer)?,
        obj_normalizer: number(section, "obj_normalizer", default.obj_normalizer)?,
        cls_normalizer: number(section, "cls_normalizer", default.cls_normalizer)?,
        max_delta,
        label_smooth_eps: number(section, "label_smooth_eps", default.label_smooth_eps)?,
        focal_loss: section.number_or::<i64>("focal_loss", 0)? != 0,
        objectness_smooth: section.number_or::<i64>("objectness_smooth", 0)? != 0,
        multipliers: (!counters.is_empty()).then(|| multipliers(&counters, max_delta)),
        max_boxes: section.number_or::<usize>("max", default.max_boxes)?,
        ..of_head(head)
    })
}

fn schedule(net: &Section) -> Result<Schedule> {
    let whole = |key: &str, default: usize| Ok::<_, Error>(net.number_or::<usize>(key, default)? as u64);
    let policy = match net.text("policy").unwrap_or("constant") {
        "constant" => Policy::Constant,
        "step" => Policy::Step { step: whole("step", 1)?, scale: number(net, "scale", 1.0)? },
        "steps" => {
            let (steps, scales): (Vec<usize>, Vec<f32>) = (net.list("steps")?, net.list("scales")?);
            if steps.len() != scales.len() || steps.is_empty() {
                let message = format!("expected as many scales as steps, found {} and {}", scales.len(), steps.len());
                return Err(net.error_key("steps", message));
            }
            Policy::Steps(steps.iter().map(|n| *n as u64).zip(scales.iter().map(|s| f64::from(*s))).collect())
        }
        "exp" => Policy::Exp { gamma: number(net, "gamma", 1.0)? },
        "poly" => Policy::Poly,
        "sig" | "sigmoid" => Policy::Sigmoid { gamma: number(net, "gamma", 1.0)?, step: whole("step", 1)? },
        "sgdr" => Policy::Sgdr {
            least: number(net, "learning_rate_min", 0.00001)?,
            cycle: whole("sgdr_cycle", net.number_or("max_batches", 0)?)?,
            times: whole("sgdr_mult", 2)?,
        },
        other => {
            let message = format!("policy={other}: expected constant, step, steps, exp, poly, sig or sgdr");
            return Err(net.error_key("policy", message));
        }
    };
    Ok(Schedule {
        learning_rate: number(net, "learning_rate", 0.001)?,
        burn_in: whole("burn_in", 0)?,
        power: number(net, "power", 4.0)?,
        max_batches: whole("max_batches", 0)?,
        policy,
    })
}
