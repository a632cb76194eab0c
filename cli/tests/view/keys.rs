//! What every key does, seen from outside.

use std::{fs, path::PathBuf, process::Command};

use image::RgbImage;

use crate::{
    asset,
    boxes::{Found, shows},
    desktop::{Desktop, until},
    pictures::scene,
    viewer::{PATIENCE, Viewer},
};

/// Files of this ending that the program has written into its folder.
fn written(desktop: &Desktop, ending: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(desktop.folder()).unwrap().map(|entry| entry.unwrap().path());
    let ours = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("yolov4-");
    all.filter(|path| ours(path) && path.extension().is_some_and(|e| e == ending)).collect()
}

/// Presses a key, and waits until the window looks otherwise.
fn changes(viewer: &Viewer<'_>, key: &str) -> RgbImage {
    let before = viewer.shot();
    viewer.key(key);
    until(&format!("another picture after {key}"), PATIENCE, || Some(viewer.shot()).filter(|shot| *shot != before))
}

/// Waits until the window looks like this again.
fn again(viewer: &Viewer<'_>, wanted: &RgbImage, what: &str) {
    until(what, PATIENCE, || (viewer.shot() == *wanted).then_some(()));
}

#[test]
fn thresholds_change_what_is_found_in_the_frame_that_is_shown() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "crossing.jpg");
    let press = |key: &str, times: usize| {
        // Faster than the frame can be run: the last of them counts.
        let seen = viewer.count();
        (0..times).for_each(|_| viewer.key(key));
        Found::new(&viewer.settled(seen))
    };
    let more = press("Down", 9);
    assert!(
        more.boxes.len() > found.boxes.len() + 2,
        "{} boxes, and {} with Down",
        found.boxes.len(),
        more.boxes.len()
    );
    shows(&viewer, &more, false, "more boxes");
    let back = press("Up", 9);
    assert!(back.same(&found), "{back:?} is not {found:?}");
    shows(&viewer, &back, false, "as before");
    let fewer = press("Up", 9);
    assert!(fewer.boxes.len() < found.boxes.len(), "{} boxes, and {} with Up", found.boxes.len(), fewer.boxes.len());
    shows(&viewer, &fewer, false, "fewer boxes");
}

#[test]
fn help_figures_mirror_and_network() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "crossing.jpg");
    shows(&viewer, &found, false, "no figures");
    let plain = viewer.shot();
    changes(&viewer, "question");
    viewer.key("question");
    again(&viewer, &plain, "the help to go");
    changes(&viewer, "h");
    viewer.key("h");
    again(&viewer, &plain, "the figures to go");
    viewer.key("m");
    shows(&viewer, &found, true, "mirrored");
    viewer.key("m");
    again(&viewer, &plain, "the mirror to go");
    // No network is in the cache: that is said, for a while.
    changes(&viewer, "n");
    again(&viewer, &plain, "the message to go");
}

#[test]
fn precision_changes_while_it_runs() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "night.jpg");
    until("f32 in the title", PATIENCE, || viewer.title().contains(" f32 ").then_some(()));
    let before = viewer.count();
    viewer.key("p");
    until("f16 in the title", PATIENCE, || viewer.title().contains(" f16 ").then_some(()));
    let half = Found::new(&viewer.line(before, "the frame in f16", |_| true));
    let classes = |found: &Found| found.boxes.iter().map(|b| b.class).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(classes(&half), classes(&found));
    shows(&viewer, &half, false, "in f16");
    viewer.key("p");
    until("f32 in the title", PATIENCE, || viewer.title().contains(" f32 ").then_some(()));
}

