//! The family as the paper composes it: a recipe of numbers, written out as Darknet sections block by block. There is one
//! way from sections to a graph, [`crate::model::darknet`], and the builder takes it too.

mod anchors;
mod blocks;
pub(in crate::model) mod cfg_writer;

use std::path::PathBuf;

use anchors::{NINE, P5, P6, P7, TINY};
use blocks::{Mix, csp_dark_stage, csp_down, csp_osa_stage, csp_up, dark_stage, spp_csp, spp_plain};
use cfg_writer::{CfgWriter, Mark};

use crate::{
    error::{Error, Result},
    model::{
        CfgOptions, Model,
        darknet::{build, cfg::Cfg},
    },
};

/// How a network of the family is composed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// YOLOv4-tiny (section 3.4): three `CSPOSANet` stages, a pyramid without a way back.
    Tiny,
    /// YOLOv4: CSP backbone, plain neck.
    Ancestor,
    /// YOLOv4-CSP (section 3.1): CSP in the neck too, the first stage plain.
    Csp {
        /// Whether each head is written before the way up goes on, as the first published cfg has it.
        interleaved: bool,
    },
    /// YOLOv4-large (section 3.5): CSP in every stage, more of them, four anchors a head.
    Large {
        /// As the PyTorch code of P7 has it: where a block of the neck joins its two branches, batch-norm and activation
        /// are applied to both, though the deep one has had them. Darknet's P5 and P6 were trained without.
        twice: bool,
    },
}

/// Which network, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How it is composed.
    pub plan: Architecture,
    /// Columns and rows of the input, in pixels.
    pub size: (usize, usize),
    /// Classes.
    pub classes: usize,
    /// Heads; for [`Architecture::Large`] it has two more stages than heads.
    pub heads: usize,
    /// Residuals per stage and pairs per block of the neck, times this, rounded up.
    pub depth: f32,
    /// Channels, times this, rounded up to a multiple of 8.
    pub width: f32,
    /// Whether pictures keep their shape (`letter_box`).
    pub letterbox: bool,
    /// Activation, by Darknet's name.
    pub activation: &'static str,
    /// Width and height in pixels at the network's own size, for the finest head first.
    pub anchors: Vec<(f32, f32)>,
}

/// Stages of every network that is not YOLOv4-large.
const STAGES_OF_OTHERS: usize = 5;

/// Residuals of the stages of YOLOv4-large, and of YOLOv4 and YOLOv4-CSP (Darknet-53's).
const LARGE_DEPTHS: [usize; 7] = [1, 3, 15, 15, 7, 7, 7];
const DARK_DEPTHS: [usize; 5] = [1, 2, 8, 8, 4];

/// The networks that [`Recipe::named`] knows.
pub const NAMES: &[&str] = &[
    "yolov4-tiny",
    "yolov4-tiny-3l",
    "yolov4",
    "yolov4-csp",
    "yolov4-csp-swish",
    "yolov4x-mish",
    "yolov4-csp-x-swish",
    "yolov4-p5",
    "yolov4-p6",
    "yolov4-p7",
];

