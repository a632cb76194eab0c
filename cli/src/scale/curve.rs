//! Once for all (section 5.5): one trained network with all of its stages, and without its coarsest ones, at several sizes.

use std::path::Path;

use yolov4::{
    Error, Precision, Result, TuneChoice,
    low_level::{
        graph::{Params, drop::drop_stages, explain::Totals},
        model::{CfgOptions, Model},
    },
};

use super::{
    fit::FitMachine,
    sheet::{Cell, Sheet},
};
use crate::bench::{
    machines::choose,
    run::{Case, Settings, measure},
    weights,
};

/// Frames whose median counts.
const FRAMES: usize = 5;

/// Which, and where; nothing is timed without a machine.
pub struct CurveArgs<'a> {
    pub model: &'a Path,
    pub drop_stages: &'a [usize],
    pub sizes: &'a [(usize, usize)],
    pub machine: Option<FitMachine>,
}

/// Cost, and speed if there is a machine, of each.
///
/// # Errors
/// Whatever keeps one of them from being loaded or played.
pub async fn sheet(args: &CurveArgs<'_>) -> Result<Sheet> {
    let CurveArgs { model, drop_stages: counts, machine, .. } = args;
    let title = format!("{}: without its coarsest stages, at several sizes", model.display());
    let mut columns = vec!["stages dropped", "size", "heads", "Mparams", "GFLOP", "boxes"];
    if machine.is_some() {
        columns.extend(["ms", "pictures a second"]);
    }
    let mut sheet = Sheet::new("once for all", title, &columns);
    let machines = match machine {
        Some(on) => choose(on.backend, on.adapter.as_deref()).await?,
        None => vec![],
    };
    if machines.len() > 1 {
        return Err(Error::Usage("--drop-stages: name one adapter: --backend all is for --model alone".into()));
    }
    let own = Model::open(model, &CfgOptions::default())?.graph.input_shape();
    let sizes = if args.sizes.is_empty() { vec![(own.w, own.h)] } else { args.sizes.to_vec() };
    for count in *counts {
        for size in &sizes {
            let network = Model::open(model, &CfgOptions { size: Some(*size), ..CfgOptions::default() })?;
            let (graph, _) = drop_stages(&network.graph, &Params::default(), *count)?;
            let totals = Totals::new(&graph);
            let mut row = vec![
                Cell::Count(*count as u64),
                format!("{}x{}", size.0, size.1).into(),
                Cell::Count(graph.heads.len() as u64),
                Cell::Number(1e-6 * totals.parameters as f64, 2),
                Cell::Number(totals.conv_gflop, 2),
                Cell::Count(totals.boxes),
            ];
            for on in &machines {
                let (precision, tune) =
                    machine.as_ref().map_or((Precision::F32, TuneChoice::Auto), |m| (m.precision, m.tune));
                let weights = weights::at_hand(model, &network, 0);
                let case =
                    Case { model, size: Some(*size), drop_stages: *count, weights: &weights, precision, machine: on };
                let settings = Settings { batch: 1, frames: FRAMES, warmup: 1, nodes: false, dispatches: false, tune };
                let ms = measure(&case, &settings, None).await?.end_to_end_median_ms;
                row.extend([Cell::Number(ms, 2), Cell::Number(1e3 / ms, 2)]);
            }
            sheet.row(row);
        }
    }
    sheet.note("What a dropped stage would say is taken to be nothing: docs/scaling.md tells the rule. The paper has curves of AP and no figures.");
    Ok(sheet)
}
