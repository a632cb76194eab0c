//! What a GPU makes of a problem, against the oracle. Nothing here waits or panics, so that a browser can run it too.

use std::fmt;

use yolov4::{
    Gpu, Picture, Precision, ResizeMode,
    low_level::{
        gpu::{Program, ProgramInput, ProgramOptions},
        graph::{Activation, Builder, Graph, Head, Keep, NodeId, Op, Params, Target, compile::compile},
        host::{Candidate, NmsKind, Placement, Thresholds},
        kernels::conv::Variant,
        model::random::Random,
        oracle,
        tensor::{Shape, Tensor},
    },
};

use crate::problems::{Problem, Tolerance, compare};

/// A program that plays a graph.
///
/// # Errors
/// As [`Program::new`].
pub async fn program(
    gpu: &Gpu,
    graph: &Graph,
    params: Params,
    options: &ProgramOptions,
) -> Result<Program, yolov4::Error> {
    Program::new(gpu, graph, params, options, &mut |_, _| {}).await
}

/// Why a problem is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    what: String,
    /// The device is gone: nothing more can be asked of it.
    pub lost: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<yolov4::Error> for Fault {
    fn from(e: yolov4::Error) -> Self {
        Self { lost: matches!(e, yolov4::Error::DeviceLost(_)), what: e.to_string() }
    }
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self { what, lost: false }
    }
}

impl Fault {
    /// The same, and where.
    fn at(self, place: &str) -> Self {
        Self { what: format!("{place}: {self}"), ..self }
    }
}

/// What came of a problem.
pub struct Checked {
    /// The rungs of its convolutions.
    pub rungs: Vec<Variant>,
    /// The kernels that played it.
    pub kernels: Vec<&'static str>,
    /// The largest error of a node.
    pub worst: f64,
}

/// How far a problem's values may be off.
pub fn tolerance(problem: &Problem, precision: Precision) -> Tolerance {
    match precision {
        Precision::F32 => problem.tolerance,
        // Values and weights are rounded to 11 bits at every store; sums of them add up.
        Precision::F16 => Tolerance { abs: 2e-2 + 4.0 * problem.tolerance.abs, rel: 2e-2 },
    }
}

/// Whether the adapter can take this rung at all.
///
/// # Errors
/// If not: why, for the log.
pub fn there_is(variant: Variant, gpu: &Gpu, precision: Precision) -> Result<(), String> {
    // By name: some are not there in browsers.
    let side = match variant.name() {
        "packed64" | "packed128" | "split-packed" if precision == Precision::F32 => {
            return Err(format!("{}: skipped, it is for values of f16", variant.name()));
        }
        "coop8" | "split-coop8" => 8,
        "coop16" | "split-coop16" => 16,
        _ => return Ok(()),
    };
    let sides = gpu.report().coop.of(precision);
    let lacks = match (sides.is_empty(), precision.name()) {
        _ if sides.contains(&side) => return Ok(()),
        (true, name) => format!("no cooperative matrices of {name}"),
        (false, name) => format!("no cooperative matrices of {name}, {side}x{side}"),
    };
    Err(format!("{}: skipped, the adapter has {lacks}", variant.name()))
}

/// The rungs to force on a problem: those that the adapter has and that take one of its convolutions. Any other would leave
/// all of them to the rung that is chosen anyway, and prove the same again. None for a problem without convolutions.
pub fn rungs(gpu: &Gpu, problem: &Problem, options: &ProgramOptions) -> Vec<Option<Variant>> {
    let target = Target { keep: options.keep.clone(), ..Target::default() };
    // What cannot be compiled is told where it is to be played.
    let Ok(compiled) = compile(problem.graph.clone(), Params::default(), &target) else { return vec![None] };
    let caps = gpu.caps(options.precision);
    let convolutions = compiled.plan.steps.iter().filter_map(|step| step.problem(&compiled.graph, options.batch));
    let convolutions: Vec<_> = convolutions.collect();
    if convolutions.is_empty() {
        return vec![None];
    }
    let takes = |v: &Variant| {
        there_is(*v, gpu, options.precision).is_ok() && convolutions.iter().any(|conv| v.takes(conv, &caps))
    };
    Variant::ALL.iter().copied().filter(takes).map(Some).collect()
}

