//! `yolov4 gradients`: the gradients of every number of a network, for comparison with other programs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use pollster::block_on;
use safetensors::{Dtype, tensor::TensorView};
use yolov4::{
    Error, Gpu, Picture, Shape, Tensor,
    dataset::TrainingSet,
    low_level::{
        detect::choices::Choices,
        gpu::{DeviceRequirements, GpuOptions, TrainOptions, TrainProgram},
        graph::{
            Graph, Keep, NodeId, Params,
            backward::{GradientRequest, TrainingGraph, backward},
            drop::drop_stages,
            recompute::{Recompute, recompute},
        },
        host::Placement,
        model::{Model, random::Random},
        oracle::{self, Values, play_batch},
        train::{darknet_loss::Truth, judge::judge, recipe::TrainingRecipe, scene::TrainingScene},
    },
};

use crate::{CommandResult, numbers, options, output, train::training_keys};

#[derive(clap::Args, Debug)]
pub struct GradientsArgs {
    /// The pictures of the batch
    #[arg(required = true)]
    images: Vec<PathBuf>,
    #[command(flatten)]
    model: options::ModelOptions,
    /// Who plays: the oracle, by definition in f64, or the GPU, in f32
    #[arg(long, value_enum, default_value_t = GradientPlayer::Oracle)]
    player: GradientPlayer,
    /// With `--player gpu`: part of an adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Where the numbers go, in f64: input, head.N and upstream.N [B, C, H, W] for the heads in cfg order; by layer L of the cfg gradient.L.weights
    /// [O, I / groups, K, K], .bias, .gamma, .beta [C], statistics.L.mean and .variance [C]; gradient.input
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Gradients of the loss of this recipe: the pictures' labels, which lie beside them, are what is to be found, as they are
    #[arg(long, value_enum, value_name = "RECIPE", conflicts_with = "drop_stages")]
    loss: Option<TrainingRecipe>,
    /// Seed of the gradients by the heads' values (upstream.N) where they are of no loss, and of random weights where none are named
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Who plays a network forwards and backwards.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum GradientPlayer {
    Oracle,
    Gpu,
}

/// What the GPU computes again.
const AGAIN: Recompute = Recompute::Cheap;

/// Names, shapes and numbers of what is written.
type Written = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

pub fn run(args: &GradientsArgs) -> CommandResult {
    output::check_file(&args.out)?;
    if args.adapter.is_some() && args.player != GradientPlayer::Gpu {
        return Err(Error::Usage("--adapter is of --player gpu: the oracle plays on the processor".into()).into());
    }
    let mut network = Model::open(&args.model.model, &args.model.reading.options())?;
    let mut notes = network.notes.clone();
    let (model, weights) = (&args.model.model, args.model.weights.as_deref());
    let options = args.model.weights_options();
    let mut choices = Choices::default();
    choices.network(&network, args.model.reading.options().size);
    let found = numbers::at_hand(model, weights, &options, &mut network, &mut notes, &mut choices)?;
    let params = found.unwrap_or_else(|missing| {
        notes.push(format!("{missing}: seeded random ones ({})", args.seed));
        network.random_params(args.seed)
    });
    let (graph, params) = drop_stages(&network.graph, &params, args.model.drop_stages)?;
    args.model.say(choices.list());
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    // As the player has it: on the GPU some of it is computed again.
    let again = if args.player == GradientPlayer::Gpu { AGAIN } else { Recompute::Nothing };
    let training = recompute(backward(&graph, &EVERYTHING, args.images.len())?, again)?;

    let mut given: BTreeMap<NodeId, Values<f64>> = BTreeMap::new();
    let shape = graph.input_shape();
    let inputs = args.images.iter().map(|path| {
        let picture = Picture::open(path)?;
        let (resize, letterbox) = (network.preprocess.resize, network.preprocess.letterbox);
        let placement = Placement::new(resize, letterbox, picture.width, picture.height, shape);
        let data = oracle::letterbox(&picture, &placement).data.into_iter().map(f64::from).collect();
        Ok(Tensor { shape, data })
    });
    given.insert(NodeId(0), inputs.collect::<yolov4::Result<_>>()?);
    let mut random = Random::new(args.seed);
    let asked = args.loss.map(|recipe| of_loss(recipe, args, &network, &params, &training, &given)).transpose()?;
    given.extend(training.upstream.iter().copied().zip(asked.into_iter().flatten()));
    for upstream in training.upstream.iter().filter(|_| args.loss.is_none()) {
        let shape = training.graph.node(*upstream).shape;
        let mut one = || Tensor { shape, data: (0..shape.elements()).map(|_| f64::from(random.signed())).collect() };
        given.insert(*upstream, args.images.iter().map(|_| one()).collect());
    }
    let mut values = match args.player {
        GradientPlayer::Oracle => {
            let params = params.wide();
            let numbers = |id: NodeId| training.numbers[id.0].and_then(|of| params.get(of));
            play_batch(&training.graph, &numbers, given.clone(), &kept(&training))?
        }
        GradientPlayer::Gpu => on_gpu(args, &graph, &params, &training, &given)?,
    };
    values.extend(given);
    let written = written(&training, &values)?;
    let fail = Error::format("the gradients", "safetensors");
    let views = written.iter().map(|(name, (shape, data))| {
        Ok((name, TensorView::new(Dtype::F64, shape.clone(), bytemuck::cast_slice(data)).map_err(&fail)?))
    });
    let views = views.collect::<yolov4::Result<Vec<_>>>()?;
    output::write(&args.out, &safetensors::serialize(views, None).map_err(&fail)?)?;
    Ok(())
}

/// What the loss of a recipe asks of the heads, by the oracle's values.
fn of_loss(
    recipe: TrainingRecipe,
    args: &GradientsArgs,
    network: &Model,
    params: &Params,
    training: &TrainingGraph,
    given: &BTreeMap<NodeId, Values<f64>>,
) -> yolov4::Result<Vec<Values<f64>>> {
    let canvas = training.graph.canvas();
    let truths = args.images.iter().map(|path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut set = TrainingSet::open(folder)?;
        set.measure(true);
        let mut all = set.train.iter().chain(&set.valid);
        let found = all.find(|picture| picture.image.path.file_name() == path.file_name());
        let found = found.ok_or_else(|| Error::Usage(format!("{}: no labels lie beside it", path.display())))?;
        let picture = Picture::open(path)?;
        let size = (picture.width, picture.height);
        let scene = TrainingScene::plain(size, canvas, network.preprocess.letterbox);
        Ok(scene.truths(&[found.truths()], &[size]))
    });
    let truths: Vec<Vec<Truth>> = truths.collect::<yolov4::Result<_>>()?;
    let params = params.wide();
    let numbers = |id: NodeId| training.numbers[id.0].and_then(|of| params.get(of));
    let heads: Vec<NodeId> = training.graph.heads.iter().map(|head| head.input).collect();
    let mut values = play_batch(&training.graph, &numbers, given.clone(), &heads)?;
    let heads: Vec<Values<f64>> = heads.iter().filter_map(|id| values.remove(id)).collect();
    let keys = training_keys(recipe, network, &mut vec![])?;
    Ok(judge(&keys, &heads, &truths, canvas, args.images.len())?.gradients)
}

