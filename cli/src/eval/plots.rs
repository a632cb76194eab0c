//! Precision over recall, F1 over score, what was taken for what: as SVG.

use std::{path::Path, sync::Arc};

use kuva::{
    backend::svg::SvgBackend,
    plot::{Heatmap, LinePlot, heatmap::ColorMap},
    render::{annotations::TextAnnotation, layout::Layout, plots::Plot, render::render_multiple},
};
use yolov4::{
    Result,
    eval::{CurvePoint, ScoreCurve},
};

use super::{report::STEPS, score::Scores};
use crate::output;

/// Recalls at which precision is drawn.
const RECALLS: usize = 100;
/// Classes that have a line with a name; beyond it a legend would be longer than the plot is high.
const NAMED: usize = 12;
/// Of the lines of classes. They differ in lightness too.
const HUES: [&str; NAMED] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7b5ea7", "#8c8c00", "#a05a2c", "#4d7c8a",
    "#b23a48", "#6b8e23",
];
/// Letters in a name on the confusion matrix.
const LETTERS: usize = 24;
/// A cell of it, in pixels.
const CELL: f64 = 30.0;

/// Writes `pr.svg`, `f1.svg` and `confusion.svg`.
///
/// # Errors
/// [`yolov4::Error::Io`]
pub fn write(dir: &Path, scores: &Scores) -> Result<()> {
    for (name, svg) in [("pr.svg", precision(scores)), ("f1.svg", f1(scores)), ("confusion.svg", confusion(scores))] {
        output::write(&dir.join(name), svg.as_bytes())?;
    }
    Ok(())
}

/// The best precision at this recall or beyond.
fn best_at(curve: &ScoreCurve, recall: f64) -> f64 {
    let beyond = curve.points.iter().skip_while(|point| point.recall < recall);
    beyond.map(|point| point.precision).fold(0.0, f64::max)
}

/// Classes with objects, those with most of them first.
fn classes(scores: &Scores) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.classes.len()).filter(|class| scores.curves[*class].objects > 0).collect();
    classes.sort_by_key(|class| std::cmp::Reverse(scores.curves[*class].objects));
    classes
}

fn precision(scores: &Scores) -> String {
    let recalls: Vec<f64> = (0..=RECALLS).map(|i| i as f64 / RECALLS as f64).collect();
    let line = |class: usize| recalls.iter().map(|r| (*r, best_at(&scores.curves[class], *r))).collect();
    let ap50 = |class: usize| scores.precision.of_class(class).map_or(0.0, |ap| ap.AP50);
    let mean = format!("all classes, AP50 {:.3}", scores.precision.summary().AP50.max(0.0));
    let name = |class: usize| format!("{} {:.3}", scores.classes[class].name, ap50(class));
    lines(scores, "Precision over recall at IoU 0.5", ("recall", "precision"), line, name, &mean)
}

fn f1(scores: &Scores) -> String {
    let grid: Vec<f64> = (0..=STEPS / 5).map(|i| i as f64 / (STEPS / 5) as f64).collect();
    let line = |class: usize| grid.iter().map(|s| (*s, CurvePoint::f1(&scores.curves[class].at(*s)))).collect();
    let best = scores.best_f1();
    let mean = format!("all classes, best {:.3} at {:.3}", best.f1, best.score);
    let name = |class: usize| scores.classes[class].name.clone();
    lines(scores, "F1 over score at IoU 0.5", ("minimum score", "F1"), line, name, &mean)
}

