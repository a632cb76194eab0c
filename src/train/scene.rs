//! What the network sees at one place of a batch while it learns: a look at a picture, four of them put together, or two of either, one through the
//! other; and where the objects are in that. Drawn by a seed.

use crate::{
    host::Picture,
    model::random::Random,
    tensor::{Shape, Tensor},
    train::{
        augment::{AugmentKeys, Mixup, Mosaic},
        darknet_loss::Truth,
        variation::Variation,
    },
};

/// Of how many pictures a scene is made; drawn before any of them is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneKind {
    /// 2 where one is seen through the other.
    pub layers: usize,
    /// Whether each of those is put together of four.
    pub mosaic: bool,
}

impl SceneKind {
    /// One picture.
    pub const PLAIN: Self = Self { layers: 1, mosaic: false };

    /// Which one it is this time. Darknet's mosaic overrules its mixup.
    pub fn drawn(keys: &AugmentKeys, random: &mut Random) -> Self {
        let mut odds = |odds: f64| random.within(0.0, 1.0) < odds;
        let mosaic = match keys.mosaic {
            Mosaic::Never => false,
            Mosaic::Zoomed { .. } => true,
            Mosaic::Corners => odds(0.5),
        };
        let mixed = match (keys.mixup, keys.mosaic) {
            (Mixup::Never, _) | (Mixup::Halves, Mosaic::Corners) => false,
            (Mixup::Beta { odds: part }, _) => odds(part),
            (Mixup::Halves, _) => odds(0.5),
        };
        Self { layers: if mixed { 2 } else { 1 }, mosaic }
    }

    /// Pictures that it needs, its own the first.
    pub fn pictures(&self) -> usize {
        self.layers * if self.mosaic { 4 } else { 1 }
    }
}

/// A part of the canvas that shows a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenePiece {
    /// Which of the pictures that were given.
    pub picture: usize,
    /// Left, top, right, bottom, in pixels of the canvas; it may reach beyond.
    pub area: [f64; 4],
    /// What is seen of it, if it were shown on the whole canvas.
    pub variation: Variation,
}

/// What the network sees.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingScene {
    /// Width and height, in pixels.
    pub canvas: (usize, usize),
    /// Pieces, and how much each layer counts; together 1.
    pub layers: Vec<(f32, Vec<ScenePiece>)>,
    /// What is seen where no picture is.
    pub fill: f32,
    /// Which boxes are still worth learning.
    pub least: LeastBox,
}

/// What must be left of a box for it to be learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LeastBox {
    /// Darknet's: a side of this part of the canvas.
    Side(f64),
    /// The paper's: more than so many pixels of each side, such a part of the area, and no side that many times the other.
    Part {
        /// Pixels.
        pixels: f64,
        /// Part of the area.
        area: f64,
        /// Longer side over shorter side.
        aspect: f64,
    },
}

const DARKNETS: LeastBox = LeastBox::Side(0.002);
const PAPERS: LeastBox = LeastBox::Part { pixels: 2.0, area: 0.2, aspect: 20.0 };
/// Where the four pictures of Darknet's mosaic meet, as parts of the canvas.
const MEET: [f64; 2] = [0.2, 0.8];
/// Where those of the paper's do, on its own canvas, which is twice as large.
const MEET_ZOOMED: [f64; 2] = [0.5, 1.5];
/// Parameters of the distribution that says how much of each layer is seen: the eighth of fifteen even numbers follows Beta(8, 8).
const BETA: usize = 8;

impl TrainingScene {
    /// A picture of this size as the network sees it when it looks for boxes.
    pub fn plain(size: (usize, usize), canvas: (usize, usize), letterbox: bool) -> Self {
        let piece = whole(0, Variation::none(size, canvas, letterbox), canvas);
        Self { canvas, layers: vec![(1.0, vec![piece])], fill: 0.5, least: DARKNETS }
    }