/// The values that are written, by the GPU.
fn on_gpu(
    args: &GradientsArgs,
    graph: &Graph,
    params: &Params,
    training: &TrainingGraph,
    given: &BTreeMap<NodeId, Values<f64>>,
) -> yolov4::Result<BTreeMap<NodeId, Values<f64>>> {
    // What f32 does not hold exactly the oracle would not have seen either.
    let narrow = |id: &NodeId| -> Vec<Tensor> {
        let one =
            |value: &Tensor<f64>| Tensor { shape: value.shape, data: value.data.iter().map(|v| *v as f32).collect() };
        given.get(id).into_iter().flatten().map(one).collect()
    };
    let wide = |values: Vec<Tensor>| -> Values<f64> {
        let one = |value: Tensor| Tensor { shape: value.shape, data: value.data.into_iter().map(f64::from).collect() };
        values.into_iter().map(one).collect()
    };
    let requirements = DeviceRequirements { binding_bytes: u64::MAX, ..DeviceRequirements::default() };
    let gpu = block_on(Gpu::new(&GpuOptions { adapter: args.adapter.clone(), requirements, ..GpuOptions::default() }))?;
    let ids = kept(training);
    let options = TrainOptions {
        pictures: training.pictures,
        keep: Keep::Nodes(ids.clone()),
        recompute: AGAIN,
        ..TrainOptions::default()
    };
    let mut program = block_on(TrainProgram::new(&gpu, graph, params, &EVERYTHING, &options))?;
    block_on(program.forwards(&narrow(&NodeId(0))))?;
    program.backwards(&training.upstream.iter().map(narrow).collect::<Vec<_>>())?;
    Ok(ids.iter().copied().zip(block_on(program.values(&ids))?.into_iter().map(wide)).collect())
}

