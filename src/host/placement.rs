//! Where a picture comes to lie on the input of a network, and how it is resampled.

use crate::{host::Look, tensor::Shape};

/// The resampler, named after the program it agrees with (see the table in the README).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ResizeMode {
    /// Darknet reading a picture file: bilinear, corner pixels aligned, `(in - 1) / (out - 1)`; fill 0.5.
    #[default]
    DarknetFile,
    /// Darknet reading video: bilinear, half-pixel centres as `cv2.resize`; letterboxing uses the file resampler.
    DarknetVideo,
    /// YOLOv5 and ScaledYOLOv4 `letterbox()` on a fixed canvas: half-pixel centres, fill 114/255; always letterboxes.
    Pytorch,
}

impl ResizeMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DarknetFile, Self::DarknetVideo, Self::Pytorch];

    /// The one that is spelt so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// As the command line spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DarknetFile => "darknet-file",
            Self::DarknetVideo => "darknet-video",
            Self::Pytorch => "pytorch",
        }
    }
}

impl std::fmt::Display for ResizeMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the resized picture lies on the network's canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// Size of the picture, in its own pixels.
    pub image: (usize, usize),
    /// Size of the canvas.
    pub canvas: (usize, usize),
    /// Size after resampling.
    pub resized: (usize, usize),
    /// Left and top edge on the canvas, in whole pixels.
    pub offset: (usize, usize),
    /// `true`: sample `(in - 1) / (out - 1)` apart from corner to corner; `false`: half-pixel centres.
    pub align_corners: bool,
    /// Value of the canvas where there is no picture.
    pub fill: f32,
    /// The canvas has one channel: Darknet's grey of a pixel (stb's), `(77 r + 150 g + 29 b) >> 8`.
    pub grey: bool,
    /// Which look of an augmented picture this is; none for the canvas as it is.
    pub look: Option<Look>,
}

/// What is on a canvas along one of its sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// First pixel of the canvas that shows the picture, and how many do.
    pub region: (usize, usize),
    /// Where the first of them lies on the picture, in its pixels, from the middle of the first one.
    pub start: f32,
    /// Picture pixels per canvas pixel; negative where left is right.
    pub step: f32,
}

impl Placement {
    /// Places a picture of `width` x `height` pixels on a network input of `shape`, in colours or, of one channel, in greys.
    pub fn new(mode: ResizeMode, letterbox: bool, width: usize, height: usize, shape: Shape) -> Self {
        let image = (width, height);
        let canvas = (shape.w, shape.h);
        let (cw, ch) = canvas;
        let placed = |resized: (usize, usize), offset, align_corners, fill| Self {
            image,
            canvas,
            resized: (resized.0.max(1), resized.1.max(1)),
            offset,
            align_corners,
            fill,
            grey: shape.c == 1,
            look: None,
        };
        match mode {
            ResizeMode::Pytorch => {
                let r = (cw as f64 / width as f64).min(ch as f64 / height as f64);
                // Python rounds halves to even.
                let w = ((width as f64 * r).round_ties_even() as usize).min(cw);
                let h = ((height as f64 * r).round_ties_even() as usize).min(ch);
                // round(d / 2 - 0.1): of an odd remainder the smaller half lies left and above.
                placed((w, h), ((cw - w) / 2, (ch - h) / 2), false, 114.0 / 255.0)
            }
            ResizeMode::DarknetFile | ResizeMode::DarknetVideo if letterbox => {
                // Darknet's integer division truncates.
                let (w, h) = if (cw as f32 / width as f32) < (ch as f32 / height as f32) {
                    (cw, height * cw / width)
                } else {
                    (width * ch / height, ch)
                };
                placed((w, h), ((cw - w) / 2, (ch - h) / 2), true, 0.5)
            }
            ResizeMode::DarknetFile => placed(canvas, (0, 0), true, 0.5),
            ResizeMode::DarknetVideo => placed(canvas, (0, 0), false, 0.5),
        }
    }

    /// The same as a look sees it.
    #[must_use]
    pub fn seen_by(&self, look: &Look) -> Self {
        let whole = *look == Look::whole(look.canvas);
        Self { look: (!whole).then_some(*look), ..*self }
    }

    /// Across and down.
    pub fn sampling(&self) -> [Sampling; 2] {
        let look = self.look.unwrap_or(Look::whole(self.canvas));
        let across = [self.image.0, self.canvas.0, self.resized.0, self.offset.0];
        let down = [self.image.1, self.canvas.1, self.resized.1, self.offset.1];
        [self.side(across, look.covered.0, look.mirrored), self.side(down, look.covered.1, false)]
    }

    fn side(&self, [image, canvas, resized, offset]: [usize; 4], covered: usize, mirrored: bool) -> Sampling {
        let (step, first) = match self.align_corners {
            true if resized > 1 => ((image - 1) as f32 / (resized - 1) as f32, 0.0),
            true => (0.0, 0.0),
            false => (image as f32 / resized as f32, 0.5 * (image as f32 / resized as f32) - 0.5),
        };
        let shrink = canvas as f32 / covered as f32;
        // To the nearest pixel, in whole numbers: a picture of one row is not to vanish by rounding.
        let border = |whole: usize| (2 * whole * covered + canvas) / (2 * canvas);
        let from = if mirrored { canvas - offset - resized } else { offset };
        let low = border(from).min(covered - 1);
        let high = border(from + resized).max(low + 1);
        // Where the middle of the first pixel lies on the whole canvas, then on what was resized.
        let whole = (low as f32 + 0.5) * shrink - 0.5;
        let whole = if mirrored { (canvas - 1) as f32 - whole } else { whole };
        let start = (whole - offset as f32) * step + first;
        Sampling { region: (low, high - low), start, step: if mirrored { -shrink * step } else { shrink * step } }
    }

    /// Whether Darknet's own sampler for files is asked for, which treats the last column and row in its own way; a look has none.
    pub fn aligned(&self) -> bool {
        self.align_corners && self.look.is_none()
    }
}
