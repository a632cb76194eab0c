//! `yolov4 scale`: the paper as a tool. Its tables, computed or quoted; any network under its calculator.

mod candidates;
mod curve;
mod fit;
mod formulas;
mod network;
mod plot;
mod predict;
mod published;
mod sheet;

use std::{num::NonZeroU64, path::PathBuf};

use yolov4::{
    Error, Result,
    low_level::paper::{Factors, Growth, Map},
};

use self::{
    curve::CurveArgs,
    fit::{FitArgs, FitMachine},
    network::NetworkArgs,
    sheet::{Sheet, SheetFormat, written},
};
use crate::{CommandResult, options, output};

#[derive(clap::Args, Debug)]
pub struct ScaleArgs {
    /// Only this table: 1 to 14, eq1 (memory access), rule (size, stages, depth, width of the family)
    #[arg(long, value_name = "N", conflicts_with = "model")]
    table: Vec<String>,
    /// How tables are written
    #[arg(long, value_enum, default_value_t = SheetFormat::Text)]
    format: SheetFormat,
    /// Also draw cost over size, depth and width, and AP over operations and speed
    #[arg(long, value_name = "FILE.svg", conflicts_with = "model")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    fit: FitArgs,
    #[command(flatten)]
    sizes: Sizes,
}

/// The letters of the formulas.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "The letters of Tables 1 to 5")]
#[group(conflicts_with_all = ["model", "fit"])]
struct Sizes {
    /// w and h: columns and rows of the feature map [default: 76x76 for stages, 104x104 for what concatenates]
    #[arg(long, value_name = "W[xH]", value_parser = options::size)]
    map: Option<(usize, usize)>,
    /// b: base channels [default: 256, or 64]
    #[arg(long, value_name = "B")]
    base: Option<NonZeroU64>,
    /// k: layers of a stage [default: 8, or 3]
    #[arg(long, value_name = "K")]
    layers: Option<NonZeroU64>,
    /// g: channels that a layer adds [default: half of b]
    #[arg(long, value_name = "G")]
    growth: Option<NonZeroU64>,
    /// τ: channels that the hardware takes at once
    #[arg(long, value_name = "T", default_value = "8")]
    tau: NonZeroU64,
    /// α: size factor
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0, value_parser = factor)]
    alpha: f64,
    /// β: depth factor
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0, value_parser = factor)]
    beta: f64,
    /// γ: width factor
    #[arg(long, value_name = "FACTOR", default_value_t = 2.0, value_parser = factor)]
    gamma: f64,
}

fn factor(text: &str) -> Result<f64, String> {
    let fail = || format!("expected a factor from 0.001 to 1000, found `{text}`");
    let value: f64 = text.parse().map_err(|_| fail())?;
    (0.001..=1000.0).contains(&value).then_some(value).ok_or_else(fail)
}

/// Largest channels, side of a map, and layers: the largest product, w h g² k (k - 1) / 2, stays below 2^63.
const MOST: u64 = 1 << 12;
const MOST_SIDE: usize = 1 << 14;
const MOST_LAYERS: u64 = 64;

/// The letters of Tables 1 and 2.
#[derive(Clone, Copy, Debug)]
pub struct Dimensions {
    map: Map,
    base: u64,
    layers: u64,
}

impl Sizes {
    /// # Errors
    /// [`Error::Usage`] for a letter that is too large to count with.
    fn check(&self) -> Result<()> {
        let letters = [("--base", self.base), ("--growth", self.growth)];
        for (name, value) in letters.into_iter().chain([("--tau", Some(self.tau))]) {
            if let Some(value) = value.filter(|value| value.get() > MOST) {
                return Err(Error::Usage(format!("{name}: expected at most {MOST}, found {value}")));
            }
        }
        if let Some(layers) = self.layers.filter(|layers| layers.get() > MOST_LAYERS) {
            return Err(Error::Usage(format!("--layers: expected at most {MOST_LAYERS}, found {layers}")));
        }
        if let Some((w, h)) = self.map.filter(|(w, h)| *w.max(h) > MOST_SIDE) {
            return Err(Error::Usage(format!("--map: expected sides of at most {MOST_SIDE}, found {w}x{h}")));
        }
        Ok(())
    }

