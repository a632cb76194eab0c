//! `yolov4 train` by other recipes and optimizers, in little memory, with a frozen backbone, and anchors of the set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

mod squares;
use squares::{START, records, said, squares, train};

/// Runs it, and gives the first and the last loss.
fn losses(dir: &Path, steps: &str, args: &[&str]) -> (f64, f64) {
    let out = train(dir, &[&START[..], &[steps], args].concat());
    assert_eq!(out.status.code(), Some(0), "{args:?}: {}", said(&out));
    let folder = args[args.iter().position(|arg| *arg == "--out").unwrap() + 1];
    let losses: Vec<f64> = records(dir, folder).iter().filter_map(|record| record["loss"].as_f64()).collect();
    (losses[0], *losses.last().unwrap())
}

fn recall(dir: &Path, folder: &str) -> f64 {
    let all = records(dir, folder);
    all.iter().rev().find_map(|record| record["valid"]["recall"].as_f64()).unwrap()
}

#[test]
fn the_papers_recipe_and_adamw_learn_by_heart() {
    let dir = squares();
    let args = ["--augment", "off", "--ema", ".9", "--measure-every", "300", "--out"];
    let (first, last) = losses(dir.path(), "300", &[&["--recipe", "scaled"], &args[..], &["scaled"]].concat());
    println!("the paper's: {first} to {last}, recall {}", recall(dir.path(), "scaled"));
    assert!(last < 0.2 * first && recall(dir.path(), "scaled") == 1.0, "{first} to {last}");
    let adamw = [&["--optimizer", "adamw", "--lr", ".01", "--clip", "10"], &args[..], &["adamw"]].concat();
    let (first, last) = losses(dir.path(), "300", &adamw);
    println!("AdamW: {first} to {last}, recall {}", recall(dir.path(), "adamw"));
    assert!(last < 0.05 * first && recall(dir.path(), "adamw") == 1.0, "{first} to {last}");
}

