//! The blocks of the paper (Scaled-YOLOv4, sections 3 and 4, figure 4), each from the layer before it.

use crate::model::scaled::sheet::{Mark, Sheet};

/// 1x1 to `mid`, 3x3 to `out`, plus what came in.
fn residual(sheet: &mut Sheet, mid: usize, out: usize) -> Mark {
    let input = sheet.last();
    sheet.conv(mid, 1, 1);
    sheet.conv(out, 3, 1);
    sheet.shortcut(input)
}

/// The end of every cross-stage partial block: the deep branch before the one past it, then 1x1.
fn join(sheet: &mut Sheet, bypass: Mark, width: usize) -> Mark {
    let through = sheet.last();
    sheet.concat(&[through, bypass]);
    sheet.conv(width, 1, 1)
}

/// The deep branch of a block of the neck: `depth` pairs of 1x1 and 3x3 without a shortcut, normed `twice` in P7.
fn deep(sheet: &mut Sheet, width: usize, depth: usize, twice: bool) {
    for _ in 0..depth {
        sheet.conv(width, 1, 1);
        sheet.conv(width, 3, 1);
    }
    if twice {
        sheet.again();
    }
}

/// A stage without a partial connection, as Darknet-53 has it: the first of YOLOv4-CSP (section 3.1).
pub fn dark_stage(sheet: &mut Sheet, width: usize, depth: usize) -> Mark {
    sheet.conv(width, 3, 2);
    (0..depth).fold(sheet.last(), |_, _| residual(sheet, width / 2, width))
}

/// `CSPDark`: halves the picture, then sends `hidden` channels through `depth` residuals of inner width `mid` and
/// `hidden` past them.
pub fn csp_dark_stage(sheet: &mut Sheet, width: usize, hidden: usize, mid: usize, depth: usize) -> Mark {
    let input = sheet.conv(width, 3, 2);
    let bypass = sheet.conv(hidden, 1, 1);
    sheet.from(input);
    sheet.conv(hidden, 1, 1);
    for _ in 0..depth {
        residual(sheet, mid, hidden);
    }
    sheet.conv(hidden, 1, 1);
    join(sheet, bypass, width)
}

/// `CSPOSANet` with partial computation (`PCB`, section 3.4): half of the channels through two 3x3 convolutions, whose
/// outputs are all kept; the stage's own value beside them at the end. Returns the 1x1 value before that, for the neck.
pub fn csp_osa_stage(sheet: &mut Sheet, width: usize) -> Mark {
    let input = sheet.conv(width, 3, 1);
    sheet.second_half();
    let first = sheet.conv(width / 2, 3, 1);
    let second = sheet.conv(width / 2, 3, 1);
    sheet.concat(&[second, first]);
    let value = sheet.conv(width, 1, 1);
    sheet.concat(&[input, value]);
    sheet.max_pool(2, 2);
    value
}

/// Spatial pyramid pooling: the last value beside its maxima over 5, 9 and 13 pixels, the largest window first.
fn spp(sheet: &mut Sheet) -> Mark {
    let value = sheet.last();
    let five = sheet.max_pool(5, 1);
    sheet.from(value);
    let nine = sheet.max_pool(9, 1);
    sheet.from(value);
    let thirteen = sheet.max_pool(13, 1);
    sheet.concat(&[thirteen, nine, five, value])
}

/// `SPPCSP`: pooling inside a cross-stage partial block; `depth` pairs of convolutions after it, then batch-norm and
/// activation `twice` where the PyTorch code has them on the concatenation.
pub fn spp_csp(sheet: &mut Sheet, width: usize, depth: usize, twice: bool) -> Mark {
    let input = sheet.last();
    let bypass = sheet.conv(width, 1, 1);
    sheet.from(input);
    sheet.conv(width, 1, 1);
    sheet.conv(width, 3, 1);
    sheet.conv(width, 1, 1);
    spp(sheet);
    deep(sheet, width, depth, twice);
    join(sheet, bypass, width)
}

/// SPP between three convolutions before and after it: the ancestor's.
pub fn spp_plain(sheet: &mut Sheet, width: usize) -> Mark {
    sheet.conv(width, 1, 1);
    sheet.conv(2 * width, 3, 1);
    sheet.conv(width, 1, 1);
    spp(sheet);
    sheet.conv(width, 1, 1);
    sheet.conv(2 * width, 3, 1);
    sheet.conv(width, 1, 1)
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

fn mix(sheet: &mut Sheet, width: usize, kind: Mix) -> Mark {
    match kind {
        Mix::Csp { depth, twice } => {
            let input = sheet.conv(width, 1, 1);
            let bypass = sheet.conv(width, 1, 1);
            sheet.from(input);
            deep(sheet, width, depth, twice);
            join(sheet, bypass, width)
        }
        Mix::Plain => {
            for _ in 0..2 {
                sheet.conv(width, 1, 1);
                sheet.conv(2 * width, 3, 1);
            }
            sheet.conv(width, 1, 1)
        }
    }
}

/// `CSPUp`: the way down the pyramid, to the picture size of `lateral`.
pub fn csp_up(sheet: &mut Sheet, width: usize, lateral: Mark, kind: Mix) -> Mark {
    sheet.conv(width, 1, 1);
    let up = sheet.upsample();
    sheet.from(lateral);
    let side = sheet.conv(width, 1, 1);
    sheet.concat(&[side, up]);
    mix(sheet, width, kind)
}

/// `CSPDown`: the way back up, beside what lay there on the way down.
pub fn csp_down(sheet: &mut Sheet, width: usize, beside: Mark, kind: Mix) -> Mark {
    let down = sheet.conv(width, 3, 2);
    sheet.concat(&[down, beside]);
    mix(sheet, width, kind)
}