impl Recipe {
    /// The published network of that name.
    ///
    /// # Errors
    /// [`Error::Usage`] with the names that there are.
    pub fn named(name: &str) -> Result<Self> {
        let anchors = |list: &[(u16, u16)]| list.iter().map(|(w, h)| (f32::from(*w), f32::from(*h))).collect();
        let recipe = |plan, side, heads, activation, list| Self {
            plan,
            size: (side, side),
            classes: 80,
            heads,
            depth: 1.0,
            width: 1.0,
            letterbox: matches!(plan, Architecture::Csp { .. } | Architecture::Large { .. }),
            activation,
            anchors: anchors(list),
        };
        let x = |activation| Self { depth: 1.25, width: 1.25, ..recipe(CSP, 640, 3, activation, &NINE) };
        const CSP: Architecture = Architecture::Csp { interleaved: false };
        const LARGE: Architecture = Architecture::Large { twice: false };
        Ok(match name {
            "yolov4-tiny" => recipe(Architecture::Tiny, 416, 2, "leaky", &TINY),
            "yolov4-tiny-3l" => recipe(Architecture::Tiny, 608, 3, "leaky", &NINE),
            "yolov4" => recipe(Architecture::Ancestor, 608, 3, "mish", &NINE),
            "yolov4-csp" => recipe(Architecture::Csp { interleaved: true }, 512, 3, "mish", &NINE),
            "yolov4-csp-swish" => recipe(CSP, 640, 3, "swish", &NINE),
            // The first of its kind was written like yolov4-csp, one head after the other.
            "yolov4x-mish" => Self { plan: Architecture::Csp { interleaved: true }, ..x("mish") },
            "yolov4-csp-x-swish" => x("swish"),
            "yolov4-p5" => recipe(LARGE, 896, 3, "mish", &P5),
            "yolov4-p6" => recipe(LARGE, 1280, 4, "mish", &P6),
            "yolov4-p7" => Self { width: 1.25, ..recipe(Architecture::Large { twice: true }, 1536, 5, "mish", &P7) },
            other => {
                let known = NAMES.join(", ");
                return Err(Error::Usage(format!("there is no network `{other}`; there are {known}")));
            }
        })
    }

    /// The network, and the cfg that describes it.
    ///
    /// # Errors
    /// [`Error::Usage`] if the numbers do not fit together.
    pub fn network(&self) -> Result<Model> {
        self.read("(built)", &CfgOptions::default())
    }

    /// The network under a name of its own for errors, read with `options`.
    ///
    /// # Errors
    /// As [`Recipe::network`]; and what `options` may not ask for.
    pub fn read(&self, name: &str, options: &CfgOptions) -> Result<Model> {
        let name = PathBuf::from(name);
        build::from_cfg(&name, &Cfg::parse(&name, &self.cfg()?)?, options)
    }

    /// Stages of the backbone: how often the picture is halved.
    pub const fn stages(&self) -> usize {
        if matches!(self.plan, Architecture::Large { .. }) { self.heads + 2 } else { STAGES_OF_OTHERS }
    }

    /// Residuals of each stage; none of YOLOv4-tiny, which has no residuals.
    pub fn depths(&self) -> Vec<usize> {
        let published: &[usize] = match self.plan {
            Architecture::Tiny => &[],
            Architecture::Ancestor | Architecture::Csp { .. } => &DARK_DEPTHS,
            Architecture::Large { .. } => &LARGE_DEPTHS,
        };
        // YOLOv4-CSP's first stage is as it is in Darknet-53.
        let fixed = usize::from(matches!(self.plan, Architecture::Csp { .. }));
        let depth = |(i, n): (usize, &usize)| if i < fixed { *n } else { self.repeats(*n) };
        published.iter().enumerate().take(self.stages()).map(depth).collect()
    }

    /// Another number of stages, and with it of heads: each head keeps as many anchors as before, the finest ones first,
    /// and new ones are twice as large as the last.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is only one number of stages for this network.
    pub fn set_stages(&mut self, stages: usize) -> Result<()> {
        let fixed = !matches!(self.plan, Architecture::Large { .. });
        if fixed && stages != STAGES_OF_OTHERS || !fixed && !(4..=7).contains(&stages) {
            let expected = if fixed { STAGES_OF_OTHERS.to_string() } else { "4 to 7".to_owned() };
            return Err(Error::Usage(format!("stages: expected {expected}, found {stages}")));
        }
        if !fixed {
            let each = self.anchors.len() / self.heads;
            self.heads = stages - 2;
            while self.anchors.len() < each * self.heads {
                let (w, h) = self.anchors[self.anchors.len() - each];
                self.anchors.push((2.0 * w, 2.0 * h));
            }
            self.anchors.truncate(each * self.heads);
        }
        Ok(())
    }

