//! Every rung of the ladder through whole networks: against the oracle, against Darknet on photographs, f16 against f32,
//! and what Winograd costs in accuracy, layer by layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;
#[path = "common/layers.rs"]
mod layers;
#[path = "common/photos.rs"]
mod photos;

use std::path::Path;

use layers::{Errors, Layer, apart, layers, program};
use photos::{Found, NETWORKS, builder, ours, photo};
use serde_json::Value;
use yolov4::{
    Detector, DetectorBuilder, Gpu, Picture, PlayerChoice, Precision, ResizeMode,
    low_level::{
        gpu::{GpuOptions, Program},
        graph::{Conv, Graph, Keep, NodeId, Op, Params},
        host::Placement,
        kernels::conv::Variant,
        model::{CfgOptions, Model, WeightsOptions, scaled::Recipe},
        oracle,
        tensor::Tensor,
    },
};

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

/// Whether the adapter has what a rung is built on.
fn has(gpu: &Gpu, variant: Variant) -> bool {
    let wide = gpu.report().subgroup.0 >= 8 && gpu.device().features().contains(wgpu::Features::SUBGROUP);
    let coop = gpu.report().coop.of(Precision::F32);
    let lacks = match variant {
        Variant::Subgroup | Variant::SubgroupFew if !wide => "no subgroups of eight",
        Variant::Packed64 | Variant::Packed128 | Variant::SplitPacked => "values of f32",
        Variant::Coop8 | Variant::SplitCoop8 if !coop.contains(&8) => "no cooperative matrices of f32, 8x8",
        Variant::Coop16 | Variant::SplitCoop16 if !coop.contains(&16) => "no cooperative matrices of f32, 16x16",
        _ => return true,
    };
    println!("{}: skipped, the adapter has {lacks}", variant.name());
    false
}

/// Whether a rung is meant for a convolution.
fn meant(variant: Variant, graph: &Graph, id: NodeId, conv: &Conv) -> bool {
    let channels = graph.node(graph.node(id).inputs[0]).shape.c;
    match variant {
        Variant::Direct => true,
        Variant::Depthwise => conv.groups > 1 && conv.groups == channels && conv.groups == conv.filters,
        Variant::Winograd2 | Variant::Winograd4 => {
            conv.size == 3 && (conv.stride_y, conv.stride_x) == (1, 1) && conv.dilation == 1 && conv.groups == 1
        }
        Variant::Stem => conv.groups == 1 && channels <= 4,
        Variant::Vector => conv.groups == 1 && conv.computed(graph.node(id).shape).pixels() <= 8,
        // Deep, and too small to fill a GPU: 256 workgroups of 64 pixels by 64 channels.
        Variant::Split | Variant::SplitCoop8 | Variant::SplitCoop16 => {
            let (tile, least) = match variant {
                Variant::Split => (64, 28),
                Variant::SplitCoop8 => (32, 28),
                _ => (64, 60),
            };
            let shape = graph.node(id).shape;
            let workgroups = shape.pixels().div_ceil(tile) * shape.c.div_ceil(tile);
            conv.groups == 1 && channels > least && workgroups < 256
        }
        _ => conv.groups == 1,
    }
}

/// How many convolutions of a program a rung plays: all that it is meant for, or the test proves nothing.
fn taken(program: &Program, variant: Variant) -> usize {
    let graph = program.graph();
    let convolutions = graph.iter().filter_map(|(id, node)| match &node.op {
        Op::Conv(conv) if meant(variant, graph, id, conv) => Some((id, &node.name)),
        _ => None,
    });
    convolutions.inspect(|(id, name)| assert_eq!(program.rung(*id), Some(variant), "{name}")).count()
}

/// Largest relative L2 difference of a node in f32: twice the worst that was measured (2.5e-6, F(4x4) in yolov4-tiny), and far
/// below the 1e-3 that `yolov4 check` allows for networks of any depth.
const WHOLE: f64 = 5e-6;

/// A network, its numbers and an input.
struct Whole {
    name: String,
    graph: Graph,
    params: Params,
    input: Tensor,
}

