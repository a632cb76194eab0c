//! The program on videos, from a file to lines of JSON: the boxes of a frame are those of its picture, objects keep their
//! numbers, recordings are whole, and what is cut off, changes its size or is late is told and counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../../tests/common/clips.rs"]
mod clips;
#[path = "../../../tests/common/mod.rs"]
mod common;
mod files;
mod live;
mod people;
mod processor;
mod tracks;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// One box of a line of JSON.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    class: u64,
    score: f64,
    /// Left, top, width, height.
    bbox: [f64; 4],
    id: Option<u64>,
}

impl Found {
    fn iou(&self, other: &Self) -> f64 {
        let ([ax, ay, aw, ah], [bx, by, bw, bh]) = (self.bbox, other.bbox);
        let w = (ax + aw).min(bx + bw) - ax.max(bx);
        let h = (ay + ah).min(by + bh) - ay.max(by);
        if w <= 0.0 || h <= 0.0 { 0.0 } else { w * h / (aw * ah + bw * bh - w * h) }
    }
}

/// On the software adapter, which nobody gets unasked, unless a player is named.
fn run(args: &[&str]) -> Output {
    let player: &[_] = if args.contains(&"--player") { &[] } else { &["--player", "gpu"] };
    Command::new(env!("CARGO_BIN_EXE_yolov4")).args(args).args(player).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The lines of a run that must go well.
fn lines(args: &[&str]) -> Vec<Value> {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}, {}", output.status, stderr(&output));
    parsed(&output)
}

fn parsed(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn found(line: &Value) -> Vec<Found> {
    let each = |d: &Value| {
        let b = |i: usize| d["box"][i].as_f64().unwrap();
        Found {
            class: d["class"].as_u64().unwrap(),
            score: d["score"].as_f64().unwrap(),
            bbox: [b(0), b(1), b(2), b(3)],
            id: d["id"].as_u64(),
        }
    };
    line["detections"].as_array().unwrap().iter().map(each).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The network of the program, as small as it goes: for videos whose boxes do not matter.
const DEMO: [&str; 4] = ["--model", "demo", "--size", "160"];

/// A trained network of the test data, at 320 so that a run takes seconds.
struct Trained {
    name: &'static str,
    args: Vec<String>,
}

/// Both of them, and `frames` frames of the clip from that second on, where somebody walks through the hall. Every second
/// begins with a key frame, so that the cut changes no picture.
fn people(second: usize, frames: usize) -> Option<(Vec<Trained>, TempDir, PathBuf)> {
    if !clips::have_ffmpeg() {
        return None;
    }
    let data = common::test_data()?;
    let whole = data.join("video/people-768x432.mp4");
    let folder = TempDir::new().unwrap();
    let cut = folder.path().join("people.mp4");
    clips::ffmpeg(&format!("-ss {second} -i {} -c copy -frames:v {frames} {{}}", whole.display()), &cut);
    let trained = |name, letterbox: &str| {
        let base = data.join("models").join(name);
        let file = |ending: &str| base.join(format!("{name}.{ending}")).display().to_string();
        let names = data.join("models/coco.names").display().to_string();
        let (cfg, weights) = (file("cfg"), file("weights"));
        let args = ["--model", &cfg, "--weights", &weights, "--names", &names, "--size", "320", letterbox];
        Trained { name, args: args.map(str::to_owned).to_vec() }
    };
    let models = vec![trained("yolo-fastest-1.1-xl", "--no-letterbox"), trained("yolov5n", "--letterbox")];
    Some((models, folder, cut))
}

impl Trained {
    /// The command line that begins and ends like this, with this network between.
    fn lines(&self, first: &[&str], last: &[&str]) -> Vec<Value> {
        let own: Vec<&str> = self.args.iter().map(String::as_str).collect();
        lines(&[first, own.as_slice(), last].concat())
    }
}