/// The gradients of all numbers, and by the input.
const EVERYTHING: GradientRequest<'static> = GradientRequest { trained: &|_| true, input: true };

fn kept(training: &TrainingGraph) -> Vec<NodeId> {
    let heads = training.graph.heads.iter().map(|head| head.input);
    let gradients = training.gradients.iter().map(|gradient| gradient.value);
    let statistics = training.statistics.iter().flat_map(|of| [of.mean, of.variance]);
    heads.chain(gradients).chain(statistics).chain(training.input).collect()
}

fn written(training: &TrainingGraph, values: &BTreeMap<NodeId, Values<f64>>) -> yolov4::Result<Written> {
    let graph = &training.graph;
    let layer = |id: NodeId| graph.node(id).layer.unwrap_or_default();
    let mut written = Written::new();
    let all = |id: NodeId| {
        let found = values.get(&id).ok_or_else(|| Error::graph(&graph.node(id).name, "has no value"))?;
        let data: Vec<f64> = found.iter().flat_map(|value| value.data.iter().copied()).collect();
        yolov4::Result::Ok((found.len(), data))
    };
    let mut batch = |name: String, id: NodeId| {
        let ((pictures, data), Shape { c, h, w }) = (all(id)?, graph.node(id).shape);
        written.insert(name, (vec![pictures, c, h, w], data));
        yolov4::Result::Ok(())
    };
    batch("input".into(), NodeId(0))?;
    training.input.map_or(Ok(()), |id| batch("gradient.input".into(), id))?;
    for (n, (head, upstream)) in graph.heads.iter().zip(&training.upstream).enumerate() {
        batch(format!("head.{n}"), head.input)?;
        batch(format!("upstream.{n}"), *upstream)?;
    }
    for gradient in &training.gradients {
        let (name, data) = (format!("gradient.{}", layer(gradient.value)), all(gradient.value)?.1);
        match gradient.what {
            "weights" => {
                let Shape { c, h, .. } = graph.node(gradient.value).shape;
                let side = graph.node(training.values[gradient.of.0]).op.conv().map_or(1, |conv| conv.size);
                written.insert(format!("{name}.weights"), (vec![c, h, side, side], data));
            }
            "bias" => drop(written.insert(format!("{name}.bias"), (vec![data.len()], data))),
            _ => {
                for (part, which) in ["gamma", "beta"].into_iter().enumerate() {
                    let part: Vec<f64> = data.iter().copied().skip(part).step_by(2).collect();
                    written.insert(format!("{name}.{which}"), (vec![part.len()], part));
                }
            }
        }
    }
    for of in &training.statistics {
        for (what, id) in [("mean", of.mean), ("variance", of.variance)] {
            let data = all(id)?.1;
            written.insert(format!("statistics.{}.{what}", layer(id)), (vec![data.len()], data));
        }
    }
    Ok(written)
}
