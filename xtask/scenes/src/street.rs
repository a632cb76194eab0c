//! Backgrounds of the first setting: a street with sky, houses, trees, cars and people.

use crate::{
    dice::Dice,
    painter::{Painter, Rgb, regular},
    pose::Point,
    text::Fonts,
};

/// Words on shop fronts and boards.
const WORDS: [&str; 14] = [
    "BAKERY", "OPEN", "HOTEL", "SALE", "CAFE", "PIZZA", "BANK", "TAXI", "24h", "PARK", "STORE", "BAR", "SHOP", "EXIT 7",
];

const FACADES: [Rgb; 8] = [
    [176, 150, 122],
    [150, 96, 78],
    [196, 188, 170],
    [120, 124, 130],
    [206, 178, 120],
    [140, 150, 160],
    [90, 88, 92],
    [180, 120, 110],
];
pub const LOUD: [Rgb; 8] = [
    [200, 30, 36],
    [20, 86, 178],
    [246, 200, 30],
    [30, 150, 80],
    [236, 236, 232],
    [230, 120, 20],
    [120, 40, 130],
    [30, 30, 34],
];

/// Paints the whole canvas.
pub fn paint(p: &mut Painter, dice: &mut Dice, fonts: &Fonts) {
    let (w, h) = (p.width(), p.height());
    let horizon = h * dice.range(0.34, 0.62);
    if dice.chance(0.15) {
        hoarding(p, dice);
        return;
    }
    sky(p, dice, horizon);
    if dice.chance(0.5) {
        ridge(p, dice, horizon);
    }
    ground(p, dice, horizon);
    let side = dice.count(0, 4);
    for _ in 0..side {
        house(p, dice, fonts, horizon);
    }
    road(p, dice, horizon);
    for _ in 0..dice.count(0, 4) {
        tree(p, dice, horizon);
    }
    for _ in 0..dice.count(0, 3) {
        let depth = dice.range(0.05, 1.0);
        let x = w * dice.range(-0.05, 1.05);
        car(p, dice, (x, horizon + (h - horizon) * depth * 0.75), w * (0.05 + 0.22 * depth));
    }
    for _ in 0..dice.count(0, 3) {
        person(p, dice, horizon);
    }
    for _ in 0..dice.count(0, 2) {
        lamp_post(p, dice, horizon);
    }
    if dice.chance(0.3) {
        wires(p, dice, horizon);
    }
}

/// A wall of torn posters, close by.
fn hoarding(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let colour = |dice: &mut Dice| [0; 3].map(|_: u8| dice.range(20.0, 235.0) as u8);
    let (top, low) = (colour(dice), colour(dice));
    p.gradient(0.0, h, top, low);
    for _ in 0..dice.count(10, 70) {
        let (x, y, size) = (w * dice.unit(), h * dice.unit(), w * dice.log_range(0.02, 0.3));
        let corners = dice.count(3, 5);
        let torn: Vec<Point> = regular(corners, dice.unit() * 6.0)
            .iter()
            .map(|(a, b)| (x + size * a, y + size * b * dice.range(0.4, 1.2)))
            .collect();
        p.polygon(&torn, colour(dice), dice.range(0.4, 1.0));
    }
}

fn sky(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let (top, low): (Rgb, Rgb) = dice.pick(&[
        ([74, 130, 200], [186, 210, 230]),
        ([150, 160, 170], [200, 204, 206]),
        ([110, 120, 134], [170, 174, 176]),
        ([60, 90, 150], [246, 190, 140]),
        ([220, 224, 228], [236, 236, 232]),
    ]);
    p.gradient(0.0, horizon + 2.0, dice.near(top, 24.0), dice.near(low, 20.0));
    let w = p.width();
    for _ in 0..dice.count(0, 5) {
        let (x, y) = (w * dice.unit(), horizon * dice.range(0.05, 0.8));
        for _ in 0..5 {
            let at = (x + w * 0.05 * dice.normal(), y + horizon * 0.03 * dice.normal());
            let r = w * dice.range(0.02, 0.07);
            p.ellipse(at, (r, r * 0.45), [236, 238, 240], dice.range(0.15, 0.5));
        }
    }
}

/// A far line of hills or trees.
fn ridge(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let w = p.width();
    let colour = dice.pick(&[[70, 96, 70], [96, 110, 120], [60, 84, 60], [120, 116, 96]]);
    let mut line = vec![(0.0, horizon + 2.0)];
    let steps = dice.count(6, 24);
    let tall = horizon * dice.range(0.05, 0.3);
    line.extend((0..=steps).map(|i| (w * i as f32 / steps as f32, horizon - tall * dice.unit())));
    line.push((w, horizon + 2.0));
    p.polygon(&line, dice.near(colour, 14.0), 1.0);
}

