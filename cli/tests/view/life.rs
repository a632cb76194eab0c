//! How it ends, and what it lives through.

use std::process::Output;

use serde_json::Value;

use crate::{asset, boxes::Found, desktop::Desktop, viewer::Viewer};

fn clip<'a>(desktop: &'a Desktop, args: &[&str]) -> Viewer<'a> {
    let clip = asset("clip.mjpeg");
    Viewer::open(desktop, &[&[clip.to_str().unwrap(), "--loop"], args].concat())
}

#[test]
fn q_escape_and_the_window_manager_end_it_well() {
    let Some(desktop) = Desktop::start() else { return };
    // Openbox closes the window with this key, as with its button: by WM_DELETE_WINDOW.
    for key in ["q", "Escape", "alt+F4"] {
        let viewer = clip(&desktop, &[]);
        viewer.line(1, "two frames", |_| true);
        viewer.key(key);
        let (status, said) = viewer.ended();
        assert_eq!(status, Some(0), "{key}: {said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains(" frames shown, ") && last.contains("device lost 0 times"), "{key}: {said}");
        assert!(!said.contains("panic"), "{key}: {said}");
    }
}

#[test]
fn a_lost_device_is_built_again_under_the_window() {
    let Some(desktop) = Desktop::start() else { return };
    let viewer = clip(&desktop, &["--lose-device-at", "5"]);
    let line = viewer.line(0, "frames after the loss", |line| line["frame"].as_u64() > Some(8));
    assert!(!Found::new(&line).boxes.is_empty(), "{line}");
    // The new device draws into the window as well.
    let before = viewer.shot();
    viewer.key("h");
    crate::desktop::until("another picture", crate::viewer::PATIENCE, || (viewer.shot() != before).then_some(()));
    viewer.key("q");
    let (status, said) = viewer.ended();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("device lost 1 times"), "{said}");
}

fn without_display(args: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_yolov4"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    command.arg("view").args(args).args(["--model", "demo", "--player", "gpu"]).output().unwrap()
}

#[test]
fn without_a_display_it_says_what_to_do() {
    let clip = asset("clip.mjpeg");
    let out = without_display(&[clip.to_str().unwrap()]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.lines().count() == 1 && said.contains("--headless"), "{said}");
    // What is misspelt is told first.
    let out = without_display(&["no/such.mp4"]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.lines().count() == 1 && said.contains("no/such.mp4"), "{said}");
}

#[test]
fn numbers_of_tracks_come_with_the_lines() {
    let Some(desktop) = Desktop::start() else { return };
    let viewer = clip(&desktop, &["--track", "--fps", "2"]);
    let numbered = |line: &Value| line["detections"].as_array().unwrap().iter().any(|d| d["id"].is_u64());
    viewer.line(0, "an object with a number", numbered);
    viewer.key("q");
    assert_eq!(viewer.ended().0, Some(0));
}
