//! Boxes on the screen are those that are found, where they are found, whatever size the window has.

use crate::{
    asset,
    boxes::{Found, shows},
    desktop::{Desktop, SCREEN, until},
    viewer::{PATIENCE, Viewer},
};

/// The frames of a file of JPEGs, one after another.
fn frames(clip: &[u8]) -> Vec<&[u8]> {
    let ends = clip.windows(2).enumerate().filter(|(_, pair)| *pair == [0xff, 0xd9]).map(|(at, _)| at + 2);
    let ends: Vec<usize> = ends.collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(&ends).map(|(start, end)| &clip[start..*end]).collect()
}

/// The frame that stands still in this window, as `yolov4 detect` sees it.
fn detected(desktop: &Desktop, time: f64) -> Found {
    let clip = std::fs::read(asset("clip.mjpeg")).unwrap();
    let frames = frames(&clip);
    assert_eq!(frames.len(), 60);
    let number = (time * 30.0).round() as usize % frames.len();
    let one = desktop.dir.path().join("one.mjpeg");
    std::fs::write(&one, frames[number]).unwrap();
    Found::detect(desktop, &one)
}

/// A video, without figures, and what there is of it on the screen when it stands still.
fn still<'a>(desktop: &'a Desktop, args: &[&str]) -> (Viewer<'a>, Found) {
    let clip = asset("clip.mjpeg");
    let viewer = Viewer::open(desktop, &[&[clip.to_str().unwrap(), "--loop"], args].concat());
    let full = |line: &serde_json::Value| !line["detections"].as_array().unwrap().is_empty();
    until("frames with boxes", PATIENCE, || {
        (viewer.lines().iter().filter(|line| full(line)).count() > 4).then_some(())
    });
    viewer.key("h");
    viewer.pause(true);
    let line = viewer.settled(0);
    let found = detected(desktop, line["time"].as_f64().unwrap());
    assert!(Found::new(&line).same(&found), "{line} is not what is detected: {found:?}");
    (viewer, found)
}

/// A picture that comes with the program.
pub fn scene<'a>(desktop: &'a Desktop, name: &str) -> (Viewer<'a>, Found) {
    scene_with(desktop, name, &[])
}

/// Such a picture, with more arguments.
pub fn scene_with<'a>(desktop: &'a Desktop, name: &str, more: &[&str]) -> (Viewer<'a>, Found) {
    let path = asset("images").join(name);
    let viewer = Viewer::open(desktop, &[&[path.to_str().unwrap()], more].concat());
    viewer.line(0, "the picture", |_| true);
    viewer.key("h");
    let found = Found::new(&viewer.settled(0));
    (viewer, found)
}

#[test]
fn boxes_of_a_video_are_on_the_screen_where_they_are_found() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = still(&desktop, &[]);
    shows(&viewer, &found, false, "the clip");
    // Another frame, mirrored.
    viewer.key("m");
    viewer.pause(false);
    let before = viewer.count();
    viewer.line(before + 1, "frames to go on", |_| true);
    viewer.pause(true);
    let found = detected(&desktop, viewer.settled(0)["time"].as_f64().unwrap());
    shows(&viewer, &found, true, "the clip, mirrored");
}

#[test]
fn boxes_of_a_picture_are_on_the_screen_where_they_are_found() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "night.jpg");
    assert!(found.boxes.len() > 1, "{found:?}");
    assert!(found.same(&Found::detect(&desktop, &asset("images/night.jpg"))));
    shows(&viewer, &found, false, "the picture");
}

#[test]
fn boxes_follow_the_size_of_the_window() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = still(&desktop, &[]);
    let resize = |width: u32, height: u32| {
        viewer.tool("windowsize", &[&width.to_string(), &height.to_string()]);
        let size = [i64::from(width), i64::from(height)];
        until("the new size", PATIENCE, || (viewer.geometry()[2..] == size).then_some(()));
    };
    for (width, height) in [(500, 420), (320, 200), (1000, 300), (701, 703)] {
        resize(width, height);
        shows(&viewer, &found, false, &format!("{width}x{height}"));
    }
    resize(1, 1);
    std::thread::sleep(std::time::Duration::from_millis(300));
    resize(800, 600);
    shows(&viewer, &found, false, "after 1x1");
    viewer.tool("windowminimize", &[]);
    viewer.key("h");
    std::thread::sleep(std::time::Duration::from_millis(300));
    viewer.tool("windowmap", &[]);
    viewer.focus();
    shows(&viewer, &found, false, "after it was minimised");
    // Frames go on.
    let before = viewer.count();
    viewer.key("space");
    viewer.line(before, "frames to go on", |_| true);
}

#[test]
fn full_screen_is_the_screen_and_ends_where_it_began() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "crossing.jpg");
    let before = viewer.geometry();
    viewer.key("f");
    let whole = [0, 0, i64::from(SCREEN.0), i64::from(SCREEN.1)];
    until("full screen", PATIENCE, || (viewer.geometry() == whole).then_some(()));
    shows(&viewer, &found, false, "full screen");
    viewer.key("f");
    until("a window again", PATIENCE, || (viewer.geometry()[2..] == before[2..]).then_some(()));
    shows(&viewer, &found, false, "a window again");
}

#[test]
fn a_screenshot_is_written_by_an_option_and_the_program_ends() {
    let Some(desktop) = Desktop::start() else { return };
    let clip = asset("clip.mjpeg");
    let viewer = Viewer::open(&desktop, &[clip.to_str().unwrap(), "--frames", "5", "--screenshot", "out.png"]);
    viewer.line(0, "five frames", |line| line["frame"] == 4);
    let (status, said) = viewer.ended();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("out.png was written") && said.contains("\n5 frames shown"), "{said}");
    let picture = image::open(desktop.folder().join("out.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (426, 320));
}

#[test]
fn boxes_are_on_the_screen_through_opengl() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene_with(&desktop, "night.jpg", &["--backend", "gl"]);
    assert!(found.same(&Found::detect(&desktop, &asset("images/night.jpg"))));
    shows(&viewer, &found, false, "the picture through OpenGL");
    assert!(viewer.said().contains("(gl, f32"), "{}", viewer.said());
}
