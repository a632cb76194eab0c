//! A hundred photographs, three trained networks, and what Darknet itself found in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;
#[path = "common/photos.rs"]
mod photos;

use photos::{Found, NETWORKS, builder, found, ours, photo};
use yolov4::{
    Picture, PlayerChoice, ResizeMode,
    low_level::{
        detect::CanvasToImage,
        host::{NmsKind, Thresholds},
        oracle,
    },
};

fn compare(player: PlayerChoice, photos: usize) {
    let Some(data) = common::test_data() else { return };
    for network in &NETWORKS {
        let mut detector = builder(&data, network).player(player).build().unwrap();
        photos::compare(&data, network, &mut detector, photos, "as chosen");
    }
}

#[test]
fn the_gpu_finds_what_darknet_finds() {
    compare(PlayerChoice::Gpu, 100);
}

#[cfg(feature = "cpu")]
#[test]
#[ignore = "long"]
fn the_processor_finds_what_darknet_finds() {
    compare(PlayerChoice::Cpu, 100);
}

#[test]
fn the_oracle_finds_what_darknet_finds() {
    compare(PlayerChoice::Oracle, 10);
}

/// Boxes of `left` without a partner in `right`, at any score.
fn lost(left: &[Found], right: &[Found], score: f64, iou: f64) -> usize {
    let close = |a: &Found, b: &Found| a.class == b.class && (a.score - b.score).abs() <= score && a.iou(b) >= iou;
    left.iter().filter(|f| !right.iter().any(|o| close(f, o))).count()
}

/// The most crowded of the photos for yolov5n: 16,700 boxes above .001 before NMS (16,698 by ONNX Runtime and `NumPy`).
const CROWD: &str = "coco/000000376322.jpg";

/// Every box down to conf .001, the GPU all the way against the oracle all the way: near-ties aside, all of them.
#[test]
fn no_box_is_lost_at_a_low_threshold() {
    let Some(data) = common::test_data() else { return };
    let low = |player| builder(&data, &NETWORKS[2]).score_threshold(0.001).player(player);
    let picture = Picture::open(photo(&data, CROWD)).unwrap();
    for (nms, least) in [(0.45, 1000), (1.0, 16_690)] {
        let boxes = |player| {
            let mut detector = low(player).iou_threshold(nms).build().unwrap();
            ours(&mut detector, &picture)
        };
        let (got, want) = (boxes(PlayerChoice::Gpu), boxes(PlayerChoice::Oracle));
        let (missing, extra) = (lost(&want, &got, 1e-4, 0.99), lost(&got, &want, 1e-4, 0.99));
        println!(
            "nms {nms}: {} boxes on the GPU, {} by the oracle; {missing} missing, {extra} extra",
            got.len(),
            want.len()
        );
        // Scores within the last bits of the threshold, and overlaps within those of the NMS threshold, may fall either way.
        assert!(want.len() > least && missing + extra <= want.len() / 1000);
    }
}

/// Decode, sort and NMS by themselves: from the very heads that the GPU made, the oracle keeps the very same boxes.
#[test]
fn from_equal_heads_come_equal_boxes() {
    let Some(data) = common::test_data() else { return };
    let crowded = [CROWD, "coco/000000296649.jpg", "coco/000000034417.jpg", "coco/000000135561.jpg", "dog.jpg"];
    let mut detector =
        builder(&data, &NETWORKS[2]).score_threshold(0.001).player(PlayerChoice::Gpu).keep_heads(true).build().unwrap();
    for name in crowded {
        let picture = Picture::open(photo(&data, name)).unwrap();
        let got = ours(&mut detector, &picture);
        let heads = detector.heads(&picture).unwrap().heads;
        let undo = CanvasToImage::new(ResizeMode::DarknetFile, &detector.placement((picture.width, picture.height)));
        let thresholds = Thresholds {
            score_threshold: 0.001,
            iou_threshold: 0.45,
            kind: NmsKind::Diou { beta: NmsKind::BETA },
            agnostic: false,
            extent: undo.extent(),
        };
        let kept = oracle::nms(oracle::decode(detector.graph(), &heads, thresholds.score_threshold, &[]), &thresholds);
        let want: Vec<Found> = kept.iter().map(|c| found(c.class as usize, c.score, &undo.apply(c))).collect();
        let (missing, extra) = (lost(&want, &got, 1e-6, 0.999), lost(&got, &want, 1e-6, 0.999));
        println!("{name}: {} boxes, {missing} missing, {extra} extra", want.len());
        assert_eq!((got.len(), missing, extra), (want.len(), 0, 0), "{name}");
    }
}
