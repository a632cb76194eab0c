//! A window on what the processor plays: the device only draws.

use crate::{
    asset,
    boxes::{Found, shows},
    desktop::{Desktop, until},
    pictures::scene_with,
    viewer::{PATIENCE, Viewer},
};

#[test]
fn the_processor_plays_for_a_window() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene_with(&desktop, "crossing.jpg", &["--player", "cpu"]);
    assert!(found.same(&Found::detect(&desktop, &asset("images/crossing.jpg"))));
    shows(&viewer, &found, false, "the picture");
    until("the processor in the title", PATIENCE, || viewer.title().contains("the processor").then_some(()));
    // Faster than the frame can be played: the last of them counts.
    let seen = viewer.count();
    (0..9).for_each(|_| viewer.key("Down"));
    let more = Found::new(&viewer.settled(seen));
    assert!(more.boxes.len() > found.boxes.len() + 2, "{more:?}");
    shows(&viewer, &more, false, "more boxes");
    viewer.key("m");
    shows(&viewer, &more, true, "mirrored");
    viewer.key("q");
    let (status, said) = viewer.ended();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("player: the processor"), "{said}");
}

#[test]
fn frames_go_by_and_back_on_the_processor() {
    let Some(desktop) = Desktop::start() else { return };
    let clip = asset("clip.mjpeg");
    let viewer = Viewer::open(&desktop, &[clip.to_str().unwrap(), "--fps", "2", "--player", "cpu", "--track"]);
    viewer.line(2, "three frames", |_| true);
    viewer.pause(true);
    let newest = viewer.settled(0);
    let before = viewer.count();
    viewer.key("Left");
    let back = viewer.line(before, "a step back", |_| true);
    assert!(back["time"].as_f64() < newest["time"].as_f64(), "{back} is not before {newest}");
    viewer.key("h");
    shows(&viewer, &Found::new(&back), false, "a step back");
}
