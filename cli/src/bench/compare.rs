//! `yolov4 bench compare`: two files, row by row.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use yolov4::{Error, Result};

use super::table::{adapter, figure};
use crate::{CommandResult, Failure, output};

#[derive(clap::Args, Debug)]
pub struct CompareArgs {
    /// The earlier one
    #[arg(value_name = "A.json")]
    before: PathBuf,
    /// The later one
    #[arg(value_name = "B.json")]
    after: PathBuf,
    /// Percent by which a median may differ before it is called slower or faster
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent)]
    threshold: f64,
    /// Exit with 1 if anything got slower
    #[arg(long)]
    fail_on_slower: bool,
}

/// What is compared of a row.
#[derive(Debug, Deserialize)]
struct ComparedRow {
    model: String,
    size: String,
    batch: usize,
    precision: String,
    backend: String,
    adapter: String,
    software: bool,
    median_ms: f64,
}

#[derive(Debug, Deserialize)]
struct ReportFile {
    results: Vec<ComparedRow>,
}

impl ComparedRow {
    fn key(&self) -> (&str, &str, usize, &str, &str) {
        (&self.model, &self.size, self.batch, &self.precision, &self.adapter)
    }
}

/// A finite number, 0 or more.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    number.ok_or_else(|| format!("expected a number of 0 or more, found `{text}`"))
}

fn read(path: &Path) -> Result<Vec<ComparedRow>> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let wrong = |line, message| Error::Text { file: path.to_owned(), line, message };
    let file: ReportFile = serde_json::from_slice(&bytes)
        .map_err(|e| wrong(e.line(), format!("expected what `yolov4 bench --format json` writes: {e}")))?;
    match file.results.iter().find(|row| !(row.median_ms.is_finite() && row.median_ms > 0.0)) {
        Some(row) => Err(wrong(1, format!("{}: expected a median_ms above 0, found {}", row.model, row.median_ms))),
        None => Ok(file.results),
    }
}

/// Rows of both that are the same in everything but time, by their places: first those of one back end, then, of what is
/// left, those of another. No row has two partners.
fn pairs(before: &[ComparedRow], after: &[ComparedRow]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for same_backend in [true, false] {
        for (i, now) in after.iter().enumerate() {
            let fits = |then: &ComparedRow| then.key() == now.key() && (!same_backend || then.backend == now.backend);
            let free = |j: &usize| pairs.iter().all(|(then, _)| then != j);
            let partner = (0..before.len()).find(|j| free(j) && before.get(*j).is_some_and(fits));
            if pairs.iter().all(|(_, now)| *now != i) {
                pairs.extend(partner.map(|j| (j, i)));
            }
        }
    }
    pairs.sort_by_key(|(_, now)| *now);
    pairs
}

pub fn run(args: &CompareArgs) -> CommandResult {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let pairs = pairs(&before, &after);
    if pairs.is_empty() {
        return Err(Error::Usage(format!(
            "{} and {} have nothing in common: expected a row of the same model, size, batch, precision and adapter",
            args.before.display(),
            args.after.display()
        ))
        .into());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "model",
        "size",
        "batch",
        "precision",
        "adapter",
        "back end",
        "before, ms",
        "after, ms",
        "after / before",
        "",
    ]);
    let mut slower = 0;
    for (then, now) in pairs.iter().map(|(then, now)| (&before[*then], &after[*now])) {
        let ratio = now.median_ms / then.median_ms;
        let verdict = verdict(ratio, args.threshold);
        slower += usize::from(verdict == SLOWER);
        let same = then.backend == now.backend;
        table.add_row([
            now.model.clone(),
            now.size.clone(),
            now.batch.to_string(),
            now.precision.clone(),
            adapter(&now.adapter, now.software),
            if same { now.backend.clone() } else { format!("{} -> {}", then.backend, now.backend) },
            figure(then.median_ms),
            figure(now.median_ms),
            format!("{ratio:.3}"),
            verdict.to_owned(),
        ]);
    }
    output::print(&format!("{table}\n\n{slower} of {} got slower by more than {} %\n", pairs.len(), args.threshold))?;
    let (then, now): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
    for (file, rows, paired) in [(&args.before, &before, then), (&args.after, &after, now)] {
        for (_, row) in rows.iter().enumerate().filter(|(i, _)| !paired.contains(i)) {
            let (model, size, _, precision, adapter) = row.key();
            let what = format_args!("{model} {size} {precision} on {adapter} ({})", row.backend);
            output::say(format_args!("note: only in {}: {what}", file.display()));
        }
    }
    if slower > 0 && args.fail_on_slower { Err(Failure::Reported) } else { Ok(()) }
}

const SLOWER: &str = "SLOWER";

/// As much slower as faster: a threshold of 10 % is 1.1 one way and 1 / 1.1 the other.
fn verdict(ratio: f64, threshold: f64) -> &'static str {
    let limit = 1.0 + threshold / 100.0;
    if ratio > limit {
        SLOWER
    } else if ratio < 1.0 / limit {
        "faster"
    } else {
        ""
    }
}
