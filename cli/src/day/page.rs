//! The page of a day, whole in itself: what was found, the most important first.

use std::path::{Path, PathBuf};

use serde_json::Value;
use yolov4::Result;

use super::{
    plan::{NetworkSpec, PRECISIONS},
    record::{Record, State, StepRecord},
};
use crate::{
    bench::{
        html::{self, section, sheet},
        plot::{self, Bar},
        report::{NetworkRow, Report},
        table::{self, TableData, figure},
    },
    output,
};

/// The page in a day's folder.
pub fn file(dir: &Path) -> PathBuf {
    dir.join("day.html")
}

/// How a step ended, for people.
pub fn state(state: State) -> &'static str {
    match state {
        State::Done => "done",
        State::Wrong => "WRONG",
        State::Failed => "FAILED",
        State::Skipped => "skipped",
    }
}

/// Writes it, whole.
///
/// # Errors
/// [`yolov4::Error::Io`]
pub fn write(dir: &Path, record: &Record, networks: &[NetworkSpec]) -> Result<()> {
    output::write(&file(dir), page(record, networks).as_bytes())
}

fn page(record: &Record, networks: &[NetworkSpec]) -> String {
    let (identity, machine) = (&record.identity, &record.machine);
    let quick = if identity.quick { " Inputs are small and frames few: times say nothing." } else { "" };
    let said = format!(
        "{}, {}. Version {}, kernels {}; {} {}, {} threads; {:.1} minutes so far.{quick}",
        identity.backend,
        identity.driver,
        identity.version,
        identity.kernels.get(..12).unwrap_or(&identity.kernels),
        machine.os,
        machine.arch,
        machine.threads,
        record.seconds / 60.0
    );
    let mut out = html::begun(&identity.adapter, &said);
    let roofs: Option<Report> = record.step("roofs").and_then(result);
    if let Some(roofs) = roofs {
        let cards: String = roofs.roofs.iter().map(html::card).collect();
        out += &format!("<div class=\"machines\">{cards}</div>\n");
    }
    let wrong: Vec<&StepRecord> =
        record.steps.iter().filter(|step| matches!(step.state, State::Wrong | State::Failed)).collect();
    if !wrong.is_empty() {
        let rows = wrong.iter().map(|step| vec![step.id.clone(), state(step.state).into(), step.said.clone()]);
        let rows = (vec!["step", "state", "what was said"], rows.collect());
        out += &section("What went wrong", "In full in day.json.", &sheet(rows));
    }
    out += &speed(record, networks);
    out += &beside(record);
    out += &right(record, networks);
    out += &start(record);
    for step in record.steps.iter().filter(|step| step.id.starts_with("ladder-")) {
        let Some(report) = result::<Report>(step) else { continue };
        for (what, rows) in table::ladders(&report.ladder) {
            out += &section(&what, table::LADDER_NOTE, &sheet(table::ladder(&rows)));
        }
    }
    let rows = record.steps.iter().map(|step| {
        let seconds = figure(step.seconds);
        vec![step.id.clone(), state(step.state).into(), seconds, step.said.clone(), step.command.clone()]
    });
    let rows = (vec!["step", "state", "seconds", "what was said", "command"], rows.collect());
    let body = format!("<details><summary>{} steps</summary>{}</details>", record.steps.len(), sheet(rows));
    out += &section("Every step", "In the order in which they ended. Results in full are in day.json.", &body);
    out + html::ENDED
}

/// What a step has written, if it is what is expected.
fn result<T: serde::de::DeserializeOwned>(step: &StepRecord) -> Option<T> {
    serde_json::from_value(step.result.clone()).ok()
}

fn row(record: &Record, id: &str) -> Option<NetworkRow> {
    result::<Report>(record.step(id)?)?.results.into_iter().next()
}

