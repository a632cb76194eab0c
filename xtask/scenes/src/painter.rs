//! Anti-aliased shapes on a canvas, in the light of the scene.

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, RadialGradient, Rect, SpreadMode,
    Stroke, Transform,
};

use crate::pose::{Point, Pose};

/// 8 bits a channel.
pub type Rgb = [u8; 3];

/// What is painted together: closed lines, holes by winding.
pub type Contours = Vec<Vec<Point>>;

/// A canvas and the light that falls on it.
pub struct Painter {
    pixmap: Pixmap,
    /// Factors on red, green and blue of whatever is painted.
    pub light: [f32; 3],
}

impl Painter {
    /// A black canvas in white light.
    pub fn new(width: u32, height: u32) -> anyhow::Result<Self> {
        let mut pixmap = Pixmap::new(width, height).ok_or_else(|| anyhow::anyhow!("a canvas of {width}x{height}"))?;
        pixmap.fill(Color::BLACK);
        Ok(Self { pixmap, light: [1.0; 3] })
    }

    pub fn width(&self) -> f32 {
        self.pixmap.width() as f32
    }

    pub fn height(&self) -> f32 {
        self.pixmap.height() as f32
    }

    /// Red, green and blue, row by row.
    pub fn rgb(&self) -> Vec<u8> {
        self.pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect()
    }

    /// A polygon in pixels.
    pub fn polygon(&mut self, points: &[Point], colour: Rgb, alpha: f32) {
        self.contours(&[points.to_vec()], colour, alpha);
    }

    /// Closed lines in pixels.
    pub fn contours(&mut self, contours: &[Vec<Point>], colour: Rgb, alpha: f32) {
        if let Some(path) = path(contours, true) {
            self.pixmap.fill_path(&path, &self.paint(colour, alpha), FillRule::Winding, Transform::identity(), None);
        }
    }

    /// Closed lines about `(x, y)` instead of the origin.
    pub fn contours_at(&mut self, contours: &[Vec<Point>], (x, y): Point, colour: Rgb) {
        let moved: Contours = contours.iter().map(|c| c.iter().map(|(dx, dy)| (x + dx, y + dy)).collect()).collect();
        self.contours(&moved, colour, 1.0);
    }

    /// Closed lines of a posed square; `bold` is a width to widen them by, in half sides.
    pub fn posed(&mut self, pose: &Pose, contours: &[Vec<Point>], colour: Rgb, bold: f32) {
        let seen: Contours = contours.iter().map(|c| c.iter().map(|p| pose.map(*p)).collect()).collect();
        self.contours(&seen, colour, 1.0);
        if bold > 0.0
            && let Some(path) = path(&seen, true)
        {
            let stroke = Stroke { width: bold * pose.radius(), ..Stroke::default() };
            self.pixmap.stroke_path(&path, &self.paint(colour, 1.0), &stroke, Transform::identity(), None);
        }
    }

    /// An open line in pixels.
    pub fn line(&mut self, points: &[Point], width: f32, colour: Rgb, alpha: f32) {
        if let Some(path) = path(&[points.to_vec()], false) {
            let stroke = Stroke { width, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &self.paint(colour, alpha), &stroke, Transform::identity(), None);
        }
    }

    /// An upright rectangle: left, top, width, height.
    pub fn rect(&mut self, (x, y, w, h): (f32, f32, f32, f32), colour: Rgb, alpha: f32) {
        self.polygon(&[(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, alpha);
    }

    /// A disc or ellipse.
    pub fn ellipse(&mut self, centre: Point, (rx, ry): (f32, f32), colour: Rgb, alpha: f32) {
        self.polygon(
            &regular(28, 0.0).iter().map(|(x, y)| (centre.0 + rx * x, centre.1 + ry * y)).collect::<Vec<_>>(),
            colour,
            alpha,
        );
    }

    /// Light of its own that fades with distance.
    pub fn glow(&mut self, centre: Point, radius: f32, [r, g, b]: Rgb, strength: f32) {
        let at = |share: f32| {
            GradientStop::new(
                1.0 - share,
                Color::from_rgba8(r, g, b, (255.0 * strength.clamp(0.0, 1.0) * share * share) as u8),
            )
        };
        let middle = tiny_skia::Point::from_xy(centre.0, centre.1);
        let stops = [1.0, 0.75, 0.5, 0.25, 0.0].map(at).to_vec();
        let shader =
            RadialGradient::new(middle, 0.0, middle, radius.max(0.5), stops, SpreadMode::Pad, Transform::identity());
        let square = Rect::from_xywh(centre.0 - radius, centre.1 - radius, 2.0 * radius, 2.0 * radius);
        if let (Some(shader), Some(square)) = (shader, square) {
            self.pixmap.fill_rect(square, &Paint { shader, ..Paint::default() }, Transform::identity(), None);
        }
    }

    /// From one colour at the top of the band to another at its bottom.
    pub fn gradient(&mut self, top: f32, bottom: f32, from: Rgb, to: Rgb) {
        let (from, to) = (self.lit(from, 1.0), self.lit(to, 1.0));
        let shader = LinearGradient::new(
            tiny_skia::Point::from_xy(0.0, top),
            tiny_skia::Point::from_xy(0.0, bottom.max(top + 1.0)),
            vec![GradientStop::new(0.0, from), GradientStop::new(1.0, to)],
            SpreadMode::Pad,
            Transform::identity(),
        );
        let rect = Rect::from_ltrb(0.0, top, self.width(), bottom);
        if let (Some(shader), Some(rect)) = (shader, rect) {
            let paint = Paint { shader, ..Paint::default() };
            self.pixmap.fill_rect(rect, &paint, Transform::identity(), None);
        }
    }

    fn lit(&self, colour: Rgb, alpha: f32) -> Color {
        let channel = |i: usize| (f32::from(colour[i]) / 255.0 * self.light[i]).clamp(0.0, 1.0);
        Color::from_rgba(channel(0), channel(1), channel(2), alpha.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
    }

    fn paint(&self, colour: Rgb, alpha: f32) -> Paint<'static> {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color(self.lit(colour, alpha));
        paint
    }
}

fn path(contours: &[Vec<Point>], close: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for contour in contours {
        let mut points = contour.iter();
        let first = points.next()?;
        builder.move_to(first.0, first.1);
        points.for_each(|p| builder.line_to(p.0, p.1));
        if close {
            builder.close();
        }
    }
    builder.finish()
}

/// The corners of a regular polygon of radius 1, the first at `turn` radians from straight up.
pub fn regular(corners: usize, turn: f32) -> Vec<Point> {
    (0..corners)
        .map(|i| {
            let angle = turn + std::f32::consts::TAU * i as f32 / corners as f32;
            (angle.sin(), -angle.cos())
        })
        .collect()
}

/// Points of a shape, scaled about the middle and moved.
pub fn scaled(points: &[Point], (sx, sy): Point, (dx, dy): Point) -> Vec<Point> {
    points.iter().map(|(x, y)| (x * sx + dx, y * sy + dy)).collect()
}
