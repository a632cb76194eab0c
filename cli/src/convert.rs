//! `yolov4 convert`: a network from one format to another.

use std::path::{Path, PathBuf};

use yolov4::{
    Error, Precision, Result,
    low_level::{
        detect::choices::Choices,
        graph::{Graph, Head, NodeParams, Params, drop::drop_stages},
        model::{
            CfgOptions, Model, WeightsOptions, bundle_writer,
            darknet::write,
            names,
            onnx::{self, OnnxOptions, OnnxOutputs},
        },
    },
};

use crate::{CommandResult, numbers, options, output};

#[derive(clap::Args, Debug)]
pub struct ConvertArgs {
    /// The name of a network (see `yolov4 models`), a Darknet network description, a .safetensors file, a PyTorch checkpoint (.pt), or
    /// an .onnx
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// What is written, by its ending: .safetensors (all in one file), .onnx, .weights (and a .cfg of the same name), .cfg
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The Darknet .weights of a network description [default: for a name, those in the cache folder]
    #[arg(long, value_name = "FILE.weights")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    reading: options::Reading,
    /// Without so many of its coarsest stages and their heads: a large network for smaller pictures
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_stages: usize,
    /// Epsilon of batch-norm instead of the one in the file
    #[arg(long, value_name = "EPS", value_parser = options::epsilon)]
    bn_eps: Option<f32>,
    /// How numbers are stored: of convolutions in .safetensors, all in .onnx; .weights know f32 only
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
    /// The file of class names, one a line [default: those that come with the network]
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// For an .onnx of another program: a network with the same heads, whose anchors are taken
    #[arg(long, value_name = "NAME|FILE")]
    like: Option<PathBuf>,
    /// What comes out of an .onnx
    #[arg(long, value_enum, default_value_t = OnnxOutputs::Heads)]
    outputs: OnnxOutputs,
    /// An .onnx takes any number of pictures at once
    #[arg(long)]
    dynamic_batch: bool,
}

/// The formats, by the endings of their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Safetensors,
    Onnx,
    Weights,
    Cfg,
}

const TARGETS: [(&str, Target); 4] =
    [("safetensors", Target::Safetensors), ("onnx", Target::Onnx), ("weights", Target::Weights), ("cfg", Target::Cfg)];

impl Target {
    fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        let found = TARGETS.iter().find(|(known, _)| *known == ending);
        found.map(|(_, target)| *target).ok_or_else(|| {
            let known: Vec<String> = TARGETS.iter().map(|(known, _)| format!(".{known}")).collect();
            Error::Usage(format!("{}: expected a name that ends in {}", path.display(), known.join(", ")))
        })
    }
}

pub fn run(args: &ConvertArgs) -> CommandResult {
    let target = Target::of(&args.out)?;
    let half = args.precision == Precision::F16;
    let refused = [
        (
            half && matches!(target, Target::Weights | Target::Cfg),
            "--precision f16 is for .safetensors and .onnx: Darknet's files hold f32",
        ),
        (args.outputs != OnnxOutputs::Heads && target != Target::Onnx, "--outputs is for .onnx"),
        (args.dynamic_batch && target != Target::Onnx, "--dynamic-batch is for .onnx"),
        (args.like.is_some() && !is_onnx(&args.input), "--like is for an .onnx that is read"),
        (args.names.is_some() && matches!(target, Target::Weights | Target::Cfg), "--names: Darknet's files have none"),
        (args.weights.is_some() && target == Target::Cfg, "--weights: a .cfg has no numbers"),
        (args.bn_eps.is_some() && target == Target::Cfg, "--bn-eps: a .cfg has no numbers"),
    ];
    if let Some((_, why)) = refused.iter().find(|(is, _)| *is) {
        return Err(Error::Usage((*why).to_owned()).into());
    }
    output::check_file(&args.out)?;
    let mut network = opened(args)?;
    let mut notes = std::mem::take(&mut network.notes);
    if let Some(file) = &args.names {
        let bytes = std::fs::read(file).map_err(Error::io(file))?;
        network.labels = names::parse(file, &bytes, &mut notes)?;
        let (classes, found) = (network.graph.classes(), network.labels.len());
        if found != classes {
            return Err(
                Error::Usage(format!("{}: expected {classes} class names, found {found}", file.display())).into()
            );
        }
    }
    match target {
        Target::Cfg => {
            network.graph = drop_stages(&network.graph, &Params::default(), args.drop_stages)?.0;
            output::write(&args.out, write::cfg(&network)?.as_bytes())?;
        }
        Target::Safetensors => {
            let params = params(args, &mut network, &mut notes)?;
            bundle_writer::save(&network, &params, half, &args.out)?;
        }
        Target::Onnx => {
            let params = params(args, &mut network, &mut notes)?;
            let options = OnnxOptions { outputs: args.outputs, half, dynamic_batch: args.dynamic_batch };
            onnx::save(&network, &params, &options, &args.out)?;
        }
        Target::Weights => {
            let params = params(args, &mut network, &mut notes)?;
            weights(args, &network, &params, &mut notes)?;
        }
    }
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    Ok(())
}

fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"))
}

fn opened(args: &ConvertArgs) -> Result<Model> {
    let options = args.reading.options();
    match &args.like {
        Some(like) => onnx::open(&args.input, &options, Some(&Model::open(like, &CfgOptions::default())?)),
        None => Model::open(&args.input, &options),
    }
}

fn params(args: &ConvertArgs, network: &mut Model, notes: &mut Vec<String>) -> Result<Params> {
    let options = WeightsOptions { bn_eps: args.bn_eps, ..WeightsOptions::default() };
    let mut choices = Choices::default();
    let weights = args.weights.as_deref();
    let found = numbers::at_hand(&args.input, weights, &options, network, notes, &mut choices)?;
    let found =
        found.map_err(|missing| Error::Usage(format!("{}: {missing}: nothing to convert", args.input.display())))?;
    let (graph, params) = drop_stages(&network.graph, &found, args.drop_stages)?;
    network.graph = graph;
    Ok(params)
}

/// The weights, and the cfg beside them unless it is there.
fn weights(args: &ConvertArgs, network: &Model, params: &Params, notes: &mut Vec<String>) -> Result<()> {
    let (text, again, params) = write::rewritten(network, params)?;
    let params = write::with_darknets_epsilon(&params);
    let negative = params.0.iter().flatten().any(|numbers| match numbers {
        NodeParams::BatchNorm { var, .. } => var.iter().any(|var| *var < 0.0),
        NodeParams::Conv { .. } => false,
    });
    if negative {
        let message = "its epsilon of batch-norm is less than Darknet's 1e-5 by more than a variance of it: it cannot be said in \
                       .weights";
        return Err(Error::Weights { file: args.input.clone(), message: message.into() });
    }
    let own = ["[batchnorm]", "[activation]"].into_iter().find(|section| text.contains(section));
    if let Some(section) = own {
        notes.push(format!("{}: has {section} sections, which AlexeyAB's Darknet does not read", args.out.display()));
    }
    let cfg = args.out.with_extension("cfg");
    // One that is there stays as it is, comments and all, if it is of this network; another one is somebody's.
    let there = cfg.exists();
    if there && !of_this_network(&cfg, &again) {
        return Err(Error::Usage(format!(
            "{} is there and is of another network: name another OUT, beside which a .cfg can be written",
            cfg.display()
        )));
    }
    again.save_weights(&params, &args.out)?;
    if !there {
        output::write(&cfg, text.as_bytes())?;
    }
    if !network.labels.is_empty() && !is_cfg(&args.input) {
        let out = args.out.display();
        notes.push(format!(
            "{out}: Darknet's files have no class names, thresholds or resize mode: those of the network stay behind"
        ));
    }
    Ok(())
}

fn is_cfg(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("cfg"))
}

/// Whether a cfg is read as the same nodes and heads.
fn of_this_network(cfg: &Path, network: &Model) -> bool {
    let Ok(found) = Model::from_cfg(cfg, &CfgOptions::default()) else { return false };
    let nodes = |graph: &Graph| {
        graph.nodes.iter().map(|node| (node.op.clone(), node.inputs.clone(), node.shape)).collect::<Vec<_>>()
    };
    let heads = |graph: &Graph| {
        let facts = |h: &Head| (h.input, h.anchors.clone(), h.classes, h.scale_x_y, h.new_coords);
        graph.heads.iter().map(facts).collect::<Vec<_>>()
    };
    nodes(&found.graph) == nodes(&network.graph) && heads(&found.graph) == heads(&network.graph)
}