    fn map(&self, side: u64) -> Map {
        self.map.map_or(Map { w: side, h: side }, |(w, h)| Map { w: w as u64, h: h as u64 })
    }

    /// Of a stage of equal layers: by default YOLOv4-CSP's third, at 608.
    fn stage(&self) -> Dimensions {
        let or = |value: Option<NonZeroU64>, default| value.map_or(default, NonZeroU64::get);
        Dimensions { map: self.map(76), base: or(self.base, 256), layers: or(self.layers, 8) }
    }

    /// Of a stage that concatenates: by default like YOLOv4-tiny's first, at 416.
    fn growing(&self) -> (Growth, Map) {
        let or = |value: Option<NonZeroU64>, default| value.map_or(default, NonZeroU64::get);
        let base = or(self.base, 64);
        let growth = Growth { base, growth: or(self.growth, (base / 2).max(1)), layers: or(self.layers, 3) };
        (growth, self.map(104))
    }
}

pub async fn run(args: ScaleArgs) -> CommandResult {
    let network = &args.network;
    let machine = FitMachine {
        backend: network.backend,
        adapter: network.adapter.clone(),
        precision: network.precision,
        tune: network.tune,
    };
    let played = match (&network.model, args.fit.target_ms) {
        (Some(model), _) if network.drop_stages.is_empty() => Some(network::sheets(model, network).await?),
        (Some(model), _) => {
            let machine = (!network.unmeasured).then_some(machine);
            let curve = CurveArgs { model, drop_stages: &network.drop_stages, sizes: &network.size, machine };
            Some(vec![curve::sheet(&curve).await?])
        }
        (None, Some(target)) => Some(vec![fit::sheet(&args.fit, target, &machine).await?]),
        (None, None) => None,
    };
    if let Some(sheets) = played {
        return Ok(output::print(&written(&sheets, args.format)?)?);
    }
    network.check_alone()?;
    args.sizes.check()?;
    let all = sheets(&args.sizes)?;
    let chosen = chosen(all, &args.table)?;
    if let Some(path) = &args.plot {
        output::write(path, plot::svg()?.as_bytes())?;
    }
    output::print(&written(&chosen, args.format)?)?;
    Ok(())
}

/// All tables, in the paper's order.
fn sheets(sizes: &Sizes) -> Result<Vec<Sheet>> {
    let stage = sizes.stage();
    let (growth, map) = sizes.growing();
    let factors = Factors { size: sizes.alpha, depth: sizes.beta, width: sizes.gamma };
    let mut all = vec![
        formulas::stages(&stage, &factors),
        formulas::csp(&stage),
        formulas::dense(&growth, map),
        formulas::channels(&growth, map, sizes.tau.get()),
        formulas::memory(&growth, map),
        formulas::cio(&growth, map),
        formulas::factors(),
    ];
    all.extend(formulas::receptive_fields()?);
    all.push(formulas::rule()?);
    all.extend(published::sheets());
    Ok(all)
}

/// Those that were asked for; a number stands for all that belongs to that table.
fn chosen(all: Vec<Sheet>, asked: &[String]) -> Result<Vec<Sheet>> {
    if asked.is_empty() {
        return Ok(all);
    }
    let of = |sheet: &Sheet| sheet.id.split(' ').next().unwrap_or_default().to_owned();
    for name in asked {
        if !all.iter().any(|sheet| of(sheet) == *name) {
            let mut known: Vec<String> = all.iter().map(of).collect();
            known.dedup();
            return Err(Error::Usage(format!("--table: expected one of {}, found `{name}`", known.join(", "))));
        }
    }
    Ok(all.into_iter().filter(|sheet| asked.contains(&of(sheet))).collect())
}
