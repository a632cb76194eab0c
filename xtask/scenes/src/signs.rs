//! The ten kinds of things to find, drawn in a square from -1 to 1.

use crate::{
    dice::Dice,
    painter::{Painter, Rgb, regular, scaled},
    pose::{Point, Pose},
    text::Fonts,
};

/// A kind of sign or signal; the order is that of the class indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stop,
    Yield,
    NoEntry,
    SpeedLimit,
    Warning,
    Priority,
    Direction,
    Parking,
    RedLight,
    GreenLight,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Stop,
        Self::Yield,
        Self::NoEntry,
        Self::SpeedLimit,
        Self::Warning,
        Self::Priority,
        Self::Direction,
        Self::Parking,
        Self::RedLight,
        Self::GreenLight,
    ];

    /// The class name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Yield => "yield",
            Self::NoEntry => "no entry",
            Self::SpeedLimit => "speed limit",
            Self::Warning => "warning",
            Self::Priority => "priority road",
            Self::Direction => "direction",
            Self::Parking => "parking",
            Self::RedLight => "red light",
            Self::GreenLight => "green light",
        }
    }

    /// The outline, which the box of the label encloses.
    pub fn outline(self) -> Vec<Point> {
        match self {
            Self::Stop => scaled(&regular(8, std::f32::consts::PI / 8.0), (1.0, 1.0), (0.0, 0.0)),
            Self::Yield => triangle(1.0, true),
            Self::Warning => triangle(1.0, false),
            Self::NoEntry | Self::SpeedLimit | Self::Direction => regular(40, 0.0),
            Self::Priority => regular(4, 0.0),
            Self::Parking => square(0.8),
            Self::RedLight | Self::GreenLight => scaled(&square(1.0), (0.42, 1.0), (0.0, 0.0)),
        }
    }
}

const RED: Rgb = [190, 22, 34];
const BLUE: Rgb = [18, 78, 168];
const YELLOW: Rgb = [248, 198, 28];
const WHITE: Rgb = [240, 240, 238];
const BLACK: Rgb = [22, 22, 24];
const HOUSING: Rgb = [34, 36, 38];

fn square(half: f32) -> Vec<Point> {
    vec![(-half, -half), (half, -half), (half, half), (-half, half)]
}

/// Equilateral, within the square from -1 to 1.
fn triangle(size: f32, down: bool) -> Vec<Point> {
    let sign = if down { -1.0 } else { 1.0 };
    vec![(0.0, -0.9 * size * sign), (size, 0.8 * size * sign), (-size, 0.8 * size * sign)]
}

/// About the triangle's middle of mass, not of its box.
fn inner_triangle(size: f32, down: bool) -> Vec<Point> {
    let rise = if down { -0.23 } else { 0.23 };
    scaled(&triangle(1.0, down), (size, size), (0.0, rise * (1.0 - size)))
}

/// What differs from one sign to the next of its kind: paint, print and age.
#[derive(Clone, Debug)]
pub struct Look {
    red: Rgb,
    blue: Rgb,
    yellow: Rgb,
    white: Rgb,
    font: usize,
    bold: f32,
    variant: usize,
    /// How wide rims are, as a factor.
    rim: f32,
    lamp: f32,
}

impl Look {
    pub fn new(dice: &mut Dice, fonts: &Fonts) -> Self {
        let fade = if dice.chance(0.25) { 40.0 } else { 18.0 };
        Self {
            red: dice.near(RED, fade),
            blue: dice.near(BLUE, fade),
            yellow: dice.near(YELLOW, fade.min(25.0)),
            white: dice.near(WHITE, 15.0),
            font: dice.below(fonts.len()),
            bold: dice.range(0.0, 0.07),
            variant: dice.below(1 << 16),
            rim: dice.range(0.8, 1.25),
            lamp: dice.range(0.8, 1.0),
        }
    }

    /// As printed: every colour its own, nothing worn.
    pub const fn plain(variant: usize) -> Self {
        Self { red: RED, blue: BLUE, yellow: YELLOW, white: WHITE, font: 0, bold: 0.05, variant, rim: 1.0, lamp: 1.0 }
    }

    /// One of `count` designs.
    const fn of(&self, count: usize) -> usize {
        self.variant % count
    }
}

