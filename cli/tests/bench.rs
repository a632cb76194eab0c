//! `yolov4 bench`: its figures, its files, its cache, its complaints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use yolov4::{
    Gpu, Precision,
    low_level::gpu::{DeviceRequirements, GpuOptions, Roof},
};

/// Where the roofs are kept for all tests but those of the cache: they are measured once.
static CACHE: LazyLock<TempDir> = LazyLock::new(|| {
    let cache = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(cache.path(), cache.path(), &["bench", "--roof"])), 0);
    cache
});

const DEMO: [&str; 8] = ["bench", "--model", "demo", "--size", "96", "--frames", "3", "--warmup=1"];

const CFG: &str = "[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\n\
                   stride=2\npad=1\nactivation=leaky\n\n[convolutional]\nfilters=14\nsize=1\nstride=1\npad=1\n\
                   activation=linear\n\n[yolo]\nmask=0,1\nanchors=4,6, 9,8\nclasses=2\nnum=2\nscale_x_y=1.05\n";

fn run(dir: &Path, cache: &Path, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    program.args(args).current_dir(dir).env("YOLOV4_CACHE", cache).output().unwrap()
}

fn bench(dir: &Path, args: &[&str]) -> Output {
    run(dir, CACHE.path(), args)
}

fn code(output: &Output) -> i32 {
    let stderr = said(output);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fails(output: &Output, exit: i32, words: &[&str]) {
    let stderr = said(output);
    assert_eq!(code(output), exit, "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    words.iter().for_each(|word| assert!(stderr.contains(word), "expected `{word}` in: {stderr}"));
}

fn text(output: &Output) -> String {
    assert_eq!(code(output), 0, "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&text(output)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("assets/bench.schema.json")).unwrap()).unwrap()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key}: expected a number in {value}"))
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-5 * expected.abs()
}

#[test]
fn every_roof_is_a_figure_that_an_adapter_may_have() {
    let device = |precision| {
        let requirements = DeviceRequirements { binding_bytes: u64::MAX, precision, ..DeviceRequirements::default() };
        pollster::block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() }))
    };
    let gpu = device(Precision::F16).or_else(|_| device(Precision::F32)).unwrap();
    let mut told = Vec::new();
    let roof = pollster::block_on(Roof::measure(&gpu, &mut |what| told.push(what))).unwrap();
    println!("{roof:?}");
    assert_eq!(told.len(), 6);
    assert!(roof.plausible());
    assert_eq!(roof.f16_gflops.is_some(), gpu.report().f16);
    assert_eq!(roof.gemm_f16_gflops.is_some(), gpu.report().f16);
    let rungs = [Some(roof.gemm_rung), roof.gemm_f16_rung];
    assert!(rungs.into_iter().flatten().all(|rung| rung.is_gemm()), "{roof:?}");
    let ranges = [
        ("f32", roof.f32_gflops, 0.1, 1e6),
        ("f16", roof.f16_gflops.unwrap_or(1.0), 0.05, 1e7),
        ("storage", roof.storage_gbs, 0.05, 1e5),
        ("workgroup", roof.workgroup_gbs, 0.05, 1e6),
        ("gemm", roof.gemm_gflops, 0.1, 1e6),
        ("gemm, f16", roof.gemm_f16_gflops.unwrap_or(1.0), 0.05, 1e7),
        ("dispatch", roof.dispatch_us, 0.01, 1e5),
        ("submit", roof.submit_us, 0.1, 1e6),
    ];
    for (what, figure, low, high) in ranges {
        assert!((low..high).contains(&figure), "{what}: expected {low} to {high}, found {figure}");
    }
    if gpu.report().software {
        // No core does more than 64 operations a cycle, or moves more than 256 bytes: else work was left out.
        let cycles = 6.0 * std::thread::available_parallelism().unwrap().get() as f64;
        let most = [
            ("f32", roof.f32_gflops, 64.0),
            ("f16", roof.f16_gflops.unwrap_or(0.0), 128.0),
            ("gemm", roof.gemm_gflops, 64.0),
            ("storage", roof.storage_gbs, 64.0),
            ("workgroup", roof.workgroup_gbs, 256.0),
        ];
        most.iter().for_each(|(what, figure, each)| assert!(*figure < each * cycles, "{what}: {figure}"));
    }
    // Networks kept in f16 may count in f32.
    assert!(roof.gflops(Precision::F16) >= roof.gflops(Precision::F32));
    let (flop, bytes) = (1e9 * roof.f32_gflops, 1e9 * roof.storage_gbs);
    assert!(near(roof.least_ms(Precision::F32, flop, 0.5 * bytes), 1e3), "multiply-adds set the limit");
    assert!(near(roof.least_ms(Precision::F32, 0.5 * flop, 2.0 * bytes), 2e3), "storage sets the limit");
    assert!(!Roof { storage_gbs: f64::NAN, ..roof }.plausible() && !Roof { dispatch_us: 0.0, ..roof }.plausible());
}

