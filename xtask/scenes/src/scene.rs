//! One scene: a background, clutter, signs with their labels, what covers them, weather, the camera.

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    clutter,
    dice::Dice,
    elsewhere,
    painter::Painter,
    pose::{Point, Pose},
    signs::{self, Kind, Look},
    street,
    text::Fonts,
    weather,
};

/// Where scenes take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Setting {
    /// Streets by day and night, dry and wet: what the network is trained on
    Street,
    /// Streets as in `Street`, mostly at night or in rain, with more in the way: harder than what the network is trained on
    Rough,
    /// Walls, woods and shelves in snow, fog and glare: never trained on
    Elsewhere,
}

/// How likely what makes a scene hard is.
struct Odds {
    night: f32,
    rain: f32,
    covered: f32,
    most_clutter: usize,
}

impl Setting {
    const fn odds(self) -> Odds {
        match self {
            Self::Street | Self::Elsewhere => Odds { night: 0.3, rain: 0.22, covered: 0.2, most_clutter: 5 },
            Self::Rough => Odds { night: 0.6, rain: 0.5, covered: 0.35, most_clutter: 9 },
        }
    }
}

/// What is to be found.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    pub kind: Kind,
    /// Left, top, right, bottom in pixels, within the picture.
    pub bbox: [f32; 4],
}

/// A picture and what is on it.
pub struct Scene {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
    pub labels: Vec<Label>,
}

/// Sides of a sign, as the square root of its box, where the picture's longer side is 320 pixels. Half of them are below
/// 32: large ones find room less often.
const SIDES: (f32, f32) = (14.0, 140.0);

struct Placed {
    kind: Kind,
    pose: Pose,
    /// Not cut at the picture's edge.
    whole: [f32; 4],
    look: Look,
    glow: f32,
    light: [f32; 3],
}

/// Makes a scene of `width` x `height` pixels.
pub fn make(dice: &mut Dice, fonts: &Fonts, setting: Setting, (width, height): (u32, u32)) -> Result<Scene> {
    let mut p = Painter::new(width, height)?;
    let odds = setting.odds();
    let night = dice.chance(odds.night);
    let level = if night { dice.range(0.12, 0.4) } else { dice.range(0.75, 1.1) };
    let cool = if night { dice.range(0.9, 1.5) } else { dice.range(0.92, 1.08) };
    p.light = [level, level, level * cool];
    match setting {
        Setting::Street | Setting::Rough => street::paint(&mut p, dice, fonts),
        Setting::Elsewhere => elsewhere::paint(&mut p, dice, fonts),
    }
    let unit = width.max(height) as f32 / 320.0;
    for _ in 0..dice.count(0, odds.most_clutter) {
        let (at, radius) = ((p.width() * dice.unit(), p.height() * dice.unit()), unit * dice.log_range(4.0, 36.0));
        clutter::draw(&mut p, dice, fonts, at, radius);
    }
    let placed = place(&p, dice, fonts, setting, unit, night);
    paint_all(&mut p, dice, fonts, setting, &placed);
    let around = p.light;
    for (i, one) in placed.iter().enumerate() {
        if dice.chance(odds.covered) {
            let others: Vec<[f32; 4]> =
                placed.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, o)| o.whole).collect();
            cover(&mut p, dice, one.whole, &others);
        }
    }
    match setting {
        Setting::Street | Setting::Rough => {
            if dice.chance(odds.rain) {
                weather::rain(&mut p, dice);
            }
        }
        Setting::Elsewhere => match dice.below(4) {
            0 => weather::snow(&mut p, dice),
            1 => weather::fog(&mut p, dice),
            2 => weather::glare(&mut p, dice),
            _ => {}
        },
    }
    let mut rgb = p.rgb();
    weather::camera(&mut rgb, width as usize, height as usize, dice, around[1] < 0.5);
    let labels = placed.iter().map(|o| Label { kind: o.kind, bbox: cut(o.whole, p.width(), p.height()) }).collect();
    Ok(Scene { width: width as usize, height: height as usize, rgb, labels })
}

