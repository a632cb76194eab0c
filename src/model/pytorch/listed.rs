//! The list of modules that a network of this kind is: what each is, and which others it reads.

use std::collections::BTreeMap;

use super::{network::Module, said::Said, tensor::SavedTensor};

/// What a module computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// Convolution, batch-norm, activation.
    Conv,
    /// Two of them, and the sum with what came in.
    Bottleneck,
    /// A stage whose two branches share a batch-norm, both without one of their own.
    BottleneckCsp,
    /// A block of the neck: the deep branch is batch-normed for the second time by what both share.
    BottleneckCsp2,
    /// YOLOv5's stage: both branches are whole.
    C3,
    /// Pools inside a cross-stage partial block.
    SppCsp,
    /// Pools side by side.
    Spp,
    /// Pools one after the other.
    Sppf,
    /// Every pixel twice in both directions.
    Upsample,
    /// One above the other in channels.
    Concat,
    /// The last convolutions and the heads.
    Detect,
    /// Modules one after the other.
    Sequential,
}

impl ModuleKind {
    const ALL: [(&'static str, Self); 12] = [
        ("Conv", Self::Conv),
        ("Bottleneck", Self::Bottleneck),
        ("BottleneckCSP", Self::BottleneckCsp),
        ("BottleneckCSP2", Self::BottleneckCsp2),
        ("C3", Self::C3),
        ("SPPCSP", Self::SppCsp),
        ("SPP", Self::Spp),
        ("SPPF", Self::Sppf),
        ("Upsample", Self::Upsample),
        ("Concat", Self::Concat),
        ("Detect", Self::Detect),
        ("Sequential", Self::Sequential),
    ];

    /// By the class of a module at `path`.
    pub fn of(class: &str, path: &str) -> Said<Self> {
        let name = class.rsplit('.').next().unwrap_or(class);
        let found = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        found.ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("`{path}` is a `{class}`; known are {}", known.join(", "))
        })
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub struct ListedModule {
    /// `model.3`
    pub path: String,
    /// What it reads: numbers in the list, those below zero counted back from itself.
    pub from: Vec<i64>,
    pub kind: ModuleKind,
    /// Step of a convolution that does not say it itself.
    pub stride: usize,
}

/// By what a network that was saved as a whole says of itself.
pub fn by_modules(modules: &BTreeMap<String, Module<'_>>) -> Said<Vec<ListedModule>> {
    let mut all = vec![];
    while let Some((path, module)) = modules.get_key_value(format!("model.{}", all.len()).as_str()) {
        let sources = module.attribute("f").and_then(|f| match f.int() {
            Some(one) => Some(vec![one]),
            None => f.items()?.map(|one| one.int()).collect::<Option<Vec<i64>>>(),
        });
        let from = sources.ok_or_else(|| format!("`{path}` does not say what it reads (its attribute `f`)"))?;
        all.push(ListedModule { path: path.clone(), from, kind: ModuleKind::of(module.class, path)?, stride: 1 });
    }
    if all.is_empty() {
        return Err("its network has no `model.0`: it is no list of modules as YOLOv4-large and YOLOv5 have it".into());
    }
    Ok(all)
}

/// By the names of a state dict, which says what there is and not how it is wired: that is taken to be as in YOLOv4-large.
pub fn by_names(tensors: &BTreeMap<String, &SavedTensor>) -> Said<Vec<ListedModule>> {
    let has = |number: usize, rest: &str| tensors.contains_key(&format!("model.{number}.{rest}"));
    let mut all: Vec<ListedModule> = vec![];
    let mut add = |from: &[i64], kind: ModuleKind, stride: usize, mark: &str| -> Said<usize> {
        let number = all.len();
        if !mark.is_empty() && !has(number, mark) {
            return Err(format!(
                "a state dict does not say how its modules are wired, and this one is not YOLOv4-large: expected `model.{number}.{mark}` \
                 (a checkpoint that holds the whole network says it)"
            ));
        }
        all.push(ListedModule { path: format!("model.{number}"), from: from.to_vec(), kind, stride });
        Ok(number)
    };
    add(&[-1], ModuleKind::Conv, 1, "conv.weight")?;
    let mut stages = vec![];
    let mut next = 1;
    while has(next, "conv.weight") {
        add(&[-1], ModuleKind::Conv, 2, "conv.weight")?;
        stages.push(add(&[-1], ModuleKind::BottleneckCsp, 1, "cv4.conv.weight")?);
        next += 2;
    }
    let mut beside = vec![add(&[-1], ModuleKind::SppCsp, 1, "cv7.conv.weight")?];
    for stage in (2..stages.len().saturating_sub(1)).rev() {
        add(&[-1], ModuleKind::Conv, 1, "conv.weight")?;
        add(&[-1], ModuleKind::Upsample, 1, "")?;
        add(&[stages.get(stage).map_or(-1, |number| *number as i64)], ModuleKind::Conv, 1, "conv.weight")?;
        add(&[-1, -2], ModuleKind::Concat, 1, "")?;
        beside.push(add(&[-1], ModuleKind::BottleneckCsp2, 1, "cv3.conv.weight")?);
    }
    let mut heads = vec![add(&[-1], ModuleKind::Conv, 1, "conv.weight")? as i64];
    // The finest one has its head; the others are met on the way back.
    for other in beside.iter().rev().skip(1) {
        add(&[-2], ModuleKind::Conv, 2, "conv.weight")?;
        add(&[-1, *other as i64], ModuleKind::Concat, 1, "")?;
        add(&[-1], ModuleKind::BottleneckCsp2, 1, "cv3.conv.weight")?;
        heads.push(add(&[-1], ModuleKind::Conv, 1, "conv.weight")? as i64);
    }
    add(&heads, ModuleKind::Detect, 1, "m.0.weight")?;
    Ok(all)
}