/// Plays a problem on the GPU.
///
/// # Errors
/// The first node that differs from the oracle, or why it could not be played.
pub async fn check(
    gpu: &Gpu,
    problem: &Problem,
    options: &ProgramOptions,
    tolerance: Tolerance,
) -> Result<Checked, Fault> {
    let mut program = program(gpu, &problem.graph, problem.params.clone(), options).await?;
    let last = NodeId(problem.graph.nodes.len() - 1);
    let keep = if options.keep == Keep::All { program.origins() } else { vec![last] };
    // Every picture of a batch is another one.
    let inputs: Vec<Tensor> = (0..options.batch).map(|n| turned(&problem.input, n)).collect();
    let played: Vec<ProgramInput<'_>> = inputs.iter().map(ProgramInput::from).collect();
    let played = program.play_batch(&played, &keep).await?;
    let mut worst = 0.0_f64;
    for (n, (input, got)) in inputs.iter().zip(played).enumerate() {
        let want = oracle::play(&problem.graph, &problem.params, input, &keep)?;
        for (id, want) in &want {
            let name = &problem.graph.node(*id).name;
            let got = got.nodes.get(id).ok_or_else(|| format!("{name}: did not come back"))?;
            worst = worst.max(compare(got, want, tolerance).map_err(|e| format!("{name} of picture {n}: {e}"))?);
        }
    }
    let rungs = program.graph().iter().filter_map(|(id, _)| program.rung(id)).collect();
    Ok(Checked { rungs, kernels: program.calls().map(|(_, kernel)| kernel).collect(), worst })
}

/// A tensor with the numbers of `tensor`, turned round by some places.
fn turned(tensor: &Tensor, by: usize) -> Tensor {
    let mut tensor = tensor.clone();
    let len = tensor.data.len();
    tensor.data.rotate_left(by * 7 % len);
    tensor
}

fn picture(width: usize, height: usize) -> Picture {
    let mut random = Random::new((width * 1000 + height) as u64);
    Picture { width, height, rgba: (0..width * height * 4).map(|_| random.bits() as u8).collect() }
}

/// Pictures of many sizes onto a canvas of colours and one of greys, in every mode; returns how many.
///
/// # Errors
/// The first that differs from the oracle's.
pub async fn letterboxes(gpu: &Gpu) -> Result<usize, Fault> {
    let mut count = 0;
    for channels in [3, 1] {
        count += letterboxes_onto(gpu, Shape::new(channels, 24, 32)).await?;
    }
    Ok(count)
}

