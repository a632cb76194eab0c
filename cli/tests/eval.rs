//! `yolov4 eval` from outside: annotations of both kinds, what is said of bad ones, and figures that are known before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const SCENES: [&str; 4] = ["avenue.jpg", "crossing.jpg", "night.jpg", "rain.jpg"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The demo network's scenes, with its own boxes as labels: every figure is 1.
struct Place {
    dir: TempDir,
    names: Vec<String>,
    /// Picture, class, box in pixels.
    boxes: Vec<(usize, usize, [f64; 4])>,
    sizes: Vec<[f64; 2]>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("images")).unwrap();
        for scene in SCENES {
            fs::copy(root().join("assets/images").join(scene), dir.path().join("images").join(scene)).unwrap();
        }
        let mut place = Self { dir, names: vec![], boxes: vec![], sizes: vec![] };
        let out =
            place.run(&["detect", "images", "--model", "demo", "--player", "cpu", "--conf", "0.5", "--format", "json"]);
        assert!(out.status.success(), "{out:?}");
        let pictures: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(pictures.len(), 4);
        for (image, picture) in pictures.iter().enumerate() {
            place.sizes.push(["width", "height"].map(|side| picture[side].as_f64().unwrap()));
            for found in picture["detections"].as_array().unwrap() {
                let side = |at: usize| found["box"][at].as_f64().unwrap();
                place.boxes.push((
                    image,
                    found["class"].as_u64().unwrap() as usize,
                    [side(0), side(1), side(2), side(3)],
                ));
            }
        }
        assert!(place.boxes.len() > 10, "{:?}", place.boxes);
        place.names = demo_names();
        place.write("truth.json", &place.instances().to_string());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let out = Command::new(env!("CARGO_BIN_EXE_yolov4")).args(args).current_dir(self.dir.path()).output().unwrap();
        assert!(!stderr(&out).contains("panicked"), "{}", stderr(&out));
        out
    }

    /// `eval` of the demo network on the processor.
    fn eval(&self, args: &[&str]) -> Output {
        self.run(&[&["eval", "--model", "demo", "--player", "cpu"], args].concat())
    }

    /// COCO's annotations; ids of pictures and categories are not in order.
    fn instances(&self) -> Value {
        let images: Vec<Value> = (0..4)
            .map(|i| {
                let [width, height] = self.sizes[i].map(|side| side as u64);
                json!({ "id": 40 - i, "file_name": SCENES[i], "width": width, "height": height })
            })
            .collect();
        let categories: Vec<Value> =
            self.names.iter().enumerate().map(|(i, name)| json!({ "id": 30 - i, "name": name })).collect();
        let annotation = |(i, (image, class, bbox)): (usize, &(usize, usize, [f64; 4]))| {
            json!({ "id": i + 1, "image_id": 40 - image, "category_id": 30 - class, "bbox": bbox, "area": bbox[2] * bbox[3],
                    "iscrowd": 0, "segmentation": [[1, 2, 3, 4, 5, 6]] })
        };
        let annotations: Vec<Value> = self.boxes.iter().enumerate().map(annotation).collect();
        json!({ "info": {}, "images": images, "annotations": annotations, "categories": categories })
    }

    /// The same as Darknet's labels: `list` says where the pictures are, `labels` where their labels go.
    fn darknet(&self, pictures: &str, labels: &str) {
        for (i, scene) in SCENES.iter().enumerate() {
            let [w, h] = self.sizes[i];
            let row = |(_, class, [x, y, bw, bh]): &(usize, usize, [f64; 4])| {
                format!("{class} {} {} {} {}\n", (x + bw / 2.0) / w, (y + bh / 2.0) / h, bw / w, bh / h)
            };
            let rows: String = self.boxes.iter().filter(|b| b.0 == i).map(row).collect();
            self.write(&format!("{labels}/{}.txt", scene.trim_end_matches(".jpg")), &rows);
            let picture = self.path(pictures).join(scene);
            fs::create_dir_all(picture.parent().unwrap()).unwrap();
            if !picture.exists() {
                fs::copy(self.path("images").join(scene), picture).unwrap();
            }
        }
        let list: String = SCENES.iter().map(|scene| format!("{pictures}/{scene}\n")).collect();
        self.write("valid.txt", &list);
        self.write("obj.names", &self.names.join("\n"));
        self.write(
            "obj.data",
            "classes = 10\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\nbackup = backup\n",
        );
    }
}

