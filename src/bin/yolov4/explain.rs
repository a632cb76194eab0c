//! `yolov4 explain`: a network on paper.

use yolov4::{
    Precision,
    low_level::{
        graph::{explain, fold, fuse, plan},
        model::Network,
    },
};

use crate::{Outcome, options, output};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Darknet network description
    cfg: std::path::PathBuf,
    #[command(flatten)]
    reading: options::Reading,
    /// How values are stored, for the memory plan
    #[arg(long, value_enum, default_value_t = options::PrecisionArg::F32)]
    precision: options::PrecisionArg,
    /// The graph as a Mermaid flow chart
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
    /// Everything as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Outcome {
    let network = Network::from_cfg(&args.cfg, &args.reading.options())?;
    network.notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let precision: Precision = args.precision.into();
    let loaded = network.graph.clone();
    let (graph, params) = fold::fold(network.graph.clone(), network.random_params(0))?;
    let (graph, _) = fuse::fuse(graph, params, &[]);
    let plan = plan::Plan::new(&graph, &plan::Keep::Heads);
    let text = if args.mermaid {
        explain::mermaid(&graph)
    } else if args.json {
        explain::json(&loaded, &graph, &plan, precision)
    } else {
        explain::text(&loaded, &graph, &plan, precision)
    };
    output::print(&text)?;
    Ok(())
}
