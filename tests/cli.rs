//! The program at the terminal: exit codes, formats, and what it says about bad files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
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

    /// `detect` by the oracle, with a threshold that random weights reach.
    fn detect(&self, args: &[&str]) -> Output {
        let mut all = vec!["detect", "--model", "net.cfg", "--conf", "0.2"];
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
fn json_follows_its_schema() {
    let place = Place::new();
    let out = place.detect(&["a.png", "--names", "net.names", "--format", "json"]);
    assert_eq!(code(&out), 0, "{out:?}");
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
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
}

#[test]
fn a_truncated_or_empty_picture_is_one_sentence() {
    let place = Place::new();
    let whole = fs::read(place.path("a.png")).unwrap();
    place.write("half.png", &whole[..whole.len() / 2]);
    place.write("empty.png", b"");
    fails(&place.detect(&["half.png"]), 1, &["half.png", "cannot be decoded"]);
    fails(&place.detect(&["empty.png"]), 1, &["empty.png: is empty"]);
}

#[test]
fn usage_errors_exit_with_2() {
    let place = Place::new();
    for args in [
        &["a.png", "--size", "0"][..],
        &["a.png", "--size", "33"],
        &["a.png", "--format", "xml"],
        &["a.png", "--conf", "7"],
        &["a.png", "--classes", "unicorn"],
        &["a.png", "--resize", "pytorch", "--no-letterbox"],
    ] {
        let out = place.detect(args);
        // 33 is a matter of the cfg, and so a run-time error.
        let expected = if args.contains(&"33") { 1 } else { 2 };
        assert_eq!(code(&out), expected, "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
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
    fails(&out, 0, &["holds the first 1 of 2 convolutions"]);
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
        ("[convolutional]\nfilters=8\nflavour=sweet\n", "", &["unknown key `flavour`"]),
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

#[test]
fn no_permission_is_one_sentence() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let place = Place::new();
        fs::set_permissions(place.path("net.weights"), fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(place.path("net.weights")).is_ok() {
            println!("SKIPPED: root may read everything");
            return;
        }
        fails(&place.detect(&["a.png"]), 1, &["net.weights"]);
    }
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
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
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
}