/// Kills a training in the middle, and goes on with it.
fn killed_and_gone_on_with(dir: &Path, args: &[&str], folder: &str) {
    let args = [&START[..], args, &["--save-every", "0", "--out", folder]].concat();
    let mut child = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .current_dir(dir)
        .arg("train")
        .args(&args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = dir.join(folder).join("log.jsonl");
    while fs::read_to_string(&log).unwrap_or_default().lines().count() < 15 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let out = train(dir, &[&args[..], &["--resume"]].concat());
    assert!(out.status.code() == Some(0) && said(&out).contains("goes on after step"), "{}", said(&out));
}

#[test]
fn whatever_way_goes_on_to_the_same_bits() {
    let dir = squares();
    let ways: [(&str, &[&str]); 3] = [
        ("scaled", &["--recipe", "scaled"]),
        ("adamw", &["--optimizer", "adamw"]),
        ("sizes", &["--optimizer", "adamw", "--multi-scale", "--ema", ".9"]),
    ];
    for (name, how) in ways {
        let args = [&["30", "--mini", "4"], how].concat();
        let whole = [&START[..], &args[..], &["--out", name]].concat();
        assert_eq!(train(dir.path(), &whole).status.code(), Some(0));
        let folder = format!("{name}-killed");
        killed_and_gone_on_with(dir.path(), &args, &folder);
        let file = |folder: &str| fs::read(dir.path().join(folder).join("last.weights")).unwrap();
        assert!(file(name) == file(&folder), "{name}");
    }
}

#[test]
fn sizes_change_on_the_way() {
    let dir = squares();
    let out = train(dir.path(), &[&START[..], &["40", "--multi-scale=1.5", "--out", "sizes"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    // What is measured is of the network's own size, and what was planned is of the largest.
    let cfg = fs::read_to_string(dir.path().join("sizes/last.cfg")).unwrap();
    assert!(cfg.contains("width=64\nheight=64\n"), "{cfg}");
    let planned = |folder: &str| {
        let text = fs::read_to_string(dir.path().join(folder).join("results.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["memory"]["planned"].as_u64().unwrap()
    };
    train(dir.path(), &[&START[..], &["1", "--out", "own"]].concat());
    assert!(planned("sizes") > planned("own"), "{} and {}", planned("sizes"), planned("own"));
    let args = [&START[..], &["40", "--out", "sizes", "--resume"]].concat();
    let other = train(dir.path(), &args);
    let sentence = "--resume: multi-scale: was 1.5, is nothing; what goes on must be the same";
    assert!(other.status.code() == Some(2) && said(&other).contains(sentence), "{}", said(&other));
    let far = train(dir.path(), &[&START[..], &["9", "--multi-scale=9", "--out", "far"]].concat());
    assert!(said(&far).contains("--multi-scale: expected more than 1 and at most 4, found 9"), "{}", said(&far));
    assert!(far.status.code() == Some(2) && !dir.path().join("far").exists());
}

#[test]
fn mosaics_are_the_same_for_the_same_seed() {
    let dir = squares();
    let args = |out: &'static str| ["--recipe", "scaled", "--seed", "3", "--measure-every", "2", "--out", out];
    losses(dir.path(), "9", &args("one"));
    losses(dir.path(), "9", &args("two"));
    let file = |folder: &str| fs::read(dir.path().join(folder).join("last.weights")).unwrap();
    assert!(file("one") == file("two"));
    losses(dir.path(), "9", &["--recipe", "scaled", "--seed", "4", "--out", "three"]);
    assert!(file("one") != file("three"));
    let sheet = image::open(dir.path().join("one/first-batch.jpg")).unwrap();
    // Four by two canvases of 64, six pixels between them.
    assert_eq!((sheet.width(), sheet.height()), (4 * 70 - 6, 2 * 70 - 6));
    // What another recipe has begun is not gone on with.
    let other = train(dir.path(), &[&START[..], &["9", "--seed", "3", "--resume", "--out", "one"]].concat());
    assert!(
        other.status.code() == Some(2) && said(&other).contains("recipe: was scaled, is darknet"),
        "{}",
        said(&other)
    );
}

#[test]
fn less_memory_is_the_same_bits() {
    let dir = squares();
    losses(dir.path(), "4", &["--mini", "4", "--out", "much"]);
    let much = fs::read(dir.path().join("much/last.weights")).unwrap();
    let run = |memory: &str| {
        let args = [&START[..], &["4", "--mini", "4", "--memory", memory, "--out", "little"]].concat();
        train(dir.path(), &args)
    };
    // The least that it can do with, told by the refusal of less.
    let refused = said(&run("1K"));
    let needed = refused.split("needs ").nth(1).and_then(|rest| rest.split(" MB").next()).unwrap();
    let bytes = (needed.parse::<f64>().unwrap() * 1e6) as u64 + 1000;
    let out = run(&bytes.to_string());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("segments"), "{}", said(&out));
    assert!(fs::read(dir.path().join("little/last.weights")).unwrap() == much);
}

#[test]
fn a_frozen_backbone_stays_and_anchors_are_those_of_the_set() {
    let dir = squares();
    losses(dir.path(), "4", &["--out", "first"]);
    let args =
        ["obj.data", "--model", "first/last.safetensors", "--freeze", "backbone", "--batch", "8", "--steps", "4"];
    let out = train(dir.path(), &[&args[..], &["--out", "second"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let layers = |folder: &str| {
        let bytes = fs::read(dir.path().join(folder).join("last.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut found: Vec<(String, Vec<u8>)> =
            file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
        found.sort();
        found
    };
    let moved: Vec<String> = layers("first")
        .into_iter()
        .zip(layers("second"))
        .filter(|(one, two)| one.1 != two.1)
        .map(|(one, _)| one.0)
        .collect();
    // Layer 2 halves for the last time.
    assert!(
        !moved.is_empty()
            && moved.iter().all(|name| !["layer.0.", "layer.1.", "layer.2."].iter().any(|l| name.starts_with(l))),
        "{moved:?}"
    );

    let cfg = fs::read_to_string(dir.path().join("small.cfg")).unwrap();
    fs::write(dir.path().join("small.cfg"), cfg.replace("anchors=12,12, 24,24", "anchors=2,60, 60,2")).unwrap();
    let run = |out: &'static str| train(dir.path(), &[&START[..], &["2", "--anchors", "auto", "--out", out]].concat());
    let out = run("anchors");
    assert!(said(&out).contains("taken"), "{}", said(&out));
    let written = fs::read_to_string(dir.path().join("anchors/last.cfg")).unwrap();
    assert!(written.contains("anchors=12,12, 22,22"), "{written}");
    fs::write(dir.path().join("small.cfg"), cfg.replace("anchors=12,12, 24,24", "anchors=12,12, 22,22")).unwrap();
    let out = run("kept");
    assert!(said(&out).contains("the network's stay"), "{}", said(&out));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = squares();
    for (args, word) in [
        (["--clip", "0"], "--clip: expected a number above 0"),
        (["--freeze", "neck"], "expected `backbone` or a number of layers"),
        (["--save-every", "nan"], "--save-every: expected 0 or more"),
        (["--recipe", "yolov5"], "possible values: darknet, scaled"),
        (["--optimizer", "adam"], "possible values: sgd, adamw"),
    ] {
        let out = train(dir.path(), &[&START[..], &["5", "--out", "none"], &args[..]].concat());
        assert!(out.status.code() == Some(2) && said(&out).contains(word), "{args:?}: {}", said(&out));
    }
}
