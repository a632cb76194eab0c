//! `yolov4 explain`: a network on paper.

use yolov4::{
    Precision,
    low_level::{
        graph::{
            Params, Target,
            compile::{Compiled, compile, compile_watched},
            drop::drop_stages,
            explain, explain_training,
            guess::Guess,
        },
        kernels::conv::CardClass,
        model::Model,
    },
};

use crate::{CommandResult, options, output};

#[derive(clap::Args, Debug)]
pub struct ExplainArgs {
    /// Name of a network (see `yolov4 models`), Darknet network description, or .safetensors file; nothing is fetched
    #[arg(value_name = "NAME|FILE")]
    cfg: std::path::PathBuf,
    #[command(flatten)]
    reading: options::Reading,
    /// How values are stored, for the memory plan
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
    /// Largest storage binding in MiB, as of an adapter (`yolov4 adapters`); values that do not fit are cut into bands
    #[arg(long, value_name = "MIB")]
    binding: Option<std::num::NonZeroUsize>,
    /// The graph after each pass that leads to what is played
    #[arg(long, conflicts_with_all = ["json", "mermaid"])]
    passes: bool,
    /// The graph as a Mermaid flow chart
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
    /// Instead: which rung every convolution would be played by on a card of this class, unmeasured, and the time that says so
    #[arg(long, value_enum, conflicts_with_all = ["passes", "mermaid"])]
    adapter_class: Option<CardClass>,
    /// Without so many of its coarsest stages and their heads
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_stages: usize,
    /// Instead: the network in training, forwards and backwards, what a step costs for a picture, and what it keeps
    #[arg(long, conflicts_with_all = ["passes", "mermaid", "adapter_class", "binding", "precision"])]
    train: bool,
    /// Everything as JSON, or all about the class, or what training costs
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ExplainArgs) -> CommandResult {
    let mut network = Model::open(&args.cfg, &args.reading.options())?;
    network.graph = drop_stages(&network.graph, &Params::default(), args.drop_stages)?.0;
    network.notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let precision = args.precision;
    if args.train {
        return Ok(output::print(&explain_training::training(&network.graph, precision, args.json)?)?);
    }
    let bytes = args.binding.map(|mib| mib.get().saturating_mul(1 << 20));
    let limit = bytes.map(|bytes| bytes / (4 * precision.bytes()));
    if args.passes {
        return Ok(output::print(&passes(&network, limit)?)?);
    }
    let Compiled { graph, plan, .. } = prepare(&network, limit)?;
    let text = if let Some(class) = args.adapter_class {
        let guess = Guess::new(&graph, &plan, precision, class, bytes);
        if args.json { guess.json() } else { guess.text() }
    } else if args.mermaid {
        explain::mermaid(&graph)
    } else if args.json {
        explain::json(&network.graph, &graph, &plan, precision)
    } else {
        explain::text(&network.graph, &graph, &plan, precision)
    };
    output::print(&text)?;
    Ok(())
}

/// The graph as it is played where a binding holds `limit` vectors of four channels, and its plan.
pub fn prepare(network: &Model, limit: Option<usize>) -> yolov4::Result<Compiled> {
    compile(network.graph.clone(), Params::default(), &target(limit))
}

fn target(limit: Option<usize>) -> Target {
    limit.map_or_else(Target::default, |binding| Target { binding, ..Target::default() })
}

/// The graph as loaded, and after each pass.
fn passes(network: &Model, limit: Option<usize>) -> yolov4::Result<String> {
    let mut text = explain::listing("as loaded", &network.graph);
    compile_watched(network.graph.clone(), Params::default(), &target(limit), &mut |pass, graph| {
        text += "\n";
        text += &explain::listing(&format!("after {}: {}", pass.name, pass.what), graph);
    })?;
    Ok(text)
}
