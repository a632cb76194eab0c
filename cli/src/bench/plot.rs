//! Plots as SVG, drawn here: bars, a strip of shares, the roofline. Colours come from the page's style sheet.

use std::fmt::Write;

use super::table::figure;

/// Text that may stand in HTML or SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One bar.
pub struct Bar {
    pub label: String,
    pub value: f64,
    /// A mark further out, such as p95.
    pub mark: Option<f64>,
    pub text: String,
}

const WIDTH: f64 = 1000.0;
/// Left of the bars.
const LABELS: f64 = 330.0;
/// Right of them.
const VALUES: f64 = 170.0;
const ROW: f64 = 34.0;

/// Horizontal bars from zero on. `name` is what the plot shows, for those who cannot see it.
pub fn bars(name: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.value.max(bar.mark.unwrap_or(0.0))).fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| LABELS + (WIDTH - LABELS - VALUES) * value / most;
    let mut svg = open(name, ROW * bars.len() as f64 + 6.0);
    for (i, bar) in bars.iter().enumerate() {
        let top = ROW * i as f64 + 6.0;
        let middle = top + 15.5;
        let _ = write!(
            svg,
            "<g><title>{}: {}</title><text x=\"0\" y=\"{middle}\">{}</text><rect class=\"bar\" x=\"{LABELS}\" y=\"{top}\" \
             width=\"{:.1}\" height=\"22\" rx=\"3\"/>",
            escape(&bar.label),
            escape(&bar.text),
            escape(&cut(&bar.label, 46)),
            (x(bar.value) - LABELS).max(1.0),
        );
        let mut end = x(bar.value);
        if let Some(mark) = bar.mark {
            let _ = write!(
                svg,
                "<path class=\"whisker\" d=\"M{0:.1} {1}H{2:.1}M{2:.1} {3}v10\"/>",
                x(bar.value),
                top + 11.0,
                x(mark),
                top + 6.0
            );
            end = end.max(x(mark));
        }
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{middle}\">{}</text></g>", end + 8.0, escape(&bar.text));
    }
    svg + "</svg>"
}

/// One piece of a strip: its share, its colour's number, what it is.
pub struct Piece {
    pub share: f64,
    pub hue: usize,
    pub text: String,
}

/// How many hues the style sheet has.
pub const HUES: usize = 6;

/// Pieces side by side, as wide as their shares of the whole.
pub fn strip(name: &str, pieces: &[Piece]) -> String {
    let all: f64 = pieces.iter().map(|piece| piece.share).sum::<f64>().max(f64::MIN_POSITIVE);
    let mut svg = open(name, 44.0);
    let mut at = 0.0;
    for piece in pieces {
        let wide = WIDTH * piece.share / all;
        let _ = write!(
            svg,
            "<rect class=\"hue{}\" x=\"{at:.2}\" y=\"2\" width=\"{:.2}\" height=\"40\"><title>{}</title></rect>",
            piece.hue % HUES,
            (wide - 0.6).max(0.2),
            escape(&piece.text)
        );
        at += wide;
    }
    svg + "</svg>"
}

/// Something of so many operations a byte, at so many GFLOP/s.
pub struct Point {
    pub intensity: f64,
    pub gflops: f64,
    pub text: String,
    /// A whole network, named on the plot.
    pub label: Option<String>,
}

const HEIGHT: f64 = 420.0;
const MARGIN: (f64, f64, f64, f64) = (64.0, 24.0, 16.0, 44.0);

/// Points under the roof that multiply-adds (GFLOP/s) and storage (GB/s) make; both axes are logarithmic.
pub fn roofline(name: &str, gflops: f64, gbs: f64, points: &[Point]) -> String {
    let ridge = gflops / gbs;
    let decades = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values
            .filter(|v| v.is_finite() && *v > 0.0)
            .fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        (low.log10().floor(), high.log10().ceil())
    };
    let (x0, x1) = decades(&mut points.iter().map(|p| p.intensity).chain([ridge / 4.0, ridge * 4.0]));
    let (y0, y1) = decades(&mut points.iter().map(|p| p.gflops).chain([gflops / 10.0, gflops]));
    let (left, right, top, bottom) = MARGIN;
    let x = |v: f64| left + (WIDTH - left - right) * (v.log10() - x0) / (x1 - x0).max(1.0);
    let y = |v: f64| HEIGHT - bottom - (HEIGHT - top - bottom) * (v.log10() - y0) / (y1 - y0).max(1.0);
    let mut svg = open(name, HEIGHT);
    for exponent in x0 as i32..=x1 as i32 {
        let (at, text) = (x(10f64.powi(exponent)), power(exponent));
        let _ = write!(svg, "<path class=\"grid\" d=\"M{at:.1} {top}V{}\"/>", HEIGHT - bottom);
        let _ = write!(
            svg,
            "<text class=\"soft\" text-anchor=\"middle\" x=\"{at:.1}\" y=\"{}\">{text}</text>",
            HEIGHT - bottom + 18.0
        );
    }
    for exponent in y0 as i32..=y1 as i32 {
        let (at, text) = (y(10f64.powi(exponent)), power(exponent));
        let _ = write!(svg, "<path class=\"grid\" d=\"M{left} {at:.1}H{}\"/>", WIDTH - right);
        let _ = write!(
            svg,
            "<text class=\"soft\" text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{text}</text>",
            left - 8.0,
            at + 4.0
        );
    }
    let start = 10f64.powf(x0).max(10f64.powf(y0) / gbs);
    let _ = write!(
        svg,
        "<path class=\"roof\" d=\"M{:.1} {:.1}L{:.1} {:.1}H{}\"><title>{} GB/s, then {} GFLOP/s</title></path>",
        x(start),
        y(start * gbs),
        x(ridge),
        y(gflops),
        WIDTH - right,
        figure(gbs),
        figure(gflops)
    );
    // Whole networks above the nodes.
    let mut sorted: Vec<&Point> = points.iter().filter(|p| p.intensity > 0.0 && p.gflops > 0.0).collect();
    sorted.sort_by_key(|point| point.label.is_some());
    for point in sorted {
        let (cx, cy) = (x(point.intensity), y(point.gflops));
        let (class, radius) = if point.label.is_some() { ("point", 7) } else { ("node", 4) };
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"{radius}\"><title>{}</title></circle>",
            escape(&point.text)
        );
        if let Some(label) = &point.label {
            let (anchor, by) = if cx > WIDTH * 0.7 { ("end", -12.0) } else { ("start", 12.0) };
            let _ = write!(
                svg,
                "<text text-anchor=\"{anchor}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                cx + by,
                cy + 4.0,
                escape(&cut(label, 40))
            );
        }
    }
    let _ = write!(
        svg,
        "<text class=\"soft\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">operations a byte</text><text class=\"soft\" x=\"{left}\" \
         y=\"12\">GFLOP/s</text>",
        (left + WIDTH - right) / 2.0,
        HEIGHT - 6.0
    );
    svg + "</svg>"
}

fn open(name: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {height}\">",
        escape(name)
    )
}

fn power(exponent: i32) -> String {
    match exponent {
        0..=5 => 10u64.pow(exponent as u32).to_string(),
        _ if exponent < 0 => format!("{:.*}", exponent.unsigned_abs() as usize, 10f64.powi(exponent)),
        _ => format!("1e{exponent}"),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
