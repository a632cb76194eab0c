//! The screen as a source: what a window on it shows is found.

use serde_json::Value;

use crate::{
    desktop::{Desktop, SCREEN},
    pictures::scene,
};

#[test]
fn what_is_on_the_screen_is_found() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "rain.jpg");
    assert!(!found.boxes.is_empty());
    let play = |source: &str| {
        let mut command = desktop.command(env!("CARGO_BIN_EXE_yolov4"));
        command
            .args(["view", source, "--headless", "--frames", "3", "--json", "-", "--model", "demo", "--player", "gpu"])
            .output()
            .unwrap()
    };
    let out = play("screen");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    let lines: Vec<Value> =
        String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{said}");
    for line in &lines {
        assert_eq!((&line["width"], &line["height"]), (&Value::from(SCREEN.0), &Value::from(SCREEN.1)));
        let names = line["detections"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap());
        assert!(names.clone().any(|name| name == "speed limit"), "{line}");
    }
    drop(viewer);

    let out = play("screen::97");
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("screen :97: ffmpeg") && said.contains("Cannot open display :97"), "{said}");
}