#[test]
fn json_follows_its_schema_and_its_figures_agree() {
    let dir = tempfile::tempdir().unwrap();
    let found = json(&bench(dir.path(), &[&DEMO[..], &["--nodes", "--format", "json"]].concat()));
    jsonschema::validate(&schema(), &found).unwrap();
    let [row] = &found["results"].as_array().unwrap()[..] else { panic!("{found}") };
    let [roof] = &found["roofs"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(row["adapter"], roof["adapter"]);
    assert_eq!((&row["model"], &row["size"], &row["batch"]), (&json!("demo"), &json!("96x96"), &json!(1)));
    assert_eq!((&row["precision"], &row["weights"]), (&json!("f32"), &json!("trained")));
    let [least, median, p95] = ["min_ms", "median_ms", "p95_ms"].map(|key| number(row, key));
    assert!(0.0 < least && least <= median && median <= p95, "{row}");
    // 0.70 GFLOP at 320, as assets/README.md says.
    let gflop = 1e-3 * number(row, "gflops") * median;
    assert!((gflop / (96.0f64 / 320.0).powi(2) - 0.70).abs() < 0.01, "{gflop}");
    assert!(near(number(row, "roof_pct"), 100.0 * number(row, "gflops") / number(roof, "f32_gflops")));
    assert!(number(row, "first_frame_ms") > 0.0 && number(row, "load_ms") > 0.0);
    let nodes = row["nodes"].as_array().unwrap();
    let all = |key: &str| nodes.iter().map(|node| number(node, key)).sum::<f64>();
    assert_eq!(all("dispatches"), number(row, "dispatches"));
    assert!(nodes.iter().any(|node| node["op"].as_str().unwrap().starts_with("conv") && node["gflops"].is_number()));
    let counted: f64 =
        nodes.iter().filter(|n| n["gflops"].is_number()).map(|n| 1e-3 * number(n, "gflops") * number(n, "ms")).sum();
    assert!((counted / gflop - 1.0).abs() < 0.01, "the nodes count {counted} GFLOP, the network {gflop}");
    // The same frames by another clock: within what a busy machine does to them.
    let gpu = number(row, "gpu_ms");
    assert!(gpu > 0.05 * median && gpu < 20.0 * median, "{gpu} of {median}");
}

#[test]
#[ignore = "long"]
fn the_ladder_has_every_shape_once_and_floors_that_follow_from_the_roofs() {
    let dir = tempfile::tempdir().unwrap();
    let ladder = |more: &[&str]| bench(dir.path(), &[&["bench", "--ladder", "--model", "demo"], more].concat());
    let found = json(&ladder(&["--size", "96,64", "--format", "json"]));
    jsonschema::validate(&schema(), &found).unwrap();
    assert_eq!(found["results"], json!([]));
    let (roof, rows) = (&found["roofs"][0], found["ladder"].as_array().unwrap());
    let mut shapes: Vec<&str> = rows.iter().map(|row| row["shape"].as_str().unwrap()).collect();
    shapes.sort_unstable();
    shapes.dedup();
    assert_eq!(shapes.len(), rows.len(), "a shape twice");
    let mut gflop = [0.0, 0.0];
    for row in rows {
        for user in row["used_by"].as_array().unwrap() {
            let (name, times) = user.as_str().unwrap().split_once(": ").unwrap();
            gflop[usize::from(name == "demo 64x64")] += 1e-9 * number(row, "flop") * times.parse::<f64>().unwrap();
        }
        let rungs = row["rungs"].as_array().unwrap();
        assert!(rungs.len() >= 2 && rungs.iter().all(|rung| rung["rung"] != "direct"), "{row}");
        assert!(rungs.iter().any(|rung| rung["rung"] == row["guess"]), "{row}");
        for rung in rungs {
            let dispatches = match rung["rung"].as_str().unwrap() {
                "winograd2" | "winograd4" => 3,
                "split" => 2,
                _ => 1,
            };
            assert_eq!(rung["dispatches"], json!(dispatches));
            assert!(near(number(rung, "gflops") * number(rung, "ms"), 1e-6 * number(row, "flop")), "{rung}");
            let sums = 1e-6 * number(rung, "flop") / number(roof, "f32_gflops");
            let moves = 1e-6 * number(rung, "bytes") / number(roof, "storage_gbs");
            assert!(near(number(rung, "floor_ms"), sums.max(moves)), "{rung}: {sums} {moves}");
            assert_eq!(rung["floor_by"], json!(if sums >= moves { "multiply-adds" } else { "storage" }));
            assert!(near(number(rung, "floor_pct") * number(rung, "ms"), 100.0 * number(rung, "floor_ms")), "{rung}");
            // Tiles that are cut off are more work, never less.
            assert!(dispatches == 3 || number(rung, "flop") >= number(row, "flop"), "{row}");
        }
    }
    // 0.70 GFLOP at 320, as assets/README.md says.
    for (found, side) in gflop.into_iter().zip([96.0f64, 64.0]) {
        assert!((found / (side / 320.0).powi(2) - 0.70).abs() < 0.01, "{side}: {found}");
    }
    for format in ["table", "md", "html"] {
        let out = ladder(&["--size", "64", "--rung", "direct,lanes", "--format", format]);
        let written = text(&out);
        for word in ["192x2x2 to 192x2x2, 3x3", "direct", "lanes", "GFLOP/s", "Rungs in f32 on"] {
            assert!(written.contains(word), "{format}: expected `{word}` in\n{written}");
        }
        assert!(!written.contains("winograd4"), "{format}: nobody asked for it");
    }
    fails(&ladder(&["--rung", "fastest"]), 2, &["--rung", "expected direct, depthwise, stem", "found `fastest`"]);
    fails(&ladder(&["--size", "64", "--rung", "depthwise"]), 2, &["--rung depthwise: none can do any of these shapes"]);
    fails(&bench(dir.path(), &["bench", "--rung", "lanes"]), 2, &["--ladder"]);
}

#[test]
fn the_browser_writes_the_same_fields() {
    let typescript = fs::read_to_string(root().join("web/package/src/benchmark.ts")).unwrap();
    let (_, rest) = typescript.split_once("export interface BenchmarkResult {\n").expect("the interface");
    let fields: Vec<&str> = rest
        .lines()
        .take_while(|line| !line.starts_with('}'))
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .map(|(name, _)| name)
        .collect();
    let items = &schema()["properties"]["results"]["items"];
    let required: Vec<&str> = items["required"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(fields, required);
    let mut row = json!({
        "model": "demo", "size": "416x224", "batch": 1, "precision": "f32", "backend": "browser-webgpu",
        "adapter": "google swiftshader", "driver": null, "software": true, "version": "0.1.0", "median_ms": 25, "p95_ms": 38.5,
        "min_ms": 10, "gflops": 80, "roof_pct": null, "peak_bytes": 123, "dispatches": 40, "load_ms": 5,
        "first_frame_ms": null, "end_to_end_median_ms": 12.5,
    });
    jsonschema::validate(&schema(), &json!({ "results": [row] })).unwrap();
    row["size"] = json!([416, 224]);
    assert!(jsonschema::validate(&schema(), &json!({ "results": [row] })).is_err(), "the schema accepts anything");
}

#[test]
fn every_format_names_each_result_and_software_adapters_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let args = [&DEMO[..3], &["--size", "64,96x64", "--frames=1", "--warmup=0", "--nodes", "--format"]].concat();
    let software = pollster::block_on(yolov4::low_level::gpu::adapters(None))[0].software;
    for format in ["table", "md", "html"] {
        let out = bench(dir.path(), &[&args[..], &[format]].concat());
        let written = text(&out);
        for word in ["demo", "64x64", "96x64", "winograd", "layer 0 [convolutional]"] {
            assert!(written.contains(word), "{format}: expected `{word}` in\n{written}");
        }
        assert_eq!(written.contains("SOFTWARE"), software, "{format}");
        assert_eq!(said(&out).contains("SOFTWARE ADAPTER"), software);
    }
    let markdown = text(&bench(dir.path(), &[&args[..], &["md"]].concat()));
    let mut bars = 0;
    for line in markdown.lines() {
        let here = line.replace("\\|", "").matches('|').count();
        assert!(here == 0 || bars == 0 || here == bars, "a row of another width: {line}");
        bars = here;
    }
    assert_eq!(code(&bench(dir.path(), &[&args[..], &["html", "--out", "page.html"]].concat())), 0);
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    well_formed(&page);
    // Two results: three plots of both, the roofline, and a strip each with its key.
    assert!(page.matches("<svg").count() >= 6, "{}", page.matches("<svg").count());
    let alone = page.replace("http://www.w3.org/2000/svg", "");
    for word in ["<script", "http:", "https:", "src=", "@import", "url("] {
        assert!(!alone.contains(word), "the page is not whole in itself: {word}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    assert!(!page.contains("NaN") && !page.contains("inf\""), "a figure is no number");
}

/// Every element is closed in its place, every attribute quoted, every ampersand the start of an entity.
fn well_formed(page: &str) {
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some((before, after)) = rest.split_once('<') {
        let styled = open.last() == Some(&"style");
        assert!(styled || !before.contains('>'), "a stray `>` in {before:?}");
        before.split('&').skip(1).for_each(|entity| assert!(entity.split(';').next().unwrap().len() < 6, "{entity}"));
        let (tag, later) = after.split_once('>').expect("a tag that ends");
        rest = later;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
        assert_eq!(tag.matches('"').count(), 2 * tag.matches("=\"").count(), "an attribute without quotes: {tag}");
    }
    assert_eq!(open, Vec::<&str>::new(), "left open");
}

#[test]
fn a_trace_has_one_event_a_dispatch_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--precision", "f32,f32", "--profile", "trace.json", "--format", "json"];
    let found = json(&bench(dir.path(), &[&DEMO[..], &args].concat()));
    let trace: Value = serde_json::from_str(&fs::read_to_string(dir.path().join("trace.json")).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    for (process, row) in found["results"].as_array().unwrap().iter().enumerate() {
        assert!(row["nodes"].is_null(), "nobody asked for nodes");
        let mine = |e: &&Value| e["pid"] == json!(process + 1);
        let dispatches: Vec<&Value> = events.iter().filter(mine).filter(|e| e["ph"] == "X").collect();
        assert_eq!(dispatches.len() as f64, number(row, "dispatches"));
        let mut at = 0.0;
        for event in dispatches {
            assert!((number(event, "ts") - at).abs() < 1e-3, "{event}");
            assert!(!event["args"]["kernel"].as_str().unwrap().is_empty() && event["tid"] == 1, "{event}");
            at += number(event, "dur");
        }
        assert!(at > 0.0, "no time passed");
        let names: Vec<&Value> = events.iter().filter(mine).filter(|e| e["ph"] == "M").collect();
        assert!(names.iter().any(|e| e["args"]["name"].as_str().unwrap().contains("demo 96x96 f32")), "{names:?}");
    }
}

#[test]
fn random_weights_are_told_and_those_beside_a_cfg_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("net.cfg"), CFG).unwrap();
    let args = ["bench", "--model", "net.cfg", "--frames=2", "--seed", "5", "--format", "json"];
    let out = bench(dir.path(), &args);
    assert!(said(&out).contains("net.cfg: no weights at hand: random ones (seed 5)"), "{}", said(&out));
    let found = json(&out);
    assert_eq!(found["results"][0]["weights"], "random, seed 5");
    assert_eq!((&found["results"][0]["model"], &found["results"][0]["size"]), (&json!("net"), &json!("32x32")));
    assert_eq!(code(&bench(dir.path(), &["random-weights", "net.cfg", "--out", "net.weights"])), 0);
    let out = bench(dir.path(), &args);
    assert!(!said(&out).contains("random"), "{}", said(&out));
    assert_eq!(json(&out)["results"][0]["weights"], "trained");
    // Not in the cache: not fetched either.
    let tiny = bench(dir.path(), &["bench", "--size", "32", "--frames=1", "--warmup=0", "--format", "json"]);
    assert!(said(&tiny).contains("yolov4-tiny: no weights at hand"), "{}", said(&tiny));
    assert_eq!(json(&tiny)["results"][0]["weights"], "random, seed 0");
}