/// Every network: by the guess, tuned, several pictures at once.
fn speed(record: &Record, networks: &[NetworkSpec]) -> String {
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    for (network, precision) in networks.iter().flat_map(|network| PRECISIONS.map(|precision| (network, precision))) {
        let of = |how: &str| row(record, &format!("{how}-{}-{}", network.id(), precision.name()));
        let (guess, tuned, batch) = (of("guess"), of("tuned"), of("batch"));
        let Some(best) = tuned.as_ref().or(guess.as_ref()) else { continue };
        let maybe = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), figure);
        let gpu = |row: &Option<NetworkRow>| maybe(row.as_ref().and_then(|row| row.gpu_ms));
        // Not of the tuned one, whose kernels are measured before it is ready.
        let first = |row: Option<&NetworkRow>| maybe(row.and_then(|row| Some(row.load_ms + row.first_frame_ms?)));
        let a_picture = |batch: &NetworkRow| batch.end_to_end_median_ms / batch.batch as f64;
        rows.push(vec![
            network.to_string(),
            precision.name().to_owned(),
            gpu(&guess),
            gpu(&tuned),
            maybe(tuned.as_ref().map(|row| row.median_ms)),
            maybe(tuned.as_ref().map(|row| row.end_to_end_median_ms)),
            maybe(batch.as_ref().map(a_picture)),
            figure(best.gflops),
            maybe(best.roof_pct),
            first(guess.as_ref()),
            format!("{} MB", figure(best.peak_bytes as f64 / 1e6)),
        ]);
        let value = best.end_to_end_median_ms;
        let text = format!("{} ms, {} a second", figure(value), figure(1e3 / value));
        bars.push(Bar { label: format!("{network} {}", precision.name()), value, mark: None, text });
    }
    if rows.is_empty() {
        return String::new();
    }
    let header = vec![
        "network",
        "",
        "GPU, guess",
        "GPU, tuned",
        "median",
        "boxes",
        "boxes of a batch",
        "GFLOP/s",
        "% of roof",
        "first",
        "memory",
    ];
    let said = "Milliseconds. GPU: the network by the GPU's own clock, with the kernels that are guessed and with those that \
                were measured. Median: an f32 tensor on the host to head tensors on the host. Boxes: a decoded picture to boxes; of a batch, \
                for each of its pictures. First: from a name to the first picture's boxes, by the guess.";
    let chart = plot::bars("median time from picture to boxes by network", &bars);
    section("Speed", said, &sheet((header, rows)))
        + &section("Picture to boxes", "Milliseconds. Shorter is better.", &chart)
}

/// Other programs on the same layers.
fn beside(record: &Record) -> String {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for step in record.steps.iter().filter(|step| step.id.starts_with("peers-")) {
        if step.state == State::Skipped {
            missing.push(format!("{}: {}", step.id, step.said));
        }
        for of in step.result["precisions"].as_array().into_iter().flatten() {
            let programs = of["programs"].as_array().map(Vec::as_slice).unwrap_or_default();
            let ours = programs.first().and_then(|row| row["median_ms"].as_f64());
            for program in programs {
                let text = |key: &str| program[key].as_str().unwrap_or("-").to_owned();
                let median = program["median_ms"].as_f64();
                let ratio = median.zip(ours).map_or_else(|| "-".into(), |(m, ours)| format!("{:.2} x", m / ours));
                let maybe = |value: Option<f64>| value.map_or_else(|| "-".into(), figure);
                rows.push(vec![
                    step.id.trim_start_matches("peers-").to_owned(),
                    of["precision"].as_str().unwrap_or("-").to_owned(),
                    text("program"),
                    text("version") + if program["agrees"] == false { "; COMPUTES SOMETHING ELSE" } else { "" },
                    maybe(median),
                    maybe(program["gpu_ms"].as_f64()),
                    ratio,
                ]);
            }
            let none = of["missing"].as_object().into_iter().flatten();
            let precision = of["precision"].as_str().unwrap_or("-");
            for (name, why) in none {
                let line = format!("{name} in {precision}: {}", why.as_str().unwrap_or("-"));
                if !missing.contains(&line) {
                    missing.push(line);
                }
            }
        }
    }
    if rows.is_empty() && missing.is_empty() {
        return String::new();
    }
    let header = vec!["network", "", "program", "version", "median, ms", "GPU alone, ms", "beside ours"];
    let absent: String = missing.iter().map(|line| format!("<p>{}</p>", plot::escape(line))).collect();
    let absent =
        if absent.is_empty() { absent } else { format!("<details><summary>Left out</summary>{absent}</details>") };
    let said = "The same layers and numbers, from an f32 tensor on the host to the heads on the host, one picture, medians of alternating \
                rounds.";
    section("Beside other programs", said, &(sheet((header, rows)) + &absent))
}