fn demo_names() -> Vec<String> {
    yolov4::Detector::builder().model("demo").player(yolov4::PlayerChoice::Cpu).build().unwrap().class_names()
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn report(out: &Output) -> Value {
    assert!(out.status.success(), "{}", stderr(out));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn close(value: &Value, wanted: f64) -> bool {
    (value.as_f64().unwrap() - wanted).abs() < 1e-12
}

/// That it fails with this code and says this.
fn refused(out: &Output, code: i32, words: &[&str]) {
    assert_eq!(out.status.code(), Some(code), "{}", stderr(out));
    words.iter().for_each(|word| assert!(stderr(out).contains(word), "expected `{word}`, found {}", stderr(out)));
}

const COCO: &[&str] = &["--annotations", "truth.json", "--images", "images"];

#[test]
fn its_own_boxes_as_labels_are_found_to_the_last_one() {
    let place = Place::new();
    let args = [COCO, &["--conf", "0.5", "--per-class", "--format", "json", "--detections", "found.json"]].concat();
    let told = report(&place.eval(&args));
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(root().join("assets/eval.schema.json")).unwrap()).unwrap();
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&told).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let count = place.boxes.len();
    assert_eq!((&told["objects"], &told["detections"], &told["images"]), (&json!(count), &json!(count), &json!(4)));
    let classes = told["per_class"].as_array().unwrap();
    assert!(close(&told["AP"], 1.0) && close(&told["AR100"], 1.0), "{told}");
    assert_eq!(classes.len(), 10);
    // Nothing to find is -1 for COCO, and counts as 0 for Darknet.
    let empty = classes.iter().filter(|class| class["objects"] == 0).count();
    let wanted = |class: &Value| if class["objects"] == 0 { -1.0 } else { 1.0 };
    assert!(classes.iter().all(|class| close(&class["AP"], wanted(class))), "{told}");
    let darknet = &told["darknet"];
    assert!((darknet["ap_area"].as_f64().unwrap() - (10 - empty) as f64 / 10.0).abs() < 1e-12, "{told}");
    assert_eq!((&darknet["TP"], &darknet["FP"], &darknet["FN"]), (&json!(count), &json!(0), &json!(0)));

    // The boxes that were written are worth as much without the network.
    let read = ["eval", "--annotations", "truth.json", "--results", "found.json", "--per-class", "--format", "json"];
    let again = report(&place.run(&read));
    for key in ["AP", "AP50", "APs", "ARl", "darknet", "per_class", "best_f1", "detections"] {
        assert_eq!(again[key], told[key], "{key}");
    }
    // Against one box that was never there.
    let mut rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(place.path("found.json")).unwrap()).unwrap();
    assert!(rows.iter().all(|row| row["image_id"].as_u64().unwrap() > 36 && row["category_id"].as_u64().unwrap() > 20));
    let mut wrong = rows[0].clone();
    (wrong["bbox"], wrong["score"]) = (json!([0, 0, 1, 1]), json!(1.0));
    rows.push(wrong);
    place.write("found.json", &Value::from(rows).to_string());
    let worse = report(&place.run(&read));
    assert!(worse["AP"].as_f64().unwrap() < 1.0 && worse["darknet"]["FP"] == 1, "{worse}");
}

