//! `yolov4 model`: a network of the family from numbers, as a cfg, a chart or JSON.

use clap::ValueEnum;
use yolov4::{
    Error, Precision, Result,
    low_level::{
        graph::explain,
        model::scaled::{NAMES, Recipe},
    },
};

use crate::{CommandResult, explain::prepare, options, output};

#[derive(clap::Args, Debug)]
pub struct ModelArgs {
    /// Which network of the family
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(NAMES))]
    name: String,
    /// Stages of the backbone (yolov4-p5 has 5, -p6 6): two more than heads
    #[arg(long, value_name = "N")]
    stages: Option<usize>,
    /// Residuals and pairs of convolutions, times this
    #[arg(long, value_name = "FACTOR")]
    depth: Option<f32>,
    /// Channels, times this
    #[arg(long, value_name = "FACTOR")]
    width: Option<f32>,
    /// Classes
    #[arg(long, value_name = "N")]
    classes: Option<usize>,
    /// Input size: one side, or width x height
    #[arg(long, value_name = "W[xH]", value_parser = options::size)]
    size: Option<(usize, usize)>,
    /// Anchors in pixels, width and height in turn, for the finest head first
    #[arg(long, value_name = "W,H,..", value_delimiter = ',')]
    anchors: Vec<f32>,
    /// Fit pictures onto a grey canvas where the published network stretches them
    #[arg(long)]
    letterbox: bool,
    /// What is written
    #[arg(long, value_enum, default_value_t = Emit::Cfg)]
    emit: Emit,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Emit {
    /// Darknet's network description
    Cfg,
    /// A flow chart
    Mermaid,
    /// Nodes, totals and memory plan
    Json,
}

pub fn run(args: &ModelArgs) -> CommandResult {
    let recipe = recipe(args)?;
    // A cfg that cannot be read back is of no use to anybody.
    let network = recipe.network()?;
    let text = match args.emit {
        Emit::Cfg => recipe.cfg()?,
        Emit::Mermaid => explain::mermaid(&prepare(&network, None)?.graph),
        Emit::Json => {
            let compiled = prepare(&network, None)?;
            explain::json(&network.graph, &compiled.graph, &compiled.plan, Precision::F32)
        }
    };
    output::print(&text)?;
    Ok(())
}

fn recipe(args: &ModelArgs) -> Result<Recipe> {
    let named = Recipe::named(&args.name)?;
    let anchors = match &args.anchors[..] {
        [] => named.anchors.clone(),
        list if list.len().is_multiple_of(2) => list.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(),
        list => return Err(Error::Usage(format!("--anchors: expected pairs, found {} numbers", list.len()))),
    };
    let mut recipe = Recipe {
        depth: args.depth.unwrap_or(named.depth),
        width: args.width.unwrap_or(named.width),
        classes: args.classes.unwrap_or(named.classes),
        size: args.size.unwrap_or(named.size),
        anchors,
        letterbox: args.letterbox || named.letterbox,
        ..named
    };
    if let Some(stages) = args.stages {
        recipe.set_stages(stages)?;
    }
    Ok(recipe)
}
