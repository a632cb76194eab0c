//! Tracks against synthetic scenes whose truth is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use yolov4::{
    BoxPx, Detection,
    track::{
        Tracked, Tracker, TrackerOptions,
        assign::{Pair, assign},
    },
};

/// What a scene shows in one frame: the true object with each detection.
type Shown = Vec<(usize, Detection)>;

fn seen(x: f64, y: f64, w: f64, h: f64, score: f32) -> Detection {
    let bbox = BoxPx { x: (x - w / 2.0) as f32, y: (y - h / 2.0) as f32, w: w as f32, h: h as f32 };
    Detection { class: 0, name: "person".into(), score, bbox, id: None }
}

/// Numbers between 0 and 1 that are the same everywhere.
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.draw()
    }
}

/// Counted against truth.
#[derive(Debug, Default, PartialEq)]
struct Verdict {
    /// An object that has another id than when it was last tracked.
    switches: usize,
    /// Detections without an id.
    untracked: usize,
    detections: usize,
    ids: BTreeSet<u64>,
}

fn judge(options: TrackerOptions, scene: &[Shown]) -> Verdict {
    let mut tracker = Tracker::new(options).unwrap();
    let mut last: BTreeMap<usize, u64> = BTreeMap::new();
    let mut verdict = Verdict::default();
    for (frame, shown) in scene.iter().enumerate() {
        let detections: Vec<Detection> = shown.iter().map(|(_, d)| d.clone()).collect();
        let tracked = tracker.update(&detections, at(frame));
        verdict.detections += shown.len();
        verdict.untracked += shown.len() - tracked.len();
        let mut ids = BTreeSet::new();
        for t in &tracked {
            assert_eq!(t.detection, detections[t.index], "the boxes drawn are the detections themselves");
            assert!(ids.insert(t.id), "id {} twice in frame {frame}", t.id);
            let before = last.insert(shown[t.index].0, t.id);
            verdict.switches += usize::from(before.is_some_and(|id| id != t.id));
        }
        verdict.ids.extend(ids);
    }
    verdict
}

/// At 25 frames per second.
fn at(frame: usize) -> Duration {
    Duration::from_millis(40 * frame as u64)
}

fn plain() -> TrackerOptions {
    TrackerOptions::default()
}

#[test]
fn objects_that_cross_keep_their_ids() {
    let scene: Vec<Shown> = (0..80)
        .map(|t| {
            let t = f64::from(t);
            let right = seen(50.0 + 5.0 * t, 100.0, 40.0, 80.0, 0.9);
            let left = seen(450.0 - 5.0 * t, 105.0, 40.0, 80.0, 0.9);
            // The order of the list must not matter.
            if (t as usize).is_multiple_of(2) { vec![(0, right), (1, left)] } else { vec![(1, left), (0, right)] }
        })
        .collect();
    let verdict = judge(plain(), &scene);
    assert_eq!((verdict.switches, verdict.untracked), (0, 0));
    assert_eq!(verdict.ids, BTreeSet::from([1, 2]));
}

#[test]
fn an_object_hidden_for_ten_frames_keeps_its_id() {
    let scene: Vec<Shown> = (0..60)
        .map(|t| {
            if (25..35).contains(&t) {
                vec![]
            } else {
                vec![(0, seen(50.0 + 8.0 * f64::from(t), 100.0, 40.0, 80.0, 0.9))]
            }
        })
        .collect();
    let verdict = judge(plain(), &scene);
    assert_eq!((verdict.switches, verdict.untracked), (0, 0));
    let impatient = judge(TrackerOptions { keep: 9, ..plain() }, &scene);
    assert_eq!(impatient.switches, 1, "nine frames of patience are too few");
    assert_eq!(judge(TrackerOptions { keep: 10, ..plain() }, &scene).switches, 0, "ten are just enough");
}

/// Round a curve, half hidden in the middle of it.
fn weak_in_the_bend() -> Vec<Shown> {
    (0..70)
        .map(|t| {
            let (mut x, mut y) = (100.0, 200.0);
            for s in 0..t {
                let angle = 0.06 * f64::from((s - 20).clamp(0, 30));
                (x, y) = (x + 6.0 * angle.cos(), y + 6.0 * angle.sin());
            }
            let score = if (21..50).contains(&t) { 0.3 } else { 0.9 };
            vec![(0, seen(x, y, 40.0, 40.0, score))]
        })
        .collect()
}

