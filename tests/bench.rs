//! `yolov4 bench`, as a person and as a program would run it. Figures are looked at only for whether they can be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");

/// Exit code, stdout, stderr; with a cache folder of its own.
fn bench(folder: &TempDir, args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .arg("bench")
        .args(args)
        .env("YOLOV4_CACHE", folder.path().join("cache"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn quick(folder: &TempDir, more: &[&str]) -> (String, String) {
    let mut args = vec!["--model", DEMO, "--size", "96", "--frames", "2", "--warmup", "0"];
    args.extend(more);
    let (code, out, err) = bench(folder, &args);
    assert_eq!(code, 0, "{err}");
    (out, err)
}

#[test]
fn json_follows_its_schema_and_the_figures_are_possible() {
    let folder = tempfile::tempdir().unwrap();
    let (out, err) = quick(&folder, &["--format", "json", "--size", "128x64"]);
    let schema: Value = serde_json::from_str(include_str!("../assets/bench.schema.json")).unwrap();
    let found: Value = serde_json::from_str(&out).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&found).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{out}");
    let rows = found["results"].as_array().unwrap();
    let sizes: Vec<&str> = rows.iter().map(|r| r["size"].as_str().unwrap()).collect();
    assert_eq!(sizes, ["96x96", "128x64"], "{err}");
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap();
        assert!(number("min_ms") <= number("median_ms") && number("median_ms") <= number("p95_ms"));
        assert!(number("roof_pct") > 0.1 && number("roof_pct") < 1000.0, "{row}");
        // Winograd makes three dispatches of one, so there are more of them than convolutions.
        assert!(number("dispatches") > 10.0 && number("peak_bytes") > 1e4, "{row}");
        if row["software"] == true {
            assert!(err.contains("SOFTWARE ADAPTER"), "{err}");
        }
    }
}

#[test]
fn every_format_names_every_result() {
    let folder = tempfile::tempdir().unwrap();
    let (table, _) = quick(&folder, &[]);
    assert!(table.contains("demo") && table.contains("96x96") && table.contains("median ms"), "{table}");
    let (markdown, _) = quick(&folder, &["--format", "md"]);
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines.len(), 3, "{markdown}");
    let bars = |line: &str| line.matches('|').count();
    assert!(bars(lines[0]) == bars(lines[1]) && bars(lines[1]) == bars(lines[2]), "{markdown}");
    let (out, _) = quick(&folder, &["--format", "html", "--out", "page.html"]);
    assert!(out.is_empty());
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("demo 96x96 f32"), "{page}");
    for tag in ["html", "head", "body", "style", "figure", "svg", "pre", "title"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        assert_eq!(page.matches(&close).count(), page.matches(&open).count(), "{tag}");
    }
    assert!(!page.contains("http") && !page.contains("<script"), "it needs nothing else");
}

#[test]
fn nodes_and_trace_have_every_dispatch() {
    let folder = tempfile::tempdir().unwrap();
    let (out, _) = quick(&folder, &["--nodes", "--profile", "trace.json", "--format", "json"]);
    let (nodes, rest) = out.split_at(out.find("{\n").unwrap());
    let report: Value = serde_json::from_str(rest).unwrap();
    let dispatches = report["results"][0]["dispatches"].as_u64().unwrap();
    assert!(nodes.contains("% of roof") && nodes.contains("conv 3x3"), "{nodes}");
    let trace: Value = serde_json::from_slice(&fs::read(folder.path().join("trace.json")).unwrap()).unwrap();
    let events: Vec<&Value> = trace["traceEvents"].as_array().unwrap().iter().filter(|e| e["ph"] == "X").collect();
    assert_eq!(events.len() as u64, dispatches);
    let mut end = 0.0;
    for event in events {
        let (at, duration) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
        assert!(at >= end - 1e-6 && duration > 0.0, "{event}");
        end = at + duration;
    }
    let total = report["results"][0]["gpu_ms"].as_f64().unwrap();
    assert!((end / 1e3 - total).abs() < 1e-3 * total, "{end} us in the trace, {total} ms in the table");
}

