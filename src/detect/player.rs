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

    /// Begins with up to [`Player::batch`] pictures, where a GPU plays: nothing is waited for. `wanted` says which classes are.
    pub(super) async fn begin(&mut self, graph: &Graph, frames: &[PlacedInput<'_>], wanted: &[bool]) -> Result<()> {
        check_channels(graph)?;
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let resampled = all_resampled(program, frames);
                program.want_classes(wanted);
                program.begin_detect(&program_inputs(frames, &resampled)).await
            }
            Self::Host(_) => {
                let _ = (frames, wanted);
                Ok(())
            }
        }
    }

    /// Brings the pictures that are begun with next to the GPU, while it is busy.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) async fn upload_ahead(&mut self, frames: &[PlacedInput<'_>]) -> Result<()> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let resampled = all_resampled(program, frames);
                let inputs: Vec<_> = program_inputs(frames, &resampled).into_iter().map(|(input, _)| input).collect();
                program.upload_ahead(&inputs).await
            }
            Self::Host(_) => {
                let _ = frames;
                Ok(())
            }
        }
    }

    /// Boxes of each of the pictures that were begun with, after NMS, best first.
    pub(super) async fn finish(&mut self, frames: &[PlacedInput<'_>], wanted: &[bool]) -> Result<Vec<Vec<Candidate>>> {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => {
                let thresholds: Vec<Thresholds> = frames.iter().map(|(_, _, thresholds)| *thresholds).collect();
                program.finish_detect(&thresholds).await
            }
            Self::Host(host) => {
                let one = |(picture, placement, thresholds): &PlacedInput<'_>| {
                    Ok(host.boxes(&*host.picture(picture)?, placement, thresholds, wanted)?.0)
                };
                frames.iter().map(one).collect()
            }
        }
    }

    /// Forgets what was brought to the GPU ahead of time.
    pub(super) fn forget_ahead(&mut self) {
        match self {
            #[cfg(feature = "gpu")]
            Self::Gpu(program) => program.forget_ahead(),
            Self::Host(_) => {}
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
                let mut played = program.play(input(picture, placement, resampled.as_deref()), &keep).await?;
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

/// A picture that is too large for a texture is resampled on the host, for each look; from there on it is the same.
#[cfg(feature = "gpu")]
fn resampled(program: &Program, picture: &PreparedInput<'_>, placement: &Placement) -> Option<Vec<Tensor>> {
    let most = program.gpu().device().limits().max_texture_dimension_2d as usize;
    match picture {
        PreparedInput::Picture(picture) if picture.width.max(picture.height) > most => {
            Some(program.looks().iter().map(|look| placement.seen_by(look).resample(picture)).collect())
        }
        _ => None,
    }
}

#[cfg(feature = "gpu")]
fn all_resampled(program: &Program, frames: &[PlacedInput<'_>]) -> Vec<Option<Vec<Tensor>>> {
    frames.iter().map(|(picture, placement, _)| resampled(program, picture, placement)).collect()
}

#[cfg(feature = "gpu")]
fn program_inputs<'a>(
    frames: &'a [PlacedInput<'a>],
    resampled: &'a [Option<Vec<Tensor>>],
) -> Vec<(ProgramInput<'a>, Thresholds)> {
    let one = |((picture, placement, thresholds), looks): (&'a PlacedInput<'a>, &'a Option<Vec<Tensor>>)| {
        (input(picture, placement, looks.as_deref()), *thresholds)
    };
    frames.iter().zip(resampled).map(one).collect()
}

#[cfg(feature = "gpu")]
fn input<'a>(
    picture: &'a PreparedInput<'a>,
    placement: &'a Placement,
    resampled: Option<&'a [Tensor]>,
) -> ProgramInput<'a> {
    match (resampled, picture) {
        (Some(looks), _) => ProgramInput::Looks(looks),
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