#[test]
fn the_second_stage_keeps_the_id_of_a_weak_object() {
    let scene = weak_in_the_bend();
    let verdict = judge(plain(), &scene);
    assert_eq!((verdict.switches, verdict.untracked), (0, 0));
    let without = judge(TrackerOptions { low: 0.5, ..plain() }, &scene);
    assert_eq!(without.switches, 1, "without the second stage the id switches");
    assert!(without.untracked > 25);
}

#[test]
fn weak_scores_alone_begin_no_track() {
    let scene: Vec<Shown> = (0..20).map(|_| vec![(0, seen(100.0, 100.0, 40.0, 40.0, 0.55))]).collect();
    assert!(judge(plain(), &scene).ids.is_empty());
}

#[test]
fn a_panning_camera_keeps_all_ids() {
    let mut chance = Chance(7);
    let places: Vec<(f64, f64)> =
        (0..40).map(|i| (60.0 * f64::from(i % 8) + chance.between(0.0, 8.0), 110.0 * f64::from(i / 8))).collect();
    let scene: Vec<Shown> = (0..90)
        .map(|t| {
            // From rest to 20 pixels a frame within 20 frames, then on at that speed: half a box from frame to frame.
            let t = f64::from(t);
            let pan = if t < 20.0 { t * t / 2.0 } else { 200.0 + 20.0 * (t - 20.0) };
            let shown = places.iter().enumerate();
            shown.map(|(i, (x, y))| (i, seen(x - pan + 500.0, y + 100.0, 40.0, 90.0, 0.9))).collect()
        })
        .collect();
    let verdict = judge(plain(), &scene);
    assert_eq!((verdict.switches, verdict.untracked, verdict.ids.len()), (0, 0, 40));
}

/// Walkers whose direction wanders, each box a little off, one in twenty weak and one in fifty missing.
fn walkers(count: usize, frames: usize, seed: u64) -> Vec<Shown> {
    let mut chance = Chance(seed);
    let field = 4000.0;
    let mut walkers: Vec<[f64; 4]> = (0..count)
        .map(|_| {
            let angle = chance.between(0.0, std::f64::consts::TAU);
            [chance.between(0.0, field), chance.between(0.0, field), angle, chance.between(1.0, 5.0)]
        })
        .collect();
    let mut scene = Vec::new();
    for _ in 0..frames {
        let mut shown = Shown::new();
        for (i, [x, y, angle, speed]) in walkers.iter_mut().enumerate() {
            *angle += chance.between(-0.1, 0.1);
            (*x, *y) = (*x + *speed * angle.cos(), *y + *speed * angle.sin());
            let luck = chance.draw();
            let score = if luck < 0.05 { 0.3 } else { 0.85 };
            let mut off = || chance.between(-1.0, 1.0);
            let found = seen(*x + off(), *y + off(), 30.0 + off(), 70.0 + off(), score);
            if !(0.05..0.07).contains(&luck) {
                shown.push((i, found));
            }
        }
        scene.push(shown);
    }
    scene
}

#[test]
fn five_hundred_walkers() {
    let scene = walkers(500, 200, 1);
    let start = Instant::now();
    let verdict = judge(plain(), &scene);
    let each = start.elapsed() / scene.len() as u32;
    let Verdict { switches, untracked, detections, ids } = verdict;
    println!("500 walkers, 200 frames: {switches} switches, {untracked} of {detections} untracked, {each:?} a frame");
    assert!(switches <= 20, "{switches} switches");
    assert!(ids.len() <= 520, "{} ids", ids.len());
    assert!(untracked * 200 <= detections, "{untracked} of {detections} detections without an id");
}

#[test]
fn the_same_scene_gives_the_same_tracks() {
    let scene = walkers(100, 60, 3);
    let play = || {
        let mut tracker = Tracker::new(plain()).unwrap();
        let frames = scene.iter().enumerate().map(|(frame, shown)| {
            let detections: Vec<Detection> = shown.iter().map(|(_, d)| d.clone()).collect();
            tracker.update(&detections, at(frame))
        });
        frames.collect::<Vec<Vec<Tracked>>>()
    };
    assert_eq!(play(), play());
}

