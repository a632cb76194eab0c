//! No option is dropped in silence: in every branch of a command it has an effect, or is refused by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// What an option does in a branch.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// What is printed is another thing, or the exit code.
    Change,
    /// Exit code 2, and its name.
    Refuse,
    /// What this test does not see, and where it is seen.
    Elsewhere(&'static str),
}
use Does::{Change, Elsewhere, Refuse};

/// An option of `detect` with a value that makes a difference, and what it does to pictures and to a video.
const DETECT: &[(&str, &str, Does, Does)] = &[
    ("--model", "nosuch.cfg", Change, Change),
    ("--weights", "nosuch.weights", Change, Change),
    ("--size", "160", Change, Change),
    ("--decode", "scaled", Change, Change),
    ("--leaky-slope", "0.3", Change, Change),
    ("--bn-eps", "0.5", Change, Change),
    ("--allow-truncated", "", Elsewhere("cli.rs"), Elsewhere("cli.rs")),
    ("--verbose", "", Change, Change),
    ("--offline", "", Elsewhere("zoo"), Elsewhere("zoo")),
    ("--mirror", "http://127.0.0.1:9", Elsewhere("zoo"), Elsewhere("zoo")),
    ("--backend", "metal", Change, Change),
    ("--adapter", "nosuch", Change, Change),
    ("--precision", "f16", Change, Change),
    ("--player", "oracle", Change, Change),
    ("--tune", "quick", Elsewhere("what_is_measured_is_kept"), Elsewhere("what_is_measured_is_kept")),
    ("--resize", "pytorch", Change, Change),
    (
        "--letterbox",
        "",
        Elsewhere("the demo network letterboxes by itself"),
        Elsewhere("the demo network letterboxes by itself"),
    ),
    ("--no-letterbox", "", Change, Change),
    ("--no-exif", "", Elsewhere("cli.rs"), Refuse),
    ("--names", "nosuch.names", Change, Change),
    ("--labels", "a,b", Change, Change),
    ("--data", "nosuch.data", Change, Change),
    ("--conf", "0.9999", Change, Change),
    ("--nms", "7", Change, Change),
    ("--nms-kind", "diounms", Elsewhere("nms of neighbours alone"), Elsewhere("nms of neighbours alone")),
    ("--agnostic", "", Elsewhere("live.rs"), Elsewhere("live.rs")),
    ("--classes", "stop", Change, Change),
    ("--max-det", "1", Change, Change),
    ("--drop-stages", "1", Change, Change),
    ("--tta", "", Change, Change),
    ("--batch", "2", Elsewhere("demo.rs"), Refuse),
    ("--shard", "0/2", Change, Refuse),
    ("--resume", "", Change, Refuse),
    ("--format", "csv", Change, Change),
    ("--out", "out.json", Change, Change),
    ("--draw", "drawn", Change, Refuse),
    ("--out-video", "out.mjpeg", Refuse, Change),
];

struct Place {
    dir: TempDir,
    cache: TempDir,
}

impl Place {
    /// A picture, a list of it, and three frames of video.
    fn new() -> Self {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let place = Self { dir: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() };
        fs::copy(assets.join("images/rain.jpg"), place.path("rain.jpg")).unwrap();
        fs::write(place.path("list.txt"), "rain.jpg\r\n").unwrap();
        let clip = fs::read(assets.join("clip.mjpeg")).unwrap();
        let ends = clip.windows(2).enumerate().filter(|(_, pair)| *pair == [0xff, 0xd9]).map(|(at, _)| at + 2);
        fs::write(place.path("clip.mjpeg"), &clip[..ends.take(3).last().unwrap()]).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Exit code, what is printed, and what is said, without times, with the names of the files there are then.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yolov4"));
        command.current_dir(self.dir.path()).env("YOLOV4_CACHE", self.cache.path()).args(args);
        let out = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&out.stderr);
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        let timeless = |line: &str| line.split("; ready after").next().unwrap_or_default().to_owned();
        let timed = |line: &&str| line.starts_with("first frame after") || line.starts_with("the player was busy");
        let lines = said.lines().filter(|line| !timed(line)).map(timeless);
        let mut files: Vec<_> = fs::read_dir(self.dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        files.sort();
        let lines = lines.collect::<Vec<_>>().join("\n");
        (out.status.code(), text(&out.stdout), format!("{lines}\n{files:?}"))
    }
}

