//! The two players behind one face.

use std::{borrow::Cow, collections::BTreeMap};

#[cfg(feature = "cpu")]
use crate::cpu::CpuProgram;
#[cfg(feature = "gpu")]
use crate::gpu::{Program, ProgramInput};
use crate::{
    detect::{input::PreparedInput, options::PlayerChoice},
    error::{Error, Result},
    graph::{Graph, Keep, NodeId, Params},
    host::{Candidate, Picture, Placement, Thresholds},
    model::Model,
    oracle,
    tensor::Tensor,
};

/// Who plays a network.
#[derive(Debug)]
pub enum Player {
    /// On wgpu.
    #[cfg(feature = "gpu")]
    Gpu(Box<Program>),
    /// On the processor, all cores of it.
    #[cfg(feature = "cpu")]
    Cpu(Box<CpuProgram>),
    /// On the CPU, by definition, very slowly.
    Oracle(Params),
}

/// What [`crate::Detector::heads`] brings back.
#[derive(Clone, Debug, PartialEq)]
pub struct Heads {
    /// The network's input `[C, H, W]`.
    pub input: Tensor,
    /// What enters the `[yolo]` layers, in cfg order.
    pub heads: Vec<Tensor>,
    /// The value asked for.
    pub node: Option<Tensor>,
}

/// A picture, where it lies on the network's canvas, and which of its boxes are kept.
pub(super) type PlacedInput<'a> = (&'a PreparedInput<'a>, Placement, Thresholds);

impl Player {
    /// What plays where no GPU does: the processor, or the oracle where that is asked for or nothing else was built.
    pub(super) fn without_gpu(choice: PlayerChoice, network: &Model, params: Params, keep: Keep) -> Result<Self> {
        match choice {
            PlayerChoice::Oracle => Ok(Self::Oracle(params)),
            #[cfg(feature = "cpu")]
            _ => Ok(Self::Cpu(Box::new(CpuProgram::new(&network.graph, params, keep)?))),
            #[cfg(not(feature = "cpu"))]
            _ => {
                let _ = (network, keep);
                Ok(Self::Oracle(params))
            }
        }
    }

    /// How many pictures are played at once.
    pub(super) fn batch(&self) -> usize {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => program.batch(),
            #[cfg(feature = "cpu")]
            Self::Cpu(_) => 1,
            Self::Oracle(_) => 1,
        }
    }

    /// Boxes of each of up to [`Player::batch`] pictures after NMS, best first; `wanted` says of which classes.
    pub(super) async fn detect(
        &mut self,
        graph: &Graph,
        frames: &[PlacedInput<'_>],
        wanted: &[bool],
    ) -> Result<Vec<Vec<Candidate>>> {
        check_channels(graph)?;
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let resampled: Vec<Option<Tensor>> =
                    frames.iter().map(|(picture, placement, _)| resampled(program, picture, placement)).collect();
                let inputs = frames.iter().zip(&resampled).map(|((picture, placement, thresholds), tensor)| {
                    (input(picture, placement, tensor.as_ref()), *thresholds)
                });
                program.want_classes(wanted);
                program.detect_batch(&inputs.collect::<Vec<_>>()).await
            }
            #[cfg(feature = "cpu")]
            Self::Cpu(program) => on_processor(graph, frames, wanted, |input| Ok(program.play(input)?.0)),
            Self::Oracle(params) => {
                on_processor(graph, frames, wanted, |input| Ok(oracle_heads(graph, params, input, None)?.heads))
            }
        }
    }

    pub(super) async fn heads(
        &mut self,
        graph: &Graph,
        picture: &PreparedInput<'_>,
        placement: &Placement,
        node: Option<NodeId>,
    ) -> Result<Heads> {
        check_channels(graph)?;
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let keep: Vec<NodeId> = std::iter::once(NodeId(0)).chain(node).collect();
                let resampled = resampled(program, picture, placement);
                let mut played = program.play(input(picture, placement, resampled.as_ref()), &keep).await?;
                let mut take = |id| {
                    let missing = || Error::Usage("the program was not built to keep this value".into());
                    played.nodes.get(&id).cloned().ok_or_else(missing)
                };
                let (input, node) = (take(NodeId(0))?, node.map(&mut take).transpose()?);
                Ok(Heads { input, heads: std::mem::take(&mut played.heads), node })
            }
            #[cfg(feature = "cpu")]
            Self::Cpu(program) => {
                let input = placement.resample(&*on_host(picture)?);
                let (heads, mut kept) = program.play(&input)?;
                let missing = || Error::Usage("the program was not built to keep this value".into());
                let node = node.map(|node| kept.remove(&node).ok_or_else(missing)).transpose()?;
                Ok(Heads { input, heads, node })
            }
            Self::Oracle(params) => oracle_heads(graph, params, &placement.resample(&*on_host(picture)?), node),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let report = program.gpu().report();
                let software = if report.software { ", SOFTWARE ADAPTER: correct, and slow" } else { "" };
                format!("{} ({}, {}{software})", report.name, report.backend, program.precision().name())
            }
            #[cfg(feature = "cpu")]
            Self::Cpu(_) => "the processor (f32, all cores)".into(),
            Self::Oracle(_) => "the oracle (CPU, f64: correct, and very slow)".into(),
        }
    }
}

