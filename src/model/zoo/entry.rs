//! What is known of a network of the zoo.

use crate::host::ResizeMode;

/// COCO's eighty classes, as Darknet names them.
const COCO: &str = include_str!("../../../assets/coco.names");

/// One network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub name: &'static str,
    /// Where its description comes from.
    pub origin: Origin,
    /// Its weights, if they are to be had as a Darknet file.
    pub weights: Option<RemoteFile>,
    /// How good it is.
    pub published: Published,
    /// Of the weights.
    pub licence: &'static str,
    /// What else there is to say, or nothing.
    pub remark: &'static str,
    /// How pictures are resampled.
    pub resize: ResizeMode,
}

/// Where the description of a network comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// The builder composes it.
    Built,
    /// It is not of the family, and has a cfg to fetch.
    Foreign(Foreign),
    /// It is part of the program, weights and all ([`crate::model::bundle`]).
    Carried(&'static [u8]),
}

/// A network that is not of the family: what the builder knows of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foreign {
    /// Darknet's description of it.
    pub cfg: RemoteFile,
    /// Columns and rows of its input.
    pub size: (usize, usize),
    /// Its parameters.
    pub parameters: u64,
    /// Its work at that size.
    pub gflop: f64,
}

/// Average precision on COCO, as published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// In percent.
    pub value: f64,
    /// `AP` (IoU .50 to .95) or `AP50`.
    pub metric: &'static str,
    /// Side of the input that it was measured at.
    pub side: usize,
    /// Who says so.
    pub source: &'static str,
}

/// A published file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteFile {
    /// The address that a mirror stands for.
    pub base: &'static str,
    /// Where it is below that; the later ones if the first cannot be had.
    pub paths: &'static [&'static str],
    /// Its length.
    pub bytes: u64,
    /// Its SHA-1. Where it is not known, that of the first copy is remembered.
    pub sha1: Option<&'static str>,
}

impl RemoteFile {
    /// What it is called in the cache.
    pub fn name(&self) -> &'static str {
        let path = self.paths.first().copied().unwrap_or_default();
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }

    /// Its addresses; a mirror takes the place of the base.
    pub fn urls(&self, mirror: Option<&str>) -> Vec<String> {
        let base = mirror.unwrap_or(self.base).trim_end_matches('/');
        self.paths.iter().map(|path| format!("{base}/{path}")).collect()
    }
}

impl Entry {
    /// Class names of one that was trained on COCO: all but the carried one.
    pub fn labels(&self) -> Vec<String> {
        COCO.lines().map(str::to_owned).collect()
    }

    /// Every file of it.
    pub fn files(&self) -> impl Iterator<Item = &RemoteFile> {
        let cfg = match &self.origin {
            Origin::Foreign(foreign) => Some(&foreign.cfg),
            Origin::Built | Origin::Carried(_) => None,
        };
        cfg.into_iter().chain(&self.weights)
    }
}
