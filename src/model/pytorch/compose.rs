//! Modules to sections of a cfg, each with the tensors that its numbers come from.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    listed::{ListedModule, ModuleKind},
    network::Module,
    said::Said,
    tensor::SavedTensor,
    value::Value,
};
use crate::model::scaled::cfg_writer::{CfgWriter, Mark};

/// Some channels of a batch-norm.
#[derive(Clone, Debug)]
pub struct NormSource {
    /// Its path.
    pub path: String,
    /// First channel, and how many.
    pub channels: (usize, usize),
}

/// Where the numbers of a layer come from.
#[derive(Clone, Debug)]
pub enum NumberSource {
    /// A convolution: its kernel, the batch-norm behind it, or its bias.
    Conv { weight: String, norm: Option<NormSource>, bias: Option<String> },
    /// A batch-norm by itself.
    Norm(NormSource),
}

/// What there is, and what has become of it.
pub struct Composer<'a> {
    pub tensors: &'a BTreeMap<String, &'a SavedTensor>,
    pub modules: &'a BTreeMap<String, Module<'a>>,
    pub cfg: CfgWriter,
    /// In the order of the layers that have numbers.
    pub sources: Vec<NumberSource>,
    /// Tensors that have found their place.
    pub taken: BTreeSet<String>,
    /// Whether shared batch-norms were met: YOLOv4-large's.
    pub twice: bool,
}

/// What comes before a section's own keys are known.
struct Shape {
    filters: usize,
    size: usize,
    stride: usize,
    padding: usize,
    groups: usize,
    dilation: usize,
}