#[test]
fn ids_begin_at_one_and_never_come_again() {
    let mut tracker = Tracker::new(TrackerOptions { keep: 2, ..plain() }).unwrap();
    let mut ids = Vec::new();
    for life in 0..5 {
        for frame in 0..3 {
            for t in tracker.update(&[seen(100.0, 100.0, 40.0, 40.0, 0.9)], at(10 * life + frame)) {
                ids.push(t.id);
            }
        }
        for frame in 3..10 {
            assert!(tracker.update(&[], at(10 * life + frame)).is_empty());
        }
    }
    // Three of the very first frames, then two of each life: the first hit is not confirmed yet.
    assert_eq!(ids, [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
}

#[test]
fn a_new_object_is_confirmed_by_its_second_hit() {
    let old = seen(100.0, 100.0, 40.0, 40.0, 0.9);
    let new = seen(300.0, 100.0, 40.0, 40.0, 0.9);
    let mut tracker = Tracker::new(plain()).unwrap();
    assert_eq!(tracker.update(std::slice::from_ref(&old), at(0)).len(), 1, "the first frame at once");
    assert_eq!(tracker.update(&[old.clone(), new.clone()], at(1)).len(), 1);
    assert_eq!(tracker.update(std::slice::from_ref(&old), at(2)).len(), 1, "a flash is forgotten");
    assert_eq!(tracker.update(&[old.clone(), new.clone()], at(3)).len(), 1);
    let tracked = tracker.update(&[new, old], at(4));
    assert_eq!(tracked.iter().map(|t| (t.id, t.index, t.age)).collect::<Vec<_>>(), [(2, 0, 1), (1, 1, 4)]);
}

#[test]
fn the_trail_is_the_way_of_the_boxes() {
    let mut tracker = Tracker::new(plain()).unwrap();
    let mut last = Vec::new();
    for t in 0..50 {
        last = tracker.update(&[seen(100.0 + 3.0 * f64::from(t), 50.0, 40.0, 40.0, 0.9)], at(t as usize));
    }
    let trail: Vec<[f32; 2]> = (18..50).map(|t| [100.0 + 3.0 * t as f32, 50.0]).collect();
    assert_eq!(last[0].trail, trail);
    assert_eq!(last[0].age, 49);
}

#[test]
fn classes_are_apart_unless_told_otherwise() {
    let play = |agnostic: bool| {
        let mut tracker = Tracker::new(TrackerOptions { agnostic, ..plain() }).unwrap();
        let mut ids = BTreeSet::new();
        for frame in 0..20 {
            let mut found = seen(100.0, 100.0, 40.0, 40.0, 0.9);
            found.class = usize::from(frame >= 10);
            ids.extend(tracker.update(&[found], at(frame)).iter().map(|t| t.id));
        }
        ids.len()
    };
    assert_eq!((play(false), play(true)), (2, 1));
}

#[test]
fn frames_left_out_count_when_the_rate_is_known() {
    // 25 frames per second, of which every fourth is looked at: 16 pixels from look to look.
    let look = |t: i32| seen(50.0 + 4.0 * f64::from(t), 100.0, 40.0, 80.0, 0.9);
    let ids = |rate: Option<f64>, keep: u32| {
        let mut tracker = Tracker::new(TrackerOptions { rate, keep, ..plain() }).unwrap();
        let mut ids = Vec::new();
        for t in (0..80).step_by(4).filter(|t| !(20..40).contains(t)) {
            ids.extend(tracker.update(&[look(t)], at(t as usize)).iter().map(|t| t.id));
        }
        ids.last().copied()
    };
    assert_eq!(ids(Some(25.0), 30), Some(1), "six times four frames later it is where it should be");
    assert_eq!(ids(Some(25.0), 20), Some(2), "23 frames without it are too many");
    assert_eq!(ids(None, 30), Some(2), "without a rate it is looked for where it would be in one frame");
}

#[test]
fn nonsense_is_passed_over() {
    let mut tracker = Tracker::new(plain()).unwrap();
    let sound = seen(100.0, 100.0, 40.0, 40.0, 0.9);
    let mut list = vec![sound.clone()];
    for nonsense in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..5 {
            let mut d = sound.clone();
            let slot = match place {
                0 => &mut d.bbox.x,
                1 => &mut d.bbox.y,
                2 => &mut d.bbox.w,
                3 => &mut d.bbox.h,
                _ => &mut d.score,
            };
            *slot = if place == 4 { f32::NAN } else { nonsense };
            list.push(d);
        }
    }
    list.push(seen(100.0, 100.0, 0.0, 40.0, 0.9));
    list.push(seen(100.0, 100.0, 40.0, -40.0, 0.9));
    list.push(seen(1e38, 1e38, 1e38, 1e38, 0.9));
    list.push(seen(100.0, 100.0, 1e-38, 1e-38, 0.9));
    for frame in 0..50 {
        assert!(tracker.update(&[], at(0)).is_empty() || frame == 0);
        for t in tracker.update(&list, at(0)) {
            assert!(t.index == 0 || t.index >= list.len() - 2, "{:?}", t.detection);
        }
    }
    for (low, high, start) in [(f32::NAN, 0.5, 0.6), (0.6, 0.5, 0.6), (0.1, 0.5, 0.4), (-0.1, 0.5, 0.6)] {
        assert!(Tracker::new(TrackerOptions { low, high, start, ..plain() }).is_err());
    }
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Tracker::new(TrackerOptions { rate: Some(rate), ..plain() }).unwrap_err();
        assert!(error.to_string().contains("rate"), "{error}");
    }
}

