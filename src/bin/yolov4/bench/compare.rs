//! `yolov4 bench compare`: two files of results, row by row.

use std::path::{Path, PathBuf};

use yolov4::Error;

use super::report::{Report, Row};
use crate::{Failure, Outcome, output};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Results of before
    before: PathBuf,
    /// Results of now
    after: PathBuf,
    /// What counts as slower, in percent of the median
    #[arg(long, default_value_t = 10.0, value_name = "PERCENT")]
    threshold: f64,
    /// Exit with 1 if anything is slower
    #[arg(long)]
    fail_on_slower: bool,
}

pub fn run(args: &Args) -> Outcome {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["network", "size", "precision", "adapter", "before ms", "after ms", "after / before", ""]);
    let (mut slower, mut shared) = (0, 0);
    for new in &after {
        let Some(old) = before.iter().find(|old| same(old, new)) else {
            output::say(format_args!("only in {}: {} {} {}", args.after.display(), new.model, new.size, new.precision));
            continue;
        };
        shared += 1;
        let ratio = new.median_ms / old.median_ms;
        let word = match (ratio - 1.0) * 100.0 {
            change if change > args.threshold => "SLOWER",
            change if change < -args.threshold => "faster",
            _ => "",
        };
        slower += usize::from(word == "SLOWER");
        table.add_row([
            new.model.clone(),
            new.size.clone(),
            new.precision.clone(),
            format!("{} ({})", new.adapter, new.backend),
            format!("{:.2}", old.median_ms),
            format!("{:.2}", new.median_ms),
            format!("{ratio:.3}"),
            word.to_owned(),
        ]);
    }
    for old in before.iter().filter(|old| !after.iter().any(|new| same(old, new))) {
        output::say(format_args!("only in {}: {} {} {}", args.before.display(), old.model, old.size, old.precision));
    }
    if shared == 0 {
        let (a, b) = (args.before.display(), args.after.display());
        return Err(Error::Usage(format!(
            "{a} and {b} have no row of one network, size, precision and adapter in common"
        ))
        .into());
    }
    output::print(&format!("{table}\n"))?;
    if slower > 0 && args.fail_on_slower { Err(Failure::Reported) } else { Ok(()) }
}

/// Whether two rows are of the same thing.
fn same(a: &Row, b: &Row) -> bool {
    let key =
        |r: &Row| (r.model.clone(), r.size.clone(), r.batch, r.precision.clone(), r.backend.clone(), r.adapter.clone());
    key(a) == key(b)
}

fn read(path: &Path) -> yolov4::Result<Vec<Row>> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let report: Report = serde_json::from_slice(&bytes).map_err(|e| {
        Error::Usage(format!("{}: expected what `yolov4 bench --format json` writes: {e}", path.display()))
    })?;
    Ok(report.results)
}
