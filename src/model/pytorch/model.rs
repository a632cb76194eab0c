//! A checkpoint to a [`Model`]: modules to a cfg, tensors to the numbers of its layers, anchors and names to its heads.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    checkpoint::Checkpoint,
    compose::{Composer, NormSource, NumberSource},
    listed::{self, ListedModule},
    network::Module,
    said::Said,
    tensor::SavedTensor,
    value::Value,
};
use crate::{
    error::{Error, Result},
    graph::{NodeParams, Params},
    host::{NmsKind, ResizeMode},
    model::{
        CfgOptions, Defaults, Model, Preprocess,
        darknet::{build, cfg::Cfg},
        scaled::cfg_writer::CfgWriter,
    },
};

/// Epsilon of batch-norm where a file does not say it: YOLOv4-large's and YOLOv5's.
const BN_EPS: f64 = 1e-3;
/// Names of tensors that no layer has a place for.
const SHOWN: usize = 5;

/// Reads a checkpoint of YOLOv4-large or YOLOv5: structure, numbers, anchors, class names. Its size is what it is published for, unless
/// `options` have one: a checkpoint does not say.
///
/// # Errors
/// [`Error::Io`]; [`Error::Weights`] with the module or tensor that is not as expected; as for a cfg.
pub fn open(path: &Path, options: &CfgOptions) -> Result<Model> {
    read(path, &Checkpoint::read(path)?, options)
}

/// The same of a checkpoint that is open; `path` is for errors.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, checkpoint: &Checkpoint, options: &CfgOptions) -> Result<Model> {
    let fail = |message: String| Error::Weights { file: path.to_owned(), message };
    let tensors: BTreeMap<String, &SavedTensor> = checkpoint.tensors()?.into_iter().collect();
    let modules: BTreeMap<String, Module<'_>> = checkpoint.modules()?.into_iter().collect();
    let list = if modules.is_empty() { listed::by_names(&tensors) } else { listed::by_modules(&modules) };
    let list = list.map_err(fail)?;
    let heads = Heads::find(checkpoint, &tensors, &modules, &list).map_err(fail)?;
    let side = heads.side();
    let mut composer = Composer {
        tensors: &tensors,
        modules: &modules,
        cfg: CfgWriter::new(options.size.unwrap_or((side, side)), true, "mish"),
        sources: vec![],
        taken: BTreeSet::new(),
        twice: false,
    };
    let mut written = 0;
    let mut head = |composer: &mut Composer<'_>, number: usize| {
        written += 1;
        heads.write(&mut composer.cfg, number)
    };
    composer.compose(&list, &mut head).map_err(fail)?;
    if written == 0 {
        return Err(fail("there is no Detect in it: this network finds no boxes".into()));
    }
    all_taken(&tensors, &composer.taken).map_err(fail)?;
    let mut model = build::from_cfg(path, &Cfg::parse(path, &composer.cfg.to_string())?, options)?;
    let numbers = Numbers { checkpoint, tensors: &tensors, modules: &modules };
    model.params = Some(numbers.fill(&model, &composer.sources)?);
    model.labels = labels(&modules, heads.classes, &mut model.notes);
    model.preprocess = Preprocess { letterbox: true, resize: ResizeMode::Pytorch };
    // What the programs keep that these were trained by: YOLOv4-large's detect.py, and YOLOv5's.
    let (score_threshold, iou_threshold) = if composer.twice { (0.4, 0.5) } else { (0.25, 0.45) };
    model.defaults = Defaults { score_threshold, iou_threshold, nms_kind: NmsKind::Iou, ..Defaults::default() };
    if options.size.is_none() {
        model.notes.push(format!("{}: a checkpoint has no input size: {side}x{side} (--size)", path.display()));
    }
    Ok(model)
}

/// What belongs to no layer: counters, and the anchors.
fn beside(name: &str) -> bool {
    ["num_batches_tracked", "anchors", "anchor_grid", "stride"].iter().any(|end| name.ends_with(&format!(".{end}")))
}

