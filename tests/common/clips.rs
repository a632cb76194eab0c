//! Clips and what is in them, by ffmpeg.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use yolov4::low_level::video::{Frame, Next, OpenOptions, Source, Spec, open};

/// Whether ffmpeg is there. Without it a test says so and returns; under CI it fails.
pub fn have_ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        assert!(std::env::var_os("CI").is_none(), "ffmpeg is missing: apt-get install ffmpeg");
        println!("SKIPPED: ffmpeg is not installed, which makes the clips and says what is in them");
    }
    there
}

/// What ffmpeg writes to its output; `{}` stands for the path.
pub fn ffmpeg(arguments: &str, path: &Path) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace().map(|word| if word == "{}" { path.as_os_str() } else { word.as_ref() }))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "ffmpeg {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A clip in a folder of its own.
pub fn clip(name: &str, arguments: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    ffmpeg(&format!("-f lavfi -i {arguments} {{}}"), &path);
    (folder, path)
}

/// Frames as ffmpeg decodes them.
pub fn decoded(path: &Path, format: &str, frame: usize) -> Vec<Vec<u8>> {
    let all = ffmpeg(&format!("-i {{}} -f rawvideo -pix_fmt {format} -fps_mode passthrough -"), path);
    assert_eq!(all.len() % frame, 0);
    all.chunks(frame).map(<[u8]>::to_vec).collect()
}

pub fn open_file(path: &Path) -> Box<dyn Source> {
    open(&Spec::File(path.to_owned()), &OpenOptions::default()).unwrap()
}

/// Everything up to the end; reasons of what is corrupt.
pub fn all(source: &mut dyn Source) -> Vec<Result<Frame, String>> {
    let mut found = Vec::new();
    loop {
        match source.next().unwrap() {
            Next::Frame(frame) => {
                frame.check().unwrap();
                found.push(Ok(frame));
            }
            Next::Corrupt(reason) => found.push(Err(reason)),
            Next::Waiting(reason) => panic!("{reason}"),
            Next::End => return found,
        }
        assert!(found.len() < 10_000, "does not end");
    }
}

pub fn sound(source: &mut dyn Source) -> Vec<Frame> {
    all(source).into_iter().map(Result::unwrap).collect()
}

/// Reads what can be read; that nothing panics is the point.
pub fn exhaust(source: &mut dyn Source) {
    for _ in 0..200 {
        match source.next() {
            Ok(Next::Frame(frame)) => frame.check().unwrap(),
            Ok(Next::Corrupt(_)) => {}
            Ok(Next::End | Next::Waiting(_)) | Err(_) => return,
        }
    }
}
