//! The two players behind one face.

use std::sync::Arc;

#[cfg(feature = "gpu")]
use crate::gpu::{Program, ProgramInput};
use crate::{
    detect::{
        host_player::{Heads, HostPlayer},
        input::PreparedInput,
    },
    error::{Error, Result},
    graph::{Graph, Keep, NodeId},
    host::{Candidate, Placement, Thresholds},
    tensor::Tensor,
};

/// Who plays a network.
#[derive(Debug)]
pub enum Player {
    /// On wgpu.
    #[cfg(feature = "gpu")]
    Gpu(Box<Program>),
    /// On the host.
    Host(Arc<HostPlayer>),
}

/// A picture, where it lies on the network's canvas, and which of its boxes are kept.
pub(super) type PlacedInput<'a> = (&'a PreparedInput<'a>, Placement, Thresholds);

impl Player {
    /// How many pictures are played at once.
    pub(super) fn batch(&self) -> usize {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => program.batch(),
            Self::Host(_) => 1,
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
            Self::Host(host) => {
                let one = |(picture, placement, thresholds): &PlacedInput<'_>| {
                    Ok(host.boxes(&*host.picture(picture)?, placement, thresholds, wanted)?.0)
                };
                frames.iter().map(one).collect()
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
            Self::Host(host) => host.heads(&*host.picture(picture)?, placement, node),
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
            Self::Host(host) => host.describe().into(),
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

/// Whether it takes pictures.
pub(super) fn check_channels(graph: &Graph) -> Result<()> {
    match graph.input_shape().c {
        1 | 3 => Ok(()),
        c => Err(Error::graph("input", format!("the network takes {c} channels, pictures have 3, or 1"))),
    }
}
