//! Files that are dropped on the window by another program.

use std::{fs, path::Path};

use crate::{
    asset,
    boxes::{Found, shows},
    desktop::{Desktop, until},
    pictures::scene,
    viewer::{PATIENCE, Viewer},
};

/// Drops it as a file manager would.
fn drop_on(desktop: &Desktop, viewer: &Viewer<'_>, path: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/view/drop.py");
    let out = desktop.command("/usr/bin/python3").arg(script).arg(viewer.window()).arg(path).output().unwrap();
    assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
}

#[test]
fn pictures_videos_and_networks_can_be_dropped() {
    let Some(desktop) = Desktop::start() else { return };
    let (viewer, found) = scene(&desktop, "night.jpg");
    // What is no picture is said, and what was shown stays.
    let text = desktop.dir.path().join("notes.txt");
    fs::write(&text, "no picture at all").unwrap();
    let plain = viewer.shot();
    drop_on(&desktop, &viewer, &text);
    until("a message", PATIENCE, || (viewer.shot() != plain).then_some(()));
    until("the message to go", PATIENCE, || (viewer.shot() == plain).then_some(()));
    // A name that has to be quoted on its way.
    let signs = desktop.dir.path().join("Schilder & Straße 100%.mjpeg");
    fs::copy(asset("clip.mjpeg"), &signs).unwrap();
    let before = viewer.count();
    drop_on(&desktop, &viewer, &signs);
    let line = viewer.line(before + 2, "frames of the video", |line| line["width"] == 426);
    assert!(!Found::new(&line).boxes.is_empty(), "{line}");
    let before = viewer.count();
    drop_on(&desktop, &viewer, &asset("images/night.jpg"));
    viewer.line(before, "the picture", |line| line["width"] == 800);
    assert!(Found::new(&viewer.settled(before)).same(&found));
    // The same network from a file: it has another name, and finds the same.
    let network = desktop.dir.path().join("other.safetensors");
    fs::copy(asset("demo.safetensors"), &network).unwrap();
    let before = viewer.count();
    drop_on(&desktop, &viewer, &network);
    let line = viewer.line(before, "the picture once more", |_| true);
    until("its name in the title", PATIENCE, || viewer.title().contains("other").then_some(()));
    assert!(Found::new(&line).same(&found), "{line}");
    shows(&viewer, &found, false, "the network that was dropped");
    // What only looks like a network.
    let bad = desktop.dir.path().join("bad.safetensors");
    fs::write(&bad, "no network at all").unwrap();
    drop_on(&desktop, &viewer, &bad);
    viewer.key("q");
    let (status, said) = viewer.ended();
    assert!(status == Some(0) && !said.contains("panic"), "{said}");
}
