//! Sources with a clock of their own: what is not shown is counted, and what is shown is not old.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{DEMO, clips, run, stderr, text};

/// Shown, dropped, and milliseconds from arrival to boxes, of the last line on stderr.
fn summary(said: &str) -> (u64, u64, f64) {
    let line = said.lines().find(|l| l.contains("frames shown")).unwrap_or_else(|| panic!("{said}"));
    let number = |what: &str| {
        let before = line.split(what).next().unwrap();
        before.rsplit([' ', ',']).find(|w| !w.is_empty()).unwrap().parse::<f64>().unwrap()
    };
    (number(" frames shown") as u64, number(" dropped") as u64, number(" ms from arrival"))
}

/// A network that takes longer than a frame at 30 fps on a slow machine: the demo's own size, not a smaller one.
const SLOW: [&str; 2] = ["--model", "demo"];

#[test]
fn a_stream_is_shown_or_dropped_and_every_frame_counted() {
    if !clips::have_ffmpeg() {
        return;
    }
    let stream = "lavfi:testsrc=size=320x240:rate=30:duration=3";
    let output = run(&[&["view", stream, "--headless"][..], &SLOW].concat());
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let (shown, dropped, delay) = summary(&said);
    println!("stream: {shown} shown, {dropped} dropped, {delay} ms");
    assert_eq!(shown + dropped, 90, "{said}");
    assert!(shown > 0 && delay > 0.0);
}

#[test]
fn a_pipe_is_a_camera_when_it_is_given_a_rate() {
    if !clips::have_ffmpeg() || !cfg!(unix) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("camera.y4m");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (rate, last) in [(&["--fps", "30"][..], &SLOW[..]), (&[], &DEMO)] {
        let feed =
            "-nostdin -loglevel error -re -f lavfi -i testsrc=size=320x240:rate=30 -frames:v 90 -pix_fmt yuv420p";
        let mut feed: Vec<&str> = feed.split(' ').collect();
        feed.extend(["-f", "yuv4mpegpipe", "-y", text(&pipe)]);
        let mut child = Command::new("ffmpeg").args(feed).stdin(Stdio::null()).spawn().unwrap();
        let output = run(&[&["view", text(&pipe), "--headless"][..], last, rate].concat());
        let said = stderr(&output);
        assert!(child.wait().unwrap().success() && output.status.success(), "{said}");
        let (shown, dropped, delay) = summary(&said);
        println!("pipe {rate:?}: {shown} shown, {dropped} dropped, {delay} ms");
        assert_eq!(shown + dropped, 90, "{said}");
        // Without a rate a pipe is a file: every frame counts.
        assert!(!rate.is_empty() || dropped == 0, "{said}");
        assert!(delay > 0.0);
    }
}
