//! The program at the terminal: exit codes, formats, and what it says about bad files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use tempfile::TempDir;

/// A network small enough for the oracle: two convolutions, one head, two classes.
const CFG: &str = "[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\n\
                   stride=2\npad=1\nactivation=leaky\n\n[convolutional]\nfilters=14\nsize=1\nstride=1\npad=1\n\
                   activation=linear\n\n[yolo]\nmask=0,1\nanchors=4,6, 9,8\nclasses=2\nnum=2\nscale_x_y=1.05\n";

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.write("net.cfg", CFG.as_bytes());
        place.write("net.names", b"cat\ndog\n");
        let weights = place.run(&["random-weights", "net.cfg", "--seed", "3", "--out", "net.weights"]);
        assert!(weights.status.success(), "{weights:?}");
        place.picture("a.png", 40, 30);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn picture(&self, name: &str, w: u32, h: u32) {
        let pixel = |x: u32, y: u32| Rgb([(x * 7 % 256) as u8, (y * 11 % 256) as u8, ((x ^ y) % 256) as u8]);
        ImageBuffer::from_fn(w, h, pixel).save(self.path(name)).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_yolov4")).args(args).current_dir(self.dir.path()).output().unwrap()
    }

    /// `detect` to JSON, which must go well.
    fn found(&self, args: &[&str]) -> serde_json::Value {
        let out = self.detect(&[args, &["--format", "json"]].concat());
        assert_eq!(code(&out), 0, "{out:?}");
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Names of the files in a folder, sorted.
    fn listed(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `detect` by the oracle, with a threshold that random weights reach.
    fn detect(&self, args: &[&str]) -> Output {
        let mut all = vec!["detect", "--model", "net.cfg"];
        if !args.contains(&"--conf") {
            all.extend(["--conf", "0.2"]);
        }
        if !args.contains(&"--player") {
            all.extend(["--player", "oracle"]);
        }
        if !args.contains(&"--weights") {
            all.extend(["--weights", "net.weights"]);
        }
        all.extend(args);
        self.run(&all)
    }
}

fn code(output: &Output) -> i32 {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output.status.code().unwrap()
}

fn fails(output: &Output, exit: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(code(output), exit, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "expected `{word}` in: {stderr}");
    }
}

#[test]
fn counts_are_those_of_the_boxes() {
    let place = Place::new();
    place.picture("b.png", 64, 9);
    let found = place.found(&["a.png", "b.png", "--names", "net.names"]);
    let line = |picture: &serde_json::Value| {
        let of = |name: &str| picture["detections"].as_array().unwrap().iter().filter(|d| d["name"] == name).count();
        let each = ["cat", "dog"].iter().filter(|name| of(name) > 0).map(|name| format!("{} {name}", of(name)));
        let each: Vec<String> = each.collect();
        let told = if each.is_empty() { "nothing".into() } else { each.join(", ") };
        format!("{}: {told}\n", picture["image"].as_str().unwrap())
    };
    let want: String = found.as_array().unwrap().iter().map(line).collect();
    let counts = ["a.png", "b.png", "--names", "net.names", "--format", "counts"];
    assert_eq!(String::from_utf8(place.detect(&counts).stdout).unwrap(), want);
    assert_eq!(code(&place.detect(&[&counts[..], &["--out", "counts.txt"]].concat())), 0);
    assert_eq!(fs::read_to_string(place.path("counts.txt")).unwrap(), want);
    let none = place.detect(&["a.png", "--format", "counts", "--conf", "1"]);
    assert_eq!(String::from_utf8(none.stdout).unwrap(), "a.png: nothing\n");
}

#[test]
fn class_names_may_be_given_by_themselves() {
    let place = Place::new();
    let found = place.found(&["a.png", "--labels", "puss,hound"]);
    let found = found[0]["detections"].as_array().unwrap();
    assert!(!found.is_empty(), "the threshold is too high for this test");
    assert!(found.iter().all(|d| ["puss", "hound"].contains(&d["name"].as_str().unwrap())), "{found:?}");
    fails(&place.detect(&["a.png", "--labels", "puss"]), 2, &["labels: expected 2 class names", "found 1"]);
    fails(&place.detect(&["a.png", "--labels", "puss,hound", "--names", "net.names"]), 2, &["--labels", "--names"]);
}

