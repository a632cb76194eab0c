//! The generator keeps its word: equal seeds, labels that fit, shipped pictures that can be drawn again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, path::PathBuf};

use crate::{
    clip,
    dataset::{self, Order},
    dice::Dice,
    scene::{self, Setting},
    text::Fonts,
};

fn assets() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"))
}

fn fonts() -> Fonts {
    Fonts::read(&assets().join("fonts")).unwrap()
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("yolov4-scenes-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn equal_seeds_draw_equal_scenes_and_others_do_not() {
    let fonts = fonts();
    let draw =
        |seed, index| scene::make(&mut Dice::of_scene(seed, index), &fonts, Setting::Street, (120, 90)).unwrap().rgb;
    assert_eq!(draw(1, 5), draw(1, 5));
    assert_ne!(draw(1, 5), draw(1, 6));
    assert_ne!(draw(1, 5), draw(2, 5));
}

#[test]
fn labels_lie_in_the_picture_and_half_of_them_are_small() {
    let fonts = fonts();
    for setting in [Setting::Street, Setting::Elsewhere] {
        let (mut small, mut all) = (0, 0);
        for index in 0..120 {
            let scene = scene::make(&mut Dice::of_scene(9, index), &fonts, setting, (320, 240)).unwrap();
            for label in scene.labels {
                let [l, t, r, b] = label.bbox;
                assert!(0.0 <= l && l < r && r <= 320.0 && 0.0 <= t && t < b && b <= 240.0, "{label:?}");
                small += usize::from(((r - l) * (b - t)).sqrt() < 32.0);
                all += 1;
            }
        }
        assert!(all > 300 && 2 * small >= all, "{small} of {all} under 32 px");
    }
}

#[test]
fn yolo_and_coco_labels_say_the_same() {
    let (fonts, out) = (fonts(), folder("labels"));
    let order = Order { count: 6, first: 3, seed: 4, setting: Setting::Street, size: None, side: 160, fonts: &fonts };
    dataset::write(&order, &out).unwrap();
    let coco: serde_json::Value = serde_json::from_slice(&fs::read(out.join("instances.json")).unwrap()).unwrap();
    let mut compared = 0;
    for image in coco["images"].as_array().unwrap() {
        let (w, h) = (image["width"].as_f64().unwrap(), image["height"].as_f64().unwrap());
        let file = image["file_name"].as_str().unwrap().replace(".jpg", ".txt");
        let text = fs::read_to_string(out.join("labels").join(file)).unwrap();
        let mine = coco["annotations"].as_array().unwrap().iter().filter(|a| a["image_id"] == image["id"]);
        let mut lines = text.lines();
        for annotation in mine {
            let row: Vec<f64> = lines.next().unwrap().split(' ').map(|v| v.parse().unwrap()).collect();
            let b: Vec<f64> = annotation["bbox"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            assert_eq!(row[0] + 1.0, annotation["category_id"].as_f64().unwrap());
            let back = [(row[1] - row[3] / 2.0) * w, (row[2] - row[4] / 2.0) * h, row[3] * w, row[4] * h];
            assert!(back.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{back:?} {b:?}");
            compared += 1;
        }
        assert_eq!(lines.next(), None);
    }
    assert!(compared > 5, "{compared} labels");
    fs::remove_dir_all(out).unwrap();
}

/// The table of `assets/README.md`: which scene of the series each shipped picture is. Sines and cosines are the
/// platform's own, so that elsewhere a few pixels may differ.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_shipped_pictures_are_drawn_again_to_the_byte() {
    let (fonts, readme) = (fonts(), fs::read_to_string(assets().join("README.md")).unwrap());
    let rows: Vec<(&str, usize)> = readme
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `images/")?.split_once('`')?;
            let number = rest.split("--first ").nth(1)?.split('`').next()?;
            Some((name, number.parse().unwrap()))
        })
        .collect();
    assert_eq!(rows.len(), 4, "rows of shipped scenes in assets/README.md");
    for (name, first) in rows {
        let out = folder(name);
        let size = Some((800, 600));
        dataset::write(
            &Order { count: 1, first, seed: 7, setting: Setting::Street, size, side: 800, fonts: &fonts },
            &out,
        )
        .unwrap();
        let drawn = fs::read(out.join(format!("images/{first:06}.jpg"))).unwrap();
        assert!(
            drawn == fs::read(assets().join("images").join(name)).unwrap(),
            "{name} is not scene {first} of seed 7"
        );
        let labels = fs::read_to_string(out.join(format!("labels/{first:06}.txt"))).unwrap();
        let kept = assets().join("../tests/data/scenes").join(name.replace(".jpg", ".txt"));
        assert_eq!(labels, fs::read_to_string(kept).unwrap(), "{name}: labels kept for the tests");
        fs::remove_dir_all(out).unwrap();
    }
}

/// The row of `assets/README.md` that names the clip.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_shipped_clip_is_drawn_again_to_the_byte() {
    let (fonts, readme) = (fonts(), fs::read_to_string(assets().join("README.md")).unwrap());
    let row = readme.lines().find(|line| line.starts_with("| `clip.mjpeg`")).unwrap();
    let number = row.split("--first ").nth(1).unwrap().split('`').next().unwrap().parse().unwrap();
    let out = folder("clip");
    fs::create_dir_all(&out).unwrap();
    clip::write(&out.join("clip.mjpeg"), &fonts, number).unwrap();
    let drawn = fs::read(out.join("clip.mjpeg")).unwrap();
    assert!(drawn == fs::read(assets().join("clip.mjpeg")).unwrap(), "clip.mjpeg is not what {row} says");
    fs::remove_dir_all(out).unwrap();
}
