//! A graph by definition.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    graph::{Graph, NodeId, Params},
    ops::NodeParams,
    tensor::{Real, Tensor},
};

/// The values of a node: one a picture, or one of the whole batch where an op sums over it.
pub type Values<T> = Vec<Tensor<T>>;

/// Plays `graph` on `input` and returns the values of `keep`. Other values are freed after their last reader; what
/// nobody needs is not played.
///
/// # Errors
/// [`Error::Graph`] if the input has another shape or a node lacks its parameters.
pub fn play(graph: &Graph, params: &Params, input: &Tensor, keep: &[NodeId]) -> Result<BTreeMap<NodeId, Tensor>> {
    let given = [(NodeId(0), vec![input.clone()])].into();
    let values = play_batch(graph, &|id| params.get(id), given, keep)?;
    Ok(values.into_iter().filter_map(|(id, mut values)| values.pop().map(|value| (id, value))).collect())
}

/// Plays a batch: `given` has the values of every input of the graph that is needed, one a picture, and may have those of other nodes, which are
/// not played then; `numbers` are those of a node.
///
/// # Errors
/// As [`play`]; [`Error::Usage`] if there are no pictures, or unequally many.
pub fn play_batch<'a, T: Real>(
    graph: &Graph,
    numbers: &dyn Fn(NodeId) -> Option<&'a NodeParams<T>>,
    given: BTreeMap<NodeId, Values<T>>,
    keep: &[NodeId],
) -> Result<BTreeMap<NodeId, Values<T>>> {
    if let Some(unknown) = given.keys().find(|id| id.0 >= graph.nodes.len()) {
        return Err(Error::Usage(format!("there is no node {}", unknown.0)));
    }
    let of_batch = |id: &NodeId| graph.node(*id).op.summed();
    let pictures = given.iter().find(|(id, _)| !of_batch(id)).map_or(0, |(_, values)| values.len());
    if pictures == 0 {
        return Err(Error::Usage("a batch: expected at least one picture".into()));
    }
    for (id, values) in &given {
        let node = graph.node(*id);
        let expected = if of_batch(id) { 1 } else { pictures };
        if values.len() != expected {
            let message = format!("a batch: expected {expected} values of {}, found {}", node.name, values.len());
            return Err(Error::Usage(message));
        }
        if let Some(wrong) = values.iter().find(|value| value.shape != node.shape) {
            return Err(Error::graph(&node.name, format!("expected {}, found {}", node.shape, wrong.shape)));
        }
        if let Some(short) = values.iter().find(|value| value.data.len() != node.shape.elements()) {
            let (expected, found) = (node.shape.elements(), short.data.len());
            return Err(Error::graph(&node.name, format!("expected {expected} numbers, found {found}")));
        }
    }
    let mut last = vec![None; graph.nodes.len()];
    for id in keep {
        let known = last.get_mut(id.0);
        *known.ok_or_else(|| Error::Usage(format!("there is no node {}", id.0)))? = Some(usize::MAX);
    }
    for (id, node) in graph.nodes.iter().enumerate().rev() {
        // What is given needs nothing.
        if last[id].is_some() && !given.contains_key(&NodeId(id)) {
            for input in &node.inputs {
                last[input.0] = last[input.0].max(Some(id));
            }
        }
    }
    let mut values = given;
    for (id, node) in graph.iter().filter(|(id, _)| last[id.0].is_some()) {
        if values.contains_key(&id) {
            continue;
        }
        let inputs: Vec<&Values<T>> = node.inputs.iter().filter_map(|i| values.get(i)).collect();
        if inputs.len() != node.inputs.len() {
            return Err(Error::graph(&node.name, "an input has no value"));
        }
        let numbers = numbers(id);
        // What is one of a batch is the same for every picture.
        let of = |n: usize| inputs.iter().map(|input| &input[if input.len() == 1 { 0 } else { n }]).collect::<Vec<_>>();
        let played = (0..pictures).map(|n| node.op.play(&of(n), numbers, node.shape));
        let played = played.collect::<Result<Values<T>, String>>().map_err(|e| Error::graph(&node.name, e))?;
        debug_assert!(played.iter().all(|value| value.shape == node.shape), "{}", node.name);
        values.insert(id, if node.op.summed() { summed(played) } else { played });
        values.retain(|v, _| last[v.0].is_some_and(|l| l > id.0));
    }
    values.retain(|v, _| last[v.0] == Some(usize::MAX));
    Ok(values)
}

/// The sum, picture by picture.
fn summed<T: Real>(values: Values<T>) -> Values<T> {
    let mut values = values.into_iter();
    let Some(mut sum) = values.next() else { return vec![] };
    for value in values {
        sum.data.iter_mut().zip(value.data).for_each(|(sum, v)| *sum = T::of(sum.wide() + v.wide()));
    }
    vec![sum]
}
