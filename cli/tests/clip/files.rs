//! Video files from end to end: written, cut off, of two sizes.

use std::{fs, path::Path, process::Command};

use crate::{DEMO, clips, parsed, run, stderr, text};

/// Columns, rows and frames of a video, counted by ffprobe.
fn probe(path: &Path) -> String {
    let args = ["-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "csv=p=0"];
    let entries = ["-show_entries", "stream=width,height,nb_read_frames"];
    let output = Command::new("ffprobe").args(args).args(entries).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().trim_end_matches(',').to_owned()
}

#[test]
fn a_video_is_written_with_every_frame_and_lines_name_them() {
    if !clips::have_ffmpeg() {
        return;
    }
    let (folder, clip) = clips::clip("in.mp4", "testsrc=size=320x240:rate=10 -frames:v 12 -pix_fmt yuv420p");
    for name in ["out.mp4", "out.mjpeg"] {
        let out = folder.path().join(name);
        let args = ["detect", text(&clip), "--format", "jsonl", "--out-video", text(&out)];
        let output = run(&[&args[..], &DEMO].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = parsed(&output);
        assert_eq!(lines.len(), 12);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(line["image"].as_str().unwrap(), format!("{}#{number}", clip.display()));
            assert_eq!((line["width"].as_u64(), line["height"].as_u64()), (Some(320), Some(240)));
        }
        assert_eq!(probe(&out), "320,240,12", "{name}");
    }
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["in.mp4", "out.mjpeg", "out.mp4"], "nothing else is left");
}

#[test]
fn a_video_that_is_cut_off_costs_the_exit_code_and_what_is_not_there() {
    if !clips::have_ffmpeg() {
        return;
    }
    let graph = "testsrc=size=320x240:rate=10 -frames:v 30 -pix_fmt yuv420p -movflags +faststart";
    let y4m = "testsrc=size=320x240:rate=10 -frames:v 10 -pix_fmt yuv420p";
    for (name, graph, total, word) in [("in.mp4", graph, 30, "cut off"), ("in.y4m", y4m, 10, "in the middle of it")] {
        let (folder, clip) = clips::clip(name, graph);
        let bytes = fs::read(&clip).unwrap();
        fs::write(&clip, &bytes[..bytes.len() * 2 / 3]).unwrap();
        let out = folder.path().join("out.mjpeg");
        let args = ["detect", text(&clip), "--format", "jsonl", "--out-video", text(&out)];
        let output = run(&[&args[..], &DEMO].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let all = format!("error: {}: ", clip.display());
        assert!(said.contains(&all) && said.contains(word), "{said}");
        let kept = parsed(&output).len();
        assert!((1..total).contains(&kept), "{kept} frames of {total}");
        if name == "in.mp4" {
            assert!(said.contains(&format!("the last {} are not in the file", total - kept)), "{kept}: {said}");
        }
        assert_eq!(probe(&out), format!("320,240,{kept}"));
        println!("{name}: {kept} frames of {total}; {}", said.lines().find(|l| l.contains(word)).unwrap());
        // The viewer says so too.
        let output = run(&[&["view", text(&clip), "--headless"][..], &DEMO].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("{kept} frames shown")), "{}", stderr(&output));
    }
}

#[test]
fn a_video_that_changes_its_size_is_played_and_written_on() {
    if !clips::have_ffmpeg() {
        return;
    }
    let (folder, large) = clips::clip("large.mjpeg", "testsrc=size=320x240:rate=10 -frames:v 3");
    let (_other, small) = clips::clip("small.mjpeg", "testsrc=size=160x180:rate=10 -frames:v 4");
    let clip = folder.path().join("both.mjpeg");
    fs::write(&clip, [fs::read(&large).unwrap(), fs::read(&small).unwrap(), fs::read(&large).unwrap()].concat())
        .unwrap();
    let out = folder.path().join("out.mp4");
    let args = ["view", text(&clip), "--headless", "--json", "-", "--record", text(&out)];
    for track in [false, true] {
        let output = run(&[&args[..], &DEMO, if track { &["--track"] } else { &[] }].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let sizes: Vec<_> = parsed(&output).iter().map(|l| (l["width"].as_u64(), l["height"].as_u64())).collect();
        let (large, small) = ((Some(320), Some(240)), (Some(160), Some(180)));
        assert_eq!(sizes, [large, large, large, small, small, small, small, large, large, large]);
        assert!(stderr(&output).contains("10 frames shown, 0 dropped"), "{}", stderr(&output));
        // A file has one size: its first.
        assert_eq!(probe(&out), "320,240,10");
    }
}

/// Ctrl-C in the middle of a recording: the file is whole all the same.
#[cfg(unix)]
#[test]
fn an_interrupted_recording_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, out) = (concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/clip.mjpeg"), dir.path().join("out.mjpeg"));
    let mut args = vec!["view", clip, "--headless", "--loop", "--record", text(&out)];
    args.extend(crate::DEMO);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_yolov4"))
        .args(&args)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The hidden file that grows tells that it records.
    let began = std::time::Instant::now();
    let size = || -> u64 {
        let files = std::fs::read_dir(dir.path()).unwrap();
        files.map(|f| f.unwrap().metadata().map_or(0, |m| m.len())).sum()
    };
    while size() < 50_000 {
        assert!(began.elapsed().as_secs() < 60, "nothing is recorded");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = child.wait().map(|_| child.wait_with_output()).unwrap().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, crate::stderr(&output));
    assert!(crate::stderr(&output).contains("out.mjpeg was written"), "{}", crate::stderr(&output));
    let bytes = std::fs::read(&out).unwrap();
    assert!(bytes.ends_with(&[0xff, 0xd9]), "the last picture is whole");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
}