#[test]
fn a_batch_counts_all_its_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let row = |batch: &str| {
        let out = bench(dir.path(), &[&DEMO[..], &["--batch", batch, "--nodes", "--format", "json"]].concat());
        json(&out)["results"][0].clone()
    };
    let (one, three) = (row("1"), row("3"));
    assert_eq!(three["batch"], json!(3));
    let work = |row: &Value| number(row, "gflops") * number(row, "median_ms");
    assert!((work(&three) / work(&one) - 3.0).abs() < 0.01, "{three}");
    assert!(number(&three, "peak_bytes") > 2.0 * number(&one, "peak_bytes"));
    assert_eq!(three["nodes"][0]["op"], one["nodes"][0]["op"]);
    // The weights are read once.
    let bytes = |row: &Value| number(&row["nodes"][0], "bytes");
    assert!(bytes(&three) > 2.5 * bytes(&one) && bytes(&three) < 3.0 * bytes(&one), "{three}");
}

#[test]
fn what_cannot_be_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let try_ = |args: &[&str]| bench(dir.path(), &[&["bench"], args].concat());
    fails(&try_(&["--batch", "0"]), 2, &["'0' for '--batch <N>'"]);
    fails(&try_(&["--frames", "0"]), 2, &["--frames", "0"]);
    fails(&try_(&["--precision", "f64"]), 2, &["f64", "f32, f16"]);
    fails(&try_(&["--size", "0"]), 2, &["expected a side such as 416, or 640x384, found `0`"]);
    fails(&try_(&["--roof", "--model", "demo"]), 2, &["--roof", "--model"]);
    fails(&try_(&["--model", "demo,yolov9"]), 2, &["there is no network `yolov9`"]);
    fails(&try_(&["--model", "missing.cfg"]), 1, &["missing.cfg"]);
    fails(&try_(&["--model", "demo", "--adapter", "nosuch"]), 1, &["none is called \"nosuch\""]);
    fails(&try_(&["--roof", "--backend=all", "--adapter", "nosuch"]), 1, &["none has \"nosuch\" in its name"]);
    fails(&try_(&["--model", "demo", "compare", "a", "b"]), 2, &["compare"]);
}

