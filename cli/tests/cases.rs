//! Inputs that real people have, each made small after a public report; they lie in `$YOLOV4_TEST_DATA/cases`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs::File,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// A folder of the test data, where there is any.
fn data(name: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("YOLOV4_TEST_DATA") else {
        println!("SKIPPED: YOLOV4_TEST_DATA is not set");
        return None;
    };
    Some(PathBuf::from(data).join(name)).filter(|folder| folder.is_dir())
}

/// `detect --format counts` among the cases, on a photograph if no other picture is named.
struct Case {
    folder: PathBuf,
    cfg: String,
    weights: String,
    extra: Vec<String>,
    picture: Option<String>,
}

impl Case {
    fn new() -> Option<Self> {
        let (folder, model) = (data("cases")?, data("models/yolov4-tiny-voc")?);
        let file = |name: &str| model.join(name).display().to_string();
        let (cfg, weights) = (file("yolov4-tiny-voc.cfg"), file("yolov4-tiny-voc.weights"));
        Some(Self { folder, cfg, weights, extra: vec![], picture: Some("../images/dog.jpg".into()) })
    }

    fn cfg(self, name: &str) -> Self {
        Self { cfg: name.into(), ..self }
    }

    fn weights(self, name: &str) -> Self {
        Self { weights: name.into(), ..self }
    }

    fn with(self, option: &str, value: &str) -> Self {
        Self { extra: vec![option.into(), value.into()], ..self }
    }

    fn of(self, picture: &str) -> Self {
        Self { picture: Some(picture.into()), ..self }
    }

    fn command(&self) -> Command {
        self.command_as("counts")
    }

    fn command_as(&self, format: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yolov4"));
        command.current_dir(&self.folder).args(["detect", "--format", format, "--size", "416", "--tune", "off"]);
        command.args(["--model", &self.cfg, "--weights", &self.weights]).args(&self.extra).args(&self.picture);
        command
    }

    fn run(&self) -> Output {
        self.command().stdin(Stdio::null()).output().unwrap()
    }

    /// What is counted, without the picture's name, and what is said about it.
    fn found(&self) -> (String, String) {
        let out = self.run();
        let (counts, said) = (text(&out.stdout), text(&out.stderr));
        assert!(out.status.success(), "{said}");
        (counts.split_once(": ").unwrap().1.trim().to_owned(), said)
    }