/// Whether what is computed is right.
fn right(record: &Record, networks: &[NetworkSpec]) -> String {
    let mut out = String::new();
    let rounds = PRECISIONS.iter().filter_map(|p| record.step(&format!("selftest-{}", p.name())));
    let rounds: Vec<Vec<String>> = rounds
        .flat_map(|step| step.result["rounds"].as_array().cloned().unwrap_or_default())
        .map(|round| {
            let text = |key: &str| round[key].as_str().unwrap_or("-").to_owned();
            let count = |key: &str| round[key].as_array().map_or(0, Vec::len).to_string();
            let worst = round["worst"].as_f64().map_or_else(|| "-".into(), |worst| format!("{worst:.1e}"));
            let problems = round["problems"].as_u64().unwrap_or(0).to_string();
            vec![text("precision"), text("round"), problems, count("rungs"), worst, count("failures"), count("skipped")]
        })
        .collect();
    if !rounds.is_empty() {
        let header = vec!["", "round", "problems", "rungs", "off by at most", "failures", "rungs not there"];
        out += &section("Every kernel against the oracle", "yolov4 selftest", &sheet((header, rounds)));
    }
    let mut rows = Vec::new();
    for (network, precision) in networks.iter().flat_map(|network| PRECISIONS.map(|precision| (network, precision))) {
        let Some(step) = record.step(&format!("check-{}-{}", network.id(), precision.name())) else { continue };
        let nodes = step.result["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(worst) = nodes.first() else { continue };
        let number = |value: &Value| value.as_f64().map_or_else(|| "infinite".into(), |v| format!("{v:.1e}"));
        rows.push(vec![
            network.stem(),
            precision.name().to_owned(),
            nodes.len().to_string(),
            worst["name"].as_str().unwrap_or("-").to_owned(),
            number(&worst["relative"]),
            number(&step.result["allowed"]),
            if step.result["agrees"] == true { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    if !rows.is_empty() {
        let header = vec!["network", "", "nodes", "the worst", "relative", "allowed", "agrees"];
        out += &section("Networks against the oracle", "Node by node, at a small input.", &sheet((header, rows)));
    }
    out
}

/// From nothing to boxes, and a video.
fn start(record: &Record) -> String {
    let mut rows = Vec::new();
    for (id, what) in [
        ("start-cold", "demo, nothing kept of ours, nor by Mesa or NVIDIA on Linux"),
        ("start-warm", "demo, the second time"),
    ] {
        let seconds = record.step(id).and_then(|step| step.result["seconds"].as_f64());
        rows.extend(seconds.map(|seconds| vec![what.to_owned(), format!("{} s", figure(seconds))]));
    }
    if let Some(viewer) = record.step("viewer").map(|step| &step.result).filter(|result| !result.is_null()) {
        let number = |key: &str| viewer[key].as_f64().map_or_else(|| "-".into(), figure);
        rows.push(vec!["a video without a window".into(), format!("{} frames a second", number("fps"))]);
        rows.push(vec!["from a frame's arrival to its boxes".into(), format!("{} ms", number("delay_ms"))]);
    }
    if rows.is_empty() {
        return String::new();
    }
    let table: TableData = (vec!["", ""], rows);
    section("Start-up and video", "The demo is a process from nothing to four pictures with boxes.", &sheet(table))
}
