//! The files people have: whatever cannot change the result is passed over or told, whatever can is an error that names its line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use yolov4::{
    BoxPx, Detector, DetectorBuilder, Error, ErrorKind, Picture, PlayerChoice,
    low_level::{
        host::{NmsKind, Placement, ResizeMode},
        model::{CfgOptions, Model},
        tensor::Shape,
    },
};

/// Two convolutions, one head of two classes; line 20 is the head's `num`.
const CFG: &str = "[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=2\npad=1\n\
                   activation=leaky\n[convolutional]\nfilters=14\nsize=1\nactivation=linear\n\
                   [yolo]\nmask=0,1\nanchors=4,6, 9,8\nnum=2\nclasses=2\n";

fn open(text: &[u8]) -> Result<Model, Error> {
    Model::from_bytes(Path::new("x.cfg"), text, &CfgOptions::default())
}

/// The network of a cfg with `text` instead of `line`, and what is said about it.
fn with(line: &str, text: &str) -> Result<(Model, String), String> {
    assert!(CFG.contains(line), "{line}");
    let model = open(CFG.replacen(line, text, 1).as_bytes()).map_err(|e| e.to_string())?;
    let notes = model.notes.join("\n");
    Ok((model, notes))
}

/// What is said of a network that is the unchanged one.
fn unchanged(line: &str, text: &str) -> String {
    let (model, notes) = with(line, text).unwrap();
    assert_eq!(format!("{:?}", model.graph), format!("{:?}", open(CFG.as_bytes()).unwrap().graph), "{text}");
    notes
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("x.cfg", CFG);
        place
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn builder(&self) -> DetectorBuilder {
        let cfg = self.0.path().join("x.cfg");
        Detector::builder().model(cfg).random_weights(1).player(PlayerChoice::Oracle)
    }
}

/// Names and remarks of a detector.
fn named(builder: DetectorBuilder) -> (Vec<String>, String) {
    let detector = builder.build().unwrap();
    (detector.names().to_vec(), detector.notes().join("\n"))
}

#[test]
fn a_key_that_darknet_reads_for_training_is_passed_in_silence() {
    let training = "max_chart_loss=20\nburn_in=1000\nsteps=1,2\npolicy=steps\nmosaic=1\n";
    assert_eq!(unchanged("channels=3\n", &format!("channels=3\n{training}")), "");
    assert_eq!(unchanged("num=2\n", "num=2\nignore_thresh=.7\njitter=.3\ndets_for_show=2\niou_loss=ciou\n"), "");
    assert_eq!(unchanged("stride=2\n", "stride=2\nstopbackward=1\n"), "");
}

#[test]
fn a_key_that_nobody_reads_is_told_and_a_misspelled_one_is_refused() {
    let told = unchanged("num=2\n", "num=2\nbeta1=0.6\n");
    assert_eq!(told, "x.cfg:21: layer 2 [yolo]: `beta1` means nothing here, to Darknet neither, and is passed over");
    // A word of another section is none of this one, and no misspelling.
    let told = unchanged("stride=2\n", "stride=2\njitter=.3\nclasses=3\n");
    assert!(told.contains("x.cfg:11: layer 0 [convolutional]: `jitter`") && told.contains("`classes`"), "{told}");
    for (line, text, word) in [
        ("filters=8\n", "fitlers=8\n", "x.cfg:8: layer 0 [convolutional]: unknown key `fitlers`: is `filters` meant?"),
        ("stride=2\n", "stirde=2\n", "is `stride` meant?"),
        ("width=32\n", "width=32\nletterbox=1\n", "x.cfg:3: [net]: unknown key `letterbox`: is `letter_box` meant?"),
        ("num=2\n", "num=2\nscale_xy=1.1\n", "is `scale_x_y` meant?"),
    ] {
        let error = with(line, text).err().unwrap();
        assert!(error.contains(word), "{error}");
    }
    // Twice with one value is one; with two values Darknet's is not the one that was meant.
    assert_eq!(unchanged("stride=2\n", "stride=2\nstride=2\n"), "");
    assert!(
        with("stride=2\n", "stride=2\nstride=1\n").err().unwrap().contains("`stride` a second time, after line 10")
    );
    // What changes the result and is not there.
    assert!(with("stride=2\n", "stride=2\nflipped=1\n").err().unwrap().contains("flipped=1 is not supported"));
}

