//! `yolov4 check`: both players on one picture, node by node.

use std::{fmt::Write, path::PathBuf};

use serde_json::json;
use yolov4::{
    Error, Picture, ResizeMode,
    low_level::{
        detect::choices::{Choices, Why},
        gpu::{Gpu, GpuOptions, Program, ProgramOptions, requirements},
        graph::{Graph, Keep, NodeId, Params, drop::drop_stages},
        host::Placement,
        model::{Model, random::Random},
        oracle,
        tensor::Tensor,
    },
};

use crate::{CommandResult, Failure, numbers, options, output};

#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    model: options::ModelOptions,
    #[command(flatten)]
    device: options::DeviceOptions,
    /// A picture; random numbers otherwise
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// A row for every node, the worst first
    #[arg(long)]
    all: bool,
    /// Everything as JSON
    #[arg(long, conflicts_with = "all")]
    json: bool,
    /// Seed of random numbers, and of random weights where none are named and none are in the cache
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Largest relative L2 difference of a node: sums of some thousand f32 products, or the same stored in f16, layer upon
/// layer.
const TOLERANCE: [(&str, f64); 2] = [("f32", 1e-3), ("f16", 5e-2)];

pub async fn run(args: CheckArgs) -> CommandResult {
    let reading = args.model.reading.options();
    let mut network = Model::open(&args.model.model, &reading)?;
    let mut notes = network.notes.clone();
    let mut choices = Choices::default();
    choices.network(&network, reading.size);
    let params = params(&args, &mut network, &mut notes, &mut choices)?;
    let input = input(&args, &network)?;
    let precision = args.device.precision;
    let gpu = Gpu::new(&GpuOptions {
        backend: args.device.backend,
        adapter: args.device.adapter.clone(),
        requirements: requirements(&network.graph, precision, 1),
        ..GpuOptions::default()
    })
    .await?;
    args.model.say(choices.list());
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let options = ProgramOptions { precision, keep: Keep::All, ..ProgramOptions::default() };
    let mut program = Program::new(&gpu, &network.graph, params.clone(), &options, &mut |_, _| {}).await?;
    let origins = program.origins();
    let played = program.play(&input, &origins).await?;
    let expected = oracle::play(&network.graph, &params, &input, &origins)?;
    let mut rows: Vec<NodeError> =
        expected.iter().map(|(id, want)| NodeError::new(*id, played.nodes.get(id), want)).collect();
    rows.sort_by(|a, b| b.relative.total_cmp(&a.relative));
    let Some(worst) = rows.first() else {
        return Err(Error::Usage("the network has no nodes".into()).into());
    };
    let tolerance = TOLERANCE.iter().find(|(p, _)| *p == program.precision().name()).map_or(0.0, |(_, t)| *t);
    let verdict = if worst.relative <= tolerance { Ok(()) } else { Err(Failure::Reported) };
    if args.json {
        let nodes: Vec<_> = rows.iter().map(|row| row.described(&network.graph)).collect();
        let report = gpu.report();
        let (backend, driver) = (&report.backend, &report.driver);
        let found = json!({
            "model": args.model.model.display().to_string(), "precision": program.precision().name(), "adapter": report.name, "backend": backend,
            "driver": driver, "allowed": tolerance, "agrees": verdict.is_ok(), "nodes": nodes,
        });
        output::print(&output::json("what was compared", &found)?)?;
        return verdict;
    }
    let mut text = if args.all { table(&network.graph, &rows) } else { String::new() };
    let _ = writeln!(
        text,
        "{}: {} nodes compared, worst {} with a relative difference of {:.2e} (largest single one {:.2e}), allowed \
         {tolerance:.0e}",
        gpu.report().name,
        rows.len(),
        network.graph.node(worst.id).name,
        worst.relative,
        worst.largest
    );
    output::print(&text)?;
    verdict
}

/// The weights that are at hand, or random ones.
fn params(
    args: &CheckArgs,
    network: &mut Model,
    notes: &mut Vec<String>,
    choices: &mut Choices,
) -> yolov4::Result<Params> {
    let (model, weights) = (&args.model.model, args.model.weights.as_deref());
    let found = numbers::at_hand(model, weights, &args.model.weights_options(), network, notes, choices)?;
    let params = found.unwrap_or_else(|missing| {
        notes.push(format!("{missing}: seeded random ones ({})", args.seed));
        choices.because("weights", "random", Why::Own(format!("seed {}", args.seed)));
        network.random_params(args.seed)
    });
    let (graph, params) = drop_stages(&network.graph, &params, args.model.drop_stages)?;
    network.graph = graph;
    Ok(params)
}

/// How far apart the players are at one node.
struct NodeError {
    id: NodeId,
    /// `|got - want| / |want|`
    relative: f64,
    /// Largest difference of two elements.
    largest: f64,
}

impl NodeError {
    fn new(id: NodeId, got: Option<&Tensor>, want: &Tensor) -> Self {
        let Some(got) = got else { return Self { id, relative: f64::INFINITY, largest: f64::INFINITY } };
        let (mut distance, mut length, mut largest) = (0.0, 0.0, 0.0f64);
        for (g, w) in got.data.iter().zip(&want.data) {
            let (difference, w) = ((f64::from(*g) - f64::from(*w)).abs(), f64::from(*w));
            // NaN counts as infinitely far.
            let difference = if difference.is_nan() { f64::INFINITY } else { difference };
            distance += difference * difference;
            length += w * w;
            largest = largest.max(difference);
        }
        Self { id, relative: (distance / length.max(1e-30)).sqrt(), largest }
    }

    fn described(&self, graph: &Graph) -> serde_json::Value {
        let node = graph.node(self.id);
        // JSON has no number for what is infinitely far.
        let finite = |x: f64| x.is_finite().then_some(x);
        json!({
            "name": node.name, "shape": [node.shape.c, node.shape.h, node.shape.w],
            "relative": finite(self.relative), "largest": finite(self.largest),
        })
    }
}

/// One row a node, the worst first.
fn table(graph: &Graph, rows: &[NodeError]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["node", "shape", "relative", "largest"]);
    for row in rows {
        let node = graph.node(row.id);
        table.add_row([
            node.name.clone(),
            node.shape.to_string(),
            format!("{:.2e}", row.relative),
            format!("{:.2e}", row.largest),
        ]);
    }
    format!("{table}\n")
}

fn input(args: &CheckArgs, network: &Model) -> yolov4::Result<Tensor> {
    let shape = network.graph.input_shape();
    if let Some(path) = &args.picture {
        let picture = Picture::open(path)?;
        let placement =
            Placement::new(ResizeMode::DarknetFile, network.preprocess.letterbox, picture.width, picture.height, shape);
        return Ok(oracle::letterbox(&picture, &placement));
    }
    let mut random = Random::new(args.seed);
    let data = (0..shape.elements()).map(|_| random.signed().abs()).collect();
    Ok(Tensor { shape, data })
}