/// Chooses what hangs where; nothing overlaps.
fn place(p: &Painter, dice: &mut Dice, fonts: &Fonts, setting: Setting, unit: f32, night: bool) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let wanted = if dice.chance(0.06) { 0 } else { dice.count(1, 9) };
    for _ in 0..wanted {
        for _ in 0..24 {
            let kind = dice.pick(&Kind::ALL);
            let narrow = if matches!(kind, Kind::RedLight | Kind::GreenLight) { 1.5 } else { 1.05 };
            let mut radius = unit * narrow * dice.log_range(SIDES.0, SIDES.1) / 2.0;
            let mut at = (p.width() * dice.unit(), p.height() * dice.range(0.02, 0.95));
            // Signs like company: the next one on the same pole.
            if let Some(above) = placed.last().filter(|_| dice.chance(0.25)) {
                let [l, _, r, b] = above.whole;
                radius = (r - l) / 2.0 * dice.range(0.8, 1.2);
                at = (f32::midpoint(l, r), b + radius * dice.range(1.02, 1.2));
            }
            let yaw = if dice.chance(0.3) { 1.0 } else { 0.5 };
            let pose = Pose::turned(dice, at, radius, yaw);
            let whole = bounds(&kind.outline().iter().map(|q| pose.map(*q)).collect::<Vec<_>>());
            let seen = area(cut(whole, p.width(), p.height())) / area(whole);
            let least = if dice.chance(0.12) { 0.65 } else { 1.0 };
            let side = area(whole).sqrt();
            if seen < least || side < 9.0 * unit || placed.iter().any(|o| apart(o.whole, whole) < 0.03 * (side + 10.0))
            {
                continue;
            }
            // Signs shine back at headlights; lamps have a halo at night.
            let level = if night { dice.range(0.35, 0.95) } else { p.light[1] * dice.range(0.72, 1.08) };
            let dusk = if setting == Setting::Elsewhere && dice.chance(0.2) { dice.range(0.8, 1.0) } else { 1.0 };
            let glow = if night { dice.range(0.2, 0.6) } else { dice.range(-0.2, 0.2) };
            let look = Look::new(dice, fonts);
            placed.push(Placed { kind, pose, whole, look, glow, light: [level, level, level * dusk] });
            break;
        }
    }
    placed
}

fn paint_all(p: &mut Painter, dice: &mut Dice, fonts: &Fonts, setting: Setting, placed: &[Placed]) {
    let around = p.light;
    for one in placed {
        let poled = if setting == Setting::Elsewhere { 0.3 } else { 0.75 };
        if dice.chance(poled) {
            let [l, t, r, b] = one.whole;
            let (x, width) = (f32::midpoint(l, r) + 0.05 * (r - l) * dice.normal(), (0.07 * (r - l)).max(0.8));
            let foot = b + (b - t) * dice.range(1.0, 5.0);
            p.line(&[(x, f32::midpoint(t, b)), (x, foot)], width, dice.near([128, 130, 132], 40.0), 1.0);
        }
    }
    for one in placed {
        p.light = one.light;
        signs::draw(p, one.kind, &one.pose, &one.look, fonts, one.glow);
        // Dirt.
        if dice.chance(0.15) {
            for _ in 0..dice.count(1, 5) {
                let at = one.pose.map((dice.range(-0.7, 0.7), dice.range(-0.7, 0.7)));
                let r = one.pose.radius() * dice.range(0.04, 0.2);
                p.ellipse(at, (r, r * dice.range(0.4, 1.0)), dice.near([90, 84, 76], 20.0), dice.range(0.3, 0.9));
            }
        }
    }
    p.light = around;
}

/// Hides up to two fifths of a box behind a pole, leaves or a corner of something.
fn cover(p: &mut Painter, dice: &mut Dice, [l, t, r, b]: [f32; 4], others: &[[f32; 4]]) {
    let (w, h) = (r - l, b - t);
    let part = dice.range(0.1, 0.4);
    let colour = dice.pick(&[[70, 72, 76], [60, 90, 48], [120, 90, 60], [160, 160, 160], [30, 30, 34]]);
    let colour = dice.near(colour, 20.0);
    let blocked = match dice.below(4) {
        0 => {
            let x = l + (w - w * part) * dice.unit();
            [x, t - 2.0 * h, x + w * part, b + 3.0 * h]
        }
        1 => [l - w, b - h * part, r + w, b + h],
        2 => [l - w, t - h * 0.3, l + w * part, b + h * 0.3],
        _ => [r - w * part, t - h * 0.3, r + w, b + h * 0.3],
    };
    if others.iter().any(|o| apart(*o, blocked) <= 0.0) {
        return;
    }
    let [x0, y0, x1, y1] = blocked;
    if dice.chance(0.4) {
        // Leaves instead of an edge.
        let r = (w * 0.16).max(1.5);
        for _ in 0..((x1 - x0) * (y1 - y0) / (r * r) * 0.9).min(160.0) as usize {
            let at = (dice.range(x0, x1), dice.range(y0, y1));
            p.ellipse(at, (r * dice.range(0.4, 1.0), r * dice.range(0.3, 0.8)), dice.near(colour, 26.0), 1.0);
        }
    } else {
        p.rect((x0, y0, x1 - x0, y1 - y0), colour, 1.0);
    }
}

fn bounds(points: &[Point]) -> [f32; 4] {
    points.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |[l, t, r, b], (x, y)| {
        [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]
    })
}

fn cut([l, t, r, b]: [f32; 4], width: f32, height: f32) -> [f32; 4] {
    [l.clamp(0.0, width), t.clamp(0.0, height), r.clamp(0.0, width), b.clamp(0.0, height)]
}

fn area([l, t, r, b]: [f32; 4]) -> f32 {
    (r - l).max(0.0) * (b - t).max(0.0)
}

/// The gap between two boxes in pixels, negative if they overlap.
fn apart(a: [f32; 4], b: [f32; 4]) -> f32 {
    (a[0] - b[2]).max(b[0] - a[2]).max(a[1] - b[3]).max(b[1] - a[3])
}