#[test]
fn darknets_labels_are_found_where_darknet_finds_them() {
    let place = Place::new();
    let args = ["--data", "obj.data", "--conf", "0.5", "--format", "json"];
    for (pictures, labels) in [
        ("images", "images"),
        ("images", "labels"),
        ("voc/JPEGImages", "voc/labels"),
        ("coco/images/val2017", "coco/labels/val2017"),
    ] {
        let _ = fs::remove_dir_all(place.path("labels"));
        place.darknet(pictures, labels);
        let told = report(&place.eval(&args));
        assert!(told["AP"].as_f64().unwrap() > 0.999, "{pictures}, {labels}: {told}");
        assert_eq!(told["darknet"]["FN"], 0);
        for scene in SCENES {
            fs::remove_file(place.path(labels).join(scene.replace(".jpg", ".txt"))).unwrap();
        }
    }
    // Where both are, Darknet reads those beside the pictures of a folder `images`, and the others in VOC's.
    place.darknet("images", "images");
    place.write("labels/avenue.txt", "0 0.5 0.5 0.1 0.1\n");
    assert!(report(&place.eval(&args))["AP"].as_f64().unwrap() > 0.999);
    place.darknet("voc/JPEGImages", "voc/labels");
    place.write("voc/JPEGImages/avenue.txt", "0 0.5 0.5 0.1 0.1\n");
    assert!(report(&place.eval(&args))["AP"].as_f64().unwrap() > 0.999);
    // A picture without labels is one without objects; it is said.
    fs::remove_file(place.path("voc/labels/avenue.txt")).unwrap();
    fs::remove_file(place.path("voc/JPEGImages/avenue.txt")).unwrap();
    let out = place.eval(&args);
    let told = report(&out);
    let avenue = place.boxes.iter().filter(|b| b.0 == 0).count();
    assert_eq!(told["objects"], json!(place.boxes.len() - avenue));
    assert_eq!(told["darknet"]["FP"], json!(avenue));
    assert!(stderr(&out).contains("1 of 4 pictures have no file of labels"), "{}", stderr(&out));
}

#[test]
fn labels_that_cannot_be_are_named_with_their_line() {
    let place = Place::new();
    place.darknet("images", "images");
    let args = ["--data", "obj.data"];
    for (line, words) in [
        ("0 0.5 0.5 0.1", "avenue.txt:2: expected class, centre x, centre y, width, height, found `0 0.5 0.5 0.1`"),
        ("0 0.5 0.5 0.1 0.1 0.9", "avenue.txt:2: expected class"),
        ("0.5 0.5 0.5 0.1 0.1", "avenue.txt:2: expected class"),
        ("10 0.5 0.5 0.1 0.1", "avenue.txt:2: class 10: there are 10 names, 0 to 9"),
        ("0 320 200 30 40", "avenue.txt:2: expected fractions of the picture, 0 to 1"),
        ("0 nan 0.5 0.1 0.1", "avenue.txt:2: expected fractions"),
        ("0 0.5 0.5 -0.1 0.1", "avenue.txt:2: expected fractions"),
    ] {
        place.write("images/avenue.txt", &format!("1 0.5 0.5 0.1 0.1\n{line}\n"));
        refused(&place.eval(&args), 1, &[words]);
    }
    // Out of the picture: a remark.
    place.write("images/avenue.txt", "0 0.99 0.5 0.1 0.1\n");
    let out = place.eval(&args);
    assert!(
        out.status.success() && stderr(&out).contains("avenue.txt:1: reaches out of the picture"),
        "{}",
        stderr(&out)
    );
    place.write("obj.data", "classes = 10\nnames = obj.names\n");
    refused(&place.eval(&args), 1, &["obj.data:1: expected `valid`"]);
    place.write("obj.data", "classes = 10\nnames = obj.names\n\nvalid = nowhere.txt\n");
    refused(&place.eval(&args), 1, &["obj.data:4: valid: there is no nowhere.txt"]);
    place.write("obj.data", "names = obj.names\nvalid = valid.txt\n");
    let eleven = (0..11).map(|i| format!("class {i}\n")).collect::<String>();
    place.write("obj.names", &eleven);
    refused(&place.eval(&args), 2, &["obj.names: expected 10 class names for demo, found 11"]);
    for scene in SCENES {
        fs::remove_file(place.path("images").join(scene.replace(".jpg", ".txt"))).unwrap();
    }
    refused(&place.eval(&args), 1, &["none of its 4 pictures has labels: there is no", "labels/avenue.txt"]);
}

