//! What looks like a sign and is none: discs, boards, balloons, cones, clocks, a signal that shows amber or nothing.

use crate::{
    dice::Dice,
    painter::{Painter, regular, scaled},
    pose::{Point, Pose},
    signs::{self, Look},
    street::LOUD,
    text::Fonts,
};

/// Draws one within about `radius` pixels of `centre`.
pub fn draw(p: &mut Painter, dice: &mut Dice, fonts: &Fonts, centre: Point, radius: f32) {
    let pose = Pose::turned(dice, centre, radius, 0.8);
    let square = regular(4, std::f32::consts::FRAC_PI_4);
    let loud = dice.pick(&LOUD);
    let other = dice.pick(&LOUD);
    let (colour, ink) = (dice.near(loud, 22.0), dice.near(other, 22.0));
    match dice.below(11) {
        // A plain disc, a ball.
        0 => p.posed(&pose, &[regular(32, 0.0)], colour, 0.0),
        // A disc with a ring.
        1 => {
            p.posed(&pose, &[regular(32, 0.0)], colour, 0.0);
            p.posed(&pose, &[scaled(&regular(32, 0.0), (0.7, 0.7), (0.0, 0.0))], ink, 0.0);
        }
        // A board with a word.
        2 | 3 => {
            let (sx, sy) = (1.3, dice.range(0.4, 0.9));
            p.posed(&pose, &[scaled(&square, (sx, sy), (0.0, 0.0))], colour, 0.0);
            let word = dice.pick(&["A7", "NORD", "CITY", "ZOO", "km", "GO", "BUS", "OK", "5%"]);
            p.posed(&pose, &fonts.fit(dice.below(fonts.len()), word, (0.7 * sx, 0.4 * sy)), ink, 0.02);
        }
        // A picture board.
        4 => {
            p.posed(&pose, std::slice::from_ref(&square), colour, 0.0);
            for _ in 0..4 {
                let (size, at) = (dice.range(0.1, 0.4), (dice.range(-0.5, 0.5), dice.range(-0.5, 0.5)));
                let corners = dice.count(3, 12);
                let paint = dice.pick(&LOUD);
                p.posed(&pose, &[scaled(&regular(corners, dice.unit()), (size, size), at)], paint, 0.0);
            }
        }
        // A cone.
        5 => {
            p.posed(&pose, &[vec![(0.0, -1.0), (0.6, 0.9), (-0.6, 0.9)]], [230, 96, 20], 0.0);
            p.posed(&pose, &[vec![(-0.2, -0.35), (0.2, -0.35), (0.33, 0.1), (-0.33, 0.1)]], [236, 236, 230], 0.0);
        }
        // A clock.
        6 => {
            p.posed(&pose, &[regular(32, 0.0)], [30, 30, 34], 0.0);
            p.posed(&pose, &[scaled(&regular(32, 0.0), (0.86, 0.86), (0.0, 0.0))], [236, 236, 230], 0.0);
            for (turn, long) in [(dice.unit(), 0.55), (dice.unit(), 0.75)] {
                let (s, c) = (turn * std::f32::consts::TAU).sin_cos();
                p.line(
                    &[pose.map((0.0, 0.0)), pose.map((s * long, c * long))],
                    (0.08 * radius).max(0.6),
                    [20, 20, 22],
                    1.0,
                );
            }
        }
        // A balloon.
        7 => {
            p.ellipse(centre, (radius * 0.8, radius), colour, 1.0);
            p.ellipse(
                (centre.0 - radius * 0.25, centre.1 - radius * 0.35),
                (radius * 0.2, radius * 0.25),
                [250, 250, 250],
                0.5,
            );
            p.line(
                &[(centre.0, centre.1 + radius), (centre.0 + radius * 0.2, centre.1 + 2.2 * radius)],
                0.8,
                [60, 60, 60],
                1.0,
            );
        }
        // A flag of bars.
        8 => {
            let bars = dice.count(2, 3);
            for bar in 0..bars {
                let paint = dice.pick(&LOUD);
                let (from, to) = (-0.8 + 1.6 * bar as f32 / bars as f32, -0.8 + 1.6 * (bar + 1) as f32 / bars as f32);
                p.posed(&pose, &[vec![(-1.0, from), (1.0, from), (1.0, to), (-1.0, to)]], paint, 0.0);
            }
        }
        // A pennant, which points neither up nor down.
        9 => {
            let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
            p.posed(&pose, &[vec![(side, 0.0), (-side, -0.7), (-side, 0.7)]], colour, 0.0);
        }
        // A signal that is off or amber.
        _ => {
            let look = Look::new(dice, fonts);
            let lit = if dice.chance(0.5) { Some(1) } else { None };
            signs::lamps(p, &pose, &look, 0.0, lit);
        }
    }
}