    /// Fails with these words, and no panic.
    fn refused(&self, words: &[&str]) {
        let out = self.run();
        let said = text(&out.stderr);
        assert!(matches!(out.status.code(), Some(1 | 2)), "{said}");
        words.iter().for_each(|word| assert!(said.contains(word), "expected `{word}` in: {said}"));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Lines that begin with `note: `.
fn notes(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.strip_prefix("note: ")).collect()
}

#[test]
fn cfgs_that_differ_in_nothing_that_counts_are_one_network() {
    let Some(case) = Case::new() else { return };
    let (want, _) = case.found();
    assert_eq!(want, "1 1, 2 6, 1 11", "a bicycle, a car and a lorry, a dog");
    for (cfg, note) in [
        ("01-max_chart_loss.cfg", None),
        ("02-beta1.cfg", Some("02-beta1.cfg:227: layer 30 [yolo]: `beta1`")),
        ("03-num9-six-anchors.cfg", Some("num=9, but there are 6 anchors")),
        ("04-gbk-comment.cfg", None),
    ] {
        let (found, said) = Case::new().unwrap().cfg(cfg).found();
        assert_eq!(found, want, "{cfg}");
        let notes: Vec<&str> = notes(&said).into_iter().filter(|note| note.contains(cfg)).collect();
        match note {
            None => assert!(notes.is_empty(), "{notes:?}"),
            Some(word) => assert!(notes.iter().any(|note| note.contains(word)), "{word}: {notes:?}"),
        }
    }
}

#[test]
fn networks_that_load_play() {
    let Some(mut case) = Case::new() else { return };
    case = case.cfg("05-412x412.cfg");
    let mut command = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    command.current_dir(&case.folder).args(["detect", "--format", "counts", "../images/dog.jpg", "--model", &case.cfg]);
    let out = command.args(["--weights", &case.weights, "--tune", "off"]).output().unwrap();
    let said = text(&out.stderr);
    assert!(out.status.success() && text(&out.stdout).contains("11"), "{said}");
    assert!(notes(&said).iter().any(|note| note.contains("412x412 is no multiple of 32")), "{said}");
    // Grey: the weights are another network's, so random ones play.
    let mut command = Command::new(env!("CARGO_BIN_EXE_yolov4"));
    let weights = tempfile::tempdir().unwrap();
    let file = weights.path().join("grey.weights");
    let made = command
        .current_dir(&case.folder)
        .args(["random-weights", "06-grey-channels1.cfg", "--out"])
        .arg(&file)
        .output();
    assert!(made.as_ref().is_ok_and(|out| out.status.success()), "{made:?}");
    let (_, said) = Case::new().unwrap().cfg("06-grey-channels1.cfg").weights(file.to_str().unwrap()).found();
    assert!(said.contains("player: "), "{said}");
}

#[test]
fn names_and_data_files_are_read_as_they_are() {
    let Some(case) = Case::new() else { return };
    let (want, _) = case.with("--names", "crlf.names").found();
    assert_eq!(want, "1 bicycle, 2 car, 1 dog");
    let with = |option: &str, value: &str| Case::new().unwrap().with(option, value);
    assert_eq!(with("--names", "11-bom.names").found().0, want);
    assert_eq!(with("--data", "12-bom.data").found().0, want);
    assert_eq!(with("--data", "26-data-in-cfg/cfg/voc.data").found().0, want);
    with("--data", "13-classes-3.data").refused(&["13-classes-3.data:", "classes = 3", "crlf.names has 20 names"]);
    let (_, said) = with("--names", "20-latin1.names").found();
    assert!(notes(&said).iter().any(|note| note.contains("20-latin1.names") && note.contains("Latin-1")), "{said}");
    let (found, said) = with("--names", "25-dont_show.names").found();
    assert!(!found.contains("dont_show") && said.contains("are not looked for"), "{found}: {said}");
    let (_, said) = with("--data", "28-nonames.data").found();
    assert!(notes(&said).iter().any(|note| note.contains("classes are numbers")), "{said}");
}

#[test]
fn videos_are_seen_as_they_are_shown() {
    let Some(case) = Case::new().map(|case| Case { picture: None, ..case }) else { return };
    let frames = |name: &str| {
        let out = case.command_as("jsonl").arg(name).stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "{name}: {}", text(&out.stderr));
        let lines = text(&out.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let size = |frame: &serde_json::Value| (frame["width"].as_u64().unwrap(), frame["height"].as_u64().unwrap());
    let turned = ["07-phone-rotated.mp4", "07-phone-rotated.mkv"].map(frames);
    assert!(turned.iter().all(|frames| frames.len() == 5 && frames.iter().all(|frame| size(frame) == (416, 312))));
    // The same boxes, but for what is rounded when ffmpeg makes limited range of full.
    for (one, other) in turned[0].iter().zip(&turned[1]) {
        let (one, other) = (one["detections"].as_array().unwrap(), other["detections"].as_array().unwrap());
        assert_eq!(one.len(), other.len());
        for (one, other) in one.iter().zip(other) {
            let number = |value: &serde_json::Value| value.as_f64().unwrap();
            let sides = |found: &serde_json::Value| (0..4).map(|i| number(&found["box"][i])).collect::<Vec<_>>();
            let near = sides(one).iter().zip(sides(other)).all(|(one, other)| (one - other).abs() < 2.0);
            let scores = (number(&one["score"]) - number(&other["score"])).abs() < 0.04;
            assert!(one["class"] == other["class"] && near && scores, "{one}, {other}");
        }
    }
    for (name, count) in [
        ("08-cut-ss-copy.mp4", 12),
        ("10-vfr.mp4", 10),
        ("10-vfr.mkv", 10),
        ("10-vfr.webm", 10),
        ("30-size-change.mp4", 19),
    ] {
        assert_eq!(frames(name).len(), count, "{name}");
    }
    let out = case.command().arg("15-audio-only.mp4").stdin(Stdio::null()).output().unwrap();
    let said = text(&out.stderr);
    assert!(said.contains("15-audio-only.mp4: there is no video in it") && !said.contains("ffmpeg"), "{said}");
}

#[test]
fn weights_that_are_no_weights_are_told_as_such() {
    let Some(case) = Case::new() else { return };
    case.weights("17-lfs.weights").refused(&["17-lfs.weights: is a pointer of Git LFS"]);
    Case::new().unwrap().weights("17-html.weights").refused(&["17-html.weights: is a web page"]);
}

#[test]
fn pictures_are_seen_or_told_as_what_they_are() {
    let Some(case) = Case::new() else { return };
    let (found, said) = case.of("14-no-eoi.jpg").found();
    assert!(
        !found.is_empty() && notes(&said).iter().any(|note| note.contains("14-no-eoi.jpg: ends without")),
        "{said}"
    );
    let of = |picture: &str| Case::new().unwrap().of(picture);
    of("18-photo.heic").refused(&["18-photo.heic: is HEIC", "convert it to JPEG or PNG"]);
    of("16-list.txt").refused(&["16-list.txt: is a list, not a picture: @16-list.txt"]);
    assert!(of("27-16bit-dark.png").run().status.success());
    // A list by its name, on standard input, and as Darknet has it, without a word.
    let counted = |case: &Case, input: Option<&str>| {
        let stdin = input.map_or_else(Stdio::null, |name| File::open(case.folder.join(name)).unwrap().into());
        let out = case.command().stdin(stdin).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stdout)
    };
    let by_name = counted(&of("@16-list.txt"), None);
    assert!(by_name.lines().count() > 1, "{by_name}");
    assert_eq!(counted(&of("-"), Some("16-list.txt")), by_name);
    assert_eq!(counted(&Case { picture: None, ..Case::new().unwrap() }, Some("16-list.txt")), by_name);
}
