//! What is asked of the heads in a mini-batch, by the recipe.

use crate::{
    error::{Error, Result},
    tensor::{Real, Tensor},
    train::{
        darknet_loss::{BoxGradient, HeadValues, LossParts, Tally, Truth, YoloSection, batch},
        keys::TrainingKeys,
        recipe::TrainingRecipe,
        scaled_loss::{ScaledGains, scaled},
    },
};

/// What a loss says of a mini-batch.
#[derive(Clone, Debug)]
pub struct Judged<T> {
    /// Its share of the loss of a whole batch, for one picture.
    pub loss: LossParts,
    /// Counts and sums of all heads.
    pub tally: Tally,
    /// The gradients by the heads' values, one a picture each.
    pub gradients: Vec<Vec<Tensor<T>>>,
}

/// Looks at the heads' values, one a picture each, of a mini-batch of a batch of so many pictures.
///
/// # Errors
/// [`Error::Graph`] if the values do not fit the keys.
pub fn judge<T: Real + Into<f64>>(
    keys: &TrainingKeys,
    heads: &[Vec<Tensor<T>>],
    truths: &[Vec<Truth>],
    canvas: (usize, usize),
    pictures: usize,
) -> Result<Judged<T>> {
    if keys.heads.len() != heads.len() {
        let (expected, found) = (heads.len(), keys.heads.len());
        return Err(Error::graph("loss", format!("expected the keys of {expected} heads, found {found}")));
    }
    let raw: Vec<Vec<T>> =
        heads.iter().map(|values| values.iter().flat_map(|value| value.data.iter().copied()).collect()).collect();
    let read: Vec<(&YoloSection, HeadValues<'_, T>)> = keys
        .heads
        .iter()
        .zip(heads.iter().zip(&raw))
        .map(|(section, (values, raw))| {
            let grid = values.first().map_or((0, 0), |value| (value.shape.w, value.shape.h));
            (section, HeadValues { raw: raw.as_slice(), grid, canvas })
        })
        .collect();
    let fail = |e: crate::train::darknet_loss::Misfit| Error::graph("loss", e.to_string());
    let mut judged = Judged { loss: LossParts::default(), tally: Tally::default(), gradients: Vec::new() };
    // Every head's gradient, as its values lie, and what to multiply it with.
    let mut gradients: Vec<(Vec<f64>, f64)> = Vec::new();
    match keys.recipe {
        TrainingRecipe::Darknet => {
            // As Darknet prints it: the mean of the heads, over the pictures; the boxes' part is the mean of a mini-batch before.
            let all = (pictures * keys.heads.len()).max(1) as f64;
            for (section, values) in read {
                let loss = batch(section, BoxGradient::Darknet, values, truths).map_err(fail)?;
                judged.loss += loss.tally.cost(section).over(all);
                judged.tally += loss.tally;
                // Darknet's are what the values should be moved by.
                gradients.push((loss.deltas, -1.0));
            }
        }
        TrainingRecipe::Scaled => {
            for head in scaled(&ScaledGains::default(), &read, truths).map_err(fail)? {
                judged.loss += head.parts.over(pictures as f64);
                judged.tally += head.tally;
                gradients.push((head.gradient, 1.0));
            }
        }
    }
    for (values, (flat, sign)) in heads.iter().zip(gradients) {
        let shape = values.first().map(|value| value.shape);
        let each = shape.map_or(1, |shape| shape.elements().max(1));
        let tensors = flat.chunks(each).zip(values).map(|(flat, value)| {
            let data = flat.iter().map(|by| T::of(sign * by)).collect();
            Tensor { shape: value.shape, data }
        });
        judged.gradients.push(tensors.collect());
    }
    Ok(judged)
}
