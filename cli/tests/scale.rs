//! `yolov4 scale`: the tables in every format, a network under the calculator, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn scale(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yolov4")).arg("scale").args(args).output().unwrap()
}

fn text(args: &[&str]) -> String {
    let out = scale(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn sheets(args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&text(&args)).unwrap()
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap_or_else(|| panic!("{column}: {row}"))
}

#[test]
fn every_table_is_there_in_every_format() {
    let all = sheets(&[]);
    let ids: Vec<&str> = all.iter().map(|sheet| sheet["id"].as_str().unwrap()).collect();
    let expected =
        ["1", "2", "3", "4", "eq1", "5", "6", "7", "7 heads", "rule", "8", "9", "10", "11", "12", "13", "14"];
    assert_eq!(ids, expected);
    let (people, markdown) = (text(&[]), text(&["--format", "md"]));
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(text(&["--format", "csv"])));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut figures = 0;
    for sheet in &all {
        let title = sheet["title"].as_str().unwrap();
        assert!(people.contains(title) && markdown.contains(&format!("### {title}\n")), "{title}");
        for row in sheet["rows"].as_array().unwrap() {
            let columns = sheet["columns"].as_array().unwrap();
            assert_eq!(row.as_object().unwrap().len(), columns.len(), "{title}: a column has two names or none");
            for column in columns {
                // Line by line what JSON has.
                let record = &records[figures];
                assert_eq!((&record[0], &record[2]), (sheet["id"].as_str().unwrap(), column.as_str().unwrap()));
                match &row[column.as_str().unwrap()] {
                    Value::Number(value) => assert_eq!(record[3].parse::<f64>().unwrap(), value.as_f64().unwrap()),
                    Value::String(value) => assert_eq!(&record[3], value),
                    other => assert!(other.is_null() && record[3].is_empty()),
                }
                figures += 1;
            }
        }
    }
    assert_eq!(records.len(), figures);
}

#[test]
fn savings_are_printed_to_one_decimal() {
    let table = text(&["--table", "2"]);
    let row = |kind: &str| table.lines().find(|line| line.trim_start().starts_with(kind)).unwrap().to_owned();
    let last = |kind: &str| row(kind).split_whitespace().rev().take(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!([last("Res "), last("ResX "), last("Dark ")], [["23.5"; 2], ["46.7"; 2], ["50.0"; 2]]);
}

#[test]
fn one_table_as_csv_is_a_line_a_row_with_the_letters_asked_for() {
    let table =
        text(&["--table", "1", "--format", "csv", "--map", "10x4", "--base", "16", "--layers", "2", "--alpha", "3"]);
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(table));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    // Dark, by hand: 5 whkb^2 = 5 * 40 * 2 * 256; three times as large a picture is nine times the work.
    let close = |cell: &str, macs: f64| assert!((cell.parse::<f64>().unwrap() - 1e-9 * macs).abs() < 1e-15, "{cell}");
    close(&rows[2][2], 102_400.0);
    close(&rows[2][3], 9.0 * 102_400.0);
}

#[test]
fn drawings_are_svg_with_every_panel() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scale.svg");
    text(&["--table", "6", "--plot", file.to_str().unwrap()]);
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for panel in ["size α", "depth β", "width γ", "AP over operations", "AP over speed", "What CSP saves"] {
        assert!(svg.contains(panel), "{panel}");
    }
    // Three kinds of stages in three panels, three of savings, the family twice.
    assert!(svg.matches("<path").count() >= 12 && svg.matches("<circle").count() >= 10);
}

