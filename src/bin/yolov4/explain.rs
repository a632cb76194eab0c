//! `yolov4 explain`: a network on paper.

use yolov4::{
    Precision,
    low_level::{
        graph::{
            Graph, bands, explain, fold, fuse,
            plan::{Keep, Plan},
        },
        model::Network,
    },
};

use crate::{Outcome, options, output};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of a network (see `yolov4 models`), Darknet network description, or .safetensors file; nothing is fetched
    #[arg(value_name = "NAME|FILE")]
    cfg: std::path::PathBuf,
    #[command(flatten)]
    reading: options::Reading,
    /// How values are stored, for the memory plan
    #[arg(long, value_enum, default_value_t = options::PrecisionArg::F32)]
    precision: options::PrecisionArg,
    /// Largest storage binding in MiB, as of an adapter (`yolov4 adapters`); values that do not fit are cut into bands
    #[arg(long, value_name = "MIB")]
    binding: Option<std::num::NonZeroUsize>,
    /// The graph as a Mermaid flow chart
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
    /// Everything as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Outcome {
    let network = Network::open(&args.cfg, &args.reading.options())?;
    network.notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let precision: Precision = args.precision.into();
    let bytes = args.binding.map(|mib| mib.get().saturating_mul(1 << 20));
    let (graph, plan) = prepare(&network, bytes.map(|bytes| bytes / (4 * precision.bytes())))?;
    let text = if args.mermaid {
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
pub fn prepare(network: &Network, limit: Option<usize>) -> yolov4::Result<(Graph, Plan)> {
    let (graph, params) = fold::fold(network.graph.clone(), network.random_params(0))?;
    let (graph, params) = fuse::fuse(graph, params, &[]);
    let limit = limit.unwrap_or(usize::MAX);
    let (graph, _) = bands::bands(graph, params, limit);
    let plan = Plan::within(&graph, &Keep::Heads, limit);
    Ok((graph, plan))
}
