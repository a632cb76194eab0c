//! The pipeline: a graph as loaded becomes one that a device can play, pass by pass, and a plan of where its values lie.

use crate::{
    error::Result,
    graph::{
        fold::fold,
        fuse::fuse,
        ir::{Graph, Params},
        plan::Plan,
        target::Target,
    },
};

/// A rewriting of the graph and its numbers that leaves what is computed as it is.
pub struct Pass {
    /// As `explain --passes` calls it.
    pub name: &'static str,
    /// What it does, in a line.
    pub what: &'static str,
    run: fn(Graph, Params, &Target) -> Result<(Graph, Params)>,
}

/// All passes, in their order. A browser's device is only asked for larger bindings: what it loads has a limit of its own.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "fold",
        what: "batch-norm goes into the convolution before it",
        run: |graph, params, _| fold(graph, params),
    },
    Pass {
        name: "fuse",
        what: "activations, shortcuts and upsamples go into convolutions, three pools and a concat into one SPP",
        run: |graph, params, target| Ok(fuse(graph, params, |origin| target.names(origin))),
    },
    #[cfg(not(target_arch = "wasm32"))]
    Pass {
        name: "bands",
        what: "values that are too large for one binding are cut by channels",
        run: |graph, params, target| Ok(super::bands::bands(graph, params, target.binding)),
    },
];

/// A graph that can be played.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// As it is played.
    pub graph: Graph,
    /// The numbers that go with it.
    pub params: Params,
    /// Steps, and where values lie.
    pub plan: Plan,
}

/// Runs all passes, and plans. Without any numbers ([`Params::default`]) only the graph is rewritten: that is all it takes
/// to know sizes.
///
/// # Errors
/// If the numbers do not fit the graph.
pub fn compile(graph: Graph, params: Params, target: &Target) -> Result<Compiled> {
    compile_watched(graph, params, target, &mut |_, _| ())
}

/// [`compile`], with the graph shown after each pass.
///
/// # Errors
/// See [`compile`].
pub fn compile_watched(
    mut graph: Graph,
    mut params: Params,
    target: &Target,
    seen: &mut dyn FnMut(&Pass, &Graph),
) -> Result<Compiled> {
    for pass in PASSES {
        (graph, params) = (pass.run)(graph, params, target)?;
        seen(pass, &graph);
    }
    let plan = Plan::new(&graph, target);
    Ok(Compiled { graph, params, plan })
}
