//! Scenes on disk: pictures, YOLO labels, COCO instances, names, hashes.

use std::{
    fmt::Write,
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::{
    dice::Dice,
    scene::{self, Label, Scene, Setting},
    signs::Kind,
    text::Fonts,
};

/// What to make.
pub struct Order<'a> {
    pub count: usize,
    pub first: usize,
    pub seed: u64,
    pub setting: Setting,
    /// Width and height; otherwise one of the four usual shapes with `side` as the longer side.
    pub size: Option<(u32, u32)>,
    pub side: u32,
    pub fonts: &'a Fonts,
}

/// What is remembered of a scene once it is written.
struct Written {
    file: String,
    width: usize,
    height: usize,
    labels: Vec<Label>,
    sha1: String,
}

/// Writes `images/`, `labels/`, `instances.json`, `names` and `sha1` into `out`, on every core.
pub fn write(order: &Order<'_>, out: &Path) -> Result<()> {
    for folder in ["images", "labels"] {
        fs::create_dir_all(out.join(folder)).with_context(|| out.join(folder).display().to_string())?;
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Written)>> {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= order.count {
                return Ok(done);
            }
            done.push((i, one(order, order.first + i, out)?));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let results = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .map(|t| t.join().map_err(|_| anyhow::anyhow!("a scene could not be drawn"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    let mut all: Vec<(usize, Written)> = results.into_iter().flatten().collect();
    all.sort_by_key(|(i, _)| *i);
    let scenes: Vec<Written> = all.into_iter().map(|(_, w)| w).collect();
    fs::write(out.join("instances.json"), serde_json::to_string(&coco(&scenes))?)?;
    fs::write(out.join("names"), Kind::ALL.map(Kind::name).join("\n") + "\n")?;
    let hashes: String = scenes.iter().map(|s| format!("{}  images/{}\n", s.sha1, s.file)).collect();
    fs::write(out.join("sha1"), hashes)?;
    report(&scenes);
    Ok(())
}

fn one(order: &Order<'_>, index: usize, out: &Path) -> Result<Written> {
    let mut dice = Dice::of_scene(order.seed, index as u64);
    let side = order.side;
    // Square, and as cameras see: 4:3, 3:2, upright.
    let shape = dice.pick(&[(side, side), (side, side * 3 / 4), (side, side * 2 / 3), (side * 3 / 4, side)]);
    let scene = scene::make(&mut dice, order.fonts, order.setting, order.size.unwrap_or(shape))?;
    let quality = dice.count(55, 95) as u8;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(
        &scene.rgb,
        scene.width as u32,
        scene.height as u32,
        image::ExtendedColorType::Rgb8,
    )?;
    let file = format!("{index:06}.jpg");
    fs::write(out.join("images").join(&file), &bytes)?;
    fs::write(out.join(format!("labels/{index:06}.txt")), yolo(&scene))?;
    let sha1 = Sha1::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(Written { file, width: scene.width, height: scene.height, labels: scene.labels, sha1 })
}

/// Class, centre and size as fractions: a line an object.
fn yolo(scene: &Scene) -> String {
    let (w, h) = (scene.width as f32, scene.height as f32);
    let line = |label: &Label| {
        let [l, t, r, b] = label.bbox;
        let (x, y) = (f32::midpoint(l, r) / w, f32::midpoint(t, b) / h);
        format!("{} {x:.6} {y:.6} {:.6} {:.6}\n", label.kind as usize, (r - l) / w, (b - t) / h)
    };
    scene.labels.iter().map(line).collect()
}

fn coco(scenes: &[Written]) -> Value {
    let id = |s: &Written| s.file.trim_end_matches(".jpg").parse::<usize>().unwrap_or_default();
    let images: Vec<Value> = scenes
        .iter()
        .map(|s| json!({"id": id(s), "file_name": s.file, "width": s.width, "height": s.height}))
        .collect();
    let mut annotations = Vec::new();
    for scene in scenes {
        for label in &scene.labels {
            let [l, t, r, b] = label.bbox;
            annotations.push(json!({
                "id": annotations.len() + 1, "image_id": id(scene), "category_id": label.kind as usize + 1,
                "bbox": [l, t, r - l, b - t], "area": (r - l) * (b - t), "iscrowd": 0,
            }));
        }
    }
    let categories: Vec<Value> = Kind::ALL.iter().map(|k| json!({"id": *k as usize + 1, "name": k.name()})).collect();
    json!({"images": images, "annotations": annotations, "categories": categories})
}

fn report(scenes: &[Written]) {
    let sides: Vec<f32> = scenes
        .iter()
        .flat_map(|s| &s.labels)
        .map(|l| ((l.bbox[2] - l.bbox[0]) * (l.bbox[3] - l.bbox[1])).sqrt())
        .collect();
    let small = sides.iter().filter(|s| **s < 32.0).count();
    println!("{} scenes, {} objects, {small} of them under 32 px (root of the box)", scenes.len(), sides.len());
}

/// Writes an 8-bit RGB picture as PNG.
pub fn png(path: &Path, rgb: &[u8], width: u32, height: u32) -> Result<()> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(
        &mut bytes,
        image::codecs::png::CompressionType::Best,
        image::codecs::png::FilterType::Adaptive,
    )
    .write_image(rgb, width, height, image::ExtendedColorType::Rgb8)?;
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