impl Whole {
    fn new(name: &str, network: &Model, params: Params, picture: &Path) -> Self {
        let picture = Picture::open(picture).unwrap();
        let shape = network.graph.input_shape();
        let placement =
            Placement::new(ResizeMode::DarknetFile, network.preprocess.letterbox, picture.width, picture.height, shape);
        let input = oracle::letterbox(&picture, &placement);
        Self { name: name.into(), graph: network.graph.clone(), params, input }
    }

    /// Trained weights and a photo.
    fn trained(data: &Path, name: &str, size: usize) -> Self {
        let base = data.join("models").join(name);
        let options = CfgOptions { size: Some((size, size)), ..CfgOptions::default() };
        let network = Model::from_cfg(base.join(format!("{name}.cfg")), &options).unwrap();
        let weights = base.join(format!("{name}.weights"));
        let params = network.load_weights(&weights, &WeightsOptions::default(), &mut Vec::new()).unwrap();
        Self::new(name, &network, params, &data.join("images/dog.jpg"))
    }

    /// A network of the paper's builder, made narrow and shallow, with random weights.
    fn built(name: &str, size: usize, width: f32, depth: f32) -> Self {
        let recipe = Recipe { size: (size, size), width, depth, classes: 3, ..Recipe::named(name).unwrap() };
        let network = recipe.network().unwrap();
        let params = network.random_params(1);
        Self::new(name, &network, params, Path::new("assets/demo.jpg"))
    }

    /// Plays every rung that has something to do here, and returns those: every node, then the heads by themselves, whose
    /// plan uses slots again.
    fn check(&self, gpu: &Gpu) -> Vec<Variant> {
        let heads: Vec<NodeId> = self.graph.heads.iter().map(|h| h.input).collect();
        let all: Vec<NodeId> = (0..self.graph.nodes.len()).map(NodeId).collect();
        let want = oracle::play(&self.graph, &self.params, &self.input, &all).unwrap();
        let mut played = Vec::new();
        for variant in Variant::ALL.iter().copied().filter(|v| has(gpu, *v)) {
            let build = |keep| program(gpu, &self.graph, self.params.clone(), variant, keep);
            let mut every = build(Keep::All);
            let count = taken(&every, variant);
            if count == 0 {
                continue;
            }
            played.push(variant);
            let nodes = pollster::block_on(every.play(&self.input, &every.origins())).unwrap().nodes;
            let got = pollster::block_on(build(Keep::Heads).play(&self.input, &[])).unwrap().heads;
            assert!(nodes.len() > count && got.len() == heads.len() && heads.len() > 1);
            let errors = nodes.iter().chain(heads.iter().zip(&got)).map(|(id, got)| (*id, apart(got, &want[id])));
            let worst = |list: &[(NodeId, Errors)]| *list.iter().max_by(|a, b| a.1.rms.total_cmp(&b.1.rms)).unwrap();
            let errors: Vec<_> = errors.collect();
            let (node, head) = (worst(&errors), worst(&errors[nodes.len()..]));
            let what = format!("{}, {}", self.name, variant.name());
            let name = &self.graph.node(node.0).name;
            println!(
                "{what}: {count} convolutions, {} nodes, worst {name} {:.1e}; worst head {:.1e}",
                nodes.len(),
                node.1.rms,
                head.1.rms
            );
            assert!(node.1.rms <= WHOLE, "{what}: {name} is {:.1e} apart", node.1.rms);
        }
        played
    }
}

/// The rungs that an adapter has, but for those that these networks have nothing for.
fn all_but(gpu: &Gpu, some: &[Variant]) -> Vec<Variant> {
    Variant::ALL.iter().copied().filter(|v| !some.contains(v) && has(gpu, *v)).collect()
}

#[test]
#[ignore = "long"]
fn a_trained_network_is_the_same_on_every_rung() {
    let Some(data) = common::test_data() else { return };
    let gpu = gpu();
    let tiny = Whole::trained(&data, "yolov4-tiny-voc", 128).check(&gpu);
    assert_eq!(tiny, all_but(&gpu, &[Variant::Depthwise, Variant::Vector]));
    // Every second convolution is depthwise, none is of 3x3 over all channels.
    let fastest = Whole::trained(&data, "yolo-fastest-1.1-xl", 96).check(&gpu);
    assert!(fastest.contains(&Variant::Depthwise) && !fastest.contains(&Variant::Winograd4), "{fastest:?}");
}