#[test]
fn json_follows_its_schema() {
    let place = Place::new();
    let out = place.detect(&["a.png", "--names", "net.names", "--format", "json"]);
    assert_eq!(code(&out), 0, "{out:?}");
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let schema = fs::read_to_string(root.join("assets/detections.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    jsonschema::validate(&schema, &found).unwrap();
    let list = found[0]["detections"].as_array().unwrap();
    assert!(!list.is_empty(), "the threshold is too high for this test");
    assert!(list.iter().all(|d| ["cat", "dog"].contains(&d["name"].as_str().unwrap())));
    let broken: serde_json::Value = serde_json::json!([{ "image": "a.png" }]);
    assert!(jsonschema::validate(&schema, &broken).is_err(), "the schema accepts anything");
}

#[test]
fn every_format_is_written() {
    let place = Place::new();
    place.picture("000000000139.png", 40, 30);
    for format in ["table", "json", "jsonl", "coco", "yolo", "csv"] {
        let target = format!("out.{format}");
        let out = place.detect(&["000000000139.png", "--format", format, "--out", &target]);
        assert_eq!(code(&out), 0, "{format}: {out:?}");
        let text = fs::read_to_string(place.path(&target)).unwrap();
        assert!(text.lines().count() >= 1 && !text.trim().is_empty(), "{format}: {text}");
        if format == "coco" {
            let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(rows[0]["image_id"], 139);
        }
    }
}

#[test]
fn one_bad_picture_among_many_costs_the_exit_code_only() {
    let place = Place::new();
    place.write("b.png", b"not a picture");
    place.picture("c.png", 9, 9);
    let out = place.detect(&["a.png", "b.png", "missing.png", "c.png", "--format", "json"]);
    fails(&out, 1, &["b.png", "missing.png"]);
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 2);
    // On the GPU in a batch, in their order.
    let batch = ["--player", "gpu", "--batch", "3", "--format", "json"];
    let out = place.detect(&[&["a.png", "b.png", "c.png", "missing.png", "a.png"], &batch[..]].concat());
    fails(&out, 1, &["b.png", "missing.png"]);
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|p| p["image"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "c.png", "a.png"]);
    assert_eq!(found[0]["detections"], found[2]["detections"]);
    fails(&place.detect(&["a.png", "--batch", "0"]), 2, &["--batch"]);
}

#[test]
fn pictures_of_every_kind_are_read() {
    let place = Place::new();
    place.picture("one.png", 1, 1);
    place.picture("wide.png", 20_000, 3);
    ImageBuffer::from_fn(9, 7, |x, y| Luma([(x * 5000 + y) as u16])).save(place.path("deep.png")).unwrap();
    ImageBuffer::from_fn(9, 7, |x, _| LumaA([x as u8, 99])).save(place.path("grey-alpha.png")).unwrap();
    ImageBuffer::from_fn(9, 7, |x, y| Rgba([x as u8, y as u8, 3, 0])).save(place.path("alpha.png")).unwrap();
    let names = ["one.png", "wide.png", "deep.png", "grey-alpha.png", "alpha.png"];
    let out = place.detect(&[&names[..], &["--format", "json"]].concat());
    assert_eq!(code(&out), 0, "{out:?}");
}

/// A JPEG with an EXIF orientation of 6: to be turned a quarter clockwise.
fn turned_jpeg() -> Vec<u8> {
    let mut plain = std::io::Cursor::new(Vec::new());
    let wide: ImageBuffer<Rgb<u8>, _> = ImageBuffer::from_fn(40, 20, |x, _| Rgb([x as u8 * 6, 0, 0]));
    DynamicImage::from(wide).write_to(&mut plain, ImageFormat::Jpeg).unwrap();
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut segment = vec![0xff, 0xe1, 0, (exif.len() + 2) as u8];
    segment.append(&mut exif);
    let mut bytes = plain.into_inner();
    bytes.splice(2..2, segment);
    bytes
}

