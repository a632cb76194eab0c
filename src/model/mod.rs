//! A model is data: what a network computes, with which numbers, and how it is used. Readers make it, of files (Darknet's `.cfg`
//! and `.weights`, class names, `.data`), of one file that holds everything, of the paper's numbers, and by name.

use std::path::PathBuf;

use crate::graph::{Graph, Params};

pub mod bundle;
pub mod darknet;
pub mod data;
pub mod defaults;
pub mod names;
pub mod open;
pub mod random;
pub mod scaled;
pub mod zoo;

pub use defaults::{Defaults, Preprocess};
pub use open::{CfgOptions, Decode, WeightsOptions};

/// A network, and how it is used unless the user says otherwise.
#[derive(Clone, Debug)]
pub struct Model {
    /// The graph as loaded, heads included: convolution, batch-norm and activation are nodes of their own.
    pub graph: Graph,
    /// Its numbers, if they came in the same file; a cfg has none.
    pub params: Option<Params>,
    /// How pictures become its input.
    pub preprocess: Preprocess,
    /// Class names in order of class index; none if they are not known.
    pub labels: Vec<String>,
    /// Which boxes are kept.
    pub defaults: Defaults,
    /// The file it came from.
    pub source: PathBuf,
    /// Remarks for the user, one line each.
    pub notes: Vec<String>,
}

impl Model {
    /// Number of classes: the most that a head has.
    pub fn classes(&self) -> usize {
        self.graph.heads.iter().map(|head| head.classes).max().unwrap_or(0)
    }
}
