//! Backgrounds of the second setting, which no network is trained on: walls, woods, paving, shelves, plain haze.

use crate::{
    dice::Dice,
    painter::{Painter, Rgb},
    text::Fonts,
};

/// Paints the whole canvas.
pub fn paint(p: &mut Painter, dice: &mut Dice, fonts: &Fonts) {
    match dice.below(6) {
        0 => bricks(p, dice),
        1 => planks(p, dice),
        2 => paving(p, dice),
        3 => leaves(p, dice),
        4 => shelves(p, dice, fonts),
        _ => haze(p, dice),
    }
    if dice.chance(0.4) {
        pipes(p, dice);
    }
}

fn bricks(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    p.rect((0.0, 0.0, w, h), dice.near([170, 162, 150], 20.0), 1.0);
    let brick = dice.pick(&[[150, 74, 56], [120, 60, 50], [176, 120, 90], [190, 184, 170]]);
    let (bw, bh) = (w * dice.range(0.06, 0.16), h * dice.range(0.03, 0.07));
    let rows = (h / bh).ceil() as usize + 1;
    for row in 0..rows {
        let shift = if row % 2 == 0 { 0.0 } else { bw / 2.0 };
        for column in 0..(w / bw).ceil() as usize + 2 {
            let at = (column as f32 * bw - shift, row as f32 * bh);
            p.rect((at.0, at.1, bw * 0.94, bh * 0.88), dice.near(brick, 22.0), 1.0);
        }
    }
}

fn planks(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let wood = dice.pick(&[[140, 104, 66], [96, 76, 58], [186, 160, 120], [110, 116, 110]]);
    let count = dice.count(5, 16);
    for i in 0..count {
        let x = w * i as f32 / count as f32;
        p.rect((x, 0.0, w / count as f32 - 1.0, h), dice.near(wood, 20.0), 1.0);
        for _ in 0..4 {
            let gx = x + dice.unit() * w / count as f32;
            p.line(
                &[(gx, 0.0), (gx + 4.0 * dice.normal(), h)],
                0.8,
                dice.near(wood.map(|c| (c as f32 * 0.7) as u8), 8.0),
                0.5,
            );
        }
    }
}

fn paving(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let cells = dice.count(5, 14);
    let (a, b): (Rgb, Rgb) = dice.pick(&[
        ([150, 150, 150], [110, 112, 116]),
        ([190, 180, 160], [140, 120, 100]),
        ([220, 220, 220], [60, 60, 64]),
    ]);
    let side = w / cells as f32;
    for row in 0..=(h / side) as usize {
        for column in 0..cells {
            let colour = if (row + column) % 2 == 0 { a } else { b };
            p.rect((column as f32 * side, row as f32 * side, side + 0.5, side + 0.5), dice.near(colour, 12.0), 1.0);
        }
    }
}

fn leaves(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let leaf = dice.pick(&[[60, 90, 40], [120, 130, 50], [170, 100, 30], [40, 70, 50]]);
    p.gradient(0.0, h, dice.near(leaf, 30.0), leaf.map(|c| c / 2));
    for _ in 0..420 {
        let (r, at) = (w * dice.range(0.008, 0.05), (w * dice.unit(), h * dice.unit()));
        p.ellipse(at, (r, r * dice.range(0.3, 1.0)), dice.near(leaf, 45.0), 0.8);
    }
}

/// Rows of boxes in every colour, with print on them.
fn shelves(p: &mut Painter, dice: &mut Dice, fonts: &Fonts) {
    let (w, h) = (p.width(), p.height());
    p.rect((0.0, 0.0, w, h), dice.near([200, 196, 186], 20.0), 1.0);
    let rows = dice.count(3, 6);
    for row in 0..rows {
        let (top, tall) = (h * row as f32 / rows as f32, h / rows as f32);
        let mut x = 0.0;
        while x < w {
            let (bw, bh) = (w * dice.range(0.03, 0.14), tall * dice.range(0.5, 0.9));
            let colour = [dice.range(20.0, 240.0) as u8, dice.range(20.0, 240.0) as u8, dice.range(20.0, 240.0) as u8];
            p.rect((x, top + tall - bh, bw, bh), colour, 1.0);
            if dice.chance(0.4) {
                let letters = fonts.fit(
                    dice.below(fonts.len()),
                    dice.pick(&["tea", "No 5", "rye", "MAX", "oat"]),
                    (bw * 0.4, bh * 0.15),
                );
                p.contours_at(&letters, (x + bw / 2.0, top + tall - bh / 2.0), [250, 250, 246]);
            }
            x += bw + w * 0.01;
        }
        p.rect((0.0, top + tall - 2.0, w, 3.0), [90, 80, 70], 1.0);
    }
}

fn haze(p: &mut Painter, dice: &mut Dice) {
    let h = p.height();
    let tone =
        |dice: &mut Dice| [dice.range(40.0, 230.0) as u8, dice.range(40.0, 230.0) as u8, dice.range(40.0, 230.0) as u8];
    let (a, b) = (tone(dice), tone(dice));
    p.gradient(0.0, h, a, b);
    let w = p.width();
    for _ in 0..12 {
        let r = w * dice.range(0.05, 0.3);
        let at = (w * dice.unit(), h * dice.unit());
        p.ellipse(at, (r, r * dice.range(0.5, 1.5)), tone(dice), dice.range(0.05, 0.3));
    }
}

fn pipes(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    for _ in 0..dice.count(1, 4) {
        let (a, b) = ((w * dice.unit(), -5.0), (w * dice.unit(), h + 5.0));
        p.line(&[a, b], w * dice.range(0.005, 0.04), dice.near([110, 112, 116], 50.0), 1.0);
    }
}
