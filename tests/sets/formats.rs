//! One small set in every format is one set; what is wrong in each is told.

use std::fmt::Write;

use crate::place::Place;
use yolov4::dataset::{LabelledPicture, SetPart, TrainingSet, Validation, check};

/// Class, left, top, width, height in pixels of 64 x 48.
type Object = (usize, [u32; 4]);

const NAMES: [&str; 3] = ["cat", "dog", "a bird"];
const SIZE: (u32, u32) = (64, 48);

/// Part, name, objects.
const PICTURES: [(SetPart, &str, &[Object]); 5] = [
    (SetPart::Train, "a", &[(0, [4, 6, 16, 12]), (2, [0, 0, 64, 48])]),
    (SetPart::Train, "b.1", &[(1, [32, 24, 8, 24])]),
    (SetPart::Train, "c", &[]),
    (SetPart::Valid, "d", &[(2, [10, 10, 20, 20]), (0, [1, 2, 3, 4])]),
    (SetPart::Valid, "e", &[(1, [60, 40, 4, 8])]),
];

fn text(objects: &[Object]) -> String {
    let line = |(class, [x, y, w, h]): &Object| {
        let [x, y, w, h] = [*x, *y, *w, *h].map(f64::from);
        format!("{class} {} {} {} {}\n", (x + w / 2.0) / 64.0, (y + h / 2.0) / 48.0, w / 64.0, h / 48.0)
    };
    objects.iter().map(line).collect()
}

fn xml(name: &str, objects: &[Object]) -> String {
    let mut xml = format!(
        "<annotation>\n<filename>{name}.png</filename>\n<size><width>64</width><height>48</height><depth>3</depth></size>\n"
    );
    for (class, [x, y, w, h]) in objects {
        write!(
            xml,
            "<object><name>{}</name><difficult>0</difficult>\n<bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>\n",
            NAMES[*class],
            x + w,
            y + h
        )
        .unwrap();
    }
    xml + "</annotation>\n"
}

fn coco(part: SetPart) -> String {
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (at, (_, name, objects)) in PICTURES.iter().enumerate().filter(|(_, (other, ..))| *other == part) {
        images.push(format!("{{\"id\": {at}, \"file_name\": \"{name}.png\", \"width\": 64, \"height\": 48}}"));
        for (class, [x, y, w, h]) in *objects {
            let id = annotations.len() + 1;
            annotations.push(format!(
                "{{\"id\": {id}, \"image_id\": {at}, \"category_id\": {}, \"bbox\": [{x}, {y}, {w}, {h}], \"iscrowd\": 0}}",
                10 * class + 3
            ));
        }
    }
    // Not in the order of the ids.
    let categories =
        [(23, "a bird"), (3, "cat"), (13, "dog")].map(|(id, name)| format!("{{\"id\": {id}, \"name\": \"{name}\"}}"));
    let (images, annotations, categories) = (images.join(",\n"), annotations.join(",\n"), categories.join(",\n"));
    format!("{{\"images\": [\n{images}],\n\"annotations\": [\n{annotations}],\n\"categories\": [\n{categories}]}}\n")
}

fn pictures(place: &Place, folder: impl Fn(SetPart) -> String) {
    for (shade, (part, name, _)) in (1..).zip(PICTURES) {
        place.picture(&format!("{}/{name}.png", folder(part)), SIZE, shade);
    }
}

fn texts(place: &Place, folder: impl Fn(SetPart) -> String) {
    for (part, name, objects) in PICTURES {
        place.text(&format!("{}/{name}.txt", folder(part)), &text(objects));
    }
}

fn names() -> String {
    NAMES.join("\n")
}

/// A picture, and its boxes in millionths of it.
type Said = (SetPart, String, Vec<(usize, [i64; 4])>);

/// What a set says, without where it says it.
fn said(set: &TrainingSet) -> Vec<Said> {
    let mut said = Vec::new();
    for part in SetPart::ALL {
        for picture in set.part(part) {
            // To a millionth of the picture.
            let round = |(class, sides): (usize, [f64; 4])| (class, sides.map(|side| (side * 1e6).round() as i64));
            let name = picture.image.path.file_name().unwrap().to_str().unwrap().to_owned();
            said.push((part, name, picture.truths().into_iter().map(round).collect()));
        }
    }
    said
}

