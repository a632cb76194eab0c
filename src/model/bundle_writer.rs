//! A network to one file; see [`super::bundle`] for what is in it.

#[cfg(not(target_arch = "wasm32"))]
use std::io::Write;
use std::{collections::HashMap, path::Path};

use half::f16;
use safetensors::{Dtype, tensor::TensorView};

#[cfg(not(target_arch = "wasm32"))]
use crate::files;
use crate::{
    error::{Error, Result},
    graph::{NodeParams, Params},
    host::ResizeMode,
    model::{
        Defaults, Model,
        darknet::{weights, write},
        tensor_file,
    },
};

/// Writes [`bytes`] to a file, whole or not at all.
///
/// # Errors
/// As there; [`Error::Io`].
#[cfg(not(target_arch = "wasm32"))]
pub fn save(model: &Model, params: &Params, half: bool, path: &Path) -> Result<()> {
    let file = bytes(model, params, half, path)?;
    files::write_whole(path, |out| out.write_all(&file)).map_err(Error::io(path))
}

/// A network and its numbers as a file; with `half` numbers are stored in f16, but for what batch-norm and biases have. `path` is for errors.
///
/// # Errors
/// [`Error::Graph`] for a network that no cfg describes, [`Error::Weights`] if numbers are missing or batch-norms differ in epsilon.
pub fn bytes(model: &Model, params: &Params, half: bool, path: &Path) -> Result<Vec<u8>> {
    let fail = |message: String| Error::Weights { file: path.to_owned(), message };
    let (cfg, model, params) = write::rewritten(model, params)?;
    let odd = |name: &String| name.contains(['\n', '\r']);
    if model.labels.iter().any(odd) || model.labels.last().is_some_and(String::is_empty) {
        return Err(fail(
            "a class name has two lines, or the last one is empty: that cannot be said in one line a class".into(),
        ));
    }
    let mut eps = None;
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> = vec![];
    for layer in model.graph.weighted() {
        let name = |part: &str| format!("layer.{}.{part}", layer.layer);
        let missing = || fail(format!("layer {} has no numbers", layer.layer));
        if let Some(norm) = layer.norm {
            let Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps: own }) = params.get(norm) else {
                return Err(missing());
            };
            if *eps.get_or_insert(*own) != *own {
                let first = eps.unwrap_or_default();
                return Err(fail(format!("one file has one epsilon of batch-norm; found {first} and {own}")));
            }
            for (part, list) in [("beta", beta), ("gamma", gamma), ("mean", mean), ("var", var)] {
                tensors.push((name(part), vec![list.len()], list));
            }
        }
        if let Some(conv) = layer.conv {
            let Some(NodeParams::Conv { weights, bias }) = params.get(conv) else { return Err(missing()) };
            let node = model.graph.node(conv);
            let size = node.op.conv().map_or(1, |conv| conv.size);
            let shape = vec![layer.filters, weights.len() / (layer.filters * size * size).max(1), size, size];
            if let Some(bias) = bias {
                tensors.push((name("bias"), vec![bias.len()], bias));
            }
            tensors.push((name("weights"), shape, weights));
        }
    }
    if half
        && let Some((name, ..)) =
            tensors.iter().find(|(name, _, list)| name.ends_with(".weights") && list.iter().any(|v| v.abs() > 65504.0))
    {
        return Err(fail(format!("{name} has numbers beyond 65504, where 16 bits end")));
    }
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(name, _, list)| stored(list, half && name.ends_with(".weights"))).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let dtype = if half && name.ends_with(".weights") { Dtype::F16 } else { Dtype::F32 };
        TensorView::new(dtype, shape.clone(), bytes).map(|view| (name.clone(), view))
    });
    let views = views.collect::<Result<Vec<_>, _>>().map_err(|e| fail(e.to_string()))?;
    let facts = metadata(&model, cfg, eps.unwrap_or(weights::BN_EPS));
    tensor_file::serialize(views, facts).map_err(|e| fail(e.to_string()))
}

fn stored(list: &[f32], half: bool) -> Vec<u8> {
    if half {
        list.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
    } else {
        list.iter().flat_map(|v| v.to_le_bytes()).collect()
    }
}

/// What [`super::bundle`] reads, defaults left out.
fn metadata(model: &Model, cfg: String, eps: f32) -> HashMap<String, String> {
    let (own, usual) = (&model.defaults, Defaults::default());
    let mut facts = HashMap::from([
        ("format".to_owned(), "yolov4".to_owned()),
        ("cfg".to_owned(), cfg),
        ("bn_eps".to_owned(), eps.to_string()),
    ]);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(key.to_owned(), value);
        }
    };
    add("names", (!model.labels.is_empty()).then(|| model.labels.join("\n")));
    let resize = model.preprocess.resize;
    add("resize", (resize != ResizeMode::DarknetFile).then(|| resize.to_string()));
    add("conf", (own.score_threshold != usual.score_threshold).then(|| own.score_threshold.to_string()));
    add("nms", (own.iou_threshold != usual.iou_threshold).then(|| own.iou_threshold.to_string()));
    facts
}
