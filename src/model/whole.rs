//! A model, whichever reader made it.

use std::path::PathBuf;

use crate::{
    graph::{Graph, NodeParams, Params},
    model::{Defaults, Preprocess, WeightsOptions},
};

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
    /// Takes the weights that came in the same file, if there are any.
    pub fn take_params(&mut self, options: &WeightsOptions) -> Option<Params> {
        let mut params = self.params.take()?;
        if let Some(wanted) = options.bn_eps {
            for node in params.0.iter_mut().flatten() {
                if let NodeParams::BatchNorm { eps, .. } = node {
                    *eps = wanted;
                }
            }
        }
        Some(params)
    }
}