#[test]
#[ignore = "long"]
fn built_networks_are_the_same_on_every_rung() {
    let gpu = gpu();
    for (name, depth) in [("yolov4-csp", 0.3), ("yolov4-p5", 0.1)] {
        let played = Whole::built(name, 64, 0.25, depth).check(&gpu);
        assert_eq!(played, all_but(&gpu, &[Variant::Depthwise]), "{name}");
    }
}

/// Photos for each of the three networks: what a rung does in a few seconds on a processor. `YOLOV4_RUNGS_PHOTOS=N` plays N of
/// them (up to 100) on every rung and network; but *direct*, which needs 20 seconds for each, two at most.
const PHOTOS: [(Variant, [usize; 3]); 12] = [
    (Variant::Direct, [1, 0, 0]),
    (Variant::Depthwise, [4, 0, 0]),
    (Variant::Stem, [0, 2, 0]),
    (Variant::Lanes, [4, 2, 0]),
    (Variant::Tiled, [4, 1, 0]),
    (Variant::Block64, [2, 1, 0]),
    (Variant::Block128, [2, 0, 0]),
    (Variant::Split, [2, 1, 0]),
    (Variant::Subgroup, [4, 4, 0]),
    (Variant::SubgroupFew, [4, 4, 0]),
    (Variant::Winograd2, [0, 4, 1]),
    (Variant::Winograd4, [0, 4, 1]),
];

/// A number from the environment.
fn asked() -> Option<usize> {
    let text = std::env::var("YOLOV4_RUNGS_PHOTOS").ok()?;
    Some(text.parse().expect("YOLOV4_RUNGS_PHOTOS is a number"))
}

#[test]
#[ignore = "long"]
fn every_rung_finds_what_darknet_finds() {
    let Some(data) = common::test_data() else { return };
    let gpu = gpu();
    for (variant, photos) in PHOTOS.into_iter().filter(|(v, _)| has(&gpu, *v)) {
        let mut played = 0;
        for (network, photos) in NETWORKS.iter().zip(photos) {
            let photos = match asked() {
                Some(n) if variant == Variant::Direct => n.min(2),
                Some(n) => n,
                None => photos,
            };
            if photos == 0 {
                continue;
            }
            let builder = builder(&data, network).device(gpu.clone()).conv(variant);
            let mut detector = builder.build().unwrap();
            let count = taken(detector.program().unwrap(), variant);
            if count > 0 {
                let who = format!("{count} convolutions on {}, {photos} photos", variant.name());
                photos::compare(&data, network, &mut detector, photos, &who);
                played += 1;
            }
        }
        assert!(played > 0, "{} was played on no photo", variant.name());
    }
}

fn demo() -> DetectorBuilder {
    Detector::builder().player(PlayerChoice::Gpu).model("assets/demo.safetensors")
}

/// Every rung without test data, on the picture that comes with the program, and closer: the oracle's very boxes.
#[test]
fn every_rung_finds_what_is_in_the_demo() {
    let gpu = gpu();
    let picture = Picture::open("assets/demo.jpg").unwrap();
    let want = ours(&mut demo().player(PlayerChoice::Oracle).build().unwrap(), &picture);
    assert!(want.len() >= 3, "{want:?}");
    let mut played = Vec::new();
    for variant in Variant::ALL.iter().copied().filter(|v| has(&gpu, *v)) {
        let mut detector = demo().device(gpu.clone()).conv(variant).build().unwrap();
        if taken(detector.program().unwrap(), variant) > 0 {
            let got = ours(&mut detector, &picture);
            let missing = photos::unmatched(&want, &got, 0.9999, 1e-4) + photos::unmatched(&got, &want, 0.9999, 1e-4);
            println!("{}: {} boxes, {missing} without a partner", variant.name(), got.len());
            assert_eq!(missing, 0, "{}: {got:?} instead of {want:?}", variant.name());
            played.push(variant);
        }
    }
    assert_eq!(played, all_but(&gpu, &[Variant::Depthwise, Variant::Vector]));
}