fn ground(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let colour = dice.pick(&[[104, 108, 104], [96, 120, 70], [140, 134, 120], [120, 118, 112], [84, 104, 60]]);
    let near = dice.near(colour, 16.0);
    let h = p.height();
    p.gradient(horizon, h, near.map(|c| c.saturating_add(18)), near);
    let w = p.width();
    // Grain of the ground.
    for _ in 0..40 {
        let depth = dice.unit() * dice.unit();
        let y = h - (h - horizon) * depth;
        let size = w * 0.03 * (1.0 - depth);
        p.ellipse((w * dice.unit(), y), (size, size * 0.25), dice.near(near, 18.0), 0.35);
    }
}

fn house(p: &mut Painter, dice: &mut Dice, fonts: &Fonts, horizon: f32) {
    let w = p.width();
    let width = w * dice.range(0.12, 0.45);
    let (left, base) = (w * dice.range(-0.15, 0.95), horizon + p.height() * dice.range(0.0, 0.12));
    let top = (base - p.height() * dice.range(0.2, 0.75)).max(-4.0);
    let colour = dice.pick(&FACADES);
    let wall = dice.near(colour, 22.0);
    p.rect((left, top, width, base - top), wall, 1.0);
    if dice.chance(0.4) {
        let roof = dice.pick(&[[120, 60, 50], [70, 70, 78], [96, 84, 76]]);
        p.polygon(
            &[(left - 3.0, top), (left + width / 2.0, top - width * dice.range(0.15, 0.45)), (left + width + 3.0, top)],
            roof,
            1.0,
        );
    }
    let (columns, rows) = (dice.count(2, 6), dice.count(2, 7));
    let (cell_w, cell_h) = (width / columns as f32, (base - top) * 0.8 / rows as f32);
    let glass = dice.pick(&[[70, 84, 100], [40, 46, 54], [150, 170, 186], [230, 214, 150]]);
    let (fill_w, fill_h) = (dice.range(0.35, 0.75), dice.range(0.4, 0.75));
    for row in 0..rows {
        for column in 0..columns {
            let at = (left + cell_w * (column as f32 + (1.0 - fill_w) / 2.0), top + cell_h * (row as f32 + 0.25));
            p.rect((at.0, at.1, cell_w * fill_w, cell_h * fill_h), dice.near(glass, 20.0), 1.0);
        }
    }
    if dice.chance(0.55) {
        let (y, tall) = (base - (base - top) * 0.2, (base - top) * dice.range(0.06, 0.14));
        let loud = dice.pick(&LOUD);
        p.rect((left, y, width, tall), dice.near(loud, 20.0), 1.0);
        let ink = if loud.iter().map(|c| u32::from(*c)).sum::<u32>() > 420 { [24, 24, 26] } else { [238, 238, 234] };
        let letters = fonts.fit(dice.below(fonts.len()), dice.pick(&WORDS), (width * 0.35, tall * 0.35));
        p.contours_at(&letters, (left + width / 2.0, y + tall / 2.0), ink);
    }
}

fn road(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let (w, h) = (p.width(), p.height());
    let vanish = w * dice.range(0.1, 0.9);
    let (left, right) = (w * dice.range(-0.6, 0.25), w * dice.range(0.75, 1.6));
    let asphalt = dice.near([78, 80, 84], 18.0);
    p.polygon(&[(vanish - 2.0, horizon), (vanish + 2.0, horizon), (right, h), (left, h)], asphalt, 1.0);
    let paint = dice.pick(&[[226, 226, 220], [230, 200, 90]]);
    // A point on the line from the vanishing point to `x` at the bottom edge.
    let along = |x: f32, t: f32| (vanish + (x - vanish) * t, horizon + (h - horizon) * t);
    let stripe = |p: &mut Painter, x: f32, from: f32, to: f32, width: f32| {
        let (a, b, c, d) = (along(x - width, from), along(x + width, from), along(x + width, to), along(x - width, to));
        p.polygon(&[a, b, c, d], paint, 0.85);
    };
    let middle = f32::midpoint(left, right);
    let mut t = dice.range(0.05, 0.12);
    while t < 1.0 {
        stripe(p, middle, t, t * 1.22, w * 0.014);
        t *= 1.5;
    }
    stripe(p, left + w * 0.03, 0.0, 1.0, w * 0.01);
    stripe(p, right - w * 0.03, 0.0, 1.0, w * 0.01);
    if dice.chance(0.25) {
        let from = dice.range(0.35, 0.75);
        let bars = 9;
        for bar in 0..bars {
            let x = left + (right - left) * (bar as f32 + 0.5) / bars as f32;
            stripe(p, x, from, from * 1.18, (right - left) / bars as f32 / 3.6);
        }
    }
}