    /// The Darknet `.cfg`.
    ///
    /// # Errors
    /// [`Error::Usage`] if the numbers do not fit together.
    pub fn cfg(&self) -> Result<String> {
        self.check()?;
        let mut cfg = CfgWriter::new(self.size, self.letterbox, self.activation);
        match self.plan {
            Architecture::Tiny => self.tiny(&mut cfg),
            Architecture::Ancestor => self.ancestor(&mut cfg),
            Architecture::Csp { interleaved } => self.csp(&mut cfg, interleaved),
            Architecture::Large { twice } => self.large(&mut cfg, twice),
        }
        Ok(cfg.to_string())
    }

    fn check(&self) -> Result<()> {
        let heads = match self.plan {
            Architecture::Tiny => 2..=3,
            Architecture::Ancestor | Architecture::Csp { .. } => 3..=3,
            Architecture::Large { .. } => 2..=5,
        };
        let fail = |what: String| Err(Error::Usage(what));
        if !heads.contains(&self.heads) {
            return fail(format!("heads: expected {} to {}, found {}", heads.start(), heads.end(), self.heads));
        }
        if self.anchors.is_empty() || !self.anchors.len().is_multiple_of(self.heads) {
            return fail(format!("anchors: expected a multiple of {} pairs, found {}", self.heads, self.anchors.len()));
        }
        let stride = 1 << self.stages();
        let (w, h) = self.size;
        if w == 0 || h == 0 || !w.is_multiple_of(stride) || !h.is_multiple_of(stride) {
            return fail(format!("size: expected multiples of {stride}, found {w}x{h}"));
        }
        for (what, value) in [("depth", self.depth), ("width", self.width)] {
            if !(0.05..=16.0).contains(&value) {
                return fail(format!("{what}: expected 0.05 to 16, found {value}"));
            }
        }
        Ok(())
    }

    fn channels(&self, n: usize) -> usize {
        ((n as f32 * self.width / 8.0).ceil() as usize * 8).max(8)
    }

    fn repeats(&self, n: usize) -> usize {
        (n as f32 * self.depth).ceil() as usize
    }

    fn tiny(&self, cfg: &mut CfgWriter) {
        let c = |n| self.channels(n);
        cfg.conv(c(32), 3, 2);
        cfg.conv(c(64), 3, 2);
        let laterals = [c(64), c(128), c(256)].map(|width| csp_osa_stage(cfg, width));
        cfg.conv(c(512), 3, 1);
        let mut value = cfg.conv(c(256), 1, 1);
        for head in (0..self.heads).rev() {
            // From the coarsest to the finest.
            let level = self.heads - 1 - head;
            if level > 0 {
                cfg.from(value);
                cfg.conv(c(256) >> level, 1, 1);
                let up = cfg.upsample();
                cfg.concat(&[up, laterals[laterals.len() - level]]);
                value = cfg.conv(c(512) >> level, 3, 1);
            } else {
                cfg.conv(c(512), 3, 1);
            }
            self.predict(cfg, head, 1.05);
        }
    }

    fn ancestor(&self, cfg: &mut CfgWriter) {
        let c = |n| self.channels(n);
        cfg.conv(c(32), 3, 1);
        // The first stage keeps its width beside the residual.
        let mut stages = vec![csp_dark_stage(cfg, c(64), c(64), c(32), self.repeats(DARK_DEPTHS[0]))];
        stages.extend(self.dark_stages(cfg, &[128, 256, 512, 1024], &DARK_DEPTHS[1..]));
        cfg.activation = "leaky";
        let top = spp_plain(cfg, c(512));
        self.pan(cfg, top, &[(c(256), stages[3]), (c(128), stages[2])], Mix::Plain, Some(&[1.2, 1.1, 1.05]));
    }

    fn csp(&self, cfg: &mut CfgWriter, interleaved: bool) {
        let c = |n| self.channels(n);
        cfg.conv(32, 3, 1);
        dark_stage(cfg, c(64), DARK_DEPTHS[0]);
        let stages = self.dark_stages(cfg, &[128, 256, 512, 1024], &DARK_DEPTHS[1..]);
        let top = spp_csp(cfg, c(512), self.repeats(1), false);
        let mix = Mix::Csp { depth: self.repeats(2), twice: false };
        let scales = [2.0; 3];
        let laterals = [(c(256), stages[2]), (c(128), stages[1])];
        self.pan(cfg, top, &laterals, mix, interleaved.then_some(&scales));
    }