#[test]
fn exif_turns_a_picture_unless_told_not_to() {
    let place = Place::new();
    place.write("turned.jpg", &turned_jpeg());
    let size = |args: &[&str]| {
        let out = place.detect(&[&["turned.jpg", "--format", "json"], args].concat());
        assert_eq!(code(&out), 0, "{out:?}");
        let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        (found[0]["width"].as_u64().unwrap(), found[0]["height"].as_u64().unwrap())
    };
    assert_eq!(size(&[]), (20, 40));
    assert_eq!(size(&["--no-exif"]), (40, 20));
    // EXIF that makes no sense turns nothing.
    let mut bytes = turned_jpeg();
    let tiff = bytes.windows(2).position(|w| w == b"MM").unwrap();
    bytes[tiff..tiff + 8].fill(0xee);
    place.write("turned.jpg", &bytes);
    assert_eq!(size(&[]), (40, 20));
}

#[test]
fn a_truncated_or_empty_picture_is_one_sentence() {
    let place = Place::new();
    for kind in ["png", "jpg", "bmp", "gif", "tif", "webp", "ppm"] {
        let name = format!("whole.{kind}");
        place.picture(&name, 40, 30);
        assert_eq!(code(&place.detect(&[&name])), 0, "{kind}");
        let whole = fs::read(place.path(&name)).unwrap();
        let half = format!("half.{kind}");
        place.write(&half, &whole[..whole.len() / 2]);
        fails(&place.detect(&[&half]), 1, &[&half, "cannot be decoded"]);
    }
    // Only the last marker is missing; and one in front, of a thumbnail say, is not the end.
    let whole = turned_jpeg();
    place.write("endless.jpg", &whole[..whole.len() - 2]);
    let out = place.detect(&["endless.jpg"]);
    assert_eq!(code(&out), 0);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("note: endless.jpg: ends without its end-of-image marker, but all rows are there"), "{said}");
    place.write("cut.jpg", &whole[..whole.len() - 30]);
    fails(&place.detect(&["cut.jpg"]), 1, &["cut.jpg", "cut off before its last row"]);
    let thumbnail = [&whole[..2], &[0xff, 0xec, 0, 4, 0xff, 0xd9], &whole[2..whole.len() / 2]].concat();
    place.write("thumbnail.jpg", &thumbnail);
    fails(&place.detect(&["thumbnail.jpg"]), 1, &["thumbnail.jpg", "cut off before its last row"]);
    place.write("trailing.jpg", &[&whole[..], b"more"].concat());
    assert_eq!(code(&place.detect(&["trailing.jpg"])), 0);
    place.write("empty.png", b"");
    fails(&place.detect(&["empty.png"]), 1, &["empty.png: is empty"]);
}

/// A red JPEG in CMYK, inverted as Adobe's programs and Pillow write it.
const CMYK: &[u8] = include_bytes!("../../tests/data/cmyk.jpg");

#[test]
fn a_cmyk_jpeg_has_its_colours() {
    let picture = yolov4::Picture::decode(CMYK, "cmyk.jpg", true).unwrap();
    assert_eq!((picture.width, picture.height), (16, 8));
    let near = |got: u8, want: u8| got.abs_diff(want) <= 4;
    for pixel in picture.rgba.chunks_exact(4) {
        assert!(near(pixel[0], 255) && near(pixel[1], 0) && near(pixel[2], 0), "expected red, found {pixel:?}");
    }
    let place = Place::new();
    place.write("cmyk.jpg", CMYK);
    assert_eq!(code(&place.detect(&["cmyk.jpg"])), 0);
}

#[test]
fn a_picture_without_pixels_is_an_error_in_the_library() {
    let place = Place::new();
    let builder = yolov4::Detector::builder().model(place.path("net.cfg")).weights(place.path("net.weights"));
    let mut detector = builder.player(yolov4::PlayerChoice::Oracle).build().unwrap();
    for (width, height, bytes) in [(0, 4, 0), (2, 2, 15), (usize::MAX, 3, 12)] {
        let picture = yolov4::Picture { width, height, rgba: vec![0; bytes] };
        let error = detector.detect(&picture).unwrap_err().to_string();
        assert!(error.contains(&format!("{width} x {height} pixels")), "{error}");
    }
}

