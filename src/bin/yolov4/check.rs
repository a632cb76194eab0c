//! `yolov4 check`: both players on one picture, node by node.

use std::path::PathBuf;

use yolov4::{
    Error, Picture, ResizeMode,
    low_level::{
        gpu::{Gpu, GpuOptions, Program, ProgramOptions, needs},
        graph::{NodeId, plan::Keep},
        kernels::letterbox::Placement,
        model::{CfgOptions, Network, WeightsOptions, random::Random},
        oracle,
        tensor::Tensor,
    },
};

use crate::{Failure, Outcome, options, output};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    model: options::Model,
    #[command(flatten)]
    machine: options::Machine,
    /// A picture; random numbers otherwise
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Seed of random numbers and of random weights where no weights are named
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Largest relative L2 difference of a node: sums of some thousand f32 products, or the same stored in f16, layer upon
/// layer.
const TOLERANCE: [(&str, f64); 2] = [("f32", 1e-3), ("f16", 5e-2)];

pub async fn run(args: Args) -> Outcome {
    let cfg = CfgOptions { size: args.model.size, decode: args.model.decode(), leaky_slope: args.model.leaky_slope };
    let network = Network::from_cfg(&args.model.model, &cfg)?;
    let mut notes = network.notes.clone();
    let load = WeightsOptions { bn_eps: args.model.bn_eps, allow_truncated: args.model.allow_truncated };
    let params = match &args.model.weights {
        Some(path) => network.load_weights(path, &load, &mut notes)?,
        None => {
            notes.push(format!("no --weights: seeded random ones ({})", args.seed));
            network.random_params(args.seed)
        }
    };
    let input = input(&args, &network)?;
    let precision = args.machine.precision.into();
    let gpu = Gpu::new(&GpuOptions {
        backend: args.machine.backend.map(Into::into),
        adapter: args.machine.adapter.clone(),
        needs: needs(&network.graph, precision),
    })
    .await?;
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let options = ProgramOptions { precision, keep: Keep::All, ..ProgramOptions::default() };
    let mut program = Program::new(&gpu, &network.graph, params.clone(), &options, &mut |_, _| {}).await?;
    let origins = program.origins();
    let played = program.play(&input, &origins).await?;
    let expected = oracle::play(&network.graph, &params, &input, &origins)?;
    let mut worst: Option<(f64, NodeId)> = None;
    for (id, want) in &expected {
        let difference = played.nodes.get(id).map_or(f64::INFINITY, |got| relative(got, want));
        // NaN counts as infinitely far.
        let difference = if difference.is_nan() { f64::INFINITY } else { difference };
        if worst.is_none_or(|(w, _)| difference > w) {
            worst = Some((difference, *id));
        }
    }
    let Some((difference, id)) = worst else {
        return Err(Error::Usage("the network has no nodes".into()).into());
    };
    let name = &network.graph.node(id).name;
    let tolerance = TOLERANCE.iter().find(|(p, _)| *p == program.precision().name()).map_or(0.0, |(_, t)| *t);
    output::print(&format!(
        "{}: {} nodes compared, worst {name} with a relative difference of {difference:.2e}, allowed {tolerance:.0e}\n",
        gpu.report().name,
        expected.len(),
    ))?;
    if difference <= tolerance { Ok(()) } else { Err(Failure::Reported) }
}

fn input(args: &Args, network: &Network) -> yolov4::Result<Tensor> {
    let shape = network.graph.input_shape();
    if let Some(path) = &args.picture {
        let picture = Picture::open(path)?;
        let placement =
            Placement::new(ResizeMode::DarknetFile, network.letterbox, picture.width, picture.height, shape);
        return Ok(oracle::letterbox(&picture, &placement));
    }
    let mut random = Random::new(args.seed);
    let data = (0..shape.elements()).map(|_| random.signed().abs()).collect();
    Ok(Tensor { shape, data })
}

/// `|got - want| / |want|`
fn relative(got: &Tensor, want: &Tensor) -> f64 {
    let square = |v: f64| v * v;
    let distance: f64 = got.data.iter().zip(&want.data).map(|(g, w)| square(f64::from(*g) - f64::from(*w))).sum();
    let length: f64 = want.data.iter().map(|w| square(f64::from(*w))).sum();
    (distance / length.max(1e-30)).sqrt()
}
