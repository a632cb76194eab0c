//! The page of a training, whole in itself: curves, what every class has come to, pictures with boxes.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use kuva::{
    backend::svg::SvgBackend,
    plot::LinePlot,
    render::{layout::Layout, plots::Plot, render::render_multiple},
};
use serde_json::Value;
use yolov4::Result;

use super::validation::Measured;
use crate::{
    bench::html::{self, section, sheet},
    output,
};

/// Points of a curve: more would be finer than a page is wide.
const POINTS: usize = 400;

/// Writes the page of what the records say; `measured` is the newest measurement.
///
/// # Errors
/// [`yolov4::Error::Io`]
pub fn write(file: &Path, title: &str, said: &str, records: &[Value], measured: &Measured) -> Result<()> {
    output::write(file, page(title, said, records, measured).as_bytes())
}

fn page(title: &str, said: &str, records: &[Value], measured: &Measured) -> String {
    let mut out = html::begun(title, said);
    let of = |key: &'static str| move |record: &Value| Some((record["step"].as_f64()?, record[key].as_f64()?));
    let part =
        |key: &'static str| move |record: &Value| Some((record["step"].as_f64()?, record["parts"][key].as_f64()?));
    let valid =
        |key: &'static str| move |record: &Value| Some((record["step"].as_f64()?, record["valid"][key].as_f64()?));
    let taken = |take: &dyn Fn(&Value) -> Option<(f64, f64)>| records.iter().filter_map(take).collect::<Vec<_>>();
    let losses = [
        ("all", "#101820", taken(&of("loss"))),
        ("objectness", "#0072b2", taken(&part("objectness"))),
        ("classes", "#e69f00", taken(&part("classes"))),
        ("boxes", "#009e73", taken(&part("boxes"))),
    ];
    let found = [
        ("AP50", "#101820", taken(&valid("AP50"))),
        ("AP", "#0072b2", taken(&valid("AP"))),
        ("recall at .25", "#009e73", taken(&valid("recall"))),
        ("precision at .25", "#e69f00", taken(&valid("precision"))),
    ];
    let rates = [("learning rate", "#101820", taken(&of("rate")))];
    out.push_str(&section("Measured", "On the pictures that nothing is learnt from.", &curves(&found, Some(1.0))));
    out.push_str(&section(
        "Loss",
        "As Darknet prints it, for a picture; means of neighbouring steps.",
        &curves(&losses, None),
    ));
    out.push_str(&section("Rate", "", &curves(&rates, None)));
    let rows = measured.classes.iter().map(|(name, ap50)| {
        let ap50 = if *ap50 < 0.0 { "nothing to find".to_owned() } else { format!("{ap50:.3}") };
        vec![name.clone(), ap50]
    });
    let table = sheet((vec!["class", "AP50"], rows.collect()));
    out.push_str(&section("Classes", "At the newest measurement.", &table));
    let shown: String = measured.pictures.iter().map(|jpeg| picture(jpeg)).collect();
    out.push_str(&section("Pictures", "Some of those it is measured on, with boxes above .25.", &shown));
    out + html::ENDED
}

fn picture(jpeg: &[u8]) -> String {
    format!(
        "<img alt=\"a picture with its boxes\" width=\"480\" src=\"data:image/jpeg;base64,{}\"/>\n",
        STANDARD.encode(jpeg)
    )
}

/// Name, colour and points of a line.
type Line = (&'static str, &'static str, Vec<(f64, f64)>);

/// Lines over steps.
fn curves(lines: &[Line], most: Option<f64>) -> String {
    let plots: Vec<Plot> = lines
        .iter()
        .filter(|(.., points)| !points.is_empty())
        .map(|(name, hue, points)| {
            let plot = LinePlot::new().with_data(thinned(points)).with_color(*hue).with_stroke_width(1.6);
            Plot::Line(plot.with_legend((*name).to_owned()))
        })
        .collect();
    if plots.is_empty() {
        return String::new();
    }
    let layout =
        Layout::auto_from_plots(&plots).with_x_label("step").with_y_axis_min(0.0).with_width(700.0).with_height(260.0);
    let layout = if let Some(most) = most { layout.with_y_axis_max(most) } else { layout };
    scaled(&SvgBackend.render_scene(&render_multiple(plots, layout)))
}

/// A drawing that is as wide as its place: it says how large it is, but not that it may be another size.
fn scaled(svg: &str) -> String {
    let side = |name: &str| svg.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(side, _)| side);
    match side("width").zip(side("height")) {
        Some((width, height)) => svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {width} {height}\" "), 1),
        None => svg.to_owned(),
    }
}

/// Means of neighbours, where there are more points than can be seen.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |few: &[(f64, f64)]| {
        let n = few.len() as f64;
        (few.iter().map(|p| p.0).sum::<f64>() / n, few.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}
