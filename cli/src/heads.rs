//! `yolov4 heads`: the tensors that enter the `[yolo]` layers, for comparison with other programs.

use std::{collections::BTreeMap, path::PathBuf};

use safetensors::{Dtype, tensor::TensorView};
use yolov4::{Detector, Error, Picture, low_level::tensor::Tensor};

use crate::{CommandResult, options, output};

#[derive(clap::Args, Debug)]
pub struct HeadsArgs {
    /// The picture
    image: PathBuf,
    #[command(flatten)]
    model: options::ModelOptions,
    #[command(flatten)]
    fetching: options::Fetching,
    #[command(flatten)]
    machine: options::PlayerOptions,
    #[command(flatten)]
    resize: options::Resize,
    /// Where the tensors go: input, head.0, head.1, ... in cfg order, f32 [1, C, H, W]
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// The value of this cfg layer as well, as node.N
    #[arg(long, value_name = "N")]
    node: Option<usize>,
}

pub async fn run(args: HeadsArgs) -> CommandResult {
    args.machine.check(false)?;
    let mut builder = args.model.apply(args.fetching.apply(Detector::builder()));
    builder = args.resize.apply(args.machine.apply(builder)).keep_heads(true);
    if let Some(layer) = args.node {
        builder = builder.keep_layer(layer);
    }
    let mut detector = builder.build()?;
    args.model.say(detector.choices());
    detector.notes().iter().for_each(|note| output::say(format_args!("note: {note}")));
    let picture = Picture::open_with(&args.image, !args.resize.no_exif)?;
    let heads = detector.heads_async(&picture).await?;
    let mut tensors: BTreeMap<String, &Tensor> = BTreeMap::new();
    tensors.insert("input".into(), &heads.input);
    for (i, head) in heads.heads.iter().enumerate() {
        tensors.insert(format!("head.{i}"), head);
    }
    if let (Some(layer), Some(value)) = (args.node, &heads.node) {
        tensors.insert(format!("node.{layer}"), value);
    }
    let fail = Error::format("the values", "safetensors");
    let mut views = Vec::new();
    for (name, tensor) in &tensors {
        let shape = vec![1, tensor.shape.c, tensor.shape.h, tensor.shape.w];
        views.push((
            name.as_str(),
            TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(&tensor.data)).map_err(&fail)?,
        ));
    }
    let bytes = safetensors::serialize(views, None).map_err(fail)?;
    output::write(&args.out, &bytes)?;
    Ok(())
}
