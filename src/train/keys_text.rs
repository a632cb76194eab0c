//! What training says of itself in a cfg, so that Darknet, or this program, goes on from it in the same way.

use std::fmt::{Display, Write};

use crate::train::{
    augment::{Mixup, Mosaic, Spread},
    darknet_loss::{BoxLoss, IouKind, YoloSection},
    keys::TrainingKeys,
    schedule::{Policy, Schedule},
};

/// A training of so many steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingSpan<'a> {
    /// Its rates.
    pub schedule: &'a Schedule,
    /// Pictures of a step.
    pub batch: usize,
    /// Of those, how many are played at once.
    pub mini: usize,
}

/// A cfg's text with the keys of Darknet's recipe in `[net]` and in every `[yolo]`; what was read from it is the same.
pub fn with_training(cfg: &str, keys: &TrainingKeys, span: &TrainingSpan<'_>) -> String {
    let mut heads = keys.heads.iter();
    let mut out = String::with_capacity(cfg.len());
    for line in cfg.lines() {
        out += line;
        out.push('\n');
        match line.trim() {
            "[net]" => net(&mut out, keys, span),
            "[yolo]" => {
                if let Some(section) = heads.next() {
                    yolo(&mut out, section, keys);
                }
            }
            _ => {}
        }
    }
    out
}

fn line(out: &mut String, key: &str, value: impl Display) {
    let _ = writeln!(out, "{key}={value}");
}

/// As short as 32 bits, in which it is read again, allow.
fn short(value: f64) -> f32 {
    value as f32
}

fn net(out: &mut String, keys: &TrainingKeys, span: &TrainingSpan<'_>) {
    let schedule = span.schedule;
    line(out, "batch", span.batch);
    line(out, "subdivisions", span.batch / span.mini.max(1));
    line(out, "learning_rate", short(schedule.learning_rate));
    line(out, "momentum", short(keys.momentum));
    line(out, "decay", short(keys.decay));
    line(out, "burn_in", schedule.burn_in);
    line(out, "power", short(schedule.power));
    line(out, "max_batches", schedule.max_batches);
    policy(out, &schedule.policy);
    let augment = &keys.augment;
    line(out, "flip", u8::from(augment.flip));
    line(out, "hue", short(augment.hue));
    for (key, spread) in [("saturation", augment.saturation), ("exposure", augment.exposure)] {
        let (Spread::Times(most) | Spread::Around(most)) = spread;
        line(out, key, short(most));
    }
    line(out, "mosaic", u8::from(augment.mosaic != Mosaic::Never));
    line(out, "mixup", u8::from(augment.mixup != Mixup::Never));
}

fn policy(out: &mut String, policy: &Policy) {
    let name = |out: &mut String, name: &str| line(out, "policy", name);
    let list = |all: Vec<String>| all.join(",");
    match policy {
        Policy::Constant => name(out, "constant"),
        Policy::Step { step, scale } => {
            name(out, "step");
            line(out, "step", step);
            line(out, "scale", short(*scale));
        }
        Policy::Steps(steps) => {
            name(out, "steps");
            line(out, "steps", list(steps.iter().map(|(at, _)| at.to_string()).collect()));
            line(out, "scales", list(steps.iter().map(|(_, scale)| short(*scale).to_string()).collect()));
        }
        Policy::Exp { gamma } => {
            name(out, "exp");
            line(out, "gamma", short(*gamma));
        }
        Policy::Poly => name(out, "poly"),
        Policy::Sigmoid { gamma, step } => {
            name(out, "sigmoid");
            line(out, "gamma", short(*gamma));
            line(out, "step", step);
        }
        // Darknet's cosine falls to a rate, not to a part of one.
        Policy::Cosine { .. } => name(out, "sgdr"),
        Policy::Sgdr { least, cycle, times } => {
            name(out, "sgdr");
            line(out, "learning_rate_min", short(*least));
            line(out, "sgdr_cycle", cycle);
            line(out, "sgdr_mult", times);
        }
    }
}

fn yolo(out: &mut String, section: &YoloSection, keys: &TrainingKeys) {
    let kind = |kind: IouKind| match kind {
        IouKind::Iou => "iou",
        IouKind::Giou => "giou",
        IouKind::Diou => "diou",
        IouKind::Ciou => "ciou",
    };
    line(out, "ignore_thresh", short(section.ignore_thresh));
    line(out, "truth_thresh", short(section.truth_thresh));
    line(out, "iou_thresh", short(section.iou_thresh));
    line(out, "iou_thresh_kind", kind(section.iou_thresh_kind));
    line(
        out,
        "iou_loss",
        match section.box_loss {
            BoxLoss::Mse => "mse",
            BoxLoss::Overlap(of) => kind(of),
        },
    );
    line(out, "iou_normalizer", short(section.iou_normalizer));
    line(out, "obj_normalizer", short(section.obj_normalizer));
    line(out, "cls_normalizer", short(section.cls_normalizer));
    if let Some(most) = section.max_delta {
        line(out, "max_delta", short(most));
    }
    line(out, "label_smooth_eps", short(section.label_smooth_eps));
    line(out, "focal_loss", u8::from(section.focal_loss));
    line(out, "objectness_smooth", u8::from(section.objectness_smooth));
    line(out, "max", section.max_boxes);
    line(out, "jitter", short(keys.augment.jitter));
    line(out, "resize", short(keys.augment.resize));
}