impl Composer<'_> {
    /// All of them, heads last.
    pub fn compose(&mut self, list: &[ListedModule], heads: &mut dyn FnMut(&mut Self, usize) -> Said<()>) -> Said<()> {
        let mut values: Vec<Mark> = vec![];
        for (number, module) in list.iter().enumerate() {
            let path = &module.path;
            let at = |from: i64| -> Said<Option<Mark>> {
                let there = if from < 0 { number as i64 + from } else { from };
                if number == 0 && from == -1 {
                    return Ok(None);
                }
                let found = usize::try_from(there).ok().and_then(|there| values.get(there)).copied();
                found.map(Some).ok_or_else(|| format!("`{path}` reads {from}, which is not before it"))
            };
            let inputs = module.from.iter().map(|from| at(*from)).collect::<Said<Vec<Option<Mark>>>>()?;
            let value = match module.kind {
                ModuleKind::Concat => {
                    let members = inputs.iter().copied().collect::<Option<Vec<Mark>>>();
                    self.cfg.concat(&members.ok_or_else(|| format!("`{path}` reads the picture itself"))?)
                }
                ModuleKind::Detect => {
                    for (head, input) in inputs.iter().enumerate() {
                        if let Some(input) = input {
                            self.cfg.from(*input);
                        }
                        self.head(path, head)?;
                        heads(self, head)?;
                    }
                    self.cfg.last()
                }
                kind => {
                    let [input] = inputs[..] else {
                        return Err(format!("`{path}`: expected one input, found {}", inputs.len()));
                    };
                    if let Some(input) = input {
                        self.cfg.from(input);
                    }
                    self.module(path, kind, module.stride, true)?;
                    self.cfg.last()
                }
            };
            values.push(value);
        }
        Ok(())
    }

    /// A module that reads the last value; `add`: whether a bottleneck that does not say it adds what came in.
    fn module(&mut self, path: &str, kind: ModuleKind, stride: usize, add: bool) -> Said<()> {
        let part = |name: &str| format!("{path}.{name}");
        let input = self.cfg.last();
        match kind {
            ModuleKind::Conv => self.conv(path, stride)?,
            ModuleKind::Bottleneck => {
                self.conv(&part("cv1"), 1)?;
                self.conv(&part("cv2"), 1)?;
                if self.attribute(path, "add").and_then(Value::bool).unwrap_or(add) {
                    self.cfg.shortcut(input);
                }
            }
            ModuleKind::BottleneckCsp => {
                let (hidden, past) = (self.rows(&part("cv3.weight"))?, self.rows(&part("cv2.weight"))?);
                let bypass = self.bare(path, "cv2", hidden, hidden)?;
                self.cfg.from(input);
                self.conv(&part("cv1"), 1)?;
                self.deep(path, true)?;
                self.bare(path, "cv3", 0, past)?;
                self.join(bypass, &part("cv4"))?;
            }
            ModuleKind::C3 => {
                self.conv(&part("cv2"), 1)?;
                let bypass = self.cfg.last();
                self.cfg.from(input);
                self.conv(&part("cv1"), 1)?;
                self.deep(path, true)?;
                self.join(bypass, &part("cv3"))?;
            }
            ModuleKind::BottleneckCsp2 => {
                self.conv(&part("cv1"), 1)?;
                let input = self.cfg.last();
                // What the deep branch has: as many channels as its first convolution.
                let (hidden, past) = (self.rows(&part("cv1.conv.weight"))?, self.rows(&part("cv2.weight"))?);
                let bypass = self.bare(path, "cv2", hidden, hidden)?;
                self.cfg.from(input);
                self.deep(path, false)?;
                self.again(path, hidden, past)?;
                self.join(bypass, &part("cv3"))?;
            }
            ModuleKind::SppCsp => {
                let (hidden, past) = (self.rows(&part("cv6.conv.weight"))?, self.rows(&part("cv2.weight"))?);
                let bypass = self.bare(path, "cv2", hidden, hidden)?;
                self.cfg.from(input);
                for name in ["cv1", "cv3", "cv4"] {
                    self.conv(&part(name), 1)?;
                }
                self.pools(path)?;
                self.conv(&part("cv5"), 1)?;
                self.conv(&part("cv6"), 1)?;
                self.again(path, hidden, past)?;
                self.join(bypass, &part("cv7"))?;
            }
            ModuleKind::Spp => {
                self.conv(&part("cv1"), 1)?;
                self.pools(path)?;
                self.conv(&part("cv2"), 1)?;
            }
            ModuleKind::Sppf => {
                self.conv(&part("cv1"), 1)?;
                let size = self.number(&part("m"), "kernel_size", 5)?;
                let value = self.cfg.last();
                let pools: Vec<Mark> = (0..3).map(|_| self.cfg.max_pool(size, 1)).collect();
                self.cfg.concat(&[&[value], &pools[..]].concat());
                self.conv(&part("cv2"), 1)?;
            }
            ModuleKind::Upsample => {
                let by = self.attribute(path, "scale_factor").and_then(Value::float).unwrap_or(2.0);
                let mode = self.attribute(path, "mode").and_then(Value::text).unwrap_or("nearest");
                if by != 2.0 || mode != "nearest" {
                    return Err(format!("`{path}`: expected to double by the nearest pixel, found {by} by `{mode}`"));
                }
                self.cfg.upsample();
            }
            ModuleKind::Sequential => {
                let mut number = 0;
                while let Some(module) = self.modules.get(&format!("{path}.{number}")).copied() {
                    let inner = format!("{path}.{number}");
                    match ModuleKind::of(module.class, &inner)? {
                        ModuleKind::Concat | ModuleKind::Detect | ModuleKind::Sequential => {
                            return Err(format!("`{inner}`: a `{}` inside a Sequential is not read", module.class));
                        }
                        kind => self.module(&inner, kind, 1, true)?,
                    }
                    number += 1;
                }
            }
            ModuleKind::Concat | ModuleKind::Detect => return Err(format!("`{path}`: cannot be read here")),
        }
        Ok(())
    }

    /// Bottlenecks `m.0`, `m.1`, ..
    fn deep(&mut self, path: &str, add: bool) -> Said<()> {
        let mut number = 0;
        while self.tensors.contains_key(&format!("{path}.m.{number}.cv1.conv.weight")) {
            self.module(&format!("{path}.m.{number}"), ModuleKind::Bottleneck, 1, add)?;
            number += 1;
        }
        Ok(())
    }

    /// The value beside its maxima, as PyTorch has it: itself first, the smallest window next.
    fn pools(&mut self, path: &str) -> Said<()> {
        let value = self.cfg.last();
        let mut all = vec![value];
        for (number, usual) in [5, 9, 13].into_iter().enumerate() {
            let size = self.number(&format!("{path}.m.{number}"), "kernel_size", usual)?;
            self.cfg.from(value);
            all.push(self.cfg.max_pool(size, 1));
        }
        self.cfg.concat(&all);
        Ok(())
    }

    fn join(&mut self, bypass: Mark, last: &str) -> Said<()> {
        let through = self.cfg.last();
        self.cfg.concat(&[through, bypass]);
        self.conv(last, 1)
    }

    /// Batch-norm and activation of the first channels of what two branches share, for the one that has had its own.
    fn again(&mut self, path: &str, channels: usize, other: usize) -> Said<()> {
        self.twice = true;
        let norm = self.norm(format!("{path}.bn"), (0, channels), channels + other)?;
        self.sources.push(NumberSource::Norm(norm));
        self.cfg.section("batchnorm", &[]);
        let (name, slope) = self.activation(path)?;
        match slope {
            Some(slope) => self.cfg.section("activation", &[("activation", &name), ("leaky_slope", &slope)]),
            None => self.cfg.section("activation", &[("activation", &name)]),
        };
        Ok(())
    }

    /// A convolution whose batch-norm, from `first` on, and activation belong to the module around it; `other`: channels of the other branch.
    fn bare(&mut self, path: &str, name: &str, first: usize, other: usize) -> Said<Mark> {
        let weight = format!("{path}.{name}.weight");
        let channels = self.rows(&weight)?;
        let norm = self.norm(format!("{path}.bn"), (first, channels), channels + other)?;
        let shape = self.shape(&weight, &format!("{path}.{name}"), 1)?;
        self.section(&shape, true, path)?;
        self.sources.push(NumberSource::Conv { weight, norm: Some(norm), bias: None });
        Ok(self.cfg.last())
    }

    /// A `Conv`: convolution, batch-norm, activation; or fused.
    fn conv(&mut self, path: &str, stride: usize) -> Said<()> {
        let weight = format!("{path}.conv.weight");
        let shape = self.shape(&weight, &format!("{path}.conv"), stride)?;
        let bias = format!("{path}.conv.bias");
        let fused = self.tensors.contains_key(&bias);
        if fused {
            self.take(&bias)?;
        }
        let norm =
            if fused { None } else { Some(self.norm(format!("{path}.bn"), (0, shape.filters), shape.filters)?) };
        self.section(&shape, !fused, path)?;
        self.sources.push(NumberSource::Conv { weight, norm, bias: fused.then_some(bias) });
        Ok(())
    }

    /// The last convolution of a head.
    fn head(&mut self, path: &str, head: usize) -> Said<()> {
        let (weight, bias) = (format!("{path}.m.{head}.weight"), format!("{path}.m.{head}.bias"));
        let filters = self.rows(&weight)?;
        self.take(&weight)?;
        self.take(&bias)?;
        self.cfg.predict(filters, "logistic");
        self.sources.push(NumberSource::Conv { weight, norm: None, bias: Some(bias) });
        Ok(())
    }

    fn section(&mut self, shape: &Shape, normed: bool, path: &str) -> Said<()> {
        let (activation, slope) = self.activation(path)?;
        let Shape { filters, size, stride, padding, groups, dilation } = *shape;
        let mut keys: Vec<(&str, &dyn std::fmt::Display)> = vec![];
        if normed {
            keys.push(("batch_normalize", &1));
        }
        keys.extend([("filters", &filters as &dyn std::fmt::Display), ("size", &size), ("stride", &stride)]);
        if padding == size / 2 {
            keys.push(("pad", &1));
        } else {
            keys.push(("padding", &padding));
        }
        if groups != 1 {
            keys.push(("groups", &groups));
        }
        if dilation != 1 {
            keys.push(("dilation", &dilation));
        }
        keys.push(("activation", &activation));
        if let Some(slope) = &slope {
            keys.push(("leaky_slope", slope));
        }
        self.cfg.section("convolutional", &keys);
        Ok(())
    }

    /// By the kernel, and by what the module says of itself if the file has modules.
    fn shape(&mut self, weight: &str, path: &str, stride: usize) -> Said<Shape> {
        self.take(weight)?;
        let kernel = &self.tensor(weight)?.shape;
        let [filters, _, rows, columns] = kernel[..] else {
            return Err(format!("`{weight}`: expected four axes, found {kernel:?}"));
        };
        if rows != columns {
            return Err(format!("`{weight}`: expected a square kernel, found {rows}x{columns}"));
        }
        let (filters, size) = (small(filters, weight)?, small(rows, weight)?);
        let number = |name: &str, usual: usize| self.number(path, name, usual);
        let dilation = number("dilation", 1)?;
        // There in pixels, in a cfg in taps.
        let border = number("padding", size / 2 * dilation)?;
        if dilation == 0 || !border.is_multiple_of(dilation) {
            return Err(format!("`{path}`: padding {border} is no multiple of its dilation, {dilation}"));
        }
        let (stride, groups) = (number("stride", stride)?, number("groups", 1)?);
        Ok(Shape { filters, size, stride, padding: border / dilation, groups, dilation })
    }

    /// Some channels of a batch-norm that has so many in all.
    fn norm(&mut self, path: String, channels: (usize, usize), all: usize) -> Said<NormSource> {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            let name = format!("{path}.{part}");
            self.take(&name)?;
            let found = self.rows(&name)?;
            if found != all {
                return Err(format!("`{name}`: expected {all} numbers, found {found}"));
            }
        }
        Ok(NormSource { path, channels })
    }

    /// The activation of a module by Darknet's name, and its slope where that is not Darknet's.
    fn activation(&self, path: &str) -> Said<(&'static str, Option<f64>)> {
        let at = format!("{path}.act");
        // A state dict does not say: YOLOv4-large has Mish.
        let Some(module) = self.modules.get(&at) else { return Ok(("mish", None)) };
        Ok(match module.class.rsplit('.').next().unwrap_or_default() {
            "MishCuda" | "Mish" | "MemoryEfficientMish" => ("mish", None),
            "SiLU" | "Swish" | "MemoryEfficientSwish" => ("swish", None),
            "LeakyReLU" => {
                let slope = module.attribute("negative_slope").and_then(Value::float).unwrap_or(0.01);
                ("leaky", (slope != 0.1).then_some(slope))
            }
            "ReLU" => ("relu", None),
            "ReLU6" => ("relu6", None),
            "Sigmoid" => ("logistic", None),
            "ELU" => ("elu", None),
            "Identity" => ("linear", None),
            _ => return Err(format!("`{at}` is a `{}`, an activation that is not known here", module.class)),
        })
    }

    fn attribute(&self, path: &str, name: &str) -> Option<Value<'_>> {
        self.modules.get(path)?.attribute(name)
    }

    /// A number, or the first of a pair of equal ones.
    ///
    /// `usual` stands for one that the file does not say.
    fn number(&self, path: &str, name: &str, usual: usize) -> Said<usize> {
        let Some(value) = self.attribute(path, name) else { return Ok(usual) };
        let numbers = match value.int() {
            Some(one) => Some(vec![one]),
            None => value.items().and_then(|items| items.map(Value::int).collect()),
        };
        let alike = numbers.filter(|list: &Vec<i64>| list.iter().all(|n| Some(n) == list.first()));
        let found = alike.and_then(|list| usize::try_from(*list.first()?).ok()).filter(|n| *n <= 1 << 16);
        found.ok_or_else(|| format!("`{path}`: {name}: expected one number for rows and columns, found {value:?}"))
    }

    fn tensor(&self, name: &str) -> Said<&SavedTensor> {
        self.tensors.get(name).copied().ok_or_else(|| format!("there is no tensor `{name}`"))
    }

    /// Length of the first axis.
    fn rows(&self, name: &str) -> Said<usize> {
        small(self.tensor(name)?.shape.first().copied().unwrap_or(0), name)
    }

    fn take(&mut self, name: &str) -> Said<()> {
        self.tensor(name)?;
        self.taken.insert(name.to_owned());
        Ok(())
    }
}

fn small(number: u64, name: &str) -> Said<usize> {
    match usize::try_from(number) {
        Ok(number) if (1..=1 << 20).contains(&number) => Ok(number),
        _ => Err(format!("`{name}`: an axis of {number}")),
    }
}
