//! The blocks of the paper (Scaled-YOLOv4, sections 3 and 4, figure 4), each from the layer before it.

use crate::model::scaled::cfg_writer::{CfgWriter, Mark};

/// 1x1 to `mid`, 3x3 to `out`, plus what came in.
fn residual(cfg: &mut CfgWriter, mid: usize, out: usize) -> Mark {
    let input = cfg.last();
    cfg.conv(mid, 1, 1);
    cfg.conv(out, 3, 1);
    cfg.shortcut(input)
}

/// The end of every cross-stage partial block: the deep branch before the one past it, then 1x1.
fn join(cfg: &mut CfgWriter, bypass: Mark, width: usize) -> Mark {
    let through = cfg.last();
    cfg.concat(&[through, bypass]);
    cfg.conv(width, 1, 1)
}

/// The deep branch of a block of the neck: `depth` pairs of 1x1 and 3x3 without a shortcut, normed `twice` in P7.
fn deep(cfg: &mut CfgWriter, width: usize, depth: usize, twice: bool) {
    for _ in 0..depth {
        cfg.conv(width, 1, 1);
        cfg.conv(width, 3, 1);
    }
    if twice {
        cfg.again();
    }
}

/// A stage without a partial connection, as Darknet-53 has it: the first of YOLOv4-CSP (section 3.1).
pub fn dark_stage(cfg: &mut CfgWriter, width: usize, depth: usize) -> Mark {
    cfg.conv(width, 3, 2);
    (0..depth).fold(cfg.last(), |_, _| residual(cfg, width / 2, width))
}

/// `CSPDark`: halves the picture, then sends `hidden` channels through `depth` residuals of inner width `mid` and
/// `hidden` past them.
pub fn csp_dark_stage(cfg: &mut CfgWriter, width: usize, hidden: usize, mid: usize, depth: usize) -> Mark {
    let input = cfg.conv(width, 3, 2);
    let bypass = cfg.conv(hidden, 1, 1);
    cfg.from(input);
    cfg.conv(hidden, 1, 1);
    for _ in 0..depth {
        residual(cfg, mid, hidden);
    }
    cfg.conv(hidden, 1, 1);
    join(cfg, bypass, width)
}

/// `CSPOSANet` with partial computation (`PCB`, section 3.4): half of the channels through two 3x3 convolutions, whose
/// outputs are all kept; the stage's own value beside them at the end. Returns the 1x1 value before that, for the neck.
pub fn csp_osa_stage(cfg: &mut CfgWriter, width: usize) -> Mark {
    let input = cfg.conv(width, 3, 1);
    cfg.second_half();
    let first = cfg.conv(width / 2, 3, 1);
    let second = cfg.conv(width / 2, 3, 1);
    cfg.concat(&[second, first]);
    let value = cfg.conv(width, 1, 1);
    cfg.concat(&[input, value]);
    cfg.max_pool(2, 2);
    value
}

/// Spatial pyramid pooling: the last value beside its maxima over 5, 9 and 13 pixels, the largest window first.
fn spp(cfg: &mut CfgWriter) -> Mark {
    let value = cfg.last();
    let five = cfg.max_pool(5, 1);
    cfg.from(value);
    let nine = cfg.max_pool(9, 1);
    cfg.from(value);
    let thirteen = cfg.max_pool(13, 1);
    cfg.concat(&[thirteen, nine, five, value])
}

/// `SPPCSP`: pooling inside a cross-stage partial block; `depth` pairs of convolutions after it, then batch-norm and
/// activation `twice` where the PyTorch code has them on the concatenation.
pub fn spp_csp(cfg: &mut CfgWriter, width: usize, depth: usize, twice: bool) -> Mark {
    let input = cfg.last();
    let bypass = cfg.conv(width, 1, 1);
    cfg.from(input);
    cfg.conv(width, 1, 1);
    cfg.conv(width, 3, 1);
    cfg.conv(width, 1, 1);
    spp(cfg);
    deep(cfg, width, depth, twice);
    join(cfg, bypass, width)
}

/// SPP between three convolutions before and after it: the ancestor's.
pub fn spp_plain(cfg: &mut CfgWriter, width: usize) -> Mark {
    cfg.conv(width, 1, 1);
    cfg.conv(2 * width, 3, 1);
    cfg.conv(width, 1, 1);
    spp(cfg);
    cfg.conv(width, 1, 1);
    cfg.conv(2 * width, 3, 1);
    cfg.conv(width, 1, 1)
}

/// What follows a concatenation in the neck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// A cross-stage partial block without shortcuts, `depth` pairs of convolutions deep (section 3.1).
    Csp {
        /// Pairs of 1x1 and 3x3.
        depth: usize,
        /// Whether batch-norm and activation come twice, as in [`spp_csp`].
        twice: bool,
    },
    /// Five convolutions in a row: the ancestor's.
    Plain,
}

fn mix(cfg: &mut CfgWriter, width: usize, kind: Mix) -> Mark {
    match kind {
        Mix::Csp { depth, twice } => {
            let input = cfg.conv(width, 1, 1);
            let bypass = cfg.conv(width, 1, 1);
            cfg.from(input);
            deep(cfg, width, depth, twice);
            join(cfg, bypass, width)
        }
        Mix::Plain => {
            for _ in 0..2 {
                cfg.conv(width, 1, 1);
                cfg.conv(2 * width, 3, 1);
            }
            cfg.conv(width, 1, 1)
        }
    }
}

/// `CSPUp`: the way down the pyramid, to the picture size of `lateral`.
pub fn csp_up(cfg: &mut CfgWriter, width: usize, lateral: Mark, kind: Mix) -> Mark {
    cfg.conv(width, 1, 1);
    let up = cfg.upsample();
    cfg.from(lateral);
    let side = cfg.conv(width, 1, 1);
    cfg.concat(&[side, up]);
    mix(cfg, width, kind)
}

/// `CSPDown`: the way back up, beside what lay there on the way down.
pub fn csp_down(cfg: &mut CfgWriter, width: usize, beside: Mark, kind: Mix) -> Mark {
    let down = cfg.conv(width, 3, 2);
    cfg.concat(&[down, beside]);
    mix(cfg, width, kind)
}
