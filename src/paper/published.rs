//! What the paper reports (Tables 8 to 14), as printed in the proceedings. Speed is that of the machine named, one run of its authors.

/// Table 8: necks and activations at 608, 80 classes; AP on COCO minival, FPS of batches of 8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeckRow {
    /// Backbone.
    pub backbone: &'static str,
    /// Neck.
    pub neck: &'static str,
    /// Activation.
    pub activation: &'static str,
    /// Millions of parameters.
    pub parameters: f64,
    /// GFLOP, two a multiply-accumulate.
    pub gflop: f64,
    /// Pictures a second.
    pub fps: f64,
    /// AP, per cent.
    pub ap: f64,
}

const fn neck(backbone: &'static str, neck: &'static str, activation: &'static str, numbers: [f64; 4]) -> NeckRow {
    let [parameters, gflop, fps, ap] = numbers;
    NeckRow { backbone, neck, activation, parameters, gflop, fps, ap }
}

/// See [`NeckRow`]; the last one is YOLOv4-CSP.
pub const TABLE_8: [NeckRow; 8] = [
    neck("D53", "FPNSPP", "Leaky", [63.0, 142.0, 208.0, 43.5]),
    neck("D53", "FPNSPP", "Mish", [63.0, 142.0, 196.0, 45.3]),
    neck("CD53s", "CFPNSPP", "Leaky", [43.0, 97.0, 222.0, 45.7]),
    neck("CD53s", "CFPNSPP", "Mish", [43.0, 97.0, 208.0, 46.3]),
    neck("D53", "PANSPP", "Leaky", [78.0, 160.0, 196.0, 46.5]),
    neck("D53", "PANSPP", "Mish", [78.0, 160.0, 185.0, 46.9]),
    neck("CD53s", "CPANSPP", "Leaky", [53.0, 109.0, 208.0, 46.9]),
    neck("CD53s", "CPANSPP", "Mish", [53.0, 109.0, 200.0, 47.5]),
];

/// Table 9: computational blocks of YOLOv4-tiny; AP on minival, FPS on a Jetson TX2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TinyBackboneRow {
    /// Backbone: COSA-2x2x has two convolutions in two blocks.
    pub backbone: &'static str,
    /// GFLOP, two a multiply-accumulate.
    pub gflop: f64,
    /// Pictures a second.
    pub fps: f64,
    /// AP, per cent.
    pub ap: f64,
}

/// See [`TinyBackboneRow`]; COSA-2x2x is YOLOv4-tiny.
pub const TABLE_9: [TinyBackboneRow; 4] = [
    TinyBackboneRow { backbone: "tinyCD53s", gflop: 7.0, fps: 30.0, ap: 22.2 },
    TinyBackboneRow { backbone: "COSA-1x3x", gflop: 7.6, fps: 38.0, ap: 22.5 },
    TinyBackboneRow { backbone: "COSA-2x2x", gflop: 6.9, fps: 42.0, ap: 22.0 },
    TinyBackboneRow { backbone: "COSA-3x1x", gflop: 6.3, fps: 46.0, ap: 21.2 },
];

/// Table 10: YOLOv4-large after 300 epochs from scratch, and after 150 more with stronger augmentation; AP on minival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochsRow {
    /// `P5`, `P6` or `P7`.
    pub model: &'static str,
    /// Epochs from scratch.
    pub scratch: u32,
    /// Epochs of fine-tuning.
    pub finetune: Option<u32>,
    /// AP, AP50, AP75, per cent.
    pub ap: [f64; 3],
}

const fn epochs(model: &'static str, finetune: Option<u32>, ap: [f64; 3]) -> EpochsRow {
    EpochsRow { model, scratch: 300, finetune, ap }
}

/// See [`EpochsRow`].
pub const TABLE_10: [EpochsRow; 6] = [
    epochs("P5", None, [50.5, 68.9, 55.2]),
    epochs("P5", Some(150), [51.7, 70.3, 56.7]),
    epochs("P6", None, [53.4, 71.5, 58.5]),
    epochs("P6", Some(150), [54.4, 72.7, 59.5]),
    epochs("P7", None, [54.6, 72.4, 59.7]),
    epochs("P7", Some(150), [55.3, 73.3, 60.4]),
];