pub fn tree(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let (w, h) = (p.width(), p.height());
    let size = h * dice.range(0.08, 0.32);
    let base = horizon + h * dice.range(0.0, 0.2);
    let x = w * dice.unit();
    p.rect((x - size * 0.05, base - size, size * 0.1, size), dice.near([88, 66, 48], 14.0), 1.0);
    let leaf = dice.pick(&[[60, 96, 48], [84, 120, 60], [44, 76, 44], [170, 120, 40], [150, 70, 40]]);
    for _ in 0..dice.count(8, 16) {
        let r = size * dice.range(0.1, 0.26);
        let at = (x + size * 0.2 * dice.normal(), base - size * 1.05 + size * 0.2 * dice.normal());
        p.ellipse(at, (r, r * 0.85), dice.near(leaf, 18.0), 0.95);
    }
}

pub fn car(p: &mut Painter, dice: &mut Dice, (x, y): Point, size: f32) {
    let loud = dice.pick(&LOUD);
    let body = dice.near(loud, 30.0);
    let tall = size * dice.range(0.42, 0.62);
    p.ellipse((x, y), (size * 0.55, size * 0.07), [16, 16, 18], 0.5);
    let roof = [
        (x - size * 0.34, y - tall * 0.55),
        (x - size * 0.24, y - tall),
        (x + size * 0.24, y - tall),
        (x + size * 0.34, y - tall * 0.55),
    ];
    p.polygon(&roof, body, 1.0);
    p.polygon(
        &[
            (x - size * 0.28, y - tall * 0.56),
            (x - size * 0.2, y - tall * 0.94),
            (x + size * 0.2, y - tall * 0.94),
            (x + size * 0.28, y - tall * 0.56),
        ],
        [50, 60, 70],
        1.0,
    );
    p.rect((x - size * 0.45, y - tall * 0.58, size * 0.9, tall * 0.46), body, 1.0);
    for side in [-1.0, 1.0] {
        p.rect((x + side * size * 0.36 - size * 0.07, y - tall * 0.2, size * 0.14, tall * 0.22), [20, 20, 22], 1.0);
        let rear = dice.chance(0.6);
        let light = std::mem::replace(&mut p.light, [0.95; 3]);
        let colour = if rear { [220, 26, 30] } else { [250, 244, 220] };
        p.ellipse((x + side * size * 0.36, y - tall * 0.42), (size * 0.06, size * 0.045), colour, 1.0);
        p.light = light;
    }
    p.rect((x - size * 0.12, y - tall * 0.3, size * 0.24, tall * 0.12), [230, 230, 220], 1.0);
}

fn person(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let (w, h) = (p.width(), p.height());
    let depth = dice.range(0.1, 0.8);
    let size = h * (0.06 + 0.16 * depth);
    let (x, y) = (w * dice.unit(), horizon + (h - horizon) * depth * 0.8);
    let coat = dice.pick(&LOUD);
    p.rect((x - size * 0.1, y - size * 0.45, size * 0.2, size * 0.45), [40, 44, 56], 1.0);
    p.rect((x - size * 0.14, y - size * 0.82, size * 0.28, size * 0.42), dice.near(coat, 20.0), 1.0);
    p.ellipse((x, y - size * 0.91), (size * 0.09, size * 0.1), dice.near([190, 150, 124], 40.0), 1.0);
}

fn lamp_post(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let (w, h) = (p.width(), p.height());
    let (x, base) = (w * dice.unit(), horizon + h * dice.range(0.05, 0.3));
    let top = base - h * dice.range(0.3, 0.7);
    let arm = dice.range(-0.08, 0.08) * w;
    p.line(&[(x, base), (x, top), (x + arm, top - 3.0)], w * 0.008, [70, 74, 78], 1.0);
    p.ellipse((x + arm, top - 1.0), (w * 0.015, w * 0.008), [240, 236, 210], 1.0);
    if p.light[0] < 0.5 {
        p.glow((x + arm, top), w * 0.12, [255, 214, 150], 0.7);
    }
}

fn wires(p: &mut Painter, dice: &mut Dice, horizon: f32) {
    let w = p.width();
    for _ in 0..dice.count(1, 4) {
        let (a, b) = (horizon * dice.range(0.0, 0.8), horizon * dice.range(0.0, 0.8));
        let sag = horizon * dice.range(0.02, 0.15);
        let points: Vec<Point> =
            (0..=12).map(|i| i as f32 / 12.0).map(|t| (w * t, a + (b - a) * t + sag * 4.0 * t * (1.0 - t))).collect();
        p.line(&points, 1.0, [30, 32, 36], 0.8);
    }
}
