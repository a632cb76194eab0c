//! `yolov4 train`: what is said of a good set and of a bad one; a small network learns pictures by heart, is killed, and goes on to the same bits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, process::Command};

use image::{Rgb, RgbImage};
use serde_json::Value;

mod squares;
use squares::{START, records, said, squares, train};

/// Six pictures with a box each, of two classes; the label of the last one is as said.
fn set(last: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("obj.names"), "cat\ndog\n").unwrap();
    fs::write(dir.path().join("obj.data"), "classes = 2\ntrain = train.txt\nnames = obj.names\n").unwrap();
    let mut list = String::new();
    for n in 0..6_u8 {
        RgbImage::from_pixel(64, 48, Rgb([40 * n, n, 200])).save(dir.path().join(format!("{n}.png"))).unwrap();
        let label = if n == 5 { last.to_owned() } else { format!("{} .5 .5 .2 .3\n", n % 2) };
        fs::write(dir.path().join(format!("{n}.txt")), label).unwrap();
        list += &format!("{n}.png\n");
    }
    fs::write(dir.path().join("train.txt"), list).unwrap();
    dir
}

#[test]
fn a_good_set_is_counted_and_a_fifth_is_kept_to_measure_on() {
    let dir = set("1 .5 .5 .2 .3\n");
    let out = train(dir.path(), &["obj.data", "--check", "--format", "json"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let found: Value = serde_json::from_slice(&out.stdout).unwrap();
    let pictures = |part: &str| found["parts"][part]["pictures"].as_u64().unwrap();
    assert_eq!(pictures("train") + pictures("valid"), 6);
    assert!((1..=2).contains(&pictures("valid")), "{found}");
    assert_eq!(found["canvas"], serde_json::json!([416, 416]));
    assert_eq!(found["anchors"]["by_ratio"], 1.0);
    let text = train(dir.path(), &["obj.data", "--check", "--size", "320x256", "--first-batch", "first.jpg"]);
    let sheet = image::open(dir.path().join("first.jpg")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (4 * 326 - 6, 2 * 262 - 6));
    let text = said(&text);
    assert!(text.contains("pixels of 320 x 256") && text.contains("0 errors"), "{text}");
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_exit_code() {
    let dir = set("1 .5 .5 .2 .3\n7 .5 .5 .2 .3\n0 .5 nan .2 .3\n");
    let out = train(dir.path(), &["obj.data", "--check"]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    let text = said(&out);
    for line in ["5.txt:2: error: ", "5.txt:3: error: ", "2 errors"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let dir = set("");
    for (args, code, word) in [
        (&["obj.data", "--resume"][..], 2, "nothing to go on with"),
        (&["obj.data", "--from", "scratch", "--lr", "0"], 2, "--lr"),
        (&["obj.data", "--from", "scratch", "--steps", "0"], 2, "--steps"),
        (&["obj.data", "--from", "scratch", "--weights", "x.weights"], 2, "--from scratch takes no --weights"),
        (&["obj.data", "--from", "scratch", "--out", "no/such"], 1, "no"),
        (&["nosuch.data", "--check"], 1, "nosuch.data"),
        (&["obj.data", "--check", "--valid", "1.5"], 2, "1.5"),
        (&["obj.data", "--check", "--model", "nosuch.cfg"], 1, "nosuch.cfg"),
    ] {
        let out = train(dir.path(), args);
        let text = said(&out);
        assert!(out.status.code() == Some(code) && text.contains(word), "{args:?}: {:?} {text}", out.status.code());
    }
}

#[test]
fn eight_pictures_are_learnt_by_heart() {
    let dir = squares();
    let args = [&START[..], &["300", "--augment", "off", "--out", "heart", "--measure-every", "100"]].concat();
    let out = train(dir.path(), &args);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let records = records(dir.path(), "heart");
    let losses: Vec<f64> = records.iter().filter_map(|record| record["loss"].as_f64()).collect();
    assert_eq!(losses.len(), 300);
    let (first, last) = (losses[0], losses[299]);
    assert!(last < 0.01 * first, "{first} to {last}");
    let measured: Vec<&Value> =
        records.iter().map(|record| &record["valid"]).filter(|valid| valid.is_object()).collect();
    assert_eq!(measured.len(), 3);
    assert_eq!((measured[2]["recall"].as_f64(), measured[2]["AP50"].as_f64()), (Some(1.0), Some(1.0)), "{measured:?}");
    let page = fs::read_to_string(dir.path().join("heart/training.html")).unwrap();
    for part in
        ["<svg", "AP50", "objectness", "learning rate", "<td>dark</td><td>1.000</td>", "data:image/jpeg;base64,"]
    {
        assert!(page.contains(part), "the page lacks {part}");
    }
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("http://www.w3.org").count());
    let header = fs::read(dir.path().join("heart/last.weights")).unwrap();
    assert_eq!(header[12..20], (300_u64 * 8).to_le_bytes(), "pictures that it has learnt from");
    // What it has written, the others take as it is.
    let detect = |model: &[&str]| {
        let args = [&["detect", "0.png", "--format", "json", "--player", "oracle", "--model"], model].concat();
        let out = Command::new(env!("CARGO_BIN_EXE_yolov4")).current_dir(dir.path()).args(args).output().unwrap();
        assert!(out.status.success(), "{}", said(&out));
        let found: Value = serde_json::from_slice(&out.stdout).unwrap();
        let boxes = found["detections"].as_array().or_else(|| found[0]["detections"].as_array()).unwrap().clone();
        boxes.iter().map(|found| (found["class"].clone(), found["score"].as_f64().unwrap())).collect::<Vec<_>>()
    };
    let bundle = detect(&["heart/best.safetensors"]);
    assert_eq!(bundle.len(), 2, "{bundle:?}");
    let darknets = detect(&["heart/best.cfg", "--weights", "heart/best.weights", "--names", "heart/classes.names"]);
    assert_eq!(bundle.len(), darknets.len());
    for (ours, darknets) in bundle.iter().zip(&darknets) {
        assert!((ours.1 - darknets.1).abs() < 1e-4, "{bundle:?} {darknets:?}");
    }
}

/// Before anything was saved, after that, and behind the last step.
#[test]
fn a_lost_device_changes_no_bit() {
    let dir = squares();
    let bytes = |out: &str, file: &str| fs::read(dir.path().join(out).join(file)).unwrap();
    let run = |out: &str, more: &[&str]| {
        let ran = train(dir.path(), &[&START[..], &["12", "--measure-every", "4", "--out", out], more].concat());
        assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
        said(&ran)
    };
    run("whole", &[]);
    let cases = [
        ("early", "2", None),
        ("late", "7", Some("goes on after step 4")),
        ("end", "12", Some("goes on after step 12")),
    ];
    for (out, step, after) in cases {
        let text = run(out, &["--lose-device-at", step]);
        let told = text.contains("warning: the device was lost");
        assert!(told && after.is_none_or(|after| text.contains(after)), "{text}");
        for file in ["last.safetensors", "last.weights", "best.safetensors", "state.safetensors"] {
            assert!(bytes(out, file) == bytes("whole", file), "{out}: {file} is another");
        }
        assert_eq!(records(dir.path(), out).len(), records(dir.path(), "whole").len(), "{out}");
    }
}

#[test]
fn memory_is_what_was_said_before_the_first_step() {
    let dir = squares();
    let out = train(dir.path(), &[&START[..], &["3", "--size", "128", "--out", "memory"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let results: Value = serde_json::from_slice(&fs::read(dir.path().join("memory/results.json")).unwrap()).unwrap();
    let (planned, most) = (results["memory"]["planned"].as_f64().unwrap(), results["memory"]["most"].as_f64());
    assert!(said(&out).contains(&format!(": {:.0} MB", planned / 1e6)), "{}", said(&out));
    // Not every platform says.
    assert!(most.is_some() || !cfg!(target_os = "linux"), "{results}");
    println!("planned {planned}, at most {most:?}");
    assert!(most.is_none_or(|most| (most / planned - 1.0).abs() < 0.1), "{results}");
}

#[test]
fn what_was_killed_goes_on_to_the_same_bits() {
    let dir = squares();
    let args = |out: &'static str| {
        [&START[..], &["40", "--mini", "4", "--save-every", "0", "--seed", "7", "--measure-every", "9", "--out", out]]
            .concat()
    };
    let whole = train(dir.path(), &args("whole"));
    assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
    let log = dir.path().join("killed/log.jsonl");
    let mut first = args("killed");
    // Ten times, somewhere within each three or four steps.
    for until in [2, 7, 8, 13, 15, 20, 24, 29, 33, 38] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yolov4"))
            .current_dir(dir.path())
            .arg("train")
            .args(&first)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Killed some time after so many steps, wherever it is then; a state is there after the first of them.
        while fs::read_to_string(&log).map_or(0, |text| text.lines().count()) < until {
            assert!(child.try_wait().unwrap().is_none(), "it has ended before step {until}");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        first.retain(|arg| *arg != "--resume");
        first.push("--resume");
    }
    let out = train(dir.path(), &first);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("goes on after step"), "{}", said(&out));
    // The one file of its own has its remarks in an order of chance.
    for file in ["last.weights", "best.weights", "last.cfg", "results.json"] {
        let bytes = |folder: &str| fs::read(dir.path().join(folder).join(file)).unwrap();
        assert!(bytes("whole") == bytes("killed"), "{file} is another");
    }
    let steps = |folder: &str| {
        let all = records(dir.path(), folder).into_iter().map(|mut record| {
            record.as_object_mut().unwrap().remove("seconds");
            record
        });
        all.collect::<Vec<_>>()
    };
    assert_eq!(steps("whole"), steps("killed"));
    let slower = train(dir.path(), &[&first[..], &["--lr", "0.01"]].concat());
    assert!(slower.status.code() == Some(2) && said(&slower).contains("rate: was 0.001"), "{}", said(&slower));
    // Neither is begun again by chance, nor gone on with as something else.
    let again = train(dir.path(), &args("killed"));
    assert!(again.status.code() == Some(2) && said(&again).contains("a training is there"), "{}", said(&again));
    let mut other = first.clone();
    other[6] = "4";
    let other = train(dir.path(), &other);
    assert!(other.status.code() == Some(2) && said(&other).contains("batch: was 8, is 4"), "{}", said(&other));
}

#[test]
fn what_is_measured_on_is_not_what_is_learnt_from() {
    let dir = squares();
    // Only dark squares are to be found where it is measured, only light ones where it is learnt.
    for (part, class) in [("", "0"), ("v", "1")] {
        for n in 0..8 {
            let path = dir.path().join(format!("{part}{n}.txt"));
            let all = fs::read_to_string(&path).unwrap();
            let kept: String =
                all.lines().filter(|line| line.starts_with(class)).map(|line| format!("{line}\n")).collect();
            fs::write(&path, kept).unwrap();
        }
    }
    let out = train(dir.path(), &[&START[..], &["2", "--out", "apart"]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let records = records(dir.path(), "apart");
    let classes = &records.last().unwrap()["valid"]["classes"];
    // -1: there was nothing to find.
    assert_eq!(classes["light"]["AP50"], -1.0, "{classes}");
    assert!(classes["dark"]["AP50"].as_f64().unwrap() >= 0.0, "{classes}");
}

#[test]
fn what_diverges_ends_with_the_pictures_names() {
    let dir = squares();
    let args = [&START[..], &["50", "--lr", "1e30", "--augment", "off", "--out", "lost"]].concat();
    let out = train(dir.path(), &args);
    let text = said(&out);
    assert!(out.status.code() == Some(1) && text.contains("no numbers any more") && text.contains("0.png"), "{text}");
    // What cannot be is told before anything is allocated.
    for (args, code, word) in [
        (["--mini", "3"], 2, "expected a divisor of the batch, 8"),
        (["--mini", "none"], 2, "auto"),
        (["--memory", "1K"], 1, "try a smaller size"),
        (["--ema", "1"], 2, "--ema"),
    ] {
        let out = train(dir.path(), &[&START[..], &["5", "--out", "none"], &args[..]].concat());
        assert!(out.status.code() == Some(code) && said(&out).contains(word), "{args:?}: {}", said(&out));
    }
    let wrong = squares();
    fs::write(wrong.path().join("3.txt"), "9 .5 .5 .1 .1\n").unwrap();
    let args = [&START[..], &["5", "--out", "none"]].concat();
    let out = train(wrong.path(), &args);
    assert!(out.status.code() == Some(1) && said(&out).contains("3.txt:1: error"), "{}", said(&out));
    assert!(!wrong.path().join("none").exists(), "nothing is trained on a wrong set");
}

#[test]
fn a_network_is_fine_tuned_with_its_first_layers_frozen() {
    let dir = squares();
    let first = [&START[..], &["6", "--out", "first"]].concat();
    assert_eq!(train(dir.path(), &first).status.code(), Some(0));
    fs::write(dir.path().join("obj.names"), "light\ndark\nother\n").unwrap();
    fs::write(dir.path().join("obj.data"), "classes = 3\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\n")
        .unwrap();
    let args = [
        "obj.data",
        "--model",
        "first/last.safetensors",
        "--freeze",
        "2",
        "--batch",
        "4",
        "--steps",
        "6",
        "--out",
        "second",
    ];
    let out = train(dir.path(), &args);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let layers = |folder: &str| {
        let bytes = fs::read(dir.path().join(folder).join("last.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut found: Vec<(String, Vec<usize>, Vec<u8>)> = file
            .tensors()
            .into_iter()
            .map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec()))
            .collect();
        found.sort();
        found
    };
    let (before, after) = (layers("first"), layers("second"));
    for ((name, shape, was), (_, now_shape, now)) in before.iter().zip(&after) {
        let frozen = ["layer.0.", "layer.1."].iter().any(|layer| name.starts_with(layer));
        assert_eq!(was == now, frozen, "{name}");
        if name == "layer.4.weights" {
            assert_eq!((shape[0], now_shape[0]), (14, 16), "filters of the head");
        }
    }
}
