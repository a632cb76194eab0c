//! Numbers of people in a clip without known truth: a box that hardly moves from one frame to the next is the same person.

use std::collections::BTreeMap;

use crate::{Found, found, people, text};

const FRAMES: usize = 100;

/// What can be said without the truth.
#[derive(Debug, Default)]
struct Verdict {
    /// Boxes with a number.
    boxes: usize,
    /// Boxes that lie where a box of the frame before lies, and nowhere else.
    same: usize,
    /// Those of them that have another number.
    switches: usize,
    /// Frames of each number.
    lengths: BTreeMap<u64, usize>,
}

fn judge(frames: &[Vec<Found>]) -> Verdict {
    let mut verdict = Verdict::default();
    for frame in frames {
        verdict.boxes += frame.len();
        let ids: Vec<u64> = frame.iter().map(|f| f.id.expect("a number")).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|i| *i == id).count(), 1, "two boxes of one frame have number {id}");
            *verdict.lengths.entry(*id).or_default() += 1;
        }
    }
    for pair in frames.windows(2) {
        for now in &pair[1] {
            let near: Vec<&Found> = pair[0].iter().filter(|before| before.iou(now) > 0.7).collect();
            if let [before] = near[..] {
                verdict.same += 1;
                verdict.switches += usize::from(before.id != now.id);
            }
        }
    }
    verdict
}

#[test]
fn people_keep_their_numbers() {
    let Some((models, _folder, clip)) = people(16, FRAMES) else { return };
    for model in &models {
        let view = ["view", text(&clip), "--headless", "--json", "-"];
        let lines = model.lines(&view, &["--track", "--conf", "0.3", "--classes", "person"]);
        assert_eq!(lines.len(), FRAMES);
        let frames: Vec<Vec<Found>> = lines.iter().map(found).collect();
        let verdict = judge(&frames);
        let mean = verdict.boxes as f64 / verdict.lengths.len().max(1) as f64;
        let longest = verdict.lengths.values().max().copied().unwrap_or(0);
        println!(
            "{}: {} frames, {} boxes, {} numbers of {mean:.1} frames each ({longest} at most); {} of {} boxes that \
             stayed where they were changed their number",
            model.name,
            frames.len(),
            verdict.boxes,
            verdict.lengths.len(),
            verdict.switches,
            verdict.same
        );
        assert!(frames.iter().flatten().all(|f| f.class == 0), "a class that was not asked for");
        assert!(verdict.same > 30, "{verdict:?}");
        // One person leaves, another comes: two numbers, and one or two more for boxes that are no person. A tracker that never
        // finds its people again has as many numbers as boxes.
        assert!((2..=5).contains(&verdict.lengths.len()), "{verdict:?}");
        assert!(verdict.switches * 100 <= verdict.same, "{verdict:?}");
        assert!(mean >= 8.0, "{verdict:?}");
    }
}
