//! The paper as drawings: what scaling costs, and what it brings.

use kuva::{
    backend::svg::SvgBackend,
    plot::{LinePlot, ScatterPlot},
    render::{figure::Figure, layout::Layout, plots::Plot},
};
use yolov4::{
    Result,
    low_level::{
        graph::explain::Totals,
        model::scaled::Recipe,
        paper::{Factors, LayerKind, Map, StageKind, TABLE_8, TABLE_11},
    },
};

/// Of the three kinds of stages; they differ in lightness too.
const HUES: [&str; 3] = ["#0072b2", "#e69f00", "#009e73"];
const DARK: &str = "#101820";
/// Largest factor that is drawn.
const MOST: f64 = 3.0;
/// Points of a line.
const POINTS: usize = 41;
/// Layers of the stages.
const LAYERS: f64 = 8.0;

/// These factors, one of them set.
type Scaled = fn(Factors, f64) -> Factors;

/// Cost over size, depth and width; AP over operations and over speed.
///
/// # Errors
/// If a network of the family cannot be composed.
pub fn svg() -> Result<String> {
    let one = Factors { size: 1.0, depth: 1.0, width: 1.0 };
    let cost = "operations, of those of the stage as it is";
    let factors: [(&str, Scaled); 3] = [
        ("size α", |of, size| Factors { size, ..of }),
        ("depth β", |of, depth| Factors { depth, ..of }),
        ("width γ", |of, width| Factors { width, ..of }),
    ];
    let mut plots = vec![];
    let mut layouts = vec![];
    for (name, with) in factors {
        let panel = stages(|x| with(one, x));
        layouts.push(layout(&panel, &format!("Cost over {name} (Tables 1 and 2)"), name, cost));
        plots.push(panel);
    }
    for (panel, title, x) in [
        (ap_over_operations()?, "AP over operations (Tables 8 and 11)", "GFLOP"),
        (ap_over_speed(), "AP over speed on a Tesla V100 (Table 11)", "pictures a second, one by one"),
        (savings(), "What CSP saves (Table 2)", "layers of a stage"),
    ] {
        let y = if x == "layers of a stage" { "per cent of the operations" } else { "AP, per cent" };
        layouts.push(layout(&panel, title, x, y));
        plots.push(panel);
    }
    let figure = Figure::new(2, 3).with_title("Scaled-YOLOv4: what scaling costs, and what it brings");
    let figure = figure.with_plots(plots).with_layouts(layouts).with_cell_size(460.0, 360.0);
    Ok(SvgBackend.render_scene(&figure.render()))
}

fn layout(plots: &[Plot], title: &str, x: &str, y: &str) -> Layout {
    Layout::auto_from_plots(plots).with_title(title).with_title_size(14).with_x_label(x).with_y_label(y)
}

fn points(from: f64, to: f64) -> impl Iterator<Item = f64> {
    (0..POINTS).map(move |i| from + (to - from) * i as f64 / (POINTS - 1) as f64)
}

/// Every kind, plain and with CSP, as the factor grows.
fn stages(factors: impl Fn(f64) -> Factors) -> Vec<Plot> {
    let map = Map { w: 1, h: 1 };
    let mut all = vec![];
    for (kind, hue) in StageKind::ALL.into_iter().zip(HUES) {
        let plain = kind.macs(LayerKind::Plain, map, LAYERS, 1.0);
        for layer in [LayerKind::Plain, LayerKind::Csp] {
            let of = |x: f64| {
                let by = factors(x);
                // What leads in and out does not grow with the layers.
                kind.macs(layer, map, LAYERS * by.depth, 1.0) * Factors { depth: 1.0, ..by }.of_cost() / plain
            };
            let line = LinePlot::new().with_data(points(1.0, MOST).map(|x| (x, of(x)))).with_color(hue);
            let (name, width) = match layer {
                LayerKind::Plain => (kind.name().to_owned(), 2.4),
                LayerKind::Csp => (format!("CSP-{}", kind.name()), 1.2),
            };
            all.push(Plot::Line(line.with_stroke_width(width).with_legend(name)));
        }
    }
    all
}

fn savings() -> Vec<Plot> {
    let lines = StageKind::ALL.into_iter().zip(HUES).map(|(kind, hue)| {
        let data = (1..=30).map(|k| (f64::from(k), 100.0 * kind.saving(f64::from(k))));
        let name = format!("{}, stated {} %", kind.name(), kind.stated());
        Plot::Line(LinePlot::new().with_data(data).with_color(hue).with_stroke_width(2.0).with_legend(name))
    });
    lines.collect()
}

fn dots(data: Vec<(f64, f64)>, name: &str, hue: &str) -> Plot {
    Plot::Scatter(ScatterPlot::new().with_data(data).with_color(hue).with_size(5.0).with_legend(name))
}

fn ap_over_operations() -> Result<Vec<Plot>> {
    let mut family = vec![];
    for row in TABLE_11 {
        let recipe = Recipe { size: (row.size, row.size), ..Recipe::named(row.network)? };
        family.push((Totals::new(&recipe.network()?.graph).conv_gflop, row.ap[0]));
    }
    let necks = TABLE_8.iter().map(|row| (row.gflop, row.ap)).collect();
    let line = LinePlot::new().with_data(family.iter().copied()).with_color(DARK).with_stroke_width(1.2);
    Ok(vec![
        Plot::Line(line),
        dots(family, "CSP, CSP, P5, P6, P7 (test-dev)", DARK),
        dots(necks, "necks at 608 (minival)", HUES[1]),
    ])
}

fn ap_over_speed() -> Vec<Plot> {
    let data: Vec<(f64, f64)> = TABLE_11.iter().map(|row| (row.fps[1], row.ap[0])).collect();
    let line = LinePlot::new().with_data(data.iter().copied()).with_color(DARK).with_stroke_width(1.2);
    vec![Plot::Line(line), dots(data, "P7, P6, P5, CSP at 640 and 512", DARK)]
}
