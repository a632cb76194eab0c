//! How a flat thing hangs in space: from its own square, -1 to 1, to pixels.

use crate::dice::Dice;

/// A point, in pixels or in a sign's own square; y points down.
pub type Point = (f32, f32);

/// A plane seen by a pinhole camera.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    centre: Point,
    /// Half the side of the square, in pixels, if it faces the camera.
    radius: f32,
    /// Rows of the rotation.
    rows: [[f32; 2]; 3],
    /// Distance of the camera, in half sides: the nearer, the stronger the perspective.
    distance: f32,
}

impl Pose {
    /// Facing the camera.
    pub const fn flat(centre: Point, radius: f32) -> Self {
        Self { centre, radius, rows: [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], distance: 1e6 }
    }

    /// Turned by up to `yaw` about the pole, and a little about the other axes.
    pub fn turned(dice: &mut Dice, centre: Point, radius: f32, yaw: f32) -> Self {
        let (yaw, pitch, roll) = (dice.range(-yaw, yaw), dice.range(-0.2, 0.2), 0.06 * dice.normal());
        let ((sy, cy), (sp, cp), (sr, cr)) = (yaw.sin_cos(), pitch.sin_cos(), roll.sin_cos());
        // Roll in the plane, then pitch, then yaw.
        let column = |(x, y): Point| {
            let (x, y) = (x * cr - y * sr, x * sr + y * cr);
            let (y, z) = (y * cp, y * sp);
            [x * cy + z * sy, y, z * cy - x * sy]
        };
        let (a, b) = (column((1.0, 0.0)), column((0.0, 1.0)));
        Self { centre, radius, rows: [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]]], distance: dice.range(3.5, 12.0) }
    }

    /// Where a point of the square is seen.
    pub fn map(&self, (x, y): Point) -> Point {
        let [px, py, pz] = self.rows.map(|row| row[0] * x + row[1] * y);
        let scale = self.radius * self.distance / (self.distance + pz);
        (self.centre.0 + scale * px, self.centre.1 + scale * py)
    }

    /// Half a side in pixels, for line widths.
    pub const fn radius(&self) -> f32 {
        self.radius
    }
}
