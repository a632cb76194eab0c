//! The numbers of a network, wherever they are at hand. Nothing is fetched.

use std::path::Path;

use yolov4::{
    Result, Why,
    low_level::{
        detect::choices::Choices,
        graph::Params,
        model::{
            Model, WeightsOptions,
            zoo::{self, ModelFiles},
        },
    },
};

/// Those of the weights named, those that came with the network, or those in the cache; else why there are none. `model` is what was asked
/// for.
///
/// # Errors
/// If they do not fit.
pub fn at_hand(
    model: &Path,
    weights: Option<&Path>,
    options: &WeightsOptions,
    network: &mut Model,
    notes: &mut Vec<String>,
    choices: &mut Choices,
) -> Result<Result<Params, String>> {
    if let Some(path) = weights {
        choices.weights(path, Why::Asked("weights"));
        return network.load_weights(path, options, notes).map(Ok);
    }
    if let Some(params) = network.take_params(options) {
        choices.weights(&network.source, Why::Own("in the same file as the network".into()));
        return Ok(Ok(params));
    }
    let mut files = ModelFiles::cached();
    let Some(name) = zoo::bare(model) else { return Ok(Err("no --weights".to_owned())) };
    let entry = zoo::named(name)?;
    if !files.store.holds_all(entry) {
        return Ok(Err(format!("no --weights, and none of {name} in the cache")));
    }
    let path = files.weights(entry)?.path;
    choices.weights(&path, Why::Own("in the cache".into()));
    network.load_weights(&path, options, notes).map(Ok)
}