async fn letterboxes_onto(gpu: &Gpu, canvas: Shape) -> Result<usize, Fault> {
    let graph = Builder::new(canvas)?.finish();
    let options = ProgramOptions { keep: Keep::All, ..Default::default() };
    let mut program = program(gpu, &graph, Params::default(), &options).await?;
    let mut count = 0;
    for (w, h) in [(32, 24), (64, 48), (17, 40), (100, 7), (1, 1), (1, 9), (9, 1), (31, 23), (500, 300)] {
        let picture = picture(w, h);
        for mode in [ResizeMode::DarknetFile, ResizeMode::DarknetVideo, ResizeMode::Pytorch] {
            for letterbox in [false, true] {
                let placement = Placement::new(mode, letterbox, w, h, canvas);
                let input = ProgramInput::Picture(&picture, &placement);
                let got = program.play(input, &[NodeId(0)]).await?.nodes.remove(&NodeId(0));
                let got = got.ok_or_else(|| "the input did not come back".to_owned())?;
                let want = oracle::letterbox(&picture, &placement);
                // Positions are f32 in both; a driver may contract a multiplication and an addition.
                let tolerance = Tolerance { abs: 2e-5, rel: 0.0 };
                compare(&got, &want, tolerance)
                    .map_err(|e| format!("{w}x{h} {mode:?} letterbox {letterbox}, {} channels: {e}", canvas.c))?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// A graph whose heads are its input, sliced: any head tensor can be fed in.
pub fn head_graph(grid: (usize, usize), anchors: usize, classes: usize, new_coords: bool) -> Graph {
    let channels = anchors * (5 + classes);
    let mut builder = Builder::new(Shape::new(channels, grid.0, grid.1)).unwrap();
    let kind = if new_coords { Activation::Logistic } else { Activation::Leaky(0.5) };
    let value = builder.add("head", None, Op::Activation(kind), &[NodeId(0)]).unwrap();
    let anchors = (0..anchors).map(|a| (8.0 + 3.0 * a as f32, 20.0 - 2.0 * a as f32)).collect();
    let scale_x_y = if new_coords { 2.0 } else { 1.05 };
    let head = Head { input: value, layer: 1, anchors, classes, scale_x_y, new_coords };
    builder.head("head", head).unwrap();
    builder.finish()
}

/// Whether both hold equal boxes by (number, class); coordinates and scores but for the last bits of exp.
///
/// # Errors
/// The first difference.
pub fn same(got: &[Candidate], want: &[Candidate]) -> Result<(), String> {
    let key = |c: &Candidate| (c.index, c.class);
    let (mut got, mut want) = (got.to_vec(), want.to_vec());
    got.sort_by_key(key);
    want.sort_by_key(key);
    if !got.iter().map(key).eq(want.iter().map(key)) {
        return Err(format!("which boxes there are ({} and {})", got.len(), want.len()));
    }
    for (g, w) in got.iter().zip(&want) {
        for (a, b) in [(g.x, w.x), (g.y, w.y), (g.w, w.w), (g.h, w.h), (g.score, w.score)] {
            if (a - b).abs() > 1e-5 * b.abs().max(1.0) {
                return Err(format!("{g:?} instead of {w:?}"));
            }
        }
    }
    Ok(())
}

/// Boxes of a head tensor, of the classes that are wanted: the GPU's, twice, and the oracle's of the same values.
///
/// # Errors
/// If they cannot be had, or are others the second time.
pub async fn boxes(
    gpu: &Gpu,
    graph: &Graph,
    input: &Tensor,
    thresholds: &Thresholds,
    wanted: &[bool],
) -> Result<(Vec<Candidate>, Vec<Candidate>), Fault> {
    let mut program = program(gpu, graph, Params::default(), &ProgramOptions::default()).await?;
    program.want_classes(wanted);
    let got = program.detect(input, thresholds).await?;
    // Twice: the second frame finds the room that the first one made.
    if got != program.detect(input, thresholds).await? {
        return Err(Fault::from("the second frame has other boxes".to_owned()));
    }
    let heads = program.play(input, &[]).await?.heads;
    Ok((got, oracle::nms(oracle::decode(graph, &heads, thresholds.score_threshold, wanted), thresholds)))
}

/// Thresholds of which all count.
pub fn thresholds(score_threshold: f32, kind: NmsKind, agnostic: bool) -> Thresholds {
    Thresholds { score_threshold, iou_threshold: 0.45, kind, agnostic, extent: (0.9, 0.6) }
}

/// Decode, sort and NMS of random heads, in every way that there is; returns how many.
///
/// # Errors
/// The first that differs from the oracle's.
pub async fn every_head(gpu: &Gpu) -> Result<usize, Fault> {
    let mut random = Random::new(3);
    let mut count = 0;
    for new_coords in [false, true] {
        for classes in [1, 3, 80] {
            let graph = head_graph((9, 7), 3, classes, new_coords);
            let shape = graph.input_shape();
            let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed() * 3.0).collect() };
            let wanted: Vec<bool> = (0..classes).map(|class| class % 5 != 1).collect();
            for (kind, agnostic) in [
                (NmsKind::Iou, false),
                (NmsKind::Diou { beta: 0.6 }, false),
                (NmsKind::Diou { beta: 0.9 }, false),
                (NmsKind::Iou, true),
            ] {
                let what = format!("new_coords {new_coords}, {classes} classes, {kind:?}, agnostic {agnostic}");
                let compared = boxes(gpu, &graph, &input, &thresholds(0.3, kind, agnostic), &wanted).await;
                let (got, want) = compared.map_err(|e| e.at(&what))?;
                same(&got, &want).map_err(|e| format!("{what}: {e}"))?;
                if want.is_empty() {
                    return Err(Fault::from(format!("{what}: there is nothing to compare")));
                }
                count += 1;
            }
        }
    }
    Ok(count)
}