    /// One by chance, of pictures of these sizes; as many as `kind` needs.
    pub fn drawn(
        kind: SceneKind,
        keys: &AugmentKeys,
        sizes: &[(usize, usize)],
        canvas: (usize, usize),
        letterbox: bool,
        random: &mut Random,
    ) -> Self {
        let mut layers: Vec<(f32, Vec<ScenePiece>)> = Vec::new();
        for layer in 0..kind.layers {
            let first = layer * kind.pictures() / kind.layers;
            let own: Vec<(usize, (usize, usize))> =
                (first..).zip(sizes.iter().skip(first).take(kind.pictures() / kind.layers).copied()).collect();
            let pieces = match (kind.mosaic, keys.mosaic) {
                (true, Mosaic::Zoomed { scale, shift }) => {
                    zoomed(keys, (scale, shift), &own, canvas, letterbox, random)
                }
                (true, _) => corners(keys, &own, canvas, letterbox, random),
                (false, _) => own
                    .iter()
                    .map(|(n, size)| whole(*n, Variation::drawn(keys, *size, canvas, letterbox, random), canvas))
                    .collect(),
            };
            layers.push((1.0, pieces));
        }
        if let [(first, _), (second, _)] = layers.as_mut_slice() {
            *first = match keys.mixup {
                Mixup::Beta { .. } => beta(random) as f32,
                Mixup::Never | Mixup::Halves => 0.5,
            };
            *second = 1.0 - *first;
        }
        let (fill, least) = match keys.mosaic {
            Mosaic::Zoomed { .. } => (114.0 / 255.0, PAPERS),
            Mosaic::Never | Mosaic::Corners => (0.5, DARKNETS),
        };
        Self { canvas, layers, fill, least }
    }