/// Draws a sign; `glow` is the strength of a lamp's halo.
pub fn draw(p: &mut Painter, kind: Kind, pose: &Pose, look: &Look, fonts: &Fonts, glow: f32) {
    let outline = kind.outline();
    match kind {
        Kind::Stop => {
            p.posed(pose, std::slice::from_ref(&outline), look.white, 0.0);
            p.posed(
                pose,
                &[scaled(&outline, (1.0 - 0.07 * look.rim, 1.0 - 0.07 * look.rim), (0.0, 0.0))],
                look.red,
                0.0,
            );
            p.posed(pose, &fonts.fit(look.font, "STOP", (0.78, 0.3)), look.white, look.bold);
        }
        Kind::Yield => {
            p.posed(pose, &[outline], look.red, 0.0);
            p.posed(pose, &[inner_triangle(1.0 - 0.42 * look.rim, true)], look.white, 0.0);
        }
        Kind::NoEntry => {
            p.posed(pose, &[outline], look.red, 0.0);
            p.posed(pose, &[scaled(&square(1.0), (0.72, 0.17 * look.rim), (0.0, 0.0))], look.white, 0.0);
        }
        Kind::SpeedLimit => {
            p.posed(pose, std::slice::from_ref(&outline), look.red, 0.0);
            let inner = 1.0 - 0.21 * look.rim;
            p.posed(pose, &[scaled(&outline, (inner, inner), (0.0, 0.0))], look.white, 0.0);
            let number = (1 + look.of(13)) * 10;
            p.posed(pose, &fonts.fit(look.font, &number.to_string(), (0.58, 0.38)), BLACK, look.bold);
        }
        Kind::Warning => {
            p.posed(pose, &[outline], look.red, 0.0);
            p.posed(pose, &[inner_triangle(1.0 - 0.33 * look.rim, false)], look.white, 0.0);
            warning_symbol(p, pose, look.of(4));
        }
        Kind::Priority => {
            p.posed(pose, std::slice::from_ref(&outline), look.white, 0.0);
            p.posed(pose, &[scaled(&outline, (0.93, 0.93), (0.0, 0.0))], BLACK, 0.0);
            p.posed(pose, &[scaled(&outline, (0.9, 0.9), (0.0, 0.0))], look.white, 0.0);
            p.posed(pose, &[scaled(&outline, (0.62, 0.62), (0.0, 0.0))], look.yellow, 0.0);
        }
        Kind::Direction => {
            p.posed(pose, &[outline], look.blue, 0.0);
            p.posed(pose, &[arrow([0.0, 0.25, 0.75, 0.375, -0.375][look.of(5)])], look.white, 0.0);
        }
        Kind::Parking => {
            p.posed(pose, &[outline], look.white, 0.0);
            p.posed(pose, &[square(0.74)], look.blue, 0.0);
            p.posed(pose, &fonts.fit(look.font, "P", (0.45, 0.5)), look.white, look.bold);
        }
        Kind::RedLight => lamps(p, pose, look, glow, Some(0)),
        Kind::GreenLight => lamps(p, pose, look, glow, Some(2)),
    }
}

/// What stands inside a warning triangle: an exclamation mark, a bend, a crossing, people.
fn warning_symbol(p: &mut Painter, pose: &Pose, which: usize) {
    let mut draw = |points: &[Point]| p.posed(pose, &[points.to_vec()], BLACK, 0.0);
    match which {
        0 => {
            draw(&[(-0.1, -0.3), (0.1, -0.3), (0.06, 0.3), (-0.06, 0.3)]);
            draw(&scaled(&regular(12, 0.0), (0.09, 0.09), (0.0, 0.47)));
        }
        1 => draw(&[
            (-0.2, 0.55),
            (-0.2, 0.1),
            (0.05, -0.1),
            (0.05, -0.3),
            (0.2, -0.3),
            (0.2, -0.0),
            (-0.04, 0.2),
            (-0.04, 0.55),
        ]),
        2 => {
            draw(&[(-0.08, -0.3), (0.08, -0.3), (0.08, 0.55), (-0.08, 0.55)]);
            draw(&[(-0.32, 0.08), (0.32, 0.08), (0.32, 0.22), (-0.32, 0.22)]);
        }
        _ => {
            for x in [-0.17, 0.17] {
                draw(&scaled(&regular(10, 0.0), (0.09, 0.09), (x, -0.12)));
                draw(&[
                    (x - 0.1, 0.02),
                    (x + 0.1, 0.02),
                    (x + 0.12, 0.3),
                    (x + 0.08, 0.56),
                    (x - 0.08, 0.56),
                    (x - 0.12, 0.3),
                ]);
            }
        }
    }
}

/// An arrow through the middle; `turn` in full turns, clockwise from up.
fn arrow(turn: f32) -> Vec<Point> {
    let up = [(0.0, -0.72), (0.44, -0.22), (0.16, -0.22), (0.16, 0.68), (-0.16, 0.68), (-0.16, -0.22), (-0.44, -0.22)];
    let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
    up.iter().map(|(x, y)| (x * cos - y * sin, x * sin + y * cos)).collect()
}

const LAMPS: [Rgb; 3] = [[255, 42, 30], [255, 176, 20], [30, 240, 130]];

/// A signal with one lamp lit, by number from the top, or none.
pub fn lamps(p: &mut Painter, pose: &Pose, look: &Look, glow: f32, lit: Option<usize>) {
    let board = look.of(3) == 0;
    if board {
        p.posed(pose, &[scaled(&square(1.0), (0.42, 1.0), (0.0, 0.0))], look.white, 0.0);
    }
    let (w, h) = if board { (0.37, 0.95) } else { (0.42, 1.0) };
    p.posed(pose, &[scaled(&square(1.0), (w, h), (0.0, 0.0))], HOUSING, 0.0);
    for (i, colour) in LAMPS.iter().enumerate() {
        let y = (i as f32 - 1.0) * 0.62;
        let disc = scaled(&regular(20, 0.0), (0.27, 0.27), (0.0, y));
        if lit == Some(i) {
            // A lamp needs no light from outside.
            let light = std::mem::replace(&mut p.light, [look.lamp; 3]);
            p.posed(pose, &[disc], *colour, 0.0);
            p.posed(
                pose,
                &[scaled(&regular(12, 0.0), (0.12, 0.12), (0.0, y))],
                colour.map(|c| c.saturating_add(90)),
                0.0,
            );
            p.light = light;
            if glow > 0.0 {
                p.glow(pose.map((0.0, y)), 1.1 * pose.radius(), *colour, glow);
            }
        } else {
            p.posed(pose, &[disc], colour.map(|c| (f32::from(c) * 0.22) as u8), 0.0);
        }
    }
}