/// Stages sum up nodes, and nodes are those of `explain`.
fn adds_up(sheets: &[Value], explained: &Value) {
    let [stages, nodes] = sheets else { panic!("two tables") };
    let (stages, nodes) = (stages["rows"].as_array().unwrap(), nodes["rows"].as_array().unwrap());
    let (all, stages) = stages.split_last().unwrap();
    for column in ["MMAC", "parameters", "moved, kB", "CIO", "nodes"] {
        let sum: f64 = stages.iter().map(|row| number(row, column)).sum();
        assert!((sum - number(all, column)).abs() < 1e-6 * sum, "{column}: {sum}, {all}");
    }
    assert_eq!(number(all, "nodes") as usize, nodes.len());
    let rows = explained["nodes"].as_array().unwrap();
    for node in nodes {
        let row = rows.iter().find(|row| row["node"] == node["node"]).unwrap();
        assert_eq!(number(node, "MMAC"), 1e-6 * number(row, "macs"), "{node}");
        assert_eq!(node["parameters"], row["parameters"]);
        // What it writes is among what it moves.
        assert!(number(node, "moved, kB") >= number(node, "value, kB"), "{node}");
    }
    assert!((2e-3 * number(all, "MMAC") - number(&explained["totals"], "conv_gflop")).abs() < 1e-6);
    assert_eq!(number(all, "parameters"), number(&explained["totals"], "fused_parameters"));
}