#[test]
fn thousands_of_boxes_in_reasonable_time() {
    let mut chance = Chance(5);
    // Apart, as after non-maximum suppression, and all in one heap.
    for (name, count, side) in [("apart", 5000, 8000.0), ("in a heap", 1000, 60.0), ("in a heap", 2000, 60.0)] {
        let mut tracker = Tracker::new(plain()).unwrap();
        let mut slowest = Duration::ZERO;
        for frame in 0..4 {
            let boxes: Vec<Detection> = (0..count)
                .map(|_| seen(chance.between(0.0, side), chance.between(0.0, side), 60.0, 60.0, 0.9))
                .collect();
            let start = Instant::now();
            tracker.update(&boxes, at(frame));
            slowest = slowest.max(start.elapsed());
        }
        println!("{count} boxes {name}: {slowest:?} for the slowest of 4 frames");
        assert!(slowest < Duration::from_secs(60));
    }
}

/// The greatest total by trying all.
fn by_force(row: usize, taken: u32, gains: &[Vec<f64>]) -> f64 {
    let Some(line) = gains.get(row) else { return 0.0 };
    let mut best = by_force(row + 1, taken, gains);
    for (column, gain) in line.iter().enumerate() {
        if taken & (1 << column) == 0 && *gain > 0.0 {
            best = best.max(gain + by_force(row + 1, taken | 1 << column, gains));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_assignment_is_the_best(
        gains in (1usize..7, 1usize..7).prop_flat_map(|(rows, columns)| {
            // Few different numbers, so that there are ties, and many that are no gain.
            prop::collection::vec(prop::collection::vec((-4i32..9).prop_map(|g| f64::from(g) / 8.0), columns), rows)
        }),
    ) {
        let columns = gains[0].len();
        let pairs: Vec<Pair> = gains
            .iter()
            .enumerate()
            .flat_map(|(row, line)| line.iter().enumerate().map(move |(column, &gain)| Pair { row, column, gain }))
            .collect();
        let chosen = assign(gains.len(), columns, &pairs);
        let rows: BTreeSet<usize> = chosen.iter().map(|c| c.0).collect();
        let taken: BTreeSet<usize> = chosen.iter().map(|c| c.1).collect();
        prop_assert_eq!((rows.len(), taken.len()), (chosen.len(), chosen.len()));
        prop_assert!(chosen.iter().all(|&(r, c)| gains[r][c] > 0.0));
        let total: f64 = chosen.iter().map(|&(r, c)| gains[r][c]).sum();
        // Eighths: sums are exact.
        prop_assert_eq!(total, by_force(0, 0, &gains));
    }
}
