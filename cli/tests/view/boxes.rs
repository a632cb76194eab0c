//! What has to be on the screen for a frame and its boxes, and whether it is.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use image::RgbImage;
use serde_json::Value;
use yolov4::low_level::detect::draw::{PALETTE, colour, line_width, text_size};

use crate::{
    desktop::Desktop,
    viewer::{PATIENCE, Viewer},
};

/// The notices at the left top of the window: the software adapter's, and that it stands still.
const NOTICES: (u32, u32) = (262, 70);
/// Share of an edge's pixels that must have its colour.
const SHARE: f64 = 0.98;
/// Share of all other pixels that may have a box's colour: the picture itself has some of them.
const STRAY: f64 = 0.0002;

/// A frame's boxes, best first.
#[derive(Clone, Debug)]
pub struct Found {
    pub width: usize,
    pub height: usize,
    pub boxes: Vec<Framed>,
}

/// Class, name, and left, top, width, height in the frame's pixels.
#[derive(Clone, Debug)]
pub struct Framed {
    pub class: usize,
    pub name: String,
    pub rect: [f64; 4],
}

impl Found {
    /// From a line of JSON of `view` or `detect`.
    pub fn new(line: &Value) -> Self {
        let number = |v: &Value| v.as_f64().unwrap();
        let one = |d: &Value| Framed {
            class: d["class"].as_u64().unwrap() as usize,
            name: d["name"].as_str().unwrap().to_owned(),
            rect: std::array::from_fn(|i| number(&d["box"][i])),
        };
        Self {
            width: line["width"].as_u64().unwrap() as usize,
            height: line["height"].as_u64().unwrap() as usize,
            boxes: line["detections"].as_array().unwrap().iter().map(one).collect(),
        }
    }

    /// What `yolov4 detect` finds.
    pub fn detect(desktop: &Desktop, path: &Path) -> Self {
        let mut command = desktop.command(env!("CARGO_BIN_EXE_yolov4"));
        let out = command.args(["detect", "--model", "demo", "--format", "jsonl"]).arg(path).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8(out.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        Self::new(&serde_json::from_str(&text).unwrap())
    }

    /// Whether these are the same boxes, to a hundredth of a pixel.
    pub fn same(&self, other: &Self) -> bool {
        let near = |a: &Framed, b: &Framed| {
            a.class == b.class && a.rect.iter().zip(&b.rect).all(|(a, b)| (a - b).abs() < 0.01)
        };
        self.boxes.len() == other.boxes.len() && self.boxes.iter().zip(&other.boxes).all(|(a, b)| near(a, b))
    }
}

/// Who painted a pixel.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Picture,
    Edge(usize),
    /// A label, or what is not sure.
    Other,
}

struct Map {
    width: i64,
    height: i64,
    owners: Vec<Owner>,
}

impl Map {
    fn fill(&mut self, [left, top, right, bottom]: [i64; 4], owner: Owner) {
        for y in top.clamp(0, self.height)..bottom.clamp(0, self.height) {
            for x in left.clamp(0, self.width)..right.clamp(0, self.width) {
                self.owners[(y * self.width + x) as usize] = owner;
            }
        }
    }
}

/// Where the picture lies in a window of this size: as large as it fits, in the middle. Left, top, width, height.
fn fit(found: &Found, (width, height): (u32, u32)) -> [f64; 4] {
    let (pw, ph, tw, th) = (found.width as f64, found.height as f64, f64::from(width), f64::from(height));
    let scale = (tw / pw).min(th / ph);
    let (w, h) = ((pw * scale).round(), (ph * scale).round());
    [((tw - w) / 2.0).floor(), ((th - h) / 2.0).floor(), w, h]
}

