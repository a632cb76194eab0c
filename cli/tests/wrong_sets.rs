//! `yolov4 train`: of a wrong set nothing is learnt, and what is wrong is told by file and line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, path::Path};

mod squares;
use squares::{START, said, squares, train};

/// What is done to a good set, and what is said of it then.
type Wrong = (&'static str, fn(&Path), &'static str);

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn label(dir: &Path, text: &str) {
    write(dir, "3.txt", text);
}

fn data(dir: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join("obj.data")).unwrap();
    assert!(text.contains(from), "{text}");
    write(dir, "obj.data", &text.replace(from, to));
}

const WRONG: [Wrong; 24] = [
    ("a class that has no name", |dir| label(dir, "9 .5 .5 .1 .1\n"), "3.txt:1: error"),
    ("a class below 0", |dir| label(dir, "0 .5 .5 .1 .1\n-1 .5 .5 .1 .1\n"), "3.txt:2: error"),
    ("a name that is no class", |dir| label(dir, "cat .5 .5 .1 .1\n"), "3.txt:1: error"),
    ("half a class", |dir| label(dir, "0.5 .5 .5 .1 .1\n"), "3.txt:1: error"),
    ("no number", |dir| label(dir, "0 nan .5 .1 .1\n"), "3.txt:1: error"),
    ("a number without end", |dir| label(dir, "0 .5 inf .1 .1\n"), "3.txt:1: error"),
    ("words for numbers", |dir| label(dir, "0 a b c d\n"), "3.txt:1: error"),
    ("a field too few", |dir| label(dir, "0 .5 .5 .1\n"), "3.txt:1: error"),
    ("commas", |dir| label(dir, "0,.5,.5,.1,.1\n"), "3.txt:1: error"),
    ("a width below 0", |dir| label(dir, "0 .5 .5 -.1 .1\n"), "3.txt:1: error"),
    ("a box beside the picture", |dir| label(dir, "0 1.6 .5 .1 .1\n"), "3.txt:1: error"),
    ("pixels", |dir| label(dir, "0 32 32 10 10\n"), "3.txt:1: error"),
    ("labels that are none", |dir| fs::write(dir.join("3.txt"), [0, 159, 146, 150, 0, 7]).unwrap(), "3.txt"),
    ("a picture that is none", |dir| write(dir, "3.png", "no picture"), "3.png: error"),
    ("an empty picture", |dir| write(dir, "3.png", ""), "3.png: error"),
    (
        "half a picture",
        |dir| {
            let bytes = fs::read(dir.join("3.png")).unwrap();
            fs::write(dir.join("3.png"), &bytes[..bytes.len() / 2]).unwrap();
        },
        "3.png: error",
    ),
    ("a picture that is not there", |dir| fs::remove_file(dir.join("3.png")).unwrap(), "train.txt:4: error"),
    ("a list that is not there", |dir| fs::remove_file(dir.join("train.txt")).unwrap(), "train.txt"),
    ("an empty list", |dir| write(dir, "train.txt", ""), "train.txt"),
    ("no list at all", |dir| data(dir, "train = train.txt\n", ""), "obj.data"),
    ("the same list twice", |dir| data(dir, "valid = valid.txt", "valid = train.txt"), "are train too"),
    (
        "a picture in both lists under two names",
        |dir| {
            fs::copy(dir.join("2.png"), dir.join("v2.png")).unwrap();
        },
        "v2.png: error",
    ),
    ("more classes than names", |dir| data(dir, "classes = 2", "classes = 3"), "error"),
    ("no labels at all", |dir| (0..8).for_each(|n| fs::remove_file(dir.join(format!("{n}.txt"))).unwrap()), "error"),
];

#[test]
fn nothing_is_learnt_of_a_wrong_set() {
    for (what, spoil, said_of_it) in WRONG {
        let dir = squares();
        spoil(dir.path());
        let out = train(dir.path(), &[&START[..], &["2", "--out", "none"]].concat());
        let text = said(&out);
        println!("{what}: {}", text.lines().find(|line| line.contains(said_of_it)).unwrap_or("-"));
        assert!(out.status.code() == Some(1), "{what}: {:?} {text}", out.status.code());
        assert!(text.contains(said_of_it), "{what}: expected {said_of_it}: {text}");
        assert!(!dir.path().join("none").exists(), "{what}: something was begun");
        // --check says the same, whatever else is asked.
        let out = train(dir.path(), &["obj.data", "--check", "--model", "small.cfg"]);
        assert!(out.status.code() == Some(1) && said(&out).contains(said_of_it), "{what}: {}", said(&out));
    }
}