fn explained(args: &[&str]) -> Value {
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4")).arg("explain").args(args).arg("--json").output().unwrap();
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_network_is_counted_stage_by_stage() {
    for name in ["yolov4-tiny", "yolov4-csp", "yolov4-p6"] {
        let sheets = sheets(&["--model", name, "--unmeasured"]);
        adds_up(&sheets, &explained(&[name]));
        let strides: Vec<f64> =
            sheets[0]["rows"].as_array().unwrap().iter().filter_map(|r| r["stride"].as_f64()).collect();
        let down = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
        assert!(strides.windows(5).any(|w| *w == down[1..]), "{name}: {strides:?}");
        assert!(sheets[0]["rows"][0].get("took, ms").is_none());
    }
    // By hand: 3x3/2 on 416x416, 32 of 3 channels, in f32; a picture has four channels on the GPU, and its weights a fourth column.
    let tiny = sheets(&["--model", "yolov4-tiny", "--unmeasured"]);
    let first = &tiny[1]["rows"][0];
    assert_eq!(number(first, "MMAC"), 1e-6 * (32 * 3 * 9 * 208 * 208) as f64);
    let moved = 4 * (416 * 416 * 4 + 32 * 208 * 208 + 32 * 3 * 9 + 32);
    assert_eq!(number(first, "moved, kB"), 1e-3 * f64::from(moved));
    assert_eq!((number(first, "CIO"), number(first, "receptive field")), (96.0, 3.0));
}

#[test]
fn a_network_is_timed_beside_its_roof() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    assert!(model.exists());
    let cache = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args(["scale", "--model", "demo", "--format", "json"])
        .env("YOLOV4_CACHE", cache.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let sheets: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
    adds_up(&sheets, &explained(&["demo"]));
    let rows = sheets[1]["rows"].as_array().unwrap();
    for row in rows {
        assert!(number(row, "took, ms") > 0.0 && number(row, "least, ms") > 0.0, "{row}");
    }
    let notes: Vec<&str> = sheets[0]["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert!(notes[0].starts_with("Section 3.2") && notes[1].contains("% of their time"), "{notes:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (args, why) in [
        (vec!["--table", "15"], "expected one of 1, 2, 3"),
        (vec!["--layers", "0"], "--layers"),
        (vec!["--layers", "65"], "at most 64"),
        (vec!["--map", "65536"], "sides of at most 16384"),
        (vec!["--model", "yolov4-tiny", "--drop-stages", "0", "--backend", "all"], "name one adapter"),
        (vec!["--base", "99999999"], "expected at most 4096"),
        (vec!["--alpha", "0"], "expected a factor from 0.001 to 1000"),
        (vec!["--alpha", "nan"], "expected a factor"),
        (vec!["--map", "0"], "--map"),
        (vec!["--model", "demo", "--alpha", "2"], "cannot be used with"),
        (vec!["--model", "demo", "--table", "1"], "cannot be used with"),
        (vec!["--precision", "f16"], "is for --model and --fit"),
        (vec!["--unmeasured"], "--model"),
        (vec!["--model", "demo", "--unmeasured", "--adapter", "x"], "cannot be used with"),
        (vec!["--model", "yolov9"], "yolov9"),
        (vec!["--fit"], "--target-ms"),
        (vec!["--target-ms", "5"], "--fit"),
        (vec!["--fit", "--target-ms", "0"], "expected 0.01 to 1000000"),
        (vec!["--fit", "--target-ms", "5", "--memory", "2X"], "expected bytes such as 2G"),
        (vec!["--fit", "--target-ms", "5", "--alpha", "2"], "cannot be used with"),
        (vec!["--fit", "--target-ms", "5", "--model", "demo"], "cannot be used with"),
        (vec!["--drop-stages", "1"], "--model"),
        (
            vec!["--model", "yolov4-tiny", "--unmeasured", "--drop-stages", "2"],
            "drop-stages: expected fewer than the network's 2 heads, found 2",
        ),
        (vec!["--model", "yolov4-tiny", "--unmeasured", "--size", "416,608"], "several are for --drop-stages"),
    ] {
        let out = scale(&args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code().is_some_and(|code| code == 1 || code == 2), "{args:?}: {said}");
        assert!(said.contains(why) && out.stdout.is_empty(), "{args:?}: {said}");
    }
    let nowhere = scale(&["--plot", "/nonexistent/folder/a.svg"]);
    assert!(nowhere.status.code() == Some(1) && nowhere.stdout.is_empty());
}

#[test]
fn the_largest_network_for_a_time_is_found_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let cfg = dir.path().join("fit.cfg");
    let out = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args([
            "scale",
            "--fit",
            "--target-ms",
            "60000",
            "--memory",
            "12M",
            "--classes",
            "2",
            "--format",
            "json",
            "--cfg",
        ])
        .arg(&cfg)
        .env("YOLOV4_CACHE", dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{said}");
    let sheets: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
    let rows = sheets[0]["rows"].as_array().unwrap();
    // Memory leaves only a narrow YOLOv4-tiny, whatever the time.
    let taken: Vec<&Value> = rows.iter().filter(|row| row["taken"] == "yes").collect();
    assert_eq!(taken.len(), 1, "{rows:?}");
    assert_eq!(taken[0]["network"], "yolov4-tiny");
    assert!(number(taken[0], "width") < 1.0 && number(taken[0], "MB") < 12.6, "{rows:?}");
    assert!(rows.iter().all(|row| number(row, "took, ms") > 0.0 && number(row, "predicted, ms") > 0.0));
    let text = std::fs::read_to_string(&cfg).unwrap();
    assert!(text.contains("classes=2"), "{text}");
    let notes = sheets[0]["notes"].to_string();
    assert!(
        notes.contains("off by")
            && notes.contains("21.7 at 416 (Table 13)")
            && notes.contains("yolov4 model yolov4-tiny")
    );
}

#[test]
fn a_network_without_stages_has_a_curve() {
    let rows = sheets(&["--model", "yolov4-p7", "--drop-stages", "0,1,2", "--size", "512,768", "--unmeasured"]);
    let rows = rows[0]["rows"].as_array().unwrap();
    let of = |column: &str| rows.iter().map(|row| number(row, column)).collect::<Vec<_>>();
    assert_eq!(of("stages dropped"), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
    assert_eq!(of("heads"), [5.0, 5.0, 4.0, 4.0, 3.0, 3.0]);
    let gflop = of("GFLOP");
    assert!(gflop[0] > gflop[2] && gflop[2] > gflop[4]);
    // Cost grows as the square of the size, to the digit.
    assert!(rows.chunks(2).all(|two| (number(&two[1], "GFLOP") / number(&two[0], "GFLOP") - 2.25).abs() < 1e-9));
}
