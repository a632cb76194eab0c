//! The first minute: the network and the pictures that are part of the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use yolov4::{
    Detector, Gpu, Picture, Remote,
    low_level::{detect::roofs, gpu::GpuOptions, model::zoo::Store},
};

const SCENES: [&str; 4] = ["avenue", "crossing", "night", "rain"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the program in an empty folder, with an empty cache, not as a child of cargo.
fn run(dir: &TempDir, args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    program.args(args).current_dir(dir.path()).env("YOLOV4_CACHE", dir.path().join("cache")).env_remove("CARGO");
    program.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Boxes by picture: class name, score and `[left, top, width, height]`.
fn detections(dir: &TempDir, args: &[&str]) -> BTreeMap<String, Vec<(String, f64, [f64; 4])>> {
    let pictures: Vec<PathBuf> = SCENES.iter().map(|name| root().join(format!("assets/images/{name}.jpg"))).collect();
    let paths: Vec<&str> = pictures.iter().map(|p| p.to_str().unwrap()).collect();
    let out = run(dir, &[&["detect", "--format", "json"], args, &paths].concat());
    assert!(out.status.success(), "{out:?}");
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let row = |d: &Value| {
        let b: Vec<f64> = d["box"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        (d["name"].as_str().unwrap().to_owned(), d["score"].as_f64().unwrap(), [b[0], b[1], b[2], b[3]])
    };
    let pictures = json.as_array().unwrap().iter().map(|p| {
        let stem = Path::new(p["image"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap().to_owned();
        (stem, p["detections"].as_array().unwrap().iter().map(row).collect())
    });
    pictures.collect()
}

fn iou(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let side = |i: usize| ((a[i] + a[i + 2]).min(b[i] + b[i + 2]) - a[i].max(b[i])).max(0.0);
    let inner = side(0) * side(1);
    inner / (a[2] * a[3] + b[2] * b[3] - inner)
}

#[test]
fn demo_needs_nothing_and_says_what_to_try_next() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(&dir, &["demo"]);
    assert!(out.status.success(), "{out:?}");
    let said = text(&out.stdout);
    for name in SCENES {
        let drawn = image::open(dir.path().join(format!("yolov4-demo/{name}.png"))).unwrap().to_rgb8();
        let scene = image::open(root().join(format!("assets/images/{name}.jpg"))).unwrap().to_rgb8();
        assert_eq!(drawn.dimensions(), scene.dimensions());
        assert!(drawn != scene, "{name}: nothing was drawn");
        assert!(said.contains(name), "{said}");
    }
    let next: Vec<&str> =
        said.split("Next:").nth(1).unwrap().lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(next.len(), 3, "{said}");
    assert!(next.iter().all(|line| line.starts_with("yolov4 ")), "{said}");
    assert!(!dir.path().join("cache").exists(), "the demo fetches nothing");
    // Again, over what is there.
    assert!(run(&dir, &["demo"]).status.success());
}

#[test]
fn demo_says_where_it_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(&dir, &["demo", "--out", "no/such/folder"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("no/such/folder"), "{out:?}");
}

#[test]
fn without_an_adapter_the_processor_plays_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    program.args(["demo"]).current_dir(dir.path());
    // Loaders of Vulkan and EGL find no driver.
    for list in ["VK_ICD_FILENAMES", "VK_DRIVER_FILES", "__EGL_VENDOR_LIBRARY_FILENAMES"] {
        program.env(list, dir.path().join("none.json"));
    }
    let out = program.output().unwrap();
    assert!(out.status.success(), "{out:?}");
    if cfg!(target_os = "linux") {
        assert_eq!(text(&out.stderr).matches("NO GPU ADAPTER").count(), 1, "{out:?}");
        assert!(text(&out.stdout).contains("4 pictures with their boxes"), "{out:?}");
    }
}

#[test]
fn what_is_called_like_the_network_does_not_hide_it() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(&dir, &["demo", "--out", "demo"]).status.success());
    assert!(dir.path().join("demo/rain.png").exists());
    assert!(run(&dir, &["explain", "demo"]).status.success());
    // The folder itself is meant by its path, and is no network.
    assert_eq!(run(&dir, &["explain", "./demo"]).status.code(), Some(1));
}

#[test]
fn options_that_cannot_be_are_usage_errors() {
    let dir = tempfile::tempdir().unwrap();
    let scene = root().join("assets/images/rain.jpg");
    let scene = scene.to_str().unwrap();
    for (option, value, word) in [("--size", "100", "size 100x100 does not fit"), ("--bn-eps", "nan", "found `nan`")] {
        let out = run(&dir, &["detect", scene, "--model", "demo", option, value]);
        assert_eq!(out.status.code(), Some(2), "{out:?}");
        assert!(text(&out.stderr).contains(word) && text(&out.stderr).contains(option), "{out:?}");
    }
}

/// Whether an executor with several threads may have it.
fn sendable<T: Send>(work: T) -> T {
    work
}

#[test]
fn a_detector_is_built_and_asked_on_any_thread() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let progress = Box::new(move |done: usize, all: usize| tell.send((done, all)).unwrap());
    let remote = Remote { watch: Some(Box::new(|_| {})), ..Remote::default() };
    let builder = Detector::builder().model("demo").cache(dir.path()).fetch(remote).progress(progress);
    let building = sendable(builder.build_async());
    let mut detector = std::thread::spawn(|| pollster::block_on(building)).join().unwrap().unwrap();
    let steps: Vec<(usize, usize)> = told.iter().collect();
    assert!(steps.last().is_some_and(|(done, all)| done == all), "{steps:?}");
    let picture = Picture::open(root().join("assets/images/rain.jpg")).unwrap();
    let found = std::thread::scope(|scope| {
        let looking = sendable(detector.detect_async(&picture));
        scope.spawn(|| pollster::block_on(looking)).join().unwrap().unwrap()
    });
    assert!(!found.is_empty());
    // What else waits for a GPU.
    drop(sendable(detector.heads_async(&picture)));
    drop(sendable(detector.detect_batch_async([&picture])));
    let options = GpuOptions::default();
    drop(sendable(Gpu::new(&options)));
    let (store, mut notes) = (Store::at(dir.path()), vec![]);
    drop(sendable(roofs::roof(&options, &store, false, &mut notes, &mut |_| {})));
}