#[test]
fn annotations_that_cannot_be_are_named() {
    let place = Place::new();
    let mutate = |change: &dyn Fn(&mut Value)| {
        let mut truth = place.instances();
        change(&mut truth);
        place.write("bad.json", &truth.to_string());
        place.eval(&["--annotations", "bad.json", "--images", "images"])
    };
    refused(
        &mutate(&|t| t["annotations"][3]["bbox"][2] = json!(-1.0)),
        1,
        &["bad.json:1: annotation 4: expected left"],
    );
    refused(&mutate(&|t| t["annotations"][3]["id"] = json!(1)), 1, &["two annotations have the id 1"]);
    refused(&mutate(&|t| t["images"][3]["id"] = json!(40)), 1, &["two pictures have the id 40"]);
    refused(&mutate(&|t| t["categories"][3]["id"] = json!(30)), 1, &["two categories have the id 30"]);
    refused(
        &mutate(&|t| t["annotations"][0]["bbox"] = json!([1, 2, 3])),
        1,
        &["bad.json:1: expected COCO's annotations"],
    );
    refused(&mutate(&|t| *t = json!([])), 1, &["bad.json:1: expected COCO's annotations"]);
    let out = mutate(&|t| t["annotations"][0]["image_id"] = json!(99));
    assert!(
        out.status.success() && stderr(&out).contains("1 annotations of pictures or categories"),
        "{}",
        stderr(&out)
    );
    // Missing pictures are no pictures without boxes.
    fs::remove_file(place.path("images/rain.jpg")).unwrap();
    refused(&place.eval(COCO), 2, &["1 of 4 annotated pictures are not there, the first: images/rain.jpg"]);
    // One that cannot be read, and one of another size: the others are measured, and it is said.
    place.write("images/rain.jpg", "no picture");
    fs::copy(root().join("assets/signs.png"), place.path("images/night.jpg")).unwrap();
    let out = place.eval(&[COCO, &["--conf", "0.5", "--format", "json"]].concat());
    refused(&out, 1, &["rain.jpg: ", "night.jpg: is annotated at", "2 of 4 pictures could not be read"]);
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(close(&told["AP"], 1.0), "{told}");
    assert_eq!((&told["images"], &told["failed"]), (&json!(2), &json!(2)));
    assert_eq!(told["objects"], json!(place.boxes.iter().filter(|b| b.0 < 2).count()));
    refused(&place.eval(&["--images", "images"]), 2, &["--annotations"]);
    refused(&place.eval(&[COCO, &["--data", "obj.data"]].concat()), 2, &["--data"]);
    refused(&place.eval(&[COCO, &["--thresh", "25"]].concat()), 2, &["--thresh: expected 0 to 1, found 25"]);
    refused(&place.eval(&[COCO, &["--out", "nowhere/x.json"]].concat()), 1, &["nowhere"]);
}

#[test]
fn results_that_cannot_be_are_named() {
    let place = Place::new();
    let run = |text: &str| {
        place.write("found.json", text);
        place.run(&["eval", "--annotations", "truth.json", "--results", "found.json"])
    };
    refused(&run("{}"), 1, &["found.json:1: expected COCO's results"]);
    refused(
        &run(r#"[{"image_id": 7, "category_id": 30, "bbox": [1, 2, 3, 4], "score": 0.5}]"#),
        1,
        &["picture 7 is not among the 4 annotated"],
    );
    let out = run(r#"[{"image_id": 40, "category_id": 77, "bbox": [1, 2, 3, 4], "score": 0.5}]"#);
    assert!(out.status.success() && stderr(&out).contains("1 boxes of categories"), "{}", stderr(&out));
    assert!(run("[]").status.success());
    // Nothing of it could be done.
    for option in [&["--conf", "0.5"][..], &["--player", "cpu"], &["--batch", "2"], &["--size", "64"], &["--no-exif"]] {
        let args = [&["eval", "--annotations", "truth.json", "--results", "found.json"], option].concat();
        refused(&place.run(&args), 2, &[option[0], "--results"]);
    }
}

#[test]
fn classes_are_matched_by_name() {
    let place = Place::new();
    let (first, second) = (place.names[0].clone(), place.names[1].clone());
    let mut truth = place.instances();
    truth["categories"][0]["name"] = json!("halt");
    place.write("truth.json", &truth.to_string());
    let args = [COCO, &["--conf", "0.5", "--format", "json"]].concat();
    let mapped = |text: &str| {
        place.write("class.map", text);
        place.eval(&[&args[..], &["--class-map", "class.map"]].concat())
    };
    // Both lists are named.
    refused(&place.eval(&args), 2, &["the network knows 10: ", &first, "annotated are 10: halt"]);
    assert!(close(&report(&mapped(&format!("{first} = halt\n")))["AP"], 1.0));
    let out = mapped(&format!("{first} =\n"));
    assert_eq!(report(&out)["classes"], 9);
    assert!(stderr(&out).contains("1 annotated categories have no class and are left out: halt"), "{}", stderr(&out));
    refused(&mapped(&format!("{first} = {second}\n")), 2, &["expected one class a category"]);
    refused(&mapped(&format!("{first}\n")), 1, &["class.map:1: expected class = category"]);
}

#[test]
fn the_class_map_of_the_page_is_one() {
    let page = fs::read_to_string(root().join("docs/accuracy.md")).unwrap();
    let map = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), map).unwrap();
    let map = yolov4::dataset::ClassMap::read(file.path()).unwrap();
    let categories = [yolov4::dataset::Category { id: 5, name: "airplane".into() }];
    let classes = ["aeroplane", "bicycle"].map(str::to_owned);
    assert_eq!(yolov4::dataset::match_classes(&classes, &categories, Some(&map)).unwrap(), [Some(0), None]);
}