/// The files of roofs in a cache folder.
fn files_of_roofs(cache: &Path) -> Vec<PathBuf> {
    fs::read_dir(cache.join("roofs")).unwrap().map(|e| e.unwrap().path()).collect()
}

#[test]
#[ignore = "long"]
fn roofs_are_measured_once_and_a_file_of_no_use_is_told_in_one_line() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let roofs = |more: &[&str]| run(dir.path(), cache.path(), &[&["bench", "--roof", "--format=json"], more].concat());
    // What was measured for all the others, and kept, is what is told of it; they may have measured another adapter too.
    let first = json(&bench(dir.path(), &["bench", "--roof", "--format=json"]))["roofs"][0].clone();
    let read = |file: &PathBuf| serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap();
    let is_first =
        |file: &PathBuf| read(file)["roof"].as_object().unwrap().iter().all(|(figure, value)| &first[figure] == value);
    let measured = files_of_roofs(CACHE.path()).into_iter().find(is_first).expect("the roofs that are told, in a file");
    let good = read(&measured);
    // What is kept counts, whatever it says.
    let file = cache.path().join("roofs").join(measured.file_name().unwrap());
    fs::create_dir(cache.path().join("roofs")).unwrap();
    let mut told = good.clone();
    told["roof"]["f32_gflops"] = json!(4321.5);
    fs::write(&file, told.to_string()).unwrap();
    let out = roofs(&[]);
    assert_eq!(json(&out)["roofs"][0]["f32_gflops"], json!(4321.5));
    assert!(!said(&out).contains("measuring") && !said(&out).contains("note:"), "{}", said(&out));
    let demo = json(&run(dir.path(), cache.path(), &[&DEMO[..], &["--format=json"]].concat()));
    let row = &demo["results"][0];
    assert!(near(number(row, "roof_pct"), number(row, "gflops") / 43.215), "{row}");
    // Unless it is unwanted, or of no use (why, and of what else, src/detect/roofs.rs tries).
    assert_ne!(json(&roofs(&["--again"]))["roofs"][0]["f32_gflops"], json!(4321.5));
    let mut wrong = good.clone();
    wrong["roof"]["storage_gbs"] = json!(-1.0);
    fs::write(&file, wrong.to_string()).unwrap();
    let out = roofs(&[]);
    let notes: Vec<String> = said(&out).lines().filter(|l| l.starts_with("note: ")).map(str::to_owned).collect();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.contains(file.to_str().unwrap()) && note.contains("holds figures that no adapter has"), "{note}");
    jsonschema::validate(&schema(), &json(&out)).unwrap();
    assert_eq!(files_of_roofs(cache.path()), std::slice::from_ref(&file));
    assert_eq!(read(&file)["of"], good["of"], "it was not kept again");
    // A cache that cannot be written costs time only.
    fs::write(dir.path().join("file"), "").unwrap();
    let out = run(dir.path(), &dir.path().join("file"), &["bench", "--roof", "--format=json"]);
    assert!(said(&out).contains("measuring what the fastest adapter can do at most"), "{}", said(&out));
    assert!(said(&out).contains("the measured roofs cannot be kept"), "{}", said(&out));
    jsonschema::validate(&schema(), &json(&out)).unwrap();
}