/// The nearest box of the same class.
fn nearest<'a>(found: &Found, others: &'a [Found]) -> Option<&'a Found> {
    let same = others.iter().filter(|o| o.class == found.class);
    same.max_by(|a, b| a.iou(found).total_cmp(&b.iou(found)))
}

/// Boxes of f32 and of f16 together, and how many of them have no partner in the other list: same class, score and IoU as close
/// as asked. Boxes count from .25 on and their partners from .2, so that the threshold itself loses none.
fn without_partner(
    who: &str,
    builder: impl Fn() -> DetectorBuilder,
    pictures: &[Picture],
    close: (f64, f64),
) -> (usize, usize) {
    let build = |precision| builder().precision(precision).score_threshold(0.2).build().unwrap();
    let (mut full, mut half): (Detector, Detector) = (build(Precision::F32), build(Precision::F16));
    assert_eq!(half.program().unwrap().precision(), Precision::F16);
    let (mut total, mut lost, mut score, mut iou) = (0, 0, 0.0f64, 1.0f64);
    for picture in pictures {
        let (full, half) = (ours(&mut full, picture), ours(&mut half, picture));
        for (left, right) in [(&full, &half), (&half, &full)] {
            for found in left.iter().filter(|f| f.score >= 0.25) {
                total += 1;
                match nearest(found, right) {
                    Some(o) if (o.score - found.score).abs() <= close.0 && o.iou(found) >= close.1 => {
                        score = score.max((o.score - found.score).abs());
                        iou = iou.min(o.iou(found));
                    }
                    other => {
                        println!("{who}: {found:?} has {other:?}");
                        lost += 1;
                    }
                }
            }
        }
    }
    println!(
        "{who}: {lost} of {total} boxes without a partner; of the others scores within {score:.4}, IoU from {iou:.4}"
    );
    assert!(total > pictures.len(), "{who}: only {total} boxes");
    (total, lost)
}

/// Values and weights in 16 bits, sums in 32 as they are guessed: 99.5 % of the boxes of either have their partner in the other.
#[test]
#[ignore = "long"]
fn f16_finds_what_f32_finds() {
    let Some(data) = common::test_data() else { return };
    let (mut all, mut unlike) = (0, 0);
    for network in &NETWORKS {
        let open = |row: &Value| Picture::open_with(photo(&data, row["image"].as_str().unwrap()), false).unwrap();
        let pictures: Vec<Picture> =
            photos::darknet(&data, network).iter().take(asked().unwrap_or(8)).map(open).collect();
        let (total, lost) = without_partner(network.name, || builder(&data, network), &pictures, (0.02, 0.95));
        (all, unlike) = (all + total, unlike + lost);
    }
    assert!(unlike * 200 <= all, "{unlike} of {all}");
}

/// Sums of sixteen products in 16 bits: no more boxes are lost. (All 100 photos by `YOLOV4_RUNGS_PHOTOS=100`.)
#[test]
#[ignore = "long"]
fn packed_sums_find_what_f32_finds() {
    let Some(data) = common::test_data() else { return };
    let (mut all, mut unlike) = (0, 0);
    for (network, photos) in NETWORKS.iter().zip([1, 3, 1]) {
        let open = |row: &Value| Picture::open_with(photo(&data, row["image"].as_str().unwrap()), false).unwrap();
        let photos = asked().unwrap_or(photos);
        let pictures: Vec<Picture> = photos::darknet(&data, network).iter().take(photos).map(open).collect();
        let packed = || builder(&data, network).conv(Variant::Packed64);
        let (total, lost) = without_partner(network.name, packed, &pictures, (0.02, 0.95));
        (all, unlike) = (all + total, unlike + lost);
    }
    assert!(unlike * 200 <= all, "{unlike} of {all}");
}

/// f16 without test data: every box, and closer (scores within .0001 and IoU from .999 were measured).
#[test]
fn f16_finds_what_is_in_the_demo() {
    let (total, lost) = without_partner("demo", demo, &[Picture::open("assets/demo.jpg").unwrap()], (0.001, 0.998));
    assert!(total >= 6 && lost == 0, "{lost} of {total}");
}