#[test]
fn what_is_used_is_checked_not_what_is_declared() {
    let told = unchanged("num=2\n", "num=9\n");
    assert!(told.starts_with("x.cfg:17: layer 2 [yolo]: num=9, but there are 2 anchors, which"), "{told}");
    assert!(
        with("mask=0,1\nanchors=4,6, 9,8\nnum=2\n", "anchors=4,6, 9,8\nnum=9\n").is_err(),
        "without a mask all nine are used"
    );
    // Anchors that no mask names may be anything.
    assert!(unchanged("anchors=4,6, 9,8\nnum=2\n", "anchors=4,6, 9,8, 0,0\nnum=3\n").is_empty());
    assert!(unchanged("anchors=4,6, 9,8\n", "anchors=4,6, 9,8, 7\n").contains("the last of 5 numbers has no partner"));
    assert!(
        with("anchors=4,6, 9,8\n", "anchors=4,6, 0,8\n")
            .err()
            .unwrap()
            .contains("x.cfg:19: layer 2 [yolo]: anchors: expected sizes above 0, found 0, 8")
    );
    // Of two heads the last one's kind of NMS counts.
    let head = "[yolo]\nmask=0,1\nanchors=4,6, 9,8\nnum=2\nclasses=2\nnms_kind=greedynms\nbeta_nms=0.6\n";
    let two = |first: &str, last: &str| {
        let end = format!("{}[route]\nlayers=1\n{}", head.replace("greedynms", first), head.replace("greedynms", last));
        open(CFG.replacen(&CFG[CFG.find("[yolo]").unwrap()..], &end, 1).as_bytes())
    };
    assert_eq!(two("gredynms", "diounms").unwrap().defaults.nms_kind, NmsKind::Diou { beta: 0.6 });
    assert!(two("diounms", "gredynms").err().unwrap().to_string().contains("nms_kind `gredynms` is not supported"));
}