/// The long options that a command's help lists.
fn listed(place: &Place, command: &str) -> BTreeSet<String> {
    let (_, help, _) = place.run(&[command, "--help"]);
    let starts = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let long = starts.filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")));
    long.map(str::to_owned).filter(|option| option != "--help" && option != "--version").collect()
}

fn with<'a>(base: &[&'a str], option: &'a str, value: &'a str) -> Vec<&'a str> {
    // The base names a model and a size; another one takes its place.
    let mut args: Vec<&str> = base.to_vec();
    if let Some(at) = args.iter().position(|arg| *arg == option) {
        args.drain(at..at + 2);
    }
    args.push(option);
    args.extend((!value.is_empty()).then_some(value));
    args
}

#[test]
fn an_option_of_detect_has_an_effect_or_is_refused_whatever_is_looked_at() {
    let place = Place::new();
    let table: BTreeSet<String> = DETECT.iter().map(|(option, ..)| (*option).to_owned()).collect();
    assert_eq!(table, listed(&place, "detect"), "the table above, and --help");
    for (input, video) in [("rain.jpg", false), ("@list.txt", false), ("clip.mjpeg", true)] {
        let base: &[&str] = if input == "rain.jpg" {
            &["detect", "rain.jpg", "--model", "demo", "--size", "192"]
        } else if video {
            &["detect", "clip.mjpeg", "--model", "demo", "--size", "192"]
        } else {
            &["detect", "@list.txt", "--model", "demo", "--size", "192"]
        };
        let usual = place.run(base);
        assert_eq!(usual.0, Some(0), "{input}: {}", usual.2);
        // A list is pictures by another name: what is refused, and every third of the others.
        let some = |at: usize| !input.starts_with('@') || at.is_multiple_of(3) || DETECT[at].2 == Refuse;
        for (_, (option, value, pictures, of_video)) in DETECT.iter().enumerate().filter(|(at, _)| some(*at)) {
            let got = place.run(&with(base, option, value));
            match if video { *of_video } else { *pictures } {
                Change => assert_ne!(got, usual, "{input}: {option} {value} changes nothing"),
                Refuse => {
                    assert!(got.0 == Some(2) && got.2.contains(option), "{input}: {option}: {got:?}");
                }
                Elsewhere(_) => assert!(matches!(got.0, Some(0 | 1)), "{input}: {option}: {got:?}"),
            }
            let _ = fs::remove_dir_all(place.path("drawn"));
            ["out.json", "out.mjpeg"].iter().for_each(|file| drop(fs::remove_file(place.path(file))));
        }
    }
}

#[test]
fn what_is_measured_is_kept() {
    for input in ["rain.jpg", "clip.mjpeg"] {
        let place = Place::new();
        let kept = || fs::read_dir(place.cache.path().join("tuning")).map_or(0, Iterator::count);
        let base = ["detect", input, "--model", "demo", "--size", "64"];
        assert_eq!(place.run(&[&base[..], &["--tune", "off"]].concat()).0, Some(0));
        assert_eq!(kept(), 0, "{input}");
        let (code, _, said) = place.run(&[&base[..], &["--tune", "quick"]].concat());
        assert!(code == Some(0) && kept() == 1, "{input}: {said}");
    }
}

#[test]
fn an_option_of_view_that_its_source_has_no_use_for_is_refused() {
    let place = Place::new();
    for (source, args, word) in [
        ("clip.mjpeg", &["--camera-size", "64x48"][..], "--camera-size is for cameras"),
        ("clip.mjpeg", &["--no-exif"], "--no-exif is for pictures"),
        ("-", &["--loop"], "--loop is for files"),
        ("screen", &["--loop"], "--loop is for files"),
        ("clip.mjpeg", &["--present", "mailbox"], "cannot be used with '--present <PRESENT>'"),
    ] {
        let (code, _, said) = place.run(&[&["view", source, "--headless", "--model", "demo"], args].concat());
        assert!(code == Some(2) && said.contains(word), "{args:?}: {said}");
    }
    assert_eq!(place.run(&["view", "rain.jpg", "--headless", "--model", "demo", "--no-exif"]).0, Some(0));
}