/// RMS error of a layer as measured, in units of 1e-7: GEMM, F(2x2), F(4x4).
type Measured = (&'static str, [f64; 3]);

const RUNGS: [Variant; 3] = [Variant::Lanes, Variant::Winograd2, Variant::Winograd4];

/// Prints a row a layer, and allows each layer twice what was measured: another order of the sums, or multiply-adds with one
/// rounding, change an error by less than that, while a matrix of six digits makes it three times as large. `largest`
/// bounds single elements the same way, each rung's over all layers.
fn bounded(layers: &[Layer], measured: &[Measured], largest: [f64; 3]) {
    let gpu = gpu();
    println!("| layer | GEMM | F(2x2) | F(4x4) | largest: GEMM | F(2x2) | F(4x4) |");
    let mut wrong = Vec::new();
    for layer in layers {
        let errors = RUNGS.map(|rung| layer.errors(&gpu, rung));
        let cells: Vec<String> =
            errors.iter().map(|e| e.rms).chain(errors.iter().map(|e| e.max)).map(|e| format!("{e:.1e}")).collect();
        println!("| {} | {} |", layer.name, cells.join(" | "));
        let known = measured.iter().find(|(name, _)| *name == layer.name);
        let (_, known) = known.unwrap_or_else(|| panic!("{}: not measured yet", layer.name));
        for (i, (rung, e)) in RUNGS.iter().zip(&errors).enumerate() {
            if e.rms > 2.0 * known[i] * 1e-7 || e.max > 2.0 * largest[i] {
                wrong.push(format!("{}, {}: {e:?}", layer.name, rung.name()));
            }
        }
    }
    assert!(layers.len() == measured.len() && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Trained weights, and the values that a photo has there.
#[test]
fn winograd_loses_no_more_than_measured_in_trained_layers() {
    let Some(data) = common::test_data() else { return };
    let tiny = Whole::trained(&data, "yolov4-tiny-voc", 416);
    let measured = [
        ("64x104x104 to 64x104x104", [2.9, 1.8, 6.1]),
        ("32x104x104 to 32x104x104", [1.9, 1.4, 4.9]),
        ("128x52x52 to 128x52x52", [3.0, 1.5, 5.4]),
        ("64x52x52 to 64x52x52", [2.3, 1.4, 5.5]),
        ("256x26x26 to 256x26x26", [2.8, 1.5, 6.1]),
        ("128x26x26 to 128x26x26", [2.9, 1.5, 5.3]),
        ("512x13x13 to 512x13x13", [3.5, 1.8, 7.9]),
        ("256x13x13 to 512x13x13", [4.4, 2.2, 6.7]),
        ("384x26x26 to 256x26x26", [5.6, 2.6, 6.7]),
    ];
    bounded(&layers(tiny.graph, tiny.params, &tiny.input), &measured, [1.5e-5, 4.3e-6, 4.5e-5]);
}

/// The channels of yolov4-csp at a smaller size; random weights, and what they make of a photo.
#[test]
fn winograd_loses_no_more_than_measured_in_wide_layers() {
    let csp = Whole::built("yolov4-csp", 96, 1.0, 1.0);
    let measured = [
        ("3x96x96 to 32x96x96", [0.8, 0.9, 2.0]),
        ("32x48x48 to 64x48x48", [1.6, 1.1, 3.1]),
        ("64x24x24 to 64x24x24", [2.2, 1.3, 3.8]),
        ("128x12x12 to 128x12x12", [3.0, 1.6, 5.3]),
        ("256x6x6 to 256x6x6", [4.1, 2.2, 7.2]),
        ("512x3x3 to 512x3x3", [4.8, 3.0, 6.4]),
        ("128x12x12 to 256x12x12", [3.0, 1.5, 2.8]),
        ("256x6x6 to 512x6x6", [3.9, 2.1, 4.3]),
        ("512x3x3 to 1024x3x3", [4.9, 3.2, 6.9]),
    ];
    bounded(&layers(csp.graph, csp.params, &csp.input), &measured, [5.5e-6, 2.1e-6, 1.0e-5]);
}