fn all_taken(tensors: &BTreeMap<String, &SavedTensor>, taken: &BTreeSet<String>) -> Said<()> {
    let left: Vec<&String> = tensors.keys().filter(|name| !taken.contains(*name) && !beside(name)).collect();
    if left.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = left.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if left.len() > SHOWN { format!(" and {} more", left.len() - SHOWN) } else { String::new() };
    Err(format!("the network has no place for {}{more}", shown.join(", ")))
}

/// Class names, if the network has as many as it has classes.
fn labels(modules: &BTreeMap<String, Module<'_>>, classes: usize, notes: &mut Vec<String>) -> Vec<String> {
    let Some(names) = modules.get("").and_then(|network| network.attribute("names")) else { return vec![] };
    let text = |value: Value<'_>| value.text().map(str::to_owned);
    let found: Option<Vec<String>> = match names.pairs() {
        Some(pairs) => pairs.map(|(_, name)| text(name)).collect(),
        None => names.items().and_then(|items| items.map(text).collect()),
    };
    match found {
        Some(names) if names.len() == classes => names,
        Some(names) => {
            notes.push(format!("its {} class names are not used: it has {classes} classes", names.len()));
            vec![]
        }
        None => vec![],
    }
}

/// Anchors and classes.
struct Heads {
    /// In pixels of the input, by head.
    anchors: Vec<Vec<(f32, f32)>>,
    classes: usize,
}

impl Heads {
    fn find(
        checkpoint: &Checkpoint,
        tensors: &BTreeMap<String, &SavedTensor>,
        modules: &BTreeMap<String, Module<'_>>,
        list: &[ListedModule],
    ) -> Said<Self> {
        let path = list.last().map(|last| last.path.clone()).unwrap_or_default();
        let load = |tensor: &SavedTensor| checkpoint.load(tensor).map_err(|e| e.to_string());
        let cells = format!("{path}.anchors");
        let tensor = tensors.get(&cells).ok_or_else(|| format!("there is no tensor `{cells}`"))?;
        let [count, each, 2] = tensor.shape[..] else {
            return Err(format!("`{cells}`: expected [heads, anchors, 2], found {:?}", tensor.shape));
        };
        if !(1..=16).contains(&count) || !(1..=64).contains(&each) {
            return Err(format!("`{cells}`: expected up to 16 heads of up to 64 anchors, found {count} and {each}"));
        }
        // In pixels where the file has them, else in cells of each head.
        let pixels = match tensors.get(&format!("{path}.anchor_grid")) {
            Some(grid) if grid.elements() == tensor.elements() => load(grid)?,
            _ => {
                let own = modules.get(&path).and_then(|detect| detect.attribute("stride")?.tensor());
                let strides = match own {
                    Some(strides) => load(strides)?,
                    None => (0..count).map(|head| (8u64 << head.min(16)) as f32).collect(),
                };
                let row = each as usize * 2;
                let all = load(tensor)?;
                let scaled = all.chunks(row.max(1)).zip(strides).flat_map(|(row, by)| row.iter().map(move |v| v * by));
                scaled.collect()
            }
        };
        let pairs: Vec<(f32, f32)> = pixels.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        if pairs.len() as u64 != count * each || pairs.iter().any(|(w, h)| !(*w > 0.0 && *h > 0.0)) {
            return Err(format!("`{cells}`: expected sizes above zero"));
        }
        let weight = format!("{path}.m.0.weight");
        let rows = tensors.get(&weight).and_then(|tensor| tensor.shape.first().copied()).unwrap_or(0);
        let values = rows / each;
        if !rows.is_multiple_of(each) || !(6..=5 + (1 << 16)).contains(&values) {
            return Err(format!(
                "`{weight}`: expected (5 + classes) channels for each of {each} anchors, found {rows}"
            ));
        }
        let anchors = pairs.chunks(each as usize).map(<[(f32, f32)]>::to_vec).collect();
        Ok(Self { anchors, classes: values as usize - 5 })
    }

