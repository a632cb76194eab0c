//! The fold pass: batch-norm disappears into the convolution before it (`w * g`, `beta - mean * g`, with
//! `g = gamma / sqrt(var + eps)`, in f64); where there is none before it, it becomes a 1x1 depthwise convolution.

use crate::{
    error::{Error, Result},
    graph::{
        ir::{Graph, NodeId, Params},
        rewrite::Rewrite,
    },
    ops::{Conv, Epilogue, NodeParams, Op},
};

/// A graph without [`Op::BatchNorm`], and the parameters that go with it; of a graph without any ([`Params::default`]) the
/// structure alone.
///
/// # Errors
/// If a batch-norm, or the convolution before it, has no parameters, or not one number per channel.
pub fn fold(graph: Graph, params: Params) -> Result<(Graph, Params)> {
    let (uses, numbered) = (graph.uses(), !params.0.is_empty());
    let mut rewrite = Rewrite::new(graph, params);
    for i in 0..rewrite.nodes.len() {
        if !matches!(rewrite.nodes[i].op, Op::BatchNorm) {
            continue;
        }
        let bn = NodeId(i);
        let affine = if numbered { Some(affine(&rewrite, bn)?) } else { None };
        let before = rewrite.nodes[i].inputs[0];
        let alone = uses[before.0] == 1;
        if let Op::Conv(conv) = &mut rewrite.nodes[before.0].op
            && conv.epilogue == Epilogue::NONE
            && alone
        {
            conv.bias = true;
            rewrite.nodes[before.0].origin = bn;
            if let Some(affine) = affine {
                scale(&mut rewrite, before, affine)?;
            }
            rewrite.replace(bn, before);
        } else {
            let channels = rewrite.nodes[i].shape.c;
            rewrite.nodes[i].op = Op::Conv(Conv {
                filters: channels,
                size: 1,
                stride_y: 1,
                stride_x: 1,
                pad: 0,
                dilation: 1,
                groups: channels,
                bias: true,
                epilogue: Epilogue::NONE,
            });
            rewrite.params.0[i] = affine.map(|(gain, bias)| NodeParams::Conv {
                weights: gain.iter().map(|g| *g as f32).collect(),
                bias: Some(bias.iter().map(|b| *b as f32).collect()),
            });
        }
    }
    Ok(rewrite.finish())
}

/// Multiplies the filters of a convolution by their gains, and adds the offsets to its bias.
fn scale(rewrite: &mut Rewrite, id: NodeId, (gain, offset): (Vec<f64>, Vec<f64>)) -> Result<()> {
    let Some(Some(NodeParams::Conv { weights, bias })) = rewrite.params.0.get_mut(id.0) else {
        return Err(Error::graph(&rewrite.nodes[id.0].name, "has no weights"));
    };
    let row = (weights.len() / gain.len()).max(1);
    for (row, g) in weights.chunks_mut(row).zip(&gain) {
        row.iter_mut().for_each(|w| *w = (f64::from(*w) * g) as f32);
    }
    let sums = bias.take().unwrap_or_else(|| vec![0.0; gain.len()]);
    *bias = Some(sums.iter().zip(&gain).zip(&offset).map(|((o, g), b)| (f64::from(*o) * g + b) as f32).collect());
    Ok(())
}

/// Gain and offset per channel.
fn affine(rewrite: &Rewrite, id: NodeId) -> Result<(Vec<f64>, Vec<f64>)> {
    let node = &rewrite.nodes[id.0];
    let Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps }) = rewrite.params.get(id) else {
        return Err(Error::graph(&node.name, "has no batch-norm parameters"));
    };
    let c = node.shape.c;
    if [beta, gamma, mean, var].iter().any(|v| v.len() != c) {
        return Err(Error::graph(&node.name, format!("expected {c} batch-norm parameters of each kind")));
    }
    let gain: Vec<f64> =
        gamma.iter().zip(var).map(|(g, v)| f64::from(*g) / (f64::from(*v) + f64::from(*eps)).sqrt()).collect();
    let bias = beta.iter().zip(mean).zip(&gain).map(|((b, m), g)| f64::from(*b) - f64::from(*m) * g).collect();
    Ok((gain, bias))
}
