//! A network in one file: a `.safetensors` whose metadata holds the cfg, the class names and how it is used, and whose
//! tensors are named after the cfg's layers. That one file is enough to run it.
//!
//! | metadata | |
//! |---|---|
//! | `format` | `yolov4` |
//! | `cfg` | Darknet's network description, as text: size, anchors, classes |
//! | `names` | class names, one a line |
//! | `bn_eps` | epsilon of batch-norm; 1e-5 without it |
//! | `resize`, `conf`, `nms` | defaults, where they differ from Darknet's |
//!
//! Layer N has `layer.N.weights` (OIHW) and either `.bias` or `.beta`, `.gamma`, `.mean` and `.var`, in f16 or f32.

use std::{collections::HashMap, path::Path};

use half::f16;
use safetensors::{Dtype, SafeTensors};

use crate::{
    error::{Error, Result},
    graph::{Graph, NodeParams, Params},
    host::ResizeMode,
    model::{
        CfgOptions, Defaults, Model,
        darknet::{build, cfg::Cfg, weights},
    },
};

/// Reads a file.
///
/// # Errors
/// [`Error::Io`], or [`Error::Weights`] with the tensor or metadata that is wrong; what is wrong with the cfg inside.
pub fn open(path: &Path, options: &CfgOptions) -> Result<Model> {
    read(path, &std::fs::read(path).map_err(Error::io(path))?, options)
}

/// Reads the bytes of a file; `source` is for errors.
///
/// # Errors
/// As [`open`].
pub fn read(source: &Path, bytes: &[u8], options: &CfgOptions) -> Result<Model> {
    let fail = |message: String| Error::Weights { file: source.to_owned(), message };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| fail(format!("not a safetensors file: {e}")))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| fail(format!("not a safetensors file: {e}")))?;
    let facts = Facts { source, map: header.metadata().clone().unwrap_or_default() };
    if facts.get("format") != Some("yolov4") {
        let found = facts.get("format").map_or_else(|| "none".to_owned(), |format| format!("format = {format}"));
        return Err(fail(format!(
            "expected the metadata of a network (format = yolov4, cfg, names), found {found}: tensors alone do not say how \
             they are wired"
        )));
    }
    let cfg = facts.get("cfg").ok_or_else(|| fail("the metadata has no `cfg`".into()))?;
    let mut model = build::from_cfg(source, &Cfg::parse(source, cfg)?, options)?;
    model.labels = facts.labels(model.graph.classes())?;
    model.preprocess.resize = facts.resize()?.unwrap_or(model.preprocess.resize);
    let Defaults { score_threshold, iou_threshold, .. } = &mut model.defaults;
    for (key, value) in [("conf", score_threshold), ("nms", iou_threshold)] {
        *value = facts.fraction(key)?.unwrap_or(*value);
    }
    let eps = facts.number("bn_eps")?.unwrap_or(weights::BN_EPS);
    model.params = Some(params(&model.graph, &tensors, eps).map_err(fail)?);
    Ok(model)
}

/// The metadata.
struct Facts<'a> {
    source: &'a Path,
    map: HashMap<String, String>,
}

impl Facts<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.map.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> Result<Option<f32>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        match text.parse::<f32>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(self.fail(format!("metadata `{key}`: expected a number of 0 or more, found `{text}`"))),
        }
    }

    fn fraction(&self, key: &str) -> Result<Option<f32>> {
        match self.number(key)? {
            Some(number) if number > 1.0 => {
                Err(self.fail(format!("metadata `{key}`: expected 0 to 1, found {number}")))
            }
            other => Ok(other),
        }
    }

    fn labels(&self, classes: usize) -> Result<Vec<String>> {
        let names: Vec<String> = self.get("names").unwrap_or_default().lines().map(str::to_owned).collect();
        if !names.is_empty() && names.len() != classes {
            return Err(self.fail(format!("metadata `names`: expected {classes} lines, found {}", names.len())));
        }
        Ok(names)
    }

    fn resize(&self) -> Result<Option<ResizeMode>> {
        let Some(text) = self.get("resize") else { return Ok(None) };
        ResizeMode::named(text)
            .map(Some)
            .ok_or_else(|| self.fail(format!("metadata `resize`: there is no mode `{text}`")))
    }

    fn fail(&self, message: String) -> Error {
        Error::Weights { file: self.source.to_owned(), message }
    }
}

fn params(graph: &Graph, tensors: &SafeTensors<'_>, eps: f32) -> Result<Params, String> {
    let mut params = Params(vec![None; graph.nodes.len()]);
    let mut taken = 0;
    for layer in graph.weighted() {
        let mut take = |part: &str, expected: usize| {
            taken += 1;
            floats(tensors, &format!("layer.{}.{part}", layer.layer), expected)
        };
        let mut bias = None;
        match layer.norm {
            Some(norm) => {
                let mut take = |part| take(part, layer.filters);
                let (beta, gamma, mean, var) = (take("beta")?, take("gamma")?, take("mean")?, take("var")?);
                params.0[norm.0] = Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps });
            }
            None => bias = Some(take("bias", layer.filters)?),
        }
        if let Some(conv) = layer.conv {
            params.0[conv.0] = Some(NodeParams::Conv { weights: take("weights", layer.weights)?, bias });
        }
    }
    if tensors.len() != taken {
        return Err(format!("expected {taken} tensors for the network of its cfg, found {}", tensors.len()));
    }
    Ok(params)
}

fn floats(tensors: &SafeTensors<'_>, name: &str, expected: usize) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("there is no tensor `{name}`"))?;
    let found: usize = tensor.shape().iter().product();
    if found != expected {
        return Err(format!("tensor `{name}`: expected {expected} numbers, found {found} ({:?})", tensor.shape()));
    }
    let bytes = tensor.data();
    // Little-endian, and not aligned to anything.
    let list: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        Dtype::F16 => bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
        other => return Err(format!("tensor `{name}`: expected F16 or F32, found {other:?}")),
    };
    match list.iter().position(|v| !v.is_finite()) {
        Some(at) => Err(format!("tensor `{name}`: number {at} is not finite")),
        None => Ok(list),
    }
}