/// A file of one row for each model, with its median.
fn file(dir: &TempDir, name: &str, rows: &[(&str, &str, f64)]) {
    let row = |(model, backend, median): &(&str, &str, f64)| {
        json!({ "model": model, "size": "416x416", "batch": 1, "precision": "f32", "backend": backend, "adapter": "card",
            "software": false, "median_ms": median })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    fs::write(dir.path().join(name), json!({ "results": rows }).to_string()).unwrap();
}

#[test]
fn compare_says_what_got_slower() {
    let dir = tempfile::tempdir().unwrap();
    file(
        &dir,
        "a.json",
        &[("one", "vulkan", 10.0), ("two", "vulkan", 10.0), ("three", "vulkan", 10.0), ("four", "gl", 1.0)],
    );
    file(
        &dir,
        "b.json",
        &[("three", "vulkan", 8.0), ("two", "vulkan", 10.5), ("one", "vulkan", 12.0), ("five", "gl", 1.0)],
    );
    let compare = |more: &[&str]| bench(dir.path(), &[&["bench", "compare"], more].concat());
    let out = compare(&["a.json", "b.json"]);
    let written = text(&out);
    let line = |model: &str| written.lines().find(|l| l.trim_start().starts_with(model)).unwrap().to_owned();
    assert!(line("one").contains("1.200") && line("one").contains("SLOWER"), "{written}");
    assert!(line("two").contains("1.050") && !line("two").contains("SLOWER"), "{written}");
    assert!(line("three").contains("0.800") && line("three").contains("faster"), "{written}");
    assert!(written.contains("1 of 3 got slower by more than 10 %"), "{written}");
    let notes = said(&out);
    assert!(notes.contains("only in a.json: four") && notes.contains("only in b.json: five"), "{notes}");
    assert_eq!(code(&compare(&["a.json", "b.json", "--fail-on-slower"])), 1);
    assert_eq!(code(&compare(&["a.json", "b.json", "--fail-on-slower", "--threshold", "25"])), 0);
    assert_eq!(code(&compare(&["a.json", "b.json", "--fail-on-slower", "--threshold", "4"])), 1);
    assert!(text(&compare(&["a.json", "b.json", "--threshold", "4"])).contains("2 of 3"));
    assert_eq!(code(&compare(&["a.json", "a.json", "--fail-on-slower", "--threshold", "0"])), 0);
    // Of an adapter behind two back ends each row goes with its own.
    file(&dir, "both.json", &[("one", "gl", 90.0), ("one", "vulkan", 10.1)]);
    let both = text(&compare(&["a.json", "both.json", "--fail-on-slower"]));
    assert!(both.contains("0 of 1 got slower") && both.contains("1.010"), "{both}");
    file(&dir, "gl.json", &[("one", "gl", 20.0)]);
    assert!(text(&compare(&["a.json", "gl.json"])).contains("vulkan -> gl"));
    // What cannot be compared.
    file(&dir, "none.json", &[("nine", "gl", 1.0)]);
    fails(&compare(&["a.json", "none.json"]), 2, &["a.json and none.json have nothing in common"]);
    file(&dir, "zero.json", &[("one", "gl", 0.0)]);
    fails(&compare(&["a.json", "zero.json"]), 1, &["zero.json:1: one: expected a median_ms above 0, found 0"]);
    fs::write(dir.path().join("bad.json"), "{\n  \"results\": 7\n}").unwrap();
    fails(&compare(&["a.json", "bad.json"]), 1, &["bad.json:2: expected what `yolov4 bench --format json` writes"]);
    fails(&compare(&["a.json", "missing.json"]), 1, &["missing.json"]);
    fails(&compare(&["a.json", "b.json", "--threshold=-1"]), 2, &["--threshold"]);
}

#[test]
#[ignore = "long"]
fn back_ends_all_measures_every_adapter() {
    let dir = tempfile::tempdir().unwrap();
    let found = json(&bench(dir.path(), &[&DEMO[..], &["--backend", "all", "--format", "json"]].concat()));
    jsonschema::validate(&schema(), &found).unwrap();
    let there = pollster::block_on(yolov4::low_level::gpu::adapters(None));
    let mut expected: Vec<(String, String)> = there.into_iter().map(|a| (a.backend, a.name)).collect();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = found["results"].as_array().unwrap();
    let mut measured: Vec<_> = rows.iter().map(|row| (word(row, "backend"), word(row, "adapter"))).collect();
    expected.sort();
    measured.sort();
    assert_eq!(measured, expected);
    assert_eq!(found["roofs"].as_array().unwrap().len(), expected.len());
}
