//! Where no GPU plays: videos go the processor's way, and what comes out is the same.

use std::fs;

use image::RgbImage;
use serde_json::Value;

use crate::{DEMO, Found, found, parsed, run, stderr, text};

const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/clip.mjpeg");
const FRAMES: usize = 8;

/// What `view` makes of the clip's first frames: its lines, its recording, and a picture of the last one.
fn viewed(player: &str, flags: &[&str]) -> (Vec<Value>, Vec<u8>, RgbImage) {
    let dir = tempfile::tempdir().unwrap();
    let (video, shot) = (dir.path().join("out.mjpeg"), dir.path().join("shot.png"));
    let base = ["view", CLIP, "--headless", "--json", "-", "--frames", "8", "--player", player];
    let output = run(&[&base[..], &DEMO, flags, &["--record", text(&video), "--screenshot", text(&shot)]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let read = if player == "gpu" { "read-backs" } else { " 0 read-backs, 0 of telemetry" };
    assert!(stderr(&output).contains(read), "{}", stderr(&output));
    (parsed(&output), fs::read(&video).unwrap(), image::open(&shot).unwrap().to_rgb8())
}

fn pictures(mjpeg: &[u8]) -> usize {
    mjpeg.windows(3).filter(|bytes| *bytes == [0xff, 0xd8, 0xff]).count()
}

/// Whether everything found on one side is found on the other.
fn same(a: &[Found], b: &[Found]) -> bool {
    let partner = |f: &Found| {
        b.iter().any(|o| o.class == f.class && o.id == f.id && o.iou(f) > 0.99 && (o.score - f.score).abs() < 0.002)
    };
    a.len() == b.len() && a.iter().all(partner)
}

#[test]
fn the_processor_plays_a_video_as_the_gpu_does() {
    for flags in [&[][..], &["--track"], &["--mirror"]] {
        let (by_gpu, _, drawn_by_gpu) = viewed("gpu", flags);
        let (lines, video, drawn) = viewed("cpu", flags);
        assert_eq!(lines.len(), FRAMES);
        for (line, wanted) in lines.iter().zip(&by_gpu) {
            let heads = ["frame", "time", "width", "height"];
            assert!(heads.iter().all(|key| line[key] == wanted[key]), "{flags:?}: {line}, expected {wanted}");
            assert!(same(&found(line), &found(wanted)), "{flags:?}: {line}, expected {wanted}");
        }
        assert!(lines.iter().any(|line| !found(line).is_empty()));
        assert_eq!(pictures(&video), FRAMES, "{flags:?}");
        // Painted by the host, and drawn by the device: blending rounds once on either side, an edge may fall a pixel off.
        assert_eq!(drawn.dimensions(), drawn_by_gpu.dimensions());
        let differ = |(a, b): &(&u8, &u8)| a.abs_diff(**b) > 2;
        let wrong = drawn.iter().zip(drawn_by_gpu.iter()).filter(differ).count();
        assert!(wrong * 500 < drawn.len(), "{flags:?}: {wrong} of {} samples differ", drawn.len());
    }
}

#[test]
fn every_frame_of_a_video_is_detected_on_the_processor() {
    let dir = tempfile::tempdir().unwrap();
    let (out, video) = (dir.path().join("out.jsonl"), dir.path().join("out.mjpeg"));
    let clip = dir.path().join("clip.mjpeg");
    let bytes = fs::read(CLIP).unwrap();
    let end = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == [0xff, 0xd9]).nth(FRAMES - 1).unwrap().0 + 2;
    fs::write(&clip, &bytes[..end]).unwrap();
    let detect = ["detect", text(&clip), "--format", "jsonl", "--out", text(&out), "--out-video", text(&video)];
    for player in ["cpu", "auto"] {
        let output = run(&[&detect[..], &DEMO, &["--player", player]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("player: the processor"), "{}", stderr(&output));
        let lines: Vec<Value> =
            fs::read_to_string(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (wanted, _, _) = viewed("gpu", &[]);
        assert_eq!((lines.len(), pictures(&fs::read(&video).unwrap())), (FRAMES, FRAMES));
        assert!(lines.iter().zip(&wanted).all(|(line, wanted)| same(&found(line), &found(wanted))));
    }
}