#[test]
fn steps_go_back_and_on() {
    let Some(desktop) = Desktop::start() else { return };
    let clip = asset("clip.mjpeg");
    let viewer = Viewer::open(&desktop, &[clip.to_str().unwrap(), "--fps", "2"]);
    viewer.line(2, "three frames", |_| true);
    viewer.pause(true);
    let newest = viewer.settled(0);
    let time = |line: &serde_json::Value| line["time"].as_f64().unwrap();
    let step = |key: &str| {
        let before = viewer.count();
        viewer.key(key);
        viewer.line(before, key, |_| true)
    };
    let back = step("Left");
    assert!(time(&back) < time(&newest), "{back} is not before {newest}");
    let earlier = step("Left");
    assert!(time(&earlier) < time(&back), "{earlier} is not before {back}");
    viewer.key("h");
    shows(&viewer, &Found::new(&earlier), false, "two steps back");
    assert_eq!(step("Right"), back);
    assert_eq!(step("Right"), newest);
    // From the newest on, the source is asked for another one.
    let next = step("Right");
    assert!(time(&next) > time(&newest), "{next} is not after {newest}");
    shows(&viewer, &Found::new(&next), false, "a step on");
    // Back to the first frame, and not beyond.
    let first = time(&viewer.lines()[0]);
    while time(&step("Left")) != first {}
    let before = viewer.count();
    changes(&viewer, "Left");
    assert_eq!(viewer.count(), before);
}

#[test]
fn a_mouse_that_moves_holds_nothing_up() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, _) = scene(&desktop, "crossing.jpg");
    let [left, top, ..] = viewer.geometry();
    let stop = std::sync::atomic::AtomicBool::new(false);
    // Oftener than the window looks around by itself: a program moves the mouse many times, and while one is started the other does.
    // Nothing may take a picture of the window meanwhile, for which the X server holds back all events.
    let moves = |first: usize| {
        let y = (top + 50).to_string();
        let xs: Vec<String> = (left + 40..left + 100).map(|x| x.to_string()).collect();
        let some = |count: usize| -> Vec<&str> {
            xs.iter().cycle().take(count).flat_map(|x| ["mousemove", x, &y, "sleep", "0.001"]).collect()
        };
        desktop.tool(&some(first)).unwrap();
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            desktop.tool(&some(2000)).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| moves(2000));
        scope.spawn(|| moves(1000));
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let place = || desktop.tool(&["getmouselocation"]).ok();
            for _ in 0..3 {
                let before = place();
                until("the mouse to move", PATIENCE, || (place() != before).then_some(()));
            }
            // Nobody wakes the window for it.
            viewer.interrupt();
            viewer.ended()
        }));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let (code, said) = seen.unwrap_or_else(|_| panic!("Ctrl-C waited for the mouse"));
        assert_eq!(code, Some(0), "{said}");
    });
}

#[test]
fn pictures_and_videos_are_written() {
    let Some(desktop) = Desktop::start() else { return };
    let clip = asset("clip.mjpeg");
    let viewer = Viewer::open(&desktop, &[clip.to_str().unwrap(), "--loop"]);
    viewer.line(0, "a frame", |_| true);
    viewer.key("s");
    let picture = until("a picture", PATIENCE, || written(&desktop, "png").pop());
    let picture = image::open(picture).unwrap();
    assert_eq!((picture.width(), picture.height()), (426, 320));
    viewer.key("r");
    let before = viewer.count();
    viewer.line(before + 5, "frames to record", |_| true);
    viewer.key("r");
    let video = until("a video", PATIENCE, || written(&desktop, "mp4").pop());
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args([
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=width,height,nb_read_frames",
        "-of",
        "csv=p=0",
    ]);
    let out = ffprobe.arg(&video).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let numbers: Vec<u32> = text.trim().split(',').map(|n| n.parse().unwrap()).collect();
    assert!(numbers[..2] == [426, 320] && numbers[2] > 2, "{text}{}", String::from_utf8_lossy(&out.stderr));
    // What cannot be written is said, and nothing ends.
    let errors = |count: usize| {
        until("what went wrong", PATIENCE, || (viewer.said().matches("error: ").count() >= count).then_some(()));
    };
    viewer.key("r");
    // It has another name until it is whole.
    let begun = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".yolov4-");
    until("a video to begin", PATIENCE, || fs::read_dir(desktop.folder()).unwrap().flatten().any(begun).then_some(()));
    fs::remove_dir_all(desktop.folder()).unwrap();
    viewer.key("r");
    errors(1);
    viewer.key("r");
    errors(2);
    viewer.key("s");
    errors(3);
    let before = viewer.count();
    viewer.line(before + 3, "frames to go on", |_| true);
    viewer.key("q");
    assert_eq!(viewer.ended().0, Some(0));
}