#[test]
fn folders_globs_and_standard_input() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    place.picture("in/b.png", 9, 9);
    place.picture("in/c.JPG", 9, 9);
    place.write("in/notes.txt", b"no picture");
    let images = |args: &[&str]| -> Vec<String> {
        let found = place.found(args);
        found.as_array().unwrap().iter().map(|r| r["image"].as_str().unwrap().replace('\\', "/")).collect()
    };
    assert_eq!(images(&["in"]), ["in/b.png", "in/c.JPG"]);
    assert_eq!(images(&["a.png", "in/*.png"]), ["a.png", "in/b.png"]);
    fails(&place.detect(&["in/*.bmp"]), 1, &["in/*.bmp"]);
    fs::create_dir(place.path("empty")).unwrap();
    fails(&place.detect(&["empty"]), 2, &["no pictures"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args(["detect", "-", "--model", "net.cfg", "--weights", "net.weights", "--player", "oracle"])
        .args(["--format", "json", "--conf", "0.2"])
        .current_dir(place.dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(place.path("a.png")).unwrap()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(code(&out), 0, "{out:?}");
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found[0]["image"], "-");
    assert_eq!(found[0]["detections"], place.found(&["a.png"])[0]["detections"]);
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args(["detect", "a.png", "--model", "net.cfg", "--weights", "net.weights", "--player", "oracle"])
        .current_dir(place.dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(code(&child.wait_with_output().unwrap()), 0);
}

#[test]
fn usage_errors_exit_with_2() {
    let place = Place::new();
    for args in [
        &["a.png", "--size", "0"][..],
        &["a.png", "--format", "xml"],
        &["a.png", "--conf", "7"],
        &["a.png", "--max-det", "0"],
        &["a.png", "--classes", "unicorn"],
        &["a.png", "--resize", "pytorch", "--no-letterbox"],
    ] {
        let out = place.detect(args);
        assert_eq!(code(&out), 2, "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stdout.is_empty());
    }
}

#[test]
fn folders_that_are_not_there_and_full_disks() {
    let place = Place::new();
    fails(&place.detect(&["a.png", "--out", "no/such/out.json"]), 1, &["no/such"]);
    fails(&place.detect(&["a.png", "--draw", "no/such"]), 1, &["no/such"]);
    if Path::new("/dev/full").exists() {
        fails(&place.detect(&["a.png", "--out", "/dev/full"]), 1, &["/dev/full"]);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let out = Command::new(env!("CARGO_BIN_EXE_yolov4"))
            .args(["detect", "a.png", "--model", "net.cfg", "--weights", "net.weights", "--player", "oracle"])
            .current_dir(place.dir.path())
            .stdout(full)
            .output()
            .unwrap();
        fails(&out, 1, &["stdout"]);
        // A device stays one, whatever is written to it.
        fails(&place.run(&["random-weights", "net.cfg", "--out", "/dev/full"]), 1, &["/dev/full"]);
        assert!(!Path::new("/dev/full").is_file());
    }
    let left: Vec<_> = fs::read_dir(place.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn drawing_writes_a_picture_of_the_same_size() {
    let place = Place::new();
    assert_eq!(code(&place.detect(&["a.png", "--draw", "drawn"])), 0);
    let drawn = image::open(place.path("drawn/a.png")).unwrap();
    assert_eq!((drawn.width(), drawn.height()), (40, 30));
}

#[test]
fn what_is_made_of_one_picture_never_replaces_what_is_made_of_another() {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for name in ["v.1.png", "v.png", "in/v.png", "in/V.jpg"] {
        place.picture(name, 9, 9);
    }
    let pictures = ["v.1.png", "v.png", "in/v.png", "in/V.jpg"];
    assert_eq!(code(&place.detect(&[&pictures[..], &["--draw", "drawn"]].concat())), 0);
    assert_eq!(place.listed("drawn"), ["V.jpg.png", "v.1.png", "v.png-2.png", "v.png.png"]);
    let yolo = [&pictures[..], &["--format", "yolo"]].concat();
    fails(&place.detect(&yolo), 2, &["--out"]);
    assert_eq!(code(&place.detect(&[&yolo[..], &["--out", "labels"]].concat())), 0);
    assert_eq!(place.listed("labels"), ["V.jpg.txt", "v.1.txt", "v.png-2.txt", "v.png.txt"]);
    let boxes = place.found(&["v.1.png"])[0]["detections"].as_array().unwrap().len();
    assert_eq!(fs::read_to_string(place.path("labels/v.1.txt")).unwrap().lines().count(), boxes);
}

#[test]
fn a_file_of_the_users_beside_the_result_stays() {
    let place = Place::new();
    place.write("out.json.part", b"mine");
    place.write("out.json.journal", b"mine too");
    assert_eq!(code(&place.detect(&["a.png", "--format", "json", "--out", "out.json"])), 0);
    assert_eq!(fs::read(place.path("out.json.part")).unwrap(), b"mine");
    assert_eq!(fs::read(place.path("out.json.journal")).unwrap(), b"mine too");
    fails(&place.detect(&["a.png", "--out", "."]), 2, &["is a folder"]);
}

#[test]
fn a_name_without_an_image_id_is_told_before_any_work() {
    let place = Place::new();
    place.picture("000000000139.png", 9, 9);
    let out = place.detect(&["000000000139.png", "a.png", "--format", "coco", "--weights", "missing.weights"]);
    fails(&out, 2, &["a.png: expected a file name that ends in COCO's image id"]);
}

#[test]
fn lines_are_written_as_they_are_found() {
    let place = Place::new();
    let out = place.detect(&["a.png", "missing.png", "a.png", "--format", "jsonl"]);
    fails(&out, 1, &["missing.png"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().filter(|l| serde_json::from_str::<serde_json::Value>(l).is_ok()).count(), 2);
}

#[test]
fn diounms_takes_the_exponent_of_the_cfg() {
    let place = Place::new();
    let boxes = |beta: &str, kind: &[&str]| {
        place.write("net.cfg", format!("{CFG}beta_nms={beta}\n").as_bytes());
        place.found(&[&["a.png", "--conf", "0.1", "--nms", "0.2"], kind].concat())
    };
    // An exponent near nothing makes every distance count in full: nothing is silenced but what lies on the same spot.
    let (far, near) = (boxes("0.001", &["--nms-kind", "diounms"]), boxes("9", &["--nms-kind", "diounms"]));
    assert_ne!(far, near);
    assert_eq!(boxes("0.001", &["--nms-kind", "greedynms"]), boxes("9", &["--nms-kind", "greedynms"]));
    assert_eq!(boxes("9", &["--nms-kind", "greedynms"]), boxes("0.6", &["--nms-kind", "diounms"]));
}

#[test]
fn heads_are_written_as_named() {
    let place = Place::new();
    for player in ["oracle", "gpu"] {
        let args = ["heads", "a.png", "--model", "net.cfg", "--weights", "net.weights", "--node", "0"];
        let out = place.run(&[&args[..], &["--out", "h.safetensors", "--player", player]].concat());
        assert_eq!(code(&out), 0, "{out:?}");
        let bytes = fs::read(place.path("h.safetensors")).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for (name, shape) in [("input", [1, 3, 32, 32]), ("head.0", [1, 14, 16, 16]), ("node.0", [1, 8, 16, 16])] {
            let tensor = tensors.tensor(name).unwrap();
            assert_eq!(tensor.shape(), shape, "{name}");
            assert_eq!(tensor.dtype(), safetensors::Dtype::F32);
        }
        assert_eq!(tensors.len(), 3);
    }
}

#[test]
fn weights_of_another_length_are_told_to_the_byte() {
    let place = Place::new();
    let whole = fs::read(place.path("net.weights")).unwrap();
    let detect = |name: &str| place.detect(&["a.png", "--weights", name]);
    place.write("short.weights", &whole[..whole.len() - 4]);
    let expected = format!("expected {} bytes, found {}", grouped(whole.len()), grouped(whole.len() - 4));
    fails(&detect("short.weights"), 1, &[&expected, "ends inside the last [convolutional], layer 1"]);
    place.write("long.weights", &[&whole[..], &[0; 8]].concat());
    fails(&detect("long.weights"), 1, &["there is more than the network"]);
    place.write("zero.weights", b"");
    fails(&detect("zero.weights"), 1, &["zero.weights: expected a header of 20 bytes, found 0"]);
    let mut swapped = whole.clone();
    swapped[..12].chunks_mut(4).for_each(<[u8]>::reverse);
    place.write("swapped.weights", &swapped);
    fails(&detect("swapped.weights"), 1, &["big-endian"]);
    fails(&detect("missing.weights"), 1, &["missing.weights"]);
    // The old header counts pictures in 32 bits.
    let old = [&0i32.to_le_bytes()[..], &1i32.to_le_bytes(), &0i32.to_le_bytes(), &[0; 4], &whole[20..]].concat();
    place.write("old.weights", &old);
    let (new, old) = (detect("net.weights"), detect("old.weights"));
    assert_eq!(code(&old), 0, "{old:?}");
    assert_eq!(new.stdout, old.stdout);
}

fn grouped(n: usize) -> String {
    if n >= 1000 { format!("{},{:03}", n / 1000, n % 1000) } else { n.to_string() }
}

#[test]
fn a_truncated_weights_file_is_taken_when_asked() {
    let place = Place::new();
    let whole = fs::read(place.path("net.weights")).unwrap();
    let first = 20 + 4 * (4 * 8 + 8 * 3 * 9);
    place.write("net.conv.1", &whole[..first]);
    fails(&place.detect(&["a.png", "--weights", "net.conv.1"]), 1, &["ends before the last [convolutional]"]);
    let out = place.detect(&["a.png", "--weights", "net.conv.1", "--allow-truncated"]);
    fails(&out, 0, &["holds the first 1 of 2 layers with weights"]);
}

#[test]
fn a_cfg_that_cannot_be_is_told_by_file_line_and_section() {
    let place = Place::new();
    let cases: &[(&str, &str, &[&str])] = &[
        ("[route]\nlayers=7\n", "", &["bad.cfg:22: layer 2 [route]", "layers=7 means layer 7"]),
        ("[route]\nlayers=-9\n", "", &["layer 2 [route]", "layers=-9"]),
        ("[route]\n", "", &["expected layers"]),
        ("[shortcut]\nfrom=5\n", "", &["layer 2 [shortcut]", "from=5"]),
        ("[reorg3d]\nstride=2\n", "", &["[reorg3d] layers are not supported"]),
        ("[shortcut]\nfrom=-2\nweights_type=per_channel\n", "", &["weights_type=per_channel is not supported"]),
        ("[convolutional]\nfilters=1000000000\nsize=3\n", "", &["filters"]),
        ("[convolutional]\nfilters=8\nsize=0\n", "", &["size"]),
        (
            "[convolutional]\nfitlers=8\n",
            "",
            &["bad.cfg:22: layer 2 [convolutional]: unknown key `fitlers`: is `filters` meant?"],
        ),
        ("[convolutional]\nfilters=many\n", "", &["expected a whole number", "many"]),
        ("[maxpool]\nsize=2\nstride=0\n", "", &["stride"]),
        ("[convolutional]\nfilters=8\nactivation=tanh\n", "", &["activation `tanh` is not supported"]),
        ("", "mask=0,1", &["mask 5 is beyond"]),
    ];
    for (section, mask, words) in cases {
        let mut text = CFG.replace("[yolo]", &format!("{section}\n[yolo]"));
        if !mask.is_empty() {
            text = text.replace(mask, "mask=0,5");
        }
        place.write("bad.cfg", text.as_bytes());
        let out = place.run(&["explain", "bad.cfg"]);
        fails(&out, 1, words);
        fails(&out, 1, &["bad.cfg:"]);
    }
    for (bytes, words) in [
        (&b""[..], "empty file"),
        (b"[net]\nwidth=32\nheight=32\n", "no layers"),
        (b"[convolutional]\nfilters=3\n", "expected [net] first"),
        (b"filters=3\n", "expected [net]"),
        (b"[net]\n\xff\xfe=1\n", "is not UTF-8"),
        (b"[net]\nwidth=32\nheight=32\n[convolutional]\nfilters=3\n", "no [yolo]"),
    ] {
        place.write("bad.cfg", bytes);
        fails(&place.run(&["explain", "bad.cfg"]), 1, &["bad.cfg:", words]);
    }
    // Fewer than the list, as a published cfg has it: a remark, not an error.
    place.write("net.cfg", CFG.replace("num=2", "num=1").as_bytes());
    fails(&place.detect(&["a.png"]), 0, &["num=1, but there are 2 anchors"]);
}

/// Root may read everything, so root runs the program as nobody.
#[cfg(unix)]
#[test]
fn no_permission_is_one_sentence() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};
    let place = Place::new();
    let mode = |name: &str, mode: u32| fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    // Where cargo put the program, nobody may not be let in.
    fs::copy(env!("CARGO_BIN_EXE_yolov4"), place.path("program")).unwrap();
    mode("program", 0o755);
    mode("", 0o755);
    fs::create_dir(place.path("closed")).unwrap();
    place.picture("closed/c.png", 9, 9);
    let root = fs::read("/proc/self/status").is_ok_and(|s| String::from_utf8_lossy(&s).contains("\nUid:\t0\t"));
    let run = |args: &[&str]| {
        let mut command = Command::new(place.path("program"));
        command.args(["detect", "--model", "net.cfg", "--weights", "net.weights", "--player", "oracle"]).args(args);
        if root {
            command.uid(65534).gid(65534);
        }
        command.current_dir(place.dir.path()).output().unwrap()
    };
    assert_eq!(code(&run(&["a.png"])), 0);
    mode("closed", 0o000);
    fails(&run(&["closed/c.png"]), 1, &["closed/c.png", "ermission denied"]);
    mode("closed", 0o755);
    mode("a.png", 0o000);
    fails(&run(&["a.png"]), 1, &["a.png: ", "ermission denied"]);
    mode("net.weights", 0o000);
    fails(&run(&["closed/c.png"]), 1, &["net.weights: ", "ermission denied"]);
    mode("net.weights", 0o644);
    mode("", 0o555);
    fails(&run(&["closed/c.png", "--out", "out.json"]), 1, &["out.json: ", "ermission denied"]);
    mode("", 0o755);
}

#[test]
fn an_adapter_that_is_not_there_is_an_error_and_so_is_a_layer() {
    let place = Place::new();
    let out = place.detect(&["a.png", "--player", "auto", "--adapter", "no such card"]);
    fails(&out, 1, &["no such card"]);
    assert!(out.stdout.is_empty());
    let heads = ["heads", "a.png", "--model", "net.cfg", "--weights", "net.weights", "--player", "oracle"];
    let out = place.run(&[&heads[..], &["--out", "h.safetensors", "--node", "99"]].concat());
    fails(&out, 2, &["layer 99"]);
    assert!(!place.path("h.safetensors").exists());
}

#[test]
fn a_full_stderr_is_no_panic() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let place = Place::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args([
            "detect",
            "a.png",
            "missing.png",
            "--model",
            "net.cfg",
            "--weights",
            "net.weights",
            "--player",
            "oracle",
        ])
        .current_dir(place.dir.path())
        .stdout(Stdio::null())
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_network_by_name_and_the_cfg_that_is_written_for_it_are_one() {
    let place = Place::new();
    let small = ["--width", "0.25", "--depth", "0.34", "--classes", "2", "--size", "128x64"];
    let cfg = place.run(&[&["model", "yolov4-p5"], &small[..]].concat());
    assert_eq!(code(&cfg), 0, "{cfg:?}");
    place.write("written.cfg", &cfg.stdout);
    let explained = place.run(&["explain", "written.cfg", "--json"]);
    let emitted = place.run(&[&["model", "yolov4-p5", "--emit", "json"], &small[..]].concat());
    assert_eq!(String::from_utf8_lossy(&explained.stdout), String::from_utf8_lossy(&emitted.stdout));
    let chart = place.run(&[&["model", "yolov4-p5", "--emit", "mermaid"], &small[..]].concat());
    assert!(String::from_utf8_lossy(&chart.stdout).starts_with("flowchart"));
    fails(&place.run(&["model", "yolov4-p5", "--anchors", "1,2,3"]), 2, &["expected pairs, found 3 numbers"]);
    fails(&place.run(&["model", "yolov4-p5", "--stages", "9"]), 2, &["stages: expected 4 to 7, found 9"]);
    fails(&place.run(&["model", "yolov9"]), 2, &["yolov4-csp"]);
    fails(&place.run(&["explain", "yolov9"]), 2, &["yolov9", "yolov4-csp"]);
    fails(&place.run(&["explain", "missing.cfg"]), 1, &["missing.cfg"]);
    // A name is as good as a file everywhere.
    assert_eq!(code(&place.run(&["explain", "yolov4-p6"])), 0);
    assert_eq!(code(&place.run(&["random-weights", "yolov4-tiny", "--out", "tiny.weights"])), 0);
    assert_eq!(fs::metadata(place.path("tiny.weights")).unwrap().len(), 24_251_276);
    let out = place.run(
        &[
            &["detect", "a.png", "--model", "yolov4-tiny", "--weights", "tiny.weights"][..],
            &["--size", "64", "--player", "oracle"],
        ]
        .concat(),
    );
    assert_eq!(code(&out), 0, "{out:?}");
}

#[test]
fn completions_and_manual_come_from_the_options() {
    let place = Place::new();
    let out = place.run(&["completions", "bash"]);
    assert!(code(&out) == 0 && String::from_utf8_lossy(&out.stdout).contains("--nms-kind"));
    let out = place.run(&["man"]);
    assert!(code(&out) == 0 && String::from_utf8_lossy(&out.stdout).contains("detect"));
}

#[test]
fn gpu_and_oracle_agree_at_the_terminal() {
    let place = Place::new();
    let json = |player: &str| {
        let out = place.detect(&["a.png", "--format", "json", "--player", player]);
        assert_eq!(code(&out), 0, "{out:?}");
        let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        found[0]["detections"].as_array().unwrap().len()
    };
    assert_eq!(json("gpu"), json("oracle"));
    let check = place.run(&["check", "--model", "net.cfg", "--weights", "net.weights"]);
    assert_eq!(code(&check), 0, "{check:?}");
    assert!(String::from_utf8_lossy(&check.stdout).contains("nodes compared"));
    let all = place.run(&["check", "--model", "net.cfg", "--weights", "net.weights", "--all"]);
    let text = String::from_utf8(all.stdout).unwrap();
    assert!(text.contains(&format!("{} nodes compared", text.lines().count() - 2)), "{text}");
    let adapters = place.run(&["adapters", "--json"]);
    let adapters: serde_json::Value = serde_json::from_slice(&adapters.stdout).unwrap();
    assert!(adapters[0]["max_binding_bytes"].as_u64().unwrap() > 0);
    // Wider than any texture may be: resampled on the host, the same boxes.
    place.picture("wide.png", 20_000, 30);
    let boxes = |player: &str| place.found(&["wide.png", "--player", player])[0]["detections"].clone();
    let (gpu, oracle) = (boxes("gpu"), boxes("oracle"));
    assert!(!oracle.as_array().unwrap().is_empty());
    assert_eq!(gpu.as_array().unwrap().len(), oracle.as_array().unwrap().len());
}

#[test]
fn the_log_holds_what_wgpu_says_and_a_wish_that_is_none_is_an_error() {
    let logged = |wish: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_yolov4"));
        program.arg("adapters").env("YOLOV4_LOG", wish).output().unwrap()
    };
    // wgpu speaks through the crate `log`, not through `tracing`.
    let out = logged("debug");
    assert_eq!(code(&out), 0, "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("wgpu_"), "{out:?}");
    assert!(!String::from_utf8_lossy(&logged("warn").stderr).contains("wgpu_"));
    fails(&logged("wgpu_core=loud"), 2, &["YOLOV4_LOG", "wgpu_core=loud"]);
}