/// Values besides the heads that [`Player::heads`] needs kept.
pub(super) fn keep(heads: bool, node: Option<NodeId>) -> Keep {
    if heads { Keep::Nodes(std::iter::once(NodeId(0)).chain(node).collect()) } else { Keep::Heads }
}

/// A picture that is too large for a texture is resampled on the host; from there on it is the same.
#[cfg(feature = "gpu")]
fn resampled(program: &Program, picture: &PreparedInput<'_>, placement: &Placement) -> Option<Tensor> {
    let most = program.gpu().device().limits().max_texture_dimension_2d as usize;
    match picture {
        PreparedInput::Picture(picture) if picture.width.max(picture.height) > most => {
            Some(placement.resample(picture))
        }
        _ => None,
    }
}

#[cfg(feature = "gpu")]
fn input<'a>(
    picture: &'a PreparedInput<'a>,
    placement: &'a Placement,
    resampled: Option<&'a Tensor>,
) -> ProgramInput<'a> {
    match (resampled, picture) {
        (Some(tensor), _) => ProgramInput::Tensor(tensor),
        (None, PreparedInput::Picture(picture)) => ProgramInput::Picture(picture, placement),
        (None, PreparedInput::Frame(frame)) => ProgramInput::Frame(frame, placement),
        (None, PreparedInput::Texture(view)) => ProgramInput::Texture(view, placement),
    }
}

/// The picture for the oracle.
fn on_host<'a>(picture: &'a PreparedInput<'_>) -> Result<Cow<'a, Picture>> {
    match picture {
        PreparedInput::Picture(picture) => Ok(Cow::Borrowed(picture)),
        PreparedInput::Frame(frame) => Ok(Cow::Owned(oracle::to_rgba(frame))),
        #[cfg(feature = "gpu")]
        PreparedInput::Texture(_) => Err(Error::Usage("a texture is on the GPU, and the processor plays".into())),
    }
}

/// Boxes of each picture by whoever plays without a GPU: `heads` is that player.
fn on_processor(
    graph: &Graph,
    frames: &[PlacedInput<'_>],
    wanted: &[bool],
    heads: impl Fn(&Tensor) -> Result<Vec<Tensor>>,
) -> Result<Vec<Vec<Candidate>>> {
    let one = |(picture, placement, thresholds): &PlacedInput<'_>| {
        let heads = heads(&placement.resample(&*on_host(picture)?))?;
        let found = oracle::decode(graph, &heads, thresholds.score_threshold, wanted);
        Ok(oracle::nms(found, thresholds))
    };
    frames.iter().map(one).collect()
}

fn check_channels(graph: &Graph) -> Result<()> {
    match graph.input_shape().c {
        1 | 3 => Ok(()),
        c => Err(Error::graph("input", format!("the network takes {c} channels, pictures have 3, or 1"))),
    }
}

fn oracle_heads(graph: &Graph, params: &Params, input: &Tensor, node: Option<NodeId>) -> Result<Heads> {
    let ids: Vec<NodeId> = graph.heads.iter().map(|h| h.input).chain(node).collect();
    let values: BTreeMap<NodeId, Tensor> = oracle::play(graph, params, input, &ids)?;
    let get = |id: NodeId| values.get(&id).cloned().ok_or_else(|| Error::graph(&graph.node(id).name, "has no value"));
    let heads = graph.heads.iter().map(|h| get(h.input)).collect::<Result<_>>()?;
    Ok(Heads { input: input.clone(), heads, node: node.map(get).transpose()? })
}
