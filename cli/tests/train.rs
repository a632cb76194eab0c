//! `yolov4 train --check`: what is said of a good set and of a bad one, and the exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use image::{Rgb, RgbImage};
use serde_json::Value;

fn train(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yolov4")).current_dir(dir).arg("train").args(args).output().unwrap()
}

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

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
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
    let text = train(dir.path(), &["obj.data", "--check", "--size", "320x256"]);
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
        (&["obj.data"][..], 2, "only --check is there so far"),
        (&["nosuch.data", "--check"], 1, "nosuch.data"),
        (&["obj.data", "--check", "--valid", "1.5"], 2, "1.5"),
        (&["obj.data", "--check", "--model", "nosuch.cfg"], 1, "nosuch.cfg"),
    ] {
        let out = train(dir.path(), args);
        let text = said(&out);
        assert!(out.status.code() == Some(code) && text.contains(word), "{args:?}: {:?} {text}", out.status.code());
    }
}
