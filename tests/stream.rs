//! A detector over a video: every frame of a file, in order, with what is found in that frame, and numbers that stay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use yolov4::{
    BoxPx, Detector, Error, ErrorKind, FrameDetections, PlayerChoice, Result,
    low_level::video::{Frame, Next, OpenOptions, Source, Spec, open},
};

const CLIP: &str = "assets/clip.mjpeg";

fn detector() -> Detector {
    Detector::builder().model("demo").size((160, 160)).player(PlayerChoice::Gpu).build().unwrap()
}

#[test]
fn every_frame_of_a_file_has_its_own_boxes() {
    let streamed: Vec<FrameDetections> = detector().stream(CLIP).unwrap().map(Result::unwrap).collect();
    let mut source = open(&Spec::parse(Some(CLIP)).unwrap(), &OpenOptions::default()).unwrap();
    let (mut alone, mut number) = (detector(), 0);
    while let Next::Frame(frame) = source.next().unwrap() {
        let want = alone.detect(&frame).unwrap();
        let got = &streamed[number];
        assert_eq!((got.number, got.time), (number as u64, frame.pts));
        assert_eq!((got.detections.width, got.detections.height), (want.width, want.height));
        let boxes = |found: &[yolov4::Detection]| found.iter().map(|d| (d.class, d.score, d.bbox)).collect::<Vec<_>>();
        assert_eq!(boxes(&got.detections), boxes(&want), "frame {number}");
        number += 1;
    }
    assert_eq!(streamed.len(), number);
    assert!(number > 10, "{number} frames");
    // A number is one object: from frame to frame its box is near the one before.
    let mut last: BTreeMap<u64, (u64, BoxPx)> = BTreeMap::new();
    let mut longest = BTreeMap::<u64, u64>::new();
    for frame in &streamed {
        for (id, d) in frame.detections.iter().filter_map(|d| Some((d.id?, d))) {
            if let Some((before, bbox)) = last.insert(id, (frame.number, d.bbox)).filter(|(n, _)| n + 1 == frame.number)
            {
                let moved = (d.bbox.x - bbox.x).hypot(d.bbox.y - bbox.y);
                assert!(moved < bbox.w.max(bbox.h), "object {id} jumps by {moved} after frame {before}");
            }
            *longest.entry(id).or_default() += 1;
        }
    }
    assert!(longest.values().any(|frames| *frames > 5), "{longest:?}");
    let untracked = detector().stream(CLIP).unwrap().track(None).unwrap();
    assert!(untracked.map(Result::unwrap).take(3).all(|frame| frame.detections.iter().all(|d| d.id.is_none())));
}

#[test]
fn what_cannot_be_opened_is_told() {
    assert_eq!(detector().stream("no/such.y4m").unwrap_err().kind(), ErrorKind::Io);
}

/// The clip, until it is cut off.
struct Torn {
    clip: Box<dyn Source>,
    left: usize,
}

impl Source for Torn {
    fn next(&mut self) -> Result<Next> {
        if self.left == 0 {
            return Err(Error::source("torn", "it is cut off"));
        }
        self.left -= 1;
        self.clip.next()
    }

    fn describe(&self) -> String {
        "torn".into()
    }

    /// As a driver tells it that does not know.
    fn rate(&self) -> Option<f64> {
        Some(0.0)
    }
}

#[test]
fn the_frames_before_an_error_come_before_it() {
    let clip = open(&Spec::parse(Some(CLIP)).unwrap(), &OpenOptions::default()).unwrap();
    let mut stream = detector().stream_from(Box::new(Torn { clip, left: 5 })).unwrap();
    let numbers: Vec<u64> = stream.by_ref().map_while(|frame| Some(frame.ok()?.number)).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(stream.next().is_none(), "the error ends it");
    let clip = open(&Spec::parse(Some(CLIP)).unwrap(), &OpenOptions::default()).unwrap();
    let last = detector().stream_from(Box::new(Torn { clip, left: 2 })).unwrap().last().unwrap();
    assert_eq!(last.unwrap_err().kind(), ErrorKind::Source);
}

/// The clip a thousand times as fast: nobody can keep up with its own time.
struct Hurried(Box<dyn Source>);

impl Source for Hurried {
    fn next(&mut self) -> Result<Next> {
        Ok(match self.0.next()? {
            Next::Frame(frame) => Next::Frame(Frame { pts: frame.pts / 1000, ..frame }),
            other => other,
        })
    }

    fn describe(&self) -> String {
        "hurried".into()
    }

    fn rate(&self) -> Option<f64> {
        self.0.rate().map(|rate| rate * 1000.0)
    }
}

#[test]
fn no_frame_of_a_file_is_dropped_however_fast_it_is() {
    let clip = || open(&Spec::parse(Some(CLIP)).unwrap(), &OpenOptions::default()).unwrap();
    let all = std::iter::from_fn({
        let mut clip = clip();
        move || matches!(clip.next(), Ok(Next::Frame(_))).then_some(())
    });
    let stream = detector().stream_from(Box::new(Hurried(clip()))).unwrap().track(None).unwrap();
    assert_eq!(stream.map(Result::unwrap).count(), all.count());
}
