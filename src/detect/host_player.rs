//! Who plays without a GPU: the processor, or the oracle. May be asked from several threads at once.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use web_time::Instant;

#[cfg(feature = "cpu")]
use crate::cpu::{CpuProgram, by_rows};
use crate::{
    detect::{input::PreparedInput, options::PlayerChoice},
    error::{Error, Result},
    graph::{Graph, Keep, NodeId, Params},
    host::{Candidate, Frame, Look, Picture, Placement, Thresholds},
    model::Model,
    oracle,
    task::Steps,
    tensor::Tensor,
};

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

/// A network on the host.
#[derive(Debug)]
pub struct HostPlayer {
    /// As loaded.
    graph: Graph,
    /// At every picture.
    looks: Vec<Look>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    #[cfg(feature = "cpu")]
    Cpu(Box<CpuProgram>),
    Oracle(Params),
}

/// What was found in a picture, best first, and how long the picture's way in, the network and the boxes took.
pub type TimedBoxes = (Vec<Candidate>, [Duration; 3]);

impl HostPlayer {
    /// The processor, or the oracle where that is asked for or nothing else was built; `tta`: with all looks at a picture. `progress` is told of what is packed.
    ///
    /// # Errors
    /// [`Error::Graph`] if the numbers do not fit the graph.
    pub fn new(
        choice: PlayerChoice,
        network: &Model,
        params: Params,
        keep: Keep,
        tta: bool,
        progress: &mut Steps<'_>,
    ) -> Result<Self> {
        let graph = network.graph.clone();
        let work = match choice {
            PlayerChoice::Oracle => Work::Oracle(params),
            #[cfg(feature = "cpu")]
            _ => Work::Cpu(Box::new(CpuProgram::new(&graph, params, keep, progress)?)),
            #[cfg(not(feature = "cpu"))]
            _ => {
                let _ = (keep, progress);
                Work::Oracle(params)
            }
        };
        let looks = Look::all(graph.canvas(), tta);
        Ok(Self { graph, looks, work })
    }

    /// Boxes of a picture after NMS; `wanted` says of which classes.
    ///
    /// # Errors
    /// [`Error::Graph`] if the network takes no pictures.
    pub fn boxes(
        &self,
        picture: &Picture,
        placement: &Placement,
        thresholds: &Thresholds,
        wanted: &[bool],
    ) -> Result<TimedBoxes> {
        let mut passes = [Duration::ZERO; 3];
        let (mut found, mut boxes) = (Vec::new(), 0);
        let mut now = Instant::now();
        let mut lap = |pass: &mut Duration| *pass += std::mem::replace(&mut now, Instant::now()).elapsed();
        for look in &self.looks {
            let input = self.resample(picture, &placement.seen_by(look));
            lap(&mut passes[0]);
            let (heads, _) = self.play(&input, None)?;
            lap(&mut passes[1]);
            let seen = oracle::decode(&self.graph, &heads, thresholds.score_threshold, wanted);
            found.extend(seen.into_iter().map(|c| look.undo(Candidate { index: c.index + boxes, ..c })));
            // The boxes of all looks are one list from here on.
            boxes += self.graph.heads.iter().zip(&heads).map(|(h, t)| h.anchors.len() * t.shape.pixels()).sum::<usize>()
                as u32;
            lap(&mut passes[2]);
        }
        let kept = oracle::nms(found, thresholds);
        lap(&mut passes[2]);
        tracing::debug!(resample = ?passes[0], network = ?passes[1], boxes = ?passes[2], "a picture was played");
        Ok((kept, passes))
    }

    /// What enters the `[yolo]` layers for a picture, and the value of `node`, if it was kept.
    ///
    /// # Errors
    /// As [`HostPlayer::boxes`]; [`Error::Usage`] if the value was not kept.
    pub fn heads(&self, picture: &Picture, placement: &Placement, node: Option<NodeId>) -> Result<Heads> {
        let input = self.resample(picture, placement);
        let (heads, node) = self.play(&input, node)?;
        Ok(Heads { input, heads, node })
    }

    /// The pixels of what is to be looked at.
    ///
    /// # Errors
    /// [`Error::Usage`] for a texture.
    pub(super) fn picture<'a>(&self, input: &'a PreparedInput<'_>) -> Result<Cow<'a, Picture>> {
        match input {
            PreparedInput::Picture(picture) => Ok(Cow::Borrowed(picture)),
            PreparedInput::Frame(frame) => Ok(Cow::Owned(self.to_rgba(frame))),
            #[cfg(feature = "gpu")]
            PreparedInput::Texture(_) => Err(Error::Usage("a texture is on the GPU, and the processor plays".into())),
        }
    }

    /// The pixels of a frame.
    pub fn to_rgba(&self, frame: &Frame) -> Picture {
        match &self.work {
            #[cfg(feature = "cpu")]
            Work::Cpu(_) => {
                let (width, height) = (frame.width, frame.height);
                let mut rgba = vec![0; width * height * 4];
                by_rows(&mut rgba, width * 4, |y, row| oracle::to_rgba_row(frame, y, row));
                Picture { width, height, rgba }
            }
            Work::Oracle(_) => oracle::to_rgba(frame),
        }
    }

    /// Who plays, in words.
    pub fn describe(&self) -> &'static str {
        match &self.work {
            #[cfg(feature = "cpu")]
            Work::Cpu(_) => "the processor (f32, all cores)",
            Work::Oracle(_) => "the oracle (CPU, f64: correct, and very slow)",
        }
    }

    fn resample(&self, picture: &Picture, placement: &Placement) -> Tensor {
        match &self.work {
            #[cfg(feature = "cpu")]
            Work::Cpu(_) => {
                let mut canvas = placement.empty();
                let (rows, columns) = (canvas.shape.h, canvas.shape.w);
                by_rows(&mut canvas.data, columns, |number, row| {
                    placement.resample_row(picture, number / rows, number % rows, row);
                });
                canvas
            }
            Work::Oracle(_) => placement.resample(picture),
        }
    }

    /// The heads, and the value of `node`.
    pub fn play(&self, input: &Tensor, node: Option<NodeId>) -> Result<(Vec<Tensor>, Option<Tensor>)> {
        match &self.work {
            #[cfg(feature = "cpu")]
            Work::Cpu(program) => {
                let (heads, mut kept) = program.play(input)?;
                let missing = || Error::Usage("the program was not built to keep this value".into());
                Ok((heads, node.map(|node| kept.remove(&node).ok_or_else(missing)).transpose()?))
            }
            Work::Oracle(params) => by_oracle(&self.graph, params, input, node),
        }
    }
}

/// The heads, and the value of `node`.
fn by_oracle(
    graph: &Graph,
    params: &Params,
    input: &Tensor,
    node: Option<NodeId>,
) -> Result<(Vec<Tensor>, Option<Tensor>)> {
    let ids: Vec<NodeId> = graph.heads.iter().map(|h| h.input).chain(node).collect();
    let values: BTreeMap<NodeId, Tensor> = oracle::play(graph, params, input, &ids)?;
    let get = |id: NodeId| values.get(&id).cloned().ok_or_else(|| Error::graph(&graph.node(id).name, "has no value"));
    let heads = graph.heads.iter().map(|h| get(h.input)).collect::<Result<_>>()?;
    Ok((heads, node.map(get).transpose()?))
}
