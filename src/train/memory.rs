//! How many pictures are played at once, and how much is computed again, so that a training has room.

use crate::{
    error::{Error, Result},
    gpu::{Gpu, PlannedTraining, TrainProgram},
    graph::{Graph, NodeId, backward::GradientRequest, recompute::Recompute},
};

/// How a training has room on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Pictures that are played at once.
    pub mini: usize,
    /// What is computed again.
    pub recompute: Recompute,
    /// What that needs.
    pub planned: PlannedTraining,
}

/// Segments that are tried, the fewest that fit are taken: with more of them more is played twice.
const SEGMENTS: [usize; 9] = [2, 3, 4, 6, 8, 12, 16, 24, 32];

/// How so many pictures a batch have room on a device, within so many bytes of values: as many at once as there is room for where only what is cheap is computed
/// again, or as many as are asked for; and if there is no room for those, with more computed again.
///
/// # Errors
/// [`Error::Limit`] if there is no room at all; as [`TrainProgram::planned`].
pub fn plan_memory(
    gpu: &Gpu,
    graph: &Graph,
    frozen: usize,
    (batch, mini): (usize, Option<usize>),
    memory: u64,
) -> Result<MemoryPlan> {
    let trained = trained(graph, frozen);
    let request = GradientRequest { trained: &trained, input: false };
    let plan = |mini: usize, recompute: Recompute| {
        let planned = TrainProgram::planned(gpu, graph, &request, mini, recompute)?;
        Ok::<_, Error>(MemoryPlan { mini, recompute, planned })
    };
    let fits = |room: &MemoryPlan| room.planned.bytes <= memory && room.planned.fits;
    if mini.is_none() {
        for mini in (1..=batch).rev().filter(|mini| batch.is_multiple_of(*mini)) {
            let room = plan(mini, Recompute::Cheap)?;
            if fits(&room) {
                return Ok(room);
            }
        }
    }
    let mini = mini.unwrap_or(1);
    let ways = [Recompute::Cheap].into_iter().chain(SEGMENTS.map(Recompute::Segments));
    let mut least: Option<PlannedTraining> = None;
    for recompute in ways {
        let room = plan(mini, recompute)?;
        if fits(&room) {
            return Ok(room);
        }
        if least.is_none_or(|least| room.planned.bytes < least.bytes) {
            least = Some(room.planned);
        }
    }
    let Some(least) = least else { return Err(Error::Usage("a batch of 0 pictures: expected 1 or more".into())) };
    let megabytes = |bytes: u64| format!("{:.3} MB", bytes as f64 / 1e6);
    let (binding, row) = (gpu.binding_bytes(), gpu.workgroups_in_a_row());
    let (needed, allowed) = match least {
        least if least.largest > binding => {
            (format!("{} in one binding", megabytes(least.largest)), megabytes(binding))
        }
        least if least.workgroups > row => (format!("{} workgroups in a row", least.workgroups), row.to_string()),
        least => (megabytes(least.bytes), megabytes(memory)),
    };
    Err(Error::Limit {
        node: "training".into(),
        what: if mini == 1 { "one picture at once".into() } else { format!("{mini} pictures at once") },
        needed,
        allowed,
        hint: "; try a smaller size, fewer at once, or to freeze more layers".into(),
    })
}

/// Whether a node of a graph as loaded is trained where so many of the first layers stay as they are.
pub fn trained(graph: &Graph, frozen: usize) -> impl Fn(NodeId) -> bool + '_ {
    move |id: NodeId| graph.node(id).layer.is_none_or(|layer| layer >= frozen)
}