/// A line a class, and their mean.
fn lines(
    scores: &Scores,
    title: &str,
    (x, y): (&str, &str),
    line: impl Fn(usize) -> Vec<(f64, f64)>,
    name: impl Fn(usize) -> String,
    mean: &str,
) -> String {
    let classes = classes(scores);
    let all: Vec<Vec<(f64, f64)>> = classes.iter().map(|class| line(*class)).collect();
    let few = classes.len() <= NAMED;
    let mut plots = Vec::with_capacity(all.len() + 1);
    for (i, (class, points)) in classes.iter().zip(&all).enumerate() {
        let hue = if few { HUES[i % NAMED] } else { "#c8d0d8" };
        let plot = LinePlot::new().with_data(points.iter().copied()).with_color(hue).with_stroke_width(1.2);
        plots.push(Plot::Line(if few { plot.with_legend(name(*class)) } else { plot }));
    }
    let count = all.first().map_or(0, Vec::len);
    let at = |i: usize| all.iter().map(|points| points[i].1).sum::<f64>() / all.len().max(1) as f64;
    let points = (0..count).map(|i| (all[0][i].0, at(i)));
    plots.push(Plot::Line(
        LinePlot::new().with_data(points).with_color("#101820").with_stroke_width(2.6).with_legend(mean),
    ));
    let layout = Layout::auto_from_plots(&plots).with_title(title).with_x_label(x).with_y_label(y);
    let layout = layout.with_x_axis_min(0.0).with_x_axis_max(1.0).with_y_axis_min(0.0).with_y_axis_max(1.0);
    SvgBackend.render_scene(&render_multiple(plots, layout))
}

/// Shades are shares of the row, numbers are counts.
fn confusion(scores: &Scores) -> String {
    let counts = scores.confusion.counts();
    let nothing = scores.classes.len();
    let occurs = |class: &usize| counts[*class].iter().any(|n| *n > 0) || counts.iter().any(|row| row[*class] > 0);
    let shown: Vec<usize> = (0..nothing).filter(occurs).chain([nothing]).collect();
    let name = |class: usize| scores.classes.get(class).map_or("nothing".into(), |class| cut(&class.name));
    let names: Vec<String> = shown.iter().map(|class| name(*class)).collect();
    // From the bottom up, as the plot has it.
    let upwards: Vec<usize> = shown.iter().rev().copied().collect();
    let (mut shares, mut tips, mut numbers) = (vec![], vec![], vec![]);
    for (y, row) in upwards.iter().enumerate() {
        let all = counts[*row].iter().sum::<usize>().max(1) as f64;
        shares.push(shown.iter().map(|column| counts[*row][*column] as f64 / all).collect::<Vec<f64>>());
        for (x, column) in shown.iter().enumerate() {
            let count = counts[*row][*column];
            tips.push(format!("{} found as {}: {count}", name(*row), name(*column)));
            let number = TextAnnotation::new(count.to_string(), x as f64 + 1.0, y as f64 + 0.65);
            numbers.extend((count > 0).then(|| number.with_font_size(10)));
        }
    }
    let labels: Vec<String> = upwards.iter().map(|class| name(*class)).collect();
    let map = Heatmap::new().with_data(shares).with_labels(labels.clone(), names.clone()).with_tooltip_labels(tips);
    let plots = vec![Plot::Heatmap(map.with_color_map(ColorMap::Custom(Arc::new(shade))).with_cell_size(0.97))];
    let side = (shown.len() as f64 * CELL).max(300.0);
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("Labelled as the row, found as the column: score {:.2}, IoU 0.5", scores.thresh))
        .with_x_categories(names)
        .with_y_categories(labels)
        .with_x_tick_rotate(-60.0)
        .with_title_size(15)
        .with_tick_size(11)
        .with_width(side)
        .with_height(side);
    let layout = numbers.into_iter().fold(layout, Layout::with_annotation);
    SvgBackend.render_scene(&render_multiple(plots, layout))
}

/// White to a blue that black numbers can be read on.
fn shade(share: f64) -> String {
    let [r, g, b] = [(255.0, 94.0), (255.0, 166.0), (255.0, 230.0)].map(|(white, blue)| {
        // Clamped by the conversion.
        (white + (blue - white) * share) as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        name.to_owned()
    } else {
        name.chars().take(LETTERS - 1).chain(['…']).collect()
    }
}
