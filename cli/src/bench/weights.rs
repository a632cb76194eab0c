//! The weights that are at hand for a network. Speed hardly depends on them, so random ones do where there are none.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use yolov4::{
    DetectorBuilder,
    low_level::model::{
        Model,
        zoo::{self, Store},
    },
};

/// Where they come from.
#[derive(Clone, Debug)]
pub enum Weights {
    /// In the network's own file, or in the cache folder.
    Trained,
    /// A file beside the cfg.
    Beside(PathBuf),
    /// None are at hand; this seed.
    Random(u64),
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trained | Self::Beside(_) => f.write_str("trained"),
            Self::Random(seed) => write!(f, "random, seed {seed}"),
        }
    }
}

impl Weights {
    /// Sets the weights.
    pub fn apply(&self, builder: DetectorBuilder) -> DetectorBuilder {
        match self {
            Self::Trained => builder,
            Self::Beside(path) => builder.weights(path),
            // Noise has a box everywhere; a trained network has a few.
            Self::Random(seed) => builder.random_weights(*seed).score_threshold(1.0),
        }
    }
}

/// Looks for them; nothing is fetched.
pub fn at_hand(model: &Path, network: &Model, seed: u64) -> Weights {
    if network.params.is_some() {
        return Weights::Trained;
    }
    let random = Weights::Random(seed);
    match zoo::bare(model).map(zoo::named) {
        Some(Ok(entry)) if Store::from_env().holds_all(entry) => Weights::Trained,
        Some(_) => random,
        None => {
            let beside = model.with_extension("weights");
            if beside.is_file() { Weights::Beside(beside) } else { random }
        }
    }
}