    fn large(&self, cfg: &mut CfgWriter, twice: bool) {
        let c = |n| self.channels(n);
        let widths: Vec<usize> = (0..self.heads + 2).map(|i| (64 << i).min(1024)).collect();
        cfg.conv(c(32), 3, 1);
        let stages = self.dark_stages(cfg, &widths, &LARGE_DEPTHS);
        let top = spp_csp(cfg, c(512), self.repeats(1), twice);
        let laterals: Vec<(usize, Mark)> =
            (2..self.heads + 1).rev().map(|stage| (c(widths[stage] / 2), stages[stage])).collect();
        self.pan(cfg, top, &laterals, Mix::Csp { depth: self.repeats(3), twice }, None);
    }

    /// CSP stages, each half as large in pixels as the one before.
    fn dark_stages(&self, cfg: &mut CfgWriter, widths: &[usize], depths: &[usize]) -> Vec<Mark> {
        let stage = |(width, depth): (&usize, &usize)| {
            let hidden = self.channels(width / 2);
            csp_dark_stage(cfg, self.channels(*width), hidden, hidden, self.repeats(*depth))
        };
        widths.iter().zip(depths).map(stage).collect()
    }

    /// The path aggregation network and the heads: down the pyramid through `laterals`, coarsest first, and back. With
    /// `scales` each head is written as soon as its value is there, and has that `scale_x_y`; else all come at the end.
    fn pan(&self, cfg: &mut CfgWriter, top: Mark, laterals: &[(usize, Mark)], kind: Mix, scales: Option<&[f32; 3]>) {
        let top_width = self.channels(512);
        let mut beside = vec![(top_width, top)];
        for (width, lateral) in laterals {
            beside.push((*width, csp_up(cfg, *width, *lateral, kind)));
        }
        let mut values = vec![];
        for (head, (width, down)) in beside.into_iter().rev().enumerate() {
            let value = match values.last() {
                None => down,
                Some((_, finer)) => {
                    cfg.from(*finer);
                    csp_down(cfg, width, down, kind)
                }
            };
            values.push((width, value));
            if let Some(scales) = scales {
                cfg.conv(2 * width, 3, 1);
                self.predict(cfg, head, scales[head]);
            }
        }
        if scales.is_none() {
            for (head, (width, value)) in values.into_iter().enumerate() {
                cfg.from(value);
                cfg.conv(2 * width, 3, 1);
                self.predict(cfg, head, 2.0);
            }
        }
    }

    /// The last convolution and `[yolo]`; `head` counts from the finest.
    fn predict(&self, cfg: &mut CfgWriter, head: usize, scale_x_y: f32) {
        let each = self.anchors.len() / self.heads;
        let new_coords = matches!(self.plan, Architecture::Csp { .. } | Architecture::Large { .. });
        let kind = if new_coords { "diounms" } else { "greedynms" };
        cfg.predict(each * (5 + self.classes), if new_coords { "logistic" } else { "linear" });
        // YOLOv4-tiny was trained with 1,2,3 where 0,1,2 was meant; its weights know no other (AlexeyAB/darknet#8483).
        let first = if self.plan == Architecture::Tiny && self.heads == 2 && head == 0 { 1 } else { head * each };
        let list = |values: Vec<String>| values.join(",");
        let mask = list((first..first + each).map(|m| m.to_string()).collect());
        let anchors = list(self.anchors.iter().map(|(w, h)| format!("{w},{h}")).collect());
        cfg.section(
            "yolo",
            &[
                ("mask", &mask),
                ("anchors", &anchors),
                ("classes", &self.classes),
                ("num", &self.anchors.len()),
                ("scale_x_y", &scale_x_y),
                ("nms_kind", &kind),
                ("beta_nms", &0.6),
                ("new_coords", &i32::from(new_coords)),
            ],
        );
    }
}
