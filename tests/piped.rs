//! A pipe with a name as a camera, whose writer goes and comes back.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    fs::OpenOptions as File,
    io::Write,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use yolov4::low_level::video::{Next, OpenOptions, Spec, open};

const TIMES: u8 = 11;
const FRAMES: usize = 4;

#[test]
fn a_writer_that_goes_ten_times_comes_back_ten_times() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("camera");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.clone();
    let writer = thread::spawn(move || {
        for round in 0..TIMES {
            let mut to = File::new().write(true).open(&path).unwrap();
            to.write_all(b"YUV4MPEG2 W4 H2 F100:1 Ip A1:1 C420jpeg\n").unwrap();
            for _ in 0..FRAMES {
                to.write_all(b"FRAME\n").unwrap();
                to.write_all(&[round; 12]).unwrap();
            }
            drop(to);
            // Long enough to be missed.
            thread::sleep(Duration::from_millis(150));
        }
    });
    let spec = Spec::parse(Some(&format!("camera:{}", pipe.display()))).unwrap();
    let mut source = open(&spec, &OpenOptions::default()).unwrap();
    assert!(source.live());
    let began = Instant::now();
    let (mut seen, mut waits) = (vec![0; usize::from(TIMES)], 0);
    while seen.iter().sum::<usize>() < FRAMES * usize::from(TIMES) {
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
        match source.next().unwrap() {
            Next::Frame(frame) => seen[usize::from(frame.data[0])] += 1,
            Next::Waiting(why) => {
                assert!(why.contains("its writer has gone"), "{why}");
                waits += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, vec![FRAMES; usize::from(TIMES)], "frames of each writer");
    assert_eq!(source.reconnects(), usize::from(TIMES) - 1);
    assert!(waits >= 10, "told {waits} times that it waits");
    writer.join().unwrap();
}