#[test]
fn text_is_read_as_editors_have_left_it() {
    let plain = format!("{:?}", open(CFG.as_bytes()).unwrap().graph);
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(CFG.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let gbk = [b"# \xc4\xa3\xd0\xcd\n".as_slice(), CFG.replace("stride=2", "stride=2 ; \u{0}").as_bytes()].concat();
    let gbk: Vec<u8> = gbk.into_iter().map(|byte| if byte == 0 { 0xd0 } else { byte }).collect();
    for (what, bytes) in [
        ("mark", [b"\xef\xbb\xbf", CFG.as_bytes()].concat()),
        ("CRLF", CFG.replace('\n', "\r\n").into()),
        ("CR", CFG.replace('\n', "\r").into()),
        ("tabs", CFG.replace('=', "\t=\t").into()),
        ("no end", CFG.trim_end().into()),
        ("UTF-16", utf16),
        ("GBK in comments", gbk),
    ] {
        assert_eq!(format!("{:?}", open(&bytes).unwrap_or_else(|e| panic!("{what}: {e}")).graph), plain, "{what}");
    }
    let error = open(&[CFG.as_bytes(), b"na\xefme=1\n"].concat()).err().unwrap().to_string();
    assert!(error.contains("x.cfg:22: cfg: is not UTF-8 text"), "{error}");
    let error = open(b"<!DOCTYPE html>\n<html>").err().unwrap().to_string();
    assert!(error.contains("x.cfg:1: cfg: is a web page"), "{error}");
}

#[test]
fn class_names_are_read_as_editors_have_left_them() {
    let place = Place::new();
    let names = |bytes: &[u8]| named(place.builder().labels_file(place.write("x.names", bytes)));
    for bytes in [
        &b"\xef\xbb\xbfcat\ndog\n"[..],
        b"cat\r\ndog\r\n",
        b"cat\rdog",
        b" cat \ndog\n\n\n",
        b"\xff\xfec\0a\0t\0\n\0d\0o\0g\0",
    ] {
        assert_eq!(names(bytes), (vec!["cat".into(), "dog".into()], String::new()), "{bytes:?}");
    }
    let (latin, told) = names(b"cat\naut\xf3\n");
    assert_eq!(latin, ["cat", "autó"]);
    assert!(told.ends_with("x.names:2: is not UTF-8 text, and is read as Latin-1"), "{told}");
    // Darknet shows no boxes of these.
    let hidden = place.write("x.names", "dont_show cat\ndog\n");
    let builder = || place.builder().labels_file(&hidden).score_threshold(0.0).max_det(50);
    let picture = Picture { width: 32, height: 32, rgba: vec![77; 32 * 32 * 4] };
    let found = builder().build().unwrap().detect(&picture).unwrap();
    assert!(!found.is_empty() && found.iter().all(|d| d.name == "dog"), "{found:?}");
    assert!(named(builder()).1.contains("1 classes are not looked for"));
    let found = builder().classes(["dont_show cat"]).build().unwrap().detect(&picture).unwrap();
    assert!(!found.is_empty() && found.iter().all(|d| d.name == "dont_show cat"), "{found:?}");
}

#[test]
fn a_data_file_finds_its_names_and_is_told_by_its_line() {
    let place = Place::new();
    place.write("data/x.names", "cat\ndog\n");
    let data = |file: &str, text: &str| place.builder().data(place.write(file, text));
    for (file, text) in [
        ("x.data", "classes = 2\nnames = data/x.names\n"),
        // The folder above.
        ("cfg/x.data", "\u{feff}names = data/x.names\r\nclasses= 2\r\ntrain = nowhere.txt\r\n"),
    ] {
        assert_eq!(named(data(file, text)), (vec!["cat".into(), "dog".into()], String::new()), "{file}");
    }
    let error = data("cfg/x.data", "train=a\nnames = no/x.names\n").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    let error = error.to_string();
    assert!(
        error.contains("x.data:2: names: there is no no/x.names, no ") && error.contains("cfg/no/x.names"),
        "{error}"
    );
    let error = data("x.data", "train=a\nclasses = 3\nnames = data/x.names\n").build().unwrap_err().to_string();
    assert!(error.contains("x.data:2: classes = 3, but ") && error.contains("x.names has 2 names"), "{error}");
    let (names, told) = named(data("x.data", "class = 3\n"));
    assert!(names.is_empty() && told.contains("x.data: names no class names: classes are numbers"), "{told}");
}

#[test]
fn weights_that_are_something_else_are_told_as_such() {
    let place = Place::new();
    let refused = |bytes: &[u8]| {
        let weights = place.write("x.weights", bytes);
        let cfg = place.0.path().join("x.cfg");
        Detector::builder().model(cfg).weights(weights).player(PlayerChoice::Oracle).build().unwrap_err().to_string()
    };
    for (bytes, words) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"[..],
            "x.weights: is a pointer of Git LFS",
        ),
        (b"\n<!DOCTYPE html><html><body>Not found", "x.weights: is a web page"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "x.weights: is compressed with gzip"),
        (b"PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00archive/data.pkl", "x.weights: is a PyTorch checkpoint"),
    ] {
        let said = refused(bytes);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn sizes_that_are_no_multiple_of_the_stride_play() {
    let told = with("width=32\n", "width=31\n").unwrap().1;
    assert_eq!(told, "x.cfg:1: [net]: 31x32 is no multiple of 2: boxes at the edges suffer");
    let place = Place::new();
    let picture = Picture { width: 40, height: 20, rgba: vec![99; 40 * 20 * 4] };
    let found = place.builder().size((31, 33)).score_threshold(0.0).build().unwrap().detect(&picture).unwrap();
    assert!(!found.is_empty());
    // Where grids do not meet there is nothing to play.
    let join =
        CFG.replace("[yolo]", "[upsample]\nstride=2\n[route]\nlayers=-1,-4\n[convolutional]\nfilters=14\n[yolo]");
    let join = join.replacen("[convolutional]\nbatch", "[convolutional]\nfilters=4\n[convolutional]\nbatch", 1);
    assert!(open(join.as_bytes()).is_ok());
    let error = open(join.replace("width=32", "width=31").as_bytes()).err().unwrap().to_string();
    assert!(error.contains("layer 4 [route]"), "{error}");
    let odd = Model::from_bytes(
        Path::new("x.cfg"),
        join.as_bytes(),
        &CfgOptions { size: Some((31, 32)), ..CfgOptions::default() },
    );
    let error = odd.err().unwrap();
    assert!(error.kind() == ErrorKind::Usage && error.to_string().starts_with("size 31x32 does not fit"), "{error}");
}

#[test]
fn a_class_is_wanted_by_its_name_in_any_case_and_the_others_are_listed() {
    let place = Place::new();
    let builder = || place.builder().labels(["Cat", "dog"]);
    for wanted in [vec!["cat", "DOG"], vec!["Cat", "1"]] {
        assert!(builder().classes(wanted).build().is_ok());
    }
    let error = builder().classes(["cow"]).build().unwrap_err();
    assert_eq!(error.to_string(), "there is no class `cow` among the 2: Cat, dog");
    // What `fn main() -> Result<(), Error>` shows.
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn boxes_know_their_sides_and_how_much_of_each_other_they_are() {
    let b = |sides: [f32; 4]| BoxPx::from(sides);
    let one = b([1.0, 2.0, 4.0, 3.0]);
    assert_eq!((one.right(), one.bottom(), one.area()), (5.0, 5.0, 12.0));
    assert_eq!(
        (one.iou(&one), one.iou(&b([3.0, 2.0, 4.0, 3.0])), one.iou(&b([5.0, 5.0, 1.0, 1.0]))),
        (1.0, 6.0 / 18.0, 0.0)
    );
    assert_eq!(b([0.0; 4]).iou(&b([0.0; 4])), 0.0);
}

#[test]
fn samples_of_sixteen_bits_are_cut() {
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![0x12ff_u16, 0xff80]).unwrap();
    assert_eq!(Picture::from(&image::DynamicImage::from(deep)).rgba, [0x12, 0x12, 0x12, 255, 255, 255, 255, 255]);
}

#[test]
fn pictures_that_are_something_else_are_told_as_such() {
    for (bytes, words) in [
        (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], "x.jpg: is HEIC, which is not read here: convert it"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "is AVIF"),
        (b"\xff\x0a\xfa\x1f", "is JPEG XL"),
        (b"%PDF-1.7\n", "is PDF"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "is a video (MP4), not a picture"),
        (b"\x1a\x45\xdf\xa3\x93\x42", "is a video (Matroska or WebM)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    ] {
        let error = Picture::decode(bytes, "x.jpg", true).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_network_of_one_channel_sees_darknets_grey() {
    let shape = Shape::new(1, 2, 2);
    let picture = Picture { width: 2, height: 2, rgba: vec![255, 0, 0, 1, 0, 255, 0, 2, 0, 0, 255, 3, 10, 20, 30, 4] };
    let placement = Placement::new(ResizeMode::DarknetFile, false, 2, 2, shape);
    // (77 r + 150 g + 29 b) >> 8, as stb_image has it.
    let want = [76.0, 149.0, 28.0, 18.0].map(|grey: f32| grey / 255.0);
    let got = placement.resample(&picture);
    assert_eq!((got.shape, &got.data[..]), (shape, &want[..]));

    let place = Place::new();
    place.write("x.cfg", CFG.replace("channels=3", "channels=1"));
    let detector = || place.builder().score_threshold(0.0).max_det(20);
    let found = detector().build().unwrap().detect(&picture).unwrap();
    let grey = Picture {
        rgba: want.iter().flat_map(|g| [(g * 255.0) as u8, (g * 255.0) as u8, (g * 255.0) as u8, 9]).collect(),
        ..picture
    };
    // Grey of grey is that grey.
    assert_eq!(found, detector().build().unwrap().detect(&grey).unwrap());
    let error = with("channels=3\n", "channels=4\n").err().unwrap();
    assert!(error.contains("x.cfg:4: [net]: channels: expected 3, or 1 for greys, found 4"), "{error}");
}
