//! How pictures are varied while a network learns.

/// How pictures are varied; Darknet's keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AugmentKeys {
    /// `jitter`: how far each side of the crop may move, as a part of the picture's.
    pub jitter: f64,
    /// `resize`: how many times larger or smaller the crop may be.
    pub resize: f64,
    /// `flip`: whether every second picture is mirrored.
    pub flip: bool,
    /// `hue`: how far the hue may turn, in turns.
    pub hue: f64,
    /// `saturation`: how much stronger or weaker colours become.
    pub saturation: Spread,
    /// `exposure`: the same of the light.
    pub exposure: Spread,
    /// `mosaic`: whether what the network sees is put together of four pictures.
    pub mosaic: Mosaic,
    /// `mixup`: whether it is two of those, one through the other.
    pub mixup: Mixup,
}

/// What something is multiplied by, drawn evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// Darknet's: from 1 to so many times, or one part of that.
    Times(f64),
    /// The paper's: from 1 less so much to 1 and so much.
    Around(f64),
}

/// How four pictures are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mosaic {
    /// They never are.
    Never,
    /// Darknet's: of every second look, each quarter is a corner of a picture that is varied by itself; where they meet is drawn.
    Corners,
    /// The paper's: always; they meet in a corner each, then all of it is made larger or smaller, and moved.
    Zoomed {
        /// How much larger or smaller, as a part of it.
        scale: f64,
        /// How far it may move, as a part of the canvas.
        shift: f64,
    },
}

/// Whether two looks are shown one through the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mixup {
    /// They never are.
    Never,
    /// Darknet's: every second look is half one, half another.
    Halves,
    /// The paper's: some are, and how much of each follows Beta(8, 8).
    Beta {
        /// How many, as a part of all.
        odds: f64,
    },
}

impl Default for AugmentKeys {
    /// Nothing is varied.
    fn default() -> Self {
        Self {
            jitter: 0.0,
            resize: 1.0,
            flip: false,
            hue: 0.0,
            saturation: Spread::Times(1.0),
            exposure: Spread::Times(1.0),
            mosaic: Mosaic::Never,
            mixup: Mixup::Never,
        }
    }
}
