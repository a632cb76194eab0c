//! What there is.

use super::entry::{Entry, Foreign, Origin, Published, RemoteFile};
use crate::host::ResizeMode;

const DARKNET: &str = "https://github.com/AlexeyAB/darknet/releases/download";
const YOLO_FASTEST: &str = "https://raw.githubusercontent.com/dog-qiuqiu/Yolo-Fastest/master";

/// Public domain, in capitals.
const YOLO_LICENSE: &str = "YOLO LICENSE";

/// The average precision that the CVPR paper gives (test-dev), at the side it gives it for.
const fn paper(value: f64, side: usize, source: &'static str) -> Published {
    Published { value, metric: "AP", side, source }
}

/// What the README of AlexeyAB's Darknet gives, at 640.
const fn readme(value: f64) -> Published {
    Published { value, metric: "AP", side: 640, source: "Darknet's README" }
}

const fn weights(paths: &'static [&'static str], bytes: u64, sha1: Option<&'static str>) -> Option<RemoteFile> {
    Some(RemoteFile { base: DARKNET, paths, bytes, sha1 })
}

const fn entry(name: &'static str, weights: Option<RemoteFile>, published: Published) -> Entry {
    Entry {
        name,
        origin: Origin::Built,
        weights,
        published,
        licence: YOLO_LICENSE,
        remark: "",
        resize: ResizeMode::DarknetFile,
    }
}

/// The demo network: a narrow yolov4-tiny-3l of our own, see `assets/README.md`.
#[cfg(feature = "demo")]
const DEMO: Entry = Entry {
    origin: Origin::Carried(include_bytes!("../../../assets/demo.safetensors")),
    licence: "MIT OR Apache-2.0",
    remark: "part of the program: ten kinds of road signs and signals, trained on generated scenes",
    ..entry("demo", None, Published { value: 99.3, metric: "AP50", side: 320, source: "500 generated scenes" })
};

/// The zoo, the smallest of the family first.
pub static ENTRIES: &[Entry] = &[
    #[cfg(feature = "demo")]
    DEMO,
    entry(
        "yolov4-tiny",
        weights(
            &["darknet_yolo_v4_pre/yolov4-tiny.weights"],
            24_251_276,
            Some("451caaab22fb9831aa1a5ee9b5ba74a35ffa5dcb"),
        ),
        paper(21.7, 416, "paper, table 13"),
    ),
    Entry {
        remark: "no weights of it are published",
        ..entry("yolov4-tiny-3l", None, paper(28.7, 320, "paper, table 13"))
    },
    entry(
        "yolov4",
        weights(
            &["yolov4/yolov4.weights", "darknet_yolo_v3_optimal/yolov4.weights"],
            257_717_640,
            Some("0143deb6c46fcc7f74dd35bf3c14edc3784e99ee"),
        ),
        paper(43.5, 608, "paper, table 11"),
    ),
    entry(
        "yolov4-csp",
        weights(&["darknet_yolo_v4_pre/yolov4-csp.weights"], 211_944_840, None),
        paper(46.2, 512, "paper, table 11"),
    ),
    entry(
        "yolov4-csp-swish",
        weights(&["darknet_yolo_v4_pre/yolov4-csp-swish.weights"], 211_944_840, None),
        readme(50.0),
    ),
    entry(
        "yolov4x-mish",
        weights(
            &["darknet_yolo_v4_pre/yolov4x-mish.weights"],
            399_388_168,
            Some("a6f2879af2241de2e9730d317a55db6afd0af00b"),
        ),
        readme(50.1),
    ),
    entry(
        "yolov4-csp-x-swish",
        weights(&["darknet_yolo_v4_pre/yolov4-csp-x-swish.weights"], 399_388_168, None),
        readme(51.5),
    ),
    entry(
        "yolov4-p5",
        weights(&["darknet_yolo_v4_pre/yolov4-p5.weights"], 283_669_892, None),
        paper(51.8, 896, "paper, table 11"),
    ),
    entry(
        "yolov4-p6",
        weights(&["darknet_yolo_v4_pre/yolov4-p6.weights"], 510_868_180, None),
        paper(54.5, 1280, "paper, table 11"),
    ),
    Entry {
        licence: "GPL-3.0",
        remark: "its weights are published as a PyTorch .pt file only, on Google Drive",
        resize: ResizeMode::Pytorch,
        ..entry("yolov4-p7", None, paper(55.5, 1536, "paper, table 11"))
    },
    Entry {
        origin: Origin::Foreign(Foreign {
            cfg: RemoteFile {
                base: YOLO_FASTEST,
                paths: &["ModelZoo/yolo-fastest-1.1_coco/yolo-fastest-1.1-xl.cfg"],
                bytes: 9_696,
                sha1: Some("38d628e430e504903d11cea4fdf4a2de7f019824"),
            },
            size: (320, 320),
            parameters: 898_686,
            gflop: 0.7234,
        }),
        remark: "not of this family: the smallest download with COCO's classes",
        ..entry(
            "yolo-fastest-1.1-xl",
            Some(RemoteFile {
                base: YOLO_FASTEST,
                paths: &["ModelZoo/yolo-fastest-1.1_coco/yolo-fastest-1.1-xl.weights"],
                bytes: 3_693_964,
                sha1: Some("d4b8a2163e631969df7dc53931903035398419fc"),
            }),
            Published { value: 34.3, metric: "AP50", side: 320, source: "its author's log" },
        )
    },
];