    /// The network's input, `[C, H, W]`, RGB / 255 (or greys).
    pub fn input(&self, pictures: &[&Picture], shape: Shape) -> Tensor {
        let mut data = vec![0.0_f32; shape.elements()];
        for (share, pieces) in &self.layers {
            for y in 0..shape.h {
                for x in 0..shape.w {
                    let (u, v) = (x as f64 + 0.5, y as f64 + 0.5);
                    let here = pieces.iter().find(|piece| {
                        let [left, top, right, bottom] = piece.area;
                        (left..right).contains(&u) && (top..bottom).contains(&v)
                    });
                    let seen = here.and_then(|piece| {
                        piece.variation.colour(pictures.get(piece.picture)?, (x, y), (shape.w, shape.h))
                    });
                    let rgb = seen.unwrap_or([self.fill; 3]);
                    let at = y * shape.w + x;
                    if shape.c == 1 {
                        data[at] += share * (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
                    } else {
                        for (c, value) in rgb.into_iter().enumerate().take(shape.c) {
                            data[c * shape.pixels() + at] += share * value;
                        }
                    }
                }
            }
        }
        Tensor { shape, data }
    }

    /// The objects of the pictures, whose sizes these are, in what is seen: of each its class, then centre, width and height as fractions of the picture. They
    /// end where their piece does; what is left of one may be too little to be learnt.
    pub fn truths(&self, objects: &[Vec<(usize, [f64; 4])>], sizes: &[(usize, usize)]) -> Vec<Truth> {
        let (width, height) = (self.canvas.0 as f64, self.canvas.1 as f64);
        let mut found = Vec::new();
        for piece in self.layers.iter().flat_map(|(_, pieces)| pieces) {
            let (Some(objects), Some(size)) = (objects.get(piece.picture), sizes.get(piece.picture)) else { continue };
            let [left, top, right, bottom] = piece.area;
            let ends = |low: f64, high: f64, of: f64| ((low / of).clamp(0.0, 1.0), (high / of).clamp(0.0, 1.0));
            let (across, down) = (ends(left, right, width), ends(top, bottom, height));
            for (class, centred) in objects {
                let [x0, y0, x1, y1] = piece.variation.place(*centred, *size);
                let whole = (x1 - x0) * (y1 - y0);
                let (x0, x1) = (x0.clamp(across.0, across.1), x1.clamp(across.0, across.1));
                let (y0, y1) = (y0.clamp(down.0, down.1), y1.clamp(down.0, down.1));
                let (w, h) = (x1 - x0, y1 - y0);
                if self.least.keeps([w, h], whole, [width, height]) {
                    found.push(Truth { class: *class, cx: (x0 + x1) / 2.0, cy: (y0 + y1) / 2.0, w, h });
                }
            }
        }
        found
    }
}

impl LeastBox {
    /// Whether a box of these sides, as parts of the canvas, is enough of one that had this area.
    fn keeps(self, [w, h]: [f64; 2], whole: f64, [width, height]: [f64; 2]) -> bool {
        match self {
            Self::Side(least) => w >= least && h >= least,
            Self::Part { pixels, area, aspect } => {
                let (w_pixels, h_pixels) = (w * width, h * height);
                w_pixels > pixels
                    && h_pixels > pixels
                    && w * h > area * whole
                    && (w_pixels / h_pixels).max(h_pixels / w_pixels) < aspect
            }
        }
    }
}

fn whole(picture: usize, variation: Variation, canvas: (usize, usize)) -> ScenePiece {
    ScenePiece { picture, area: [0.0, 0.0, canvas.0 as f64, canvas.1 as f64], variation }
}

fn beta(random: &mut Random) -> f64 {
    let mut all: Vec<f64> = (0..2 * BETA - 1).map(|_| random.within(0.0, 1.0)).collect();
    all.sort_by(f64::total_cmp);
    all[BETA - 1]
}

/// Darknet's: of each picture the corner that lies furthest from where they meet, so that the first one's lower right end is in the upper left quarter.
fn corners(
    keys: &AugmentKeys,
    pictures: &[(usize, (usize, usize))],
    canvas: (usize, usize),
    letterbox: bool,
    random: &mut Random,
) -> Vec<ScenePiece> {
    let (width, height) = (canvas.0 as f64, canvas.1 as f64);
    let meet = [width, height].map(|side| (random.within(MEET[0], MEET[1]) * side).round());
    let mut pieces = Vec::new();
    for (place, (n, size)) in pictures.iter().enumerate() {
        let mut variation = Variation::drawn(keys, *size, canvas, letterbox, random);
        let (right, lower) = (place % 2 == 1, place / 2 == 1);
        let moved = |far: bool, meet: f64, side: f64| if far { -meet } else { side - meet };
        let (x, y) = (moved(right, meet[0], width), moved(lower, meet[1], height));
        let x = if variation.flip { -x } else { x };
        variation.crop[0] += x / width * variation.crop[2];
        variation.crop[1] += y / height * variation.crop[3];
        let ends = |far: bool, meet: f64, side: f64| if far { (meet, side) } else { (0.0, meet) };
        let ((left, right), (top, bottom)) = (ends(right, meet[0], width), ends(lower, meet[1], height));
        pieces.push(ScenePiece { picture: *n, area: [left, top, right, bottom], variation });
    }
    pieces
}

/// The paper's: pictures as large as the network will see them meet in a corner each on a canvas of twice the size, of which a part is seen.
fn zoomed(
    keys: &AugmentKeys,
    (scale, shift): (f64, f64),
    pictures: &[(usize, (usize, usize))],
    canvas: (usize, usize),
    letterbox: bool,
    random: &mut Random,
) -> Vec<ScenePiece> {
    let sides = [canvas.0 as f64, canvas.1 as f64];
    let meet = sides.map(|side| random.within(MEET_ZOOMED[0], MEET_ZOOMED[1]) * side);
    let scale = random.within(1.0 - scale, 1.0 + scale);
    let moved = sides.map(|side| random.within(0.5 - shift, 0.5 + shift) * side);
    // Colours and side are the same for all four.
    let common = Variation::drawn(&AugmentKeys { jitter: 0.0, resize: 1.0, ..*keys }, canvas, canvas, false, random);
    let mut pieces = Vec::new();
    for (place, (n, (w, h))) in pictures.iter().enumerate() {
        let picture = [*w as f64, *h as f64];
        let least = (sides[0] / picture[0]).min(sides[1] / picture[1]);
        let shown: [f64; 2] = [0, 1].map(|axis| if letterbox { picture[axis] * least } else { sides[axis] });
        let far = [place % 2 == 1, place / 2 == 1];
        let (mut area, mut crop) = ([0.0; 4], [0.0; 4]);
        for axis in [0, 1] {
            let start = if far[axis] { meet[axis] } else { meet[axis] - shown[axis] };
            // From its canvas to what is seen: scale * (x - side) + moved.
            let seen = |x: f64| scale * (x - sides[axis]) + moved[axis];
            let end = (start + shown[axis]).min(2.0 * sides[axis]);
            (area[axis], area[axis + 2]) = (seen(start.max(0.0)), seen(end));
            let each = picture[axis] / shown[axis];
            crop[axis] = (sides[axis] - moved[axis] / scale - start) * each;
            crop[axis + 2] = sides[axis] / scale * each;
        }
        if common.flip {
            (area[0], area[2]) = (sides[0] - area[2], sides[0] - area[0]);
        }
        pieces.push(ScenePiece { picture: *n, area, variation: Variation { crop, ..common } });
    }
    pieces
}