/// Where everything is to be, for a window of this size.
fn plan(found: &Found, (width, height): (u32, u32), mirror: bool) -> Map {
    let mut map = Map {
        width: i64::from(width),
        height: i64::from(height),
        owners: vec![Owner::Picture; (width * height) as usize],
    };
    let place = fit(found, (width, height));
    let short = place[2].min(place[3]) as f32;
    let (line, text) = (line_width(short) as i64, i64::from(text_size(short) as u16));
    for (index, one) in found.boxes.iter().enumerate().rev() {
        let [x, y, w, h] = one.rect;
        let along = |v: f64, axis: usize| {
            let part = (v / [found.width, found.height][axis] as f64).clamp(0.0, 1.0);
            place[axis] + place[2 + axis] * if mirror && axis == 0 { 1.0 - part } else { part }
        };
        let (a, b) = (along(x, 0), along(x + w, 0));
        let exact = [a.min(b), along(y, 1), a.max(b), along(y + h, 1)];
        let [left, top, right, bottom] = exact.map(|v| v.round() as i64);
        let edges = [
            [left, top, left + line, bottom],
            [left, top, right, top + line],
            [right - line, top, right, bottom],
            [left, bottom - line, right, bottom],
        ];
        edges.iter().for_each(|edge| map.fill(*edge, Owner::Edge(index)));
        for (edge, at) in edges.iter().zip(exact) {
            // Which of two columns it is hangs on the last digit.
            if (at.fract() - 0.5).abs() < 0.005 {
                map.fill([edge[0] - 1, edge[1] - 1, edge[2] + 1, edge[3] + 1], Owner::Other);
            }
        }
        // The label, with room for any font: above, or inside where there is none above; within the picture.
        let (high, wide) = (text * 3 / 2 + 2, one.name.len() as i64 * text * 7 / 10 + 4 * text);
        let start = left.min((place[0] + place[2]) as i64 - wide).max(place[0] as i64);
        map.fill([start, top - high, left + wide, top], Owner::Other);
        if top - high < place[1] as i64 {
            map.fill([start, top, left + wide, top + high], Owner::Other);
        }
    }
    map
}

/// Whether the picture shows these boxes, in their places and colours, and no other; or why not.
pub fn compare(shot: &RgbImage, found: &Found, mirror: bool) -> Result<(), String> {
    let map = plan(found, shot.dimensions(), mirror);
    let mut edges = vec![(0_u64, 0_u64); found.boxes.len()];
    let (mut strays, mut plain) = (0_u64, 0_u64);
    for (x, y, pixel) in shot.enumerate_pixels() {
        if x < NOTICES.0 && y < NOTICES.1 {
            continue;
        }
        match map.owners[(y * shot.width() + x) as usize] {
            Owner::Edge(index) => {
                edges[index].0 += 1;
                edges[index].1 += u64::from(pixel.0 == colour(found.boxes[index].class));
            }
            Owner::Picture => {
                plain += 1;
                strays += u64::from(PALETTE.contains(&pixel.0));
            }
            Owner::Other => {}
        }
    }
    for (one, (all, right)) in found.boxes.iter().zip(&edges) {
        if (*right as f64) < SHARE * *all as f64 {
            return Err(format!("{right} of {all} pixels at the edges of {one:?} have its colour"));
        }
    }
    if edges.iter().all(|(all, _)| *all < 20) {
        return Err(format!("nothing to compare in {:?}", shot.dimensions()));
    }
    if strays as f64 > STRAY * plain as f64 {
        return Err(format!("{strays} of {plain} pixels outside of all boxes have the colour of one"));
    }
    Ok(())
}

/// Waits until the window shows these boxes: a frame's pixels come a moment after its line.
pub fn shows(viewer: &Viewer<'_>, found: &Found, mirror: bool, what: &str) {
    let end = Instant::now() + Duration::from_secs(PATIENCE);
    loop {
        let why = match viewer.try_shot().and_then(|shot| compare(&shot, found, mirror)) {
            Ok(()) => return,
            Err(why) => why,
        };
        assert!(Instant::now() < end, "{what}: {why}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