fn all_formats() -> Vec<(&'static str, Place, &'static str)> {
    let mut all = Vec::new();
    let mut add = |what, path, make: &dyn Fn(&Place)| {
        let place = Place::new();
        make(&place);
        all.push((what, place, path));
    };
    let voc = |place: &Place| {
        pictures(place, |_| "JPEGImages".into());
        for (_, name, objects) in PICTURES {
            place.text(&format!("Annotations/{name}.xml"), &xml(name, objects));
        }
        for (part, file) in [(SetPart::Train, "train"), (SetPart::Valid, "val")] {
            let names: Vec<&str> =
                PICTURES.iter().filter(|(other, ..)| *other == part).map(|(_, name, _)| *name).collect();
            place.text(&format!("ImageSets/Main/{file}.txt"), &names.join("\r\n"));
        }
    };
    let lists = |place: &Place, folder: &dyn Fn(SetPart) -> String| {
        for part in [SetPart::Train, SetPart::Valid] {
            let lines: Vec<String> = PICTURES
                .iter()
                .filter(|(other, ..)| *other == part)
                .map(|(part, name, _)| format!("{}/{name}.png", folder(*part)))
                .collect();
            place.text(&format!("{part}.txt"), &lines.join("\n"));
        }
        place.text("obj.names", &names());
        place.text("obj.data", "classes=3\ntrain=train.txt\nvalid=valid.txt\nnames=obj.names\n");
    };
    let split = |part: SetPart| if part == SetPart::Train { "train" } else { "val" };
    add("Darknet, labels beside", "obj.data", &|place| {
        pictures(place, |_| "obj".into());
        texts(place, |_| "obj".into());
        lists(place, &|_| "obj".into());
    });
    add("Darknet, JPEGImages and labels", "", &|place| {
        pictures(place, |_| "JPEGImages".into());
        texts(place, |_| "labels".into());
        lists(place, &|_| "JPEGImages".into());
    });
    add("Darknet, images and labels", "", &|place| {
        pictures(place, |_| "images".into());
        texts(place, |_| "labels".into());
        lists(place, &|_| "images".into());
    });
    add("YOLO, images/train", "", &|place| {
        pictures(place, |part| format!("images/{}", split(part)));
        texts(place, |part| format!("labels/{}", split(part)));
        place.text("classes.txt", &names());
    });
    add("YOLO, train/images, data.yaml", "data.yaml", &|place| {
        pictures(place, |part| format!("{part}/images"));
        texts(place, |part| format!("{part}/labels"));
        place.text(
            "data.yaml",
            "train: ../train/images\nval: ../valid/images\nnc: 3\nnames: ['cat', 'dog', 'a bird']\n",
        );
    });
    add("YOLO, a yaml with lists and a map", "", &|place| {
        pictures(place, |_| "sub/images".into());
        texts(place, |_| "sub/labels".into());
        lists(place, &|_| "sub/images".into());
        std::fs::remove_file(place.path("obj.data")).unwrap();
        place.text(
            "data.yaml",
            "path: .\ntrain:\n- train.txt\nval: valid.txt\ntest:\nnames:\n  0: cat\n  1: dog\n  2: a bird\n",
        );
    });
    add("YOLO, flat parts", "", &|place| {
        pictures(place, |part| part.to_string());
        texts(place, |part| part.to_string());
        place.text("train/_darknet.labels", &names());
    });
    add("COCO, annotations/instances_*", "", &|place| {
        pictures(place, |part| format!("{}2017", split(part)));
        for part in [SetPart::Train, SetPart::Valid] {
            place.text(&format!("annotations/instances_{}2017.json", split(part)), &coco(part));
            place.text(&format!("annotations/captions_{}2017.json", split(part)), "{}");
        }
    });
    add("COCO, Roboflow's", "", &|place| {
        pictures(place, |part| part.to_string());
        for part in [SetPart::Train, SetPart::Valid] {
            place.text(&format!("{part}/_annotations.coco.json"), &coco(part));
        }
    });
    add("VOC", "", &|place| {
        voc(place);
        place.text("classes.txt", &names());
    });
    add("VOC, beside pictures", "", &|place| {
        pictures(place, |part| part.to_string());
        for (part, name, objects) in PICTURES {
            place.text(&format!("{part}/{name}.xml"), &xml(name, objects));
        }
        place.text("classes.txt", &names());
    });
    all
}