    /// Columns and rows that the published networks of so many heads have.
    fn side(&self) -> usize {
        match (self.anchors.first().map_or(0, Vec::len), self.anchors.len()) {
            (4, 3) => 896,
            (4, 4) => 1280,
            (4, 5) => 1536,
            (3, 4) => 1280,
            _ => 640,
        }
    }

    fn write(&self, cfg: &mut CfgWriter, head: usize) -> Said<()> {
        if head >= self.anchors.len() {
            return Err(format!("there are anchors for {} heads, and more heads", self.anchors.len()));
        }
        let before: usize = self.anchors[..head].iter().map(Vec::len).sum();
        let mask: Vec<String> = (before..before + self.anchors[head].len()).map(|m| m.to_string()).collect();
        let all: Vec<String> = self.anchors.iter().flatten().map(|(w, h)| format!("{w},{h}")).collect();
        let num = all.len();
        cfg.section(
            "yolo",
            &[
                ("mask", &mask.join(",")),
                ("anchors", &all.join(", ")),
                ("classes", &self.classes),
                ("num", &num),
                ("scale_x_y", &2.0),
                ("new_coords", &1),
            ],
        );
        Ok(())
    }
}

/// The numbers of the file.
struct Numbers<'a> {
    checkpoint: &'a Checkpoint,
    tensors: &'a BTreeMap<String, &'a SavedTensor>,
    modules: &'a BTreeMap<String, Module<'a>>,
}

impl Numbers<'_> {
    fn fill(&self, model: &Model, sources: &[NumberSource]) -> Result<Params> {
        let mut params = Params(vec![None; model.graph.nodes.len()]);
        for (layer, source) in model.graph.weighted().iter().zip(sources) {
            let norm = match source {
                NumberSource::Conv { weight, norm, bias } => {
                    let weights = self.list(weight, layer.weights)?;
                    let bias = bias.as_ref().map(|name| self.list(name, layer.filters)).transpose()?;
                    if let Some(conv) = layer.conv {
                        params.0[conv.0] = Some(NodeParams::Conv { weights, bias });
                    }
                    norm.as_ref()
                }
                NumberSource::Norm(norm) => Some(norm),
            };
            if let (Some(norm), Some(id)) = (norm, layer.norm) {
                if norm.channels.1 != layer.filters {
                    let (path, count, found) = (&norm.path, layer.filters, norm.channels.1);
                    return Err(self.fail(format!("`{path}`: expected {count} channels in its place, found {found}")));
                }
                params.0[id.0] = Some(self.norm(norm)?);
            }
        }
        Ok(params)
    }

    fn list(&self, name: &str, expected: usize) -> Result<Vec<f32>> {
        let tensor = self.tensor(name)?;
        if tensor.elements() != expected as u64 {
            let found = &tensor.shape;
            return Err(self.fail(format!("`{name}`: expected {expected} numbers in its place, found {found:?}")));
        }
        let list = self.checkpoint.load(tensor)?;
        match list.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(self.fail(format!("`{name}`: number {at} is not finite"))),
            None => Ok(list),
        }
    }

    fn norm(&self, norm: &NormSource) -> Result<NodeParams> {
        let (first, count) = norm.channels;
        let part = |name: &str| -> Result<Vec<f32>> {
            let name = format!("{}.{name}", norm.path);
            let all = self.list(&name, usize::try_from(self.tensor(&name)?.elements()).unwrap_or(0))?;
            Ok(all.into_iter().skip(first).take(count).collect())
        };
        let eps = self.modules.get(&norm.path).and_then(|module| module.attribute("eps")?.float());
        Ok(NodeParams::BatchNorm {
            gamma: part("weight")?,
            beta: part("bias")?,
            mean: part("running_mean")?,
            var: part("running_var")?,
            eps: eps.unwrap_or(BN_EPS) as f32,
        })
    }

    fn tensor(&self, name: &str) -> Result<&SavedTensor> {
        self.tensors.get(name).copied().ok_or_else(|| self.fail(format!("there is no tensor `{name}`")))
    }

    fn fail(&self, message: String) -> Error {
        self.checkpoint.fail(message)
    }
}
