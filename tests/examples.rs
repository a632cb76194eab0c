//! The examples, as a reader would run them, with the demo network. `cargo test` builds them, but not if it is told `--test examples`
//! alone: then `cargo build --release --examples` comes before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{path::PathBuf, process::Command};

const RAIN: &str = "assets/images/rain.jpg";

/// Where cargo has built them, beside this suite.
fn folder() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples")
}

fn run(name: &str, args: &[&str]) -> String {
    let out = Command::new(folder().join(name)).args(args).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn every_example_finds_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.png").display().to_string();
    let lines = |text: String| text.lines().count();
    let one = run("one_picture", &["demo", RAIN]);
    assert!(one.contains("speed limit"), "{one}");
    assert_eq!(lines(run("folder", &["demo", "assets/images"])), std::fs::read_dir("assets/images").unwrap().count());
    let found: serde_json::Value = serde_json::from_str(&run("json", &["demo", RAIN])).unwrap();
    let count = found["detections"].as_array().unwrap().len();
    assert_eq!((count, found["image"].as_str()), (lines(one), Some(RAIN)));
    for name in ["own_device", "pixels"] {
        assert_eq!(run(name, &["demo", RAIN]), format!("{count} objects\n"), "{name}");
    }
    for name in ["batch", "tokio"] {
        assert_eq!(run(name, &["demo", RAIN, RAIN]), format!("{RAIN}: {count} objects\n").repeat(2), "{name}");
    }
    let cut = run("crop", &["demo", RAIN, dir.path().to_str().unwrap()]);
    assert!(lines(cut.clone()) == count && cut.lines().all(|file| image::image_dimensions(file).is_ok()), "{cut}");
    run("custom_draw", &["demo", RAIN, &out]);
    assert_eq!(image::image_dimensions(&out).unwrap(), image::image_dimensions(RAIN).unwrap());
    run("render_pass", &["demo", RAIN, &out]);
    let [before, after] = [RAIN, out.as_str()].map(|path| image::open(path).unwrap().to_rgb8());
    for (x, y, pixel) in after.enumerate_pixels() {
        let inside = |by: f64| {
            found["detections"].as_array().unwrap().iter().any(|object| {
                let [left, top, width, height] = [0, 1, 2, 3].map(|side| object["box"][side].as_f64().unwrap());
                let within =
                    |at: u32, low: f64, length: f64| (low - by..low + length + by).contains(&(f64::from(at) + 0.5));
                within(x, left, width) && within(y, top, height)
            })
        };
        let marked = pixel != before.get_pixel(x, y);
        assert!(if marked { inside(1.0) } else { !inside(-1.0) }, "{x}, {y}: marked {marked}");
    }
    let only = run("only_these", &["demo", RAIN, "speed limit"]);
    assert!(only.lines().all(|line| line.starts_with("speed limit ")) && !only.is_empty(), "{only}");
    let video = run("video", &["demo", "assets/clip.mjpeg"]);
    assert!(video.lines().filter(|line| line.ends_with(char::is_numeric)).count() > 5, "{video}");
}

#[test]
fn every_example_is_run_here() {
    let here = include_str!("examples.rs");
    for file in std::fs::read_dir("examples").unwrap() {
        let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(here.contains(&format!("\"{name}\"")), "examples/{name}.rs");
    }
}