#[test]
fn the_roof_is_measured_once_and_a_broken_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = bench(&folder, &["--roof"]);
    assert_eq!(code, 0, "{err}");
    let figure = |name: &str| -> f64 {
        let line = out.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {out}"));
        line[name.len()..].split_whitespace().next().unwrap().parse().unwrap()
    };
    // From an old processor to a large GPU.
    assert!((1.0..200_000.0).contains(&figure("multiply-adds, f32")), "{out}");
    for name in ["storage, both ways", "workgroup memory"] {
        assert!((0.1..100_000.0).contains(&figure(name)), "{out}");
    }
    assert!(figure("a dispatch") < 10_000.0 && figure("a submit and a wait") >= figure("a dispatch"), "{out}");
    let (_, err) = quick(&folder, &[]);
    assert!(!err.contains("measuring what"), "{err}");
    let kept = fs::read_dir(folder.path().join("cache/roof")).unwrap().next().unwrap().unwrap().path();
    for broken in ["", "{\"fma_f32\": -1}"] {
        fs::write(&kept, broken).unwrap();
        let (_, err) = quick(&folder, &[]);
        let told: Vec<&str> = err.lines().filter(|l| l.contains("is no roof of an adapter")).collect();
        assert!(told.len() == 1 && told[0].contains(&kept.display().to_string()), "{err}");
    }
    assert!(serde_json::from_slice::<Value>(&fs::read(&kept).unwrap()).unwrap()["fma_f32"].as_f64().unwrap() > 1.0);
}

fn result(folder: &Path, name: &str, model: &str, ms: f64) {
    let row = serde_json::json!({
        "model": model, "size": "416x416", "batch": 1, "precision": "f32", "backend": "vulkan", "adapter": "a",
        "driver": null, "software": false, "version": "0", "median_ms": ms, "p95_ms": ms, "min_ms": ms, "gflops": 1.0,
        "roof_pct": null, "peak_bytes": 1, "dispatches": 1, "load_ms": 1.0, "first_frame_ms": null,
        "end_to_end_median_ms": ms
    });
    fs::write(folder.join(name), serde_json::json!({ "results": [row] }).to_string()).unwrap();
}

#[test]
fn comparing_says_what_got_slower() {
    let folder = tempfile::tempdir().unwrap();
    result(folder.path(), "a.json", "net", 10.0);
    result(folder.path(), "b.json", "net", 12.0);
    result(folder.path(), "other.json", "other", 1.0);
    let (code, out, _) = bench(&folder, &["compare", "a.json", "b.json"]);
    assert!(code == 0 && out.contains("1.200") && out.contains("SLOWER"), "{out}");
    assert_eq!(bench(&folder, &["compare", "a.json", "b.json", "--fail-on-slower"]).0, 1);
    let (code, out, _) = bench(&folder, &["compare", "a.json", "b.json", "--fail-on-slower", "--threshold", "25"]);
    assert!(code == 0 && !out.contains("SLOWER"), "{out}");
    let (code, out, _) = bench(&folder, &["compare", "b.json", "a.json", "--fail-on-slower"]);
    assert!(code == 0 && out.contains("faster"), "{out}");
    let (code, _, err) = bench(&folder, &["compare", "a.json", "other.json"]);
    assert!(code == 2 && err.contains("in common"), "{err}");
    fs::write(folder.path().join("c.json"), "[]").unwrap();
    let (code, _, err) = bench(&folder, &["compare", "a.json", "c.json"]);
    assert!(code == 2 && err.contains("c.json: expected what `yolov4 bench --format json` writes"), "{err}");
    assert_eq!(bench(&folder, &["compare", "a.json", "missing.json"]).0, 1);
}

#[test]
fn what_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (args, code, words) in [
        (vec!["--batch", "4"], 2, "--batch: expected 1, found 4"),
        (vec!["--frames", "0"], 2, "0 is not in 1..=100000"),
        (vec!["--model", "nonsense"], 2, "nonsense"),
        (vec!["--adapter", "no such card"], 1, "no such card"),
        (vec!["--backend", "all", "--adapter", "x"], 2, "takes every adapter"),
    ] {
        let (found, out, err) = bench(&folder, &args);
        assert!(found == code && err.contains(words) && out.is_empty(), "{args:?}: {found}\n{out}\n{err}");
    }
}

#[test]
fn every_adapter_is_measured_if_all_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (out, _) = quick(&folder, &["--backend", "all", "--format", "json"]);
    let rows: Value = serde_json::from_str(&out).unwrap();
    let adapters = pollster::block_on(yolov4::low_level::gpu::adapters(None)).len();
    assert_eq!(rows["results"].as_array().unwrap().len(), adapters);
}
