//! Pictures of two squares each, and a network that learns them by heart.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use image::{Rgb, RgbImage};
use serde_json::Value;

pub fn train(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yolov4")).current_dir(dir).arg("train").args(args).output().unwrap()
}

pub fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// A network of four convolutions for pictures of 64 x 64.
const SMALL: &str = "[net]
width=64
height=64
momentum=0.9
decay=0.0005
learning_rate=0.001
max_batches=100
policy=steps
steps=80,90
scales=.1,.1
hue=.1
saturation=1.5
exposure=1.5

[convolutional]
batch_normalize=1
filters=16
size=3
stride=2
pad=1
activation=leaky

[convolutional]
batch_normalize=1
filters=32
size=3
stride=2
pad=1
activation=leaky

[convolutional]
batch_normalize=1
filters=64
size=3
stride=2
pad=1
activation=leaky

[convolutional]
batch_normalize=1
filters=64
size=3
pad=1
activation=leaky

[convolutional]
filters=14
size=1
activation=linear

[yolo]
mask=0,1
anchors=12,12, 24,24
classes=2
num=2
iou_loss=ciou
iou_normalizer=0.5
ignore_thresh=.7
jitter=.1
scale_x_y=1.05
";

/// Eight pictures of a light square (class 0) and a dark one (class 1) on a coloured ground, and the network.
pub fn squares() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("obj.names", "light\ndark\n");
    write("obj.data", "classes = 2\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\n");
    write("small.cfg", SMALL);
    let mut lists = [String::new(), String::new()];
    for n in 0..8_u32 {
        let mut picture = RgbImage::from_pixel(64, 64, Rgb([90 + 9 * n as u8, 120, 200 - 15 * n as u8]));
        let places = [(4 + 5 * n % 30, 6 + 3 * n, 12, [240; 3]), (38 - 2 * n, 30 + n % 3, 22, [15; 3])];
        let mut labels = String::new();
        for (class, (left, top, side, colour)) in places.into_iter().enumerate() {
            for (x, y) in (left..left + side).flat_map(|x| (top..top + side).map(move |y| (x, y))) {
                picture.put_pixel(x, y, Rgb(colour));
            }
            let part = |v: f64| v / 64.0;
            let centre = |start: u32| part(f64::from(start) + f64::from(side) / 2.0);
            let length = part(f64::from(side));
            labels += &format!("{class} {} {} {length} {length}\n", centre(left), centre(top));
        }
        // What is measured on is nearly the same: one pixel is another, or it would be refused.
        for (part, list) in ["", "v"].into_iter().zip(&mut lists) {
            picture.save(dir.path().join(format!("{part}{n}.png"))).unwrap();
            write(&format!("{part}{n}.txt"), &labels);
            *list += &format!("{part}{n}.png\n");
            picture.put_pixel(63, 63, Rgb([0; 3]));
        }
    }
    write("train.txt", &lists[0]);
    write("valid.txt", &lists[1]);
    dir
}

pub const START: [&str; 8] = ["obj.data", "--model", "small.cfg", "--from", "scratch", "--batch", "8", "--steps"];

pub fn records(dir: &Path, out: &str) -> Vec<Value> {
    let text = fs::read_to_string(dir.join(out).join("log.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