#[test]
fn figures_and_plots_are_for_people_too() {
    let place = Place::new();
    let out =
        place.eval(&[COCO, &["--conf", "0.5", "--per-class", "--plot", "plots", "--out", "figures.txt"]].concat());
    assert!(out.status.success() && out.stdout.is_empty(), "{}", stderr(&out));
    let text = fs::read_to_string(place.path("figures.txt")).unwrap();
    let count = place.boxes.len();
    for words in [
        "demo at 320x320, conf 0.5, nms 0.6, at most 300 boxes a picture".to_owned(),
        format!("4 pictures, {count} objects of 10 classes, {count} boxes"),
        "AP50   1.000  IoU 0.50".into(),
        format!(" detections_count = {count}, unique_truth_count = {count}"),
        format!("class_id = 0, name = {}, ap = ", place.names[0]),
        format!("class_id = 9, name = {}, ap = ", place.names[9]),
        " for conf_thresh = 0.25, precision = 1.00, recall = 1.00, F1-score = 1.00".into(),
        format!(" for conf_thresh = 0.25, TP = {count}, FP = 0, FN = 0, average IoU = 100.00 %"),
        " IoU threshold = 50 %, used Area-Under-Curve for each unique Recall".into(),
        " IoU threshold = 50 %, used 11 Recall-points".into(),
        " mean average precision (mAP@0.50) = ".into(),
    ] {
        assert!(text.contains(&words), "expected `{words}` in\n{text}");
    }
    for (plot, words) in [
        ("pr.svg", "all classes, AP50 1.000"),
        ("f1.svg", "all classes, best 1.000"),
        ("confusion.svg", "found as nothing: 0"),
    ] {
        let svg = fs::read_to_string(place.path("plots").join(plot)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{plot}");
        assert!(svg.contains(words), "{plot}: expected `{words}`");
    }
    // What was measured before is replaced as a whole.
    assert!(place.eval(&[COCO, &["--conf", "0.5", "--plot", "plots"]].concat()).status.success());
    assert_eq!(fs::read_dir(place.path("plots")).unwrap().count(), 3);
}

/// Real annotations, a network of other names, and Darknet's figures for it: SOURCES tells AP of twice as many pictures.
#[test]
fn a_trained_network_on_photographs() {
    let Some(data) = std::env::var_os("YOLOV4_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: photographs need YOLOV4_TEST_DATA");
        return;
    };
    let place = Place::new();
    let voc = data.join("models/yolov4-tiny-voc");
    let text = |path: PathBuf| path.display().to_string();
    let args: Vec<String> = vec![
        "eval".into(),
        "--player=cpu".into(),
        "--format=json".into(),
        format!("--annotations={}", text(data.join("images/coco_instances.json"))),
        format!("--images={}", text(data.join("images/coco"))),
        format!("--model={}", text(voc.join("yolov4-tiny-voc.cfg"))),
        format!("--weights={}", text(voc.join("yolov4-tiny-voc.weights"))),
        format!("--names={}", text(voc.join("voc.names"))),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    refused(&place.run(&args), 2, &["the network knows 20: aeroplane", "annotated are 80: person"]);
    place.write("voc.map", "# the others are the same, or known as Darknet's names of them\naeroplane = airplane\n");
    let told = report(&place.run(&[&args[..], &["--class-map", "voc.map"]].concat()));
    assert_eq!((&told["images"], &told["classes"], &told["objects"]), (&json!(94), &json!(20), &json!(428)));
    // pycocotools says the same to 1e-9 (`cargo xtask referee`).
    assert!((told["AP"].as_f64().unwrap() - 0.201).abs() < 0.002, "{told}");
}