#[test]
fn every_format_says_the_same() {
    let all = all_formats();
    let expected: Vec<_> = PICTURES
        .iter()
        .map(|(part, name, objects)| {
            let object = |(class, [x, y, w, h]): &Object| {
                let [x, y, w, h] = [*x, *y, *w, *h].map(f64::from);
                let sides = [(x + w / 2.0) / 64.0, (y + h / 2.0) / 48.0, w / 64.0, h / 48.0];
                (*class, sides.map(|side| (side * 1e6).round() as i64))
            };
            (*part, format!("{name}.png"), objects.iter().map(object).collect::<Vec<_>>())
        })
        .collect();
    for (what, place, path) in &all {
        let set = place.open(path);
        assert_eq!(set.classes, NAMES, "{what}");
        assert_eq!(said(&set), expected, "{what}");
        // The same is wrong in each: a picture of nothing, and a class that is not measured on or not learnt from is none.
        let report = place.check(path);
        let kinds: Vec<String> = report.faults.iter().map(|fault| format!("{:?}", fault.kind)).collect();
        assert_eq!(kinds, ["Negative"], "{what}: {:?}", report.faults);
        assert_eq!(
            report.summary.parts.map(|part| (part.pictures, part.boxes, part.negatives)),
            [(3, 3, 1), (2, 3, 0), (0, 0, 0)]
        );
        let dataset = set.dataset(SetPart::Valid);
        assert_eq!(dataset.images.iter().map(|image| image.objects()).collect::<Vec<_>>(), [2, 1], "{what}");
        let pixels = dataset.images[0].labels((64, 48))[0].bbox;
        assert!(pixels.iter().zip([10.0, 10.0, 20.0, 20.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{what}: {pixels:?}");
    }
}

#[test]
fn a_flat_folder_and_one_file_are_to_be_learnt_from() {
    let place = Place::new();
    pictures(&place, |_| ".".into());
    texts(&place, |_| ".".into());
    assert!(place.refused("").contains("expected the names of the classes, one a line, in classes.txt, obj.names"));
    place.text("classes.txt", &names());
    let set = place.open("");
    assert_eq!((set.train.len(), set.valid.len()), (5, 0));
    let place = Place::new();
    pictures(&place, |_| "images".into());
    place.text("annotations.json", &coco(SetPart::Train));
    assert_eq!(place.open("annotations.json").train, place.open("").train);
    assert_eq!(place.open("").train.len(), 3);
}

#[test]
fn what_is_meant_must_be_clear() {
    let place = Place::new();
    let told = place.refused("");
    for part in [
        "*.data (Darknet)",
        "data.yaml (YOLO)",
        "annotations/instances_*.json",
        "Annotations/*.xml (VOC)",
        "images/train",
    ] {
        assert!(told.contains(part), "{told}");
    }
    place.text("obj.data", "");
    place.text("data.yaml", "");
    place.text("Annotations/a.xml", "<annotation/>");
    assert_eq!(
        place.refused(""),
        ".: more than one data set: obj.data, data.yaml, Annotations/*.xml; name the file of the one that is meant"
    );
    place.text("list.txt", "a.png");
    assert!(place.refused("list.txt").contains("a list of pictures is named by `train = ..` of a .data file"));
    assert!(place.refused("Annotations/a.xml").contains("name the folder above them"));
    let missing = yolov4::dataset::TrainingSet::open(place.path("nothing")).unwrap_err();
    assert!(matches!(missing, yolov4::Error::Io { .. }), "{missing}");
    let place = Place::new();
    place.text("annotations/instances_train2014.json", "");
    place.text("annotations/instances_train2017.json", "");
    assert!(place.refused("").contains("more than one data set"), "{}", place.refused(""));
}

#[test]
fn faults_of_coco() {
    let place = Place::new();
    pictures(&place, |_| "images".into());
    let rows = [
        r#"{"images": ["#,
        r#"{"id": 1, "file_name": "a.png", "width": 64, "height": 48},"#,
        r#"{"id": 2, "file_name": "b.1.png", "width": 640, "height": 480},"#,
        r#"{"id": 3, "file_name": "c.png", "width": 48, "height": 64},"#,
        r#"{"id": 4, "file_name": "gone.png"},"#,
        r#"{"id": 1, "file_name": "d.png"},"#,
        r#"{"id": 5, "file_name": "a.png"},"#,
        r#"{"file_name": "e.png"}"#,
        r#"], "annotations": ["#,
        r#"{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]},"#,
        r#"{"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]},"#,
        r#"{"id": 3, "image_id": 9, "category_id": 1, "bbox": [0, 0, 10, 10]},"#,
        r#"{"id": 4, "image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10]},"#,
        r#"{"id": 5, "image_id": 1, "category_id": 1, "bbox": [60, 0, 10, 10]},"#,
        r#"{"id": 6, "image_id": 1, "category_id": 1, "bbox": [64, 0, 10, 10]},"#,
        r#"{"id": 7, "image_id": 2, "category_id": 1, "bbox": [1, 1, 0, 10]},"#,
        r#"{"id": 8, "image_id": 2, "category_id": 1, "bbox": [100, 100, -1, 10]},"#,
        r#"{"id": 9, "image_id": 2, "category_id": 1, "bbox": [1, 2, 3]},"#,
        r#"{"id": 10, "image_id": 2, "category_id": 1, "bbox": [320, 240, 100, 100]},"#,
        r#"{"id": 11, "image_id": 3, "category_id": 1, "bbox": [0, 0, 40, 40], "iscrowd": 1},"#,
        r#"{"id": 12, "image_id": 3, "category_id": 1, "bbox": [0, 0, 40, 40]}"#,
        r#"], "categories": [{"id": 1, "name": "cat"},"#,
        r#"{"id": 2, "name": "Cat"}, {"name": 3}]}"#,
    ];
    place.text("set.json", &rows.join("\n"));
    let report = place.check("set.json");
    let kinds: Vec<String> = place.kinds(&report).iter().map(|kind| kind.replace("set.json", "")).collect();
    assert_eq!(
        kinds,
        [
            " EmptyList",
            ":3 Scaled",
            ":4 OtherShape",
            ":5 NoPicture",
            ":6 Unparsable",
            ":7 ListedTwice",
            ":8 Unparsable",
            ":11 Duplicate",
            ":12 Orphan",
            ":13 UnknownClass",
            ":14 OverEdge",
            ":15 Outside",
            ":16 NoSize",
            ":17 NegativeSize",
            ":18 Unparsable",
            ":23 Unparsable",
            ":23 NoExamples",
            ":23 SimilarNames",
        ]
    );
    let told = |line: usize| report.faults.iter().find(|fault| fault.line == Some(line)).unwrap().message.clone();
    assert!(
        told(4).contains("is marked at 48 x 64 pixels, and has 64 x 48: was it turned as its EXIF says?"),
        "{}",
        told(4)
    );
    assert!(
        told(11).contains("annotation 2: box of cat") && told(11).contains("first in annotation 1"),
        "{}",
        told(11)
    );
    assert!(told(8).contains("missing field `id`, found `{\"file_name\": \"e.png\"}`"), "{}", told(8));
    let set = place.open("set.json");
    // The crowd is one that evaluation knows of, and is not learnt; what is scaled lies where it should.
    assert_eq!(set.train.iter().map(|picture| picture.image.objects()).collect::<Vec<_>>(), [2, 1, 2]);
    assert_eq!(set.train.iter().map(|picture| picture.truths().len()).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(set.train[1].truths()[0].1, [370.0 / 640.0, 290.0 / 480.0, 100.0 / 640.0, 100.0 / 480.0]);
    place.text("set.json", "{\"images\": [],\n \"annotations\": 3}");
    assert!(place.refused("set.json").starts_with("set.json:2: expected COCO's annotations of objects"));
    place.text("set.json", "{\"images\": [], \"annotations\": [], \"categories\": []}");
    assert_eq!(place.refused("set.json"), "set.json:1: expected categories, found none");
    place.text("set.json", &coco(SetPart::Train).replace(".png", ".jpg"));
    assert_eq!(
        place.kinds(&place.check("set.json")),
        ["set.json EmptyList", "set.json EmptyList", "set.json:1 NoPicture"]
    );
}

#[test]
fn faults_of_voc() {
    let place = Place::new();
    pictures(&place, |_| "JPEGImages".into());
    let object = |name: &str, [a, b, c, d]: [&str; 4]| {
        format!(
            "<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>\n"
        )
    };
    let file = |name: &str, size: &str, objects: &[String]| {
        place.text(
            &format!("Annotations/{name}.xml"),
            &format!("<annotation>\n{size}\n{}</annotation>", objects.concat()),
        );
    };
    let size = "<size><width>64</width><height>48</height></size>";
    file(
        "a",
        size,
        &[
            object("cat", ["1", "1", "20", "20"]),
            object("cat", ["1", "1", "20", "20"]),
            object("cat", ["5", "5", "5", "5"]),
            object("cat", ["30", "5", "20", "15"]),
            object("cat", ["50", "5", "70", "15"]),
            object("cat", ["x", "5", "70", "15"]),
            "<object><name>cat</name></object>\n".into(),
            object("CAT", ["1", "1", "20", "20"]),
            "<object><name>dog</name><difficult>1</difficult></object>\n".into(),
        ],
    );
    file("b.1", "<size><width>0</width><height>0</height></size>", &[object("cat", ["32", "24", "64", "48"])]);
    file("c", "<size><width>32</width><height>32</height></size>", &[object("cat", ["1", "1", "20", "20"])]);
    place.text("Annotations/d.xml", "<annotation>\n<object>\n");
    place.text("Annotations/gone.xml", &xml("gone", &[]));
    let kinds = |place: &Place| place.kinds(&place.check(""));
    assert_eq!(
        kinds(&place),
        [
            ". EmptyList",
            "Annotations SimilarNames",
            "Annotations Remark",
            "Annotations/a.xml:4 Duplicate",
            "Annotations/a.xml:5 NoSize",
            "Annotations/a.xml:6 NegativeSize",
            "Annotations/a.xml:7 OverEdge",
            "Annotations/a.xml:8 Unparsable",
            "Annotations/a.xml:9 Fields",
            "Annotations/c.xml:2 OtherShape",
            "Annotations/d.xml:1 Unparsable",
            "Annotations/gone.xml Orphan",
            "JPEGImages/e.png NoLabels",
        ]
    );
    let set = place.open("");
    assert_eq!(set.classes, ["CAT", "cat"]);
    assert_eq!(set.train.len(), 5);
    assert_eq!(set.train[1].truths(), [(1, [0.75, 0.75, 0.5, 0.5])]);
    assert_eq!(set.train[0].left_out, [1, 1, 1]);
    // With names and lists.
    place.text("classes.txt", "cat\n");
    place.text("ImageSets/Main/trainval.txt", "a\nb.1\nb.1\nzebra\n");
    place.text("ImageSets/Main/val.txt", "b.1\n");
    assert_eq!(
        kinds(&place)[..].iter().filter(|kind| !kind.starts_with("Annotations")).collect::<Vec<_>>(),
        [
            "ImageSets/Main Remark",
            "ImageSets/Main/trainval.txt:3 ListedTwice",
            "ImageSets/Main/trainval.txt:4 NoPicture"
        ]
    );
    assert!(kinds(&place).contains(&"Annotations/a.xml:10 UnknownClass".to_owned()));
    let set = place.open("");
    let names = |pictures: &[LabelledPicture]| -> Vec<String> {
        pictures.iter().map(|picture| picture.image.path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&set.train), names(&set.valid)), (vec!["a.png".to_owned()], vec!["b.1.png".to_owned()]));
}

#[test]
fn faults_of_a_yaml() {
    let place = Place::new();
    pictures(&place, |part| format!("{part}/images"));
    texts(&place, |part| format!("{part}/labels"));
    let told = |yaml: &str| {
        place.text("data.yaml", yaml);
        place.kinds(&place.check("data.yaml"))
    };
    let negative = "train/labels/c.txt Negative";
    assert_eq!(
        told("train: train/images\nval: valid/images\nnc: 4\nnames: [cat, dog, a bird]\n"),
        ["data.yaml:3 ClassNames", negative]
    );
    assert_eq!(
        told("train: train/images\nval: elsewhere\nnames: [cat, dog, a bird]\n"),
        ["data.yaml EmptyList", "data.yaml:2 NoPicture", negative]
    );
    assert_eq!(
        told("train: train/images\nval: train/images\nnames: [cat, dog, a bird]\n"),
        ["data.yaml Leak", negative, negative]
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    place.text("data.yaml", "train: train/images\n");
    assert_eq!(place.refused("data.yaml"), "data.yaml:1: expected `names`, found none");
    place.text("data.yaml", "names: {0: {a: b}}\n");
    assert!(place.refused("data.yaml").contains("found lists or maps in one another"));
}

#[test]
fn a_turned_picture_has_the_size_that_is_seen() {
    let place = Place::new();
    // A JPEG with an EXIF orientation of 6: 64 x 48 pixels that are shown as 48 x 64.
    place.picture("plain.jpg", SIZE, 7);
    let plain = std::fs::read(place.path("plain.jpg")).unwrap();
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    place.bytes("images/a.jpg", &[&plain[..2], exif, &plain[2..]].concat());
    place.text("labels/a.txt", "0 0.5 0.5 0.5 0.5\n");
    place.text("classes.txt", "cat\n");
    place.remove("plain.jpg");
    let mut set = place.open("");
    set.measure(true);
    assert_eq!(set.train[0].own_size, Some((48, 64)));
    set.measure(false);
    assert_eq!(set.train[0].own_size, Some((64, 48)));
}

/// Bytes that chance has changed: whatever is told, nothing panics.
#[test]
fn noise_is_told() {
    let mut state = 1_u64;
    let mut chance = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let decode = |bytes: &[u8], path: &std::path::Path| crate::place::decode(bytes, path);
    for (what, place, path) in all_formats() {
        let (mut files, mut left) = (Vec::new(), vec![place.path("")]);
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { left.push(entry) } else { files.push(entry) }
            }
        }
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_none_or(|end| end != "png")) {
            let good = std::fs::read(file).unwrap();
            for _ in 0..8 {
                let mut bad = good.clone();
                for _ in 0..=chance(3) {
                    let at = chance(bad.len());
                    match (chance(4), bad.is_empty()) {
                        (0, _) => bad.truncate(at),
                        (_, true) | (1, _) => bad.insert(at, b"0-.,:<>[]{}\"\n\r\xff#"[chance(16)]),
                        (2, _) => bad[at] = chance(256) as u8,
                        _ => drop(bad.remove(at)),
                    }
                }
                std::fs::write(file, &bad).unwrap();
                if let Ok(mut set) = TrainingSet::open(place.path(path)) {
                    check(&set, &decode);
                    set.split(&Validation::Fraction(0.4), 1).ok();
                    for picture in &set.train {
                        for (_, [x, y, w, h]) in picture.truths() {
                            let inside = |centre: f64, side: f64| {
                                centre - side / 2.0 > -2e-9 && centre + side / 2.0 < 1.0 + 2e-9
                            };
                            assert!(w > 0.0 && h > 0.0 && inside(x, w) && inside(y, h), "{what}: {x} {y} {w} {h}");
                        }
                    }
                }
            }
            std::fs::write(file, good).unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_up_is_followed_once() {
    let place = Place::new();
    place.text("data.yaml", "names: [a]\ntrain: images\n");
    place.picture("images/deep/a.png", (8, 8), 1);
    place.text("labels/deep/a.txt", "0 .5 .5 .5 .5");
    place.picture("images/deep/b.png", (8, 8), 2);
    place.text("labels/deep/b.txt", "0 .5 .5 .5 .5");
    std::os::unix::fs::symlink("..", place.path("images/deep/again")).unwrap();
    assert_eq!(place.open("data.yaml").train.len(), 2);
}