/// Table 11: the family on COCO test-dev, FPS on a Tesla V100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FamilyRow {
    /// `CSP`, `P5`, `P6` or `P7`.
    pub model: &'static str,
    /// The network of ours with these numbers.
    pub network: &'static str,
    /// Columns and rows of the input.
    pub size: usize,
    /// Pictures a second; the second figure is the one with a star: one picture at a time, in PyTorch.
    pub fps: [f64; 2],
    /// AP, AP50, AP75, AP of small, medium and large objects, per cent.
    pub ap: [f64; 6],
}

const fn family(model: &'static str, network: &'static str, size: usize, fps: [f64; 2], ap: [f64; 6]) -> FamilyRow {
    FamilyRow { model, network, size, fps, ap }
}

/// See [`FamilyRow`].
pub const TABLE_11: [FamilyRow; 5] = [
    family("CSP", "yolov4-csp", 512, [97.0, 93.0], [46.2, 64.8, 50.2, 24.6, 50.4, 61.9]),
    family("CSP", "yolov4-csp", 640, [73.0, 70.0], [47.5, 66.2, 51.7, 28.2, 51.2, 59.8]),
    family("P5", "yolov4-p5", 896, [43.0, 41.0], [51.8, 70.3, 56.6, 33.4, 55.7, 63.4]),
    family("P6", "yolov4-p6", 1280, [32.0, 30.0], [54.5, 72.6, 59.8, 36.8, 58.3, 65.9]),
    family("P7", "yolov4-p7", 1536, [17.0, 16.0], [55.5, 73.4, 60.8, 38.4, 59.4, 67.7]),
];

/// Table 12: the same with test-time augmentation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AugmentedRow {
    /// `P5`, `P6` or `P7`.
    pub model: &'static str,
    /// AP, AP50, AP75, per cent.
    pub ap: [f64; 3],
}

/// See [`AugmentedRow`].
pub const TABLE_12: [AugmentedRow; 3] = [
    AugmentedRow { model: "P5", ap: [52.9, 70.7, 58.3] },
    AugmentedRow { model: "P6", ap: [55.2, 72.9, 60.5] },
    AugmentedRow { model: "P7", ap: [56.0, 73.3, 61.4] },
];

/// Table 13: small networks; FPS on a GTX 1080 Ti and on a Jetson TX2, AP on test-dev.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TinyRow {
    /// Network.
    pub model: &'static str,
    /// Columns and rows of the input.
    pub size: usize,
    /// Pictures a second on a GTX 1080 Ti.
    pub fps_1080ti: f64,
    /// Pictures a second on a Jetson TX2.
    pub fps_tx2: Option<f64>,
    /// AP, per cent.
    pub ap: f64,
}

const fn tiny(model: &'static str, size: usize, fps_1080ti: f64, fps_tx2: Option<f64>, ap: f64) -> TinyRow {
    TinyRow { model, size, fps_1080ti, fps_tx2, ap }
}

/// See [`TinyRow`].
pub const TABLE_13: [TinyRow; 5] = [
    tiny("YOLOv4-tiny", 416, 371.0, Some(42.0), 21.7),
    tiny("YOLOv4-tiny(3l)", 320, 252.0, Some(41.0), 28.7),
    tiny("ThunderS146", 320, 248.0, None, 23.6),
    tiny("CSPPeleeRef", 320, 205.0, Some(41.0), 23.5),
    tiny("YOLOv3-tiny", 416, 368.0, Some(37.0), 16.6),
];

/// Table 14: FPS of YOLOv4-tiny at 416 on small machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbeddedRow {
    /// Machine.
    pub machine: &'static str,
    /// Without TensorRT.
    pub plain: Option<f64>,
    /// With TensorRT, f16, one picture at a time. OpenCV's on the RTX 2080 Ti.
    pub one: Option<f64>,
    /// With TensorRT, f16, four at a time.
    pub four: Option<f64>,
}

const fn machine(machine: &'static str, plain: Option<f64>, one: Option<f64>, four: Option<f64>) -> EmbeddedRow {
    EmbeddedRow { machine, plain, one, four }
}

/// See [`EmbeddedRow`].
pub const TABLE_14: [EmbeddedRow; 5] = [
    machine("AGX", Some(120.0), Some(290.0), Some(380.0)),
    machine("NX", Some(75.0), Some(118.0), Some(199.0)),
    machine("TX2", Some(42.0), Some(100.0), None),
    machine("NANO", Some(16.0), Some(39.0), None),
    machine("2080Ti", None, Some(773.0), Some(1774.0)),
];