/// The labels that the generator wrote with the shipped scenes, against what is found.
#[test]
fn the_shipped_scenes_hold_what_is_found_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = yolov4::low_level::model::zoo::named("demo")
        .unwrap()
        .network(&Default::default(), &mut yolov4::low_level::model::zoo::ModelFiles::cached())
        .unwrap()
        .labels;
    for args in [&["--model", "demo"][..], &["--model", "demo", "--precision", "f16"]] {
        let found = detections(&dir, args);
        let (mut labels, mut hit, mut extra) = (0, 0, 0);
        for scene in SCENES {
            let mut boxes = found[scene].clone();
            for line in fs::read_to_string(root().join(format!("tests/data/scenes/{scene}.txt"))).unwrap().lines() {
                let v: Vec<f64> = line.split(' ').map(|v| v.parse().unwrap()).collect();
                let (w, h) = (v[3] * 800.0, v[4] * 600.0);
                let want = [v[1] * 800.0 - w / 2.0, v[2] * 600.0 - h / 2.0, w, h];
                labels += 1;
                if let Some(at) = boxes.iter().position(|b| b.0 == names[v[0] as usize] && iou(&b.2, &want) > 0.5) {
                    boxes.remove(at);
                    hit += 1;
                }
            }
            extra += boxes.len();
        }
        assert_eq!(labels, 28);
        assert!(hit >= 26 && extra <= 3, "{args:?}: {hit} of {labels} found, {extra} boxes without a label");
    }
}

#[test]
fn by_name_and_by_file_it_is_the_same_network() {
    let dir = tempfile::tempdir().unwrap();
    let file = root().join("assets/demo.safetensors");
    let named = detections(&dir, &["--model", "demo"]);
    assert_eq!(named, detections(&dir, &["--model", file.to_str().unwrap()]));
    let oracle = detections(&dir, &["--model", "demo", "--player", "oracle"]);
    for (scene, boxes) in &named {
        assert_eq!(boxes.len(), oracle[scene].len(), "{scene}");
        for (gpu, cpu) in boxes.iter().zip(&oracle[scene]) {
            assert!(gpu.0 == cpu.0 && (gpu.1 - cpu.1).abs() < 1e-3 && iou(&gpu.2, &cpu.2) > 0.99, "{gpu:?} {cpu:?}");
        }
    }
}

#[test]
fn a_batch_finds_what_single_pictures_do() {
    let dir = tempfile::tempdir().unwrap();
    let one_by_one = detections(&dir, &["--model", "demo"]);
    // Two batches, the second of one picture only.
    assert_eq!(one_by_one, detections(&dir, &["--model", "demo", "--batch", "3"]));
    let (oracle, alone) = (&["--player", "oracle"], &["--model", "demo", "--conf", "0.4", "--size", "128"]);
    let batched = detections(&dir, &[&alone[..], oracle, &["--batch", "4"]].concat());
    assert_eq!(batched, detections(&dir, &[&alone[..], oracle].concat()));
}

#[test]
fn verbose_says_what_came_with_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let scene = root().join("assets/images/rain.jpg");
    let out = run(&dir, &["detect", scene.to_str().unwrap(), "--model", "demo", "--verbose", "--nms", "0.5"]);
    let said = text(&out.stderr);
    for line in ["size 320x320: ", "conf 0.5: comes with the model", "nms 0.5: --nms", "letterbox on: ", "names 10: "] {
        assert!(said.contains(line), "`{line}` in {said}");
    }
}
