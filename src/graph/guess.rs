//! What a class of cards would make of a network, unmeasured: the rung of every convolution, and the time that it was chosen by.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use crate::{
    graph::{
        ir::Graph,
        plan::{Plan, Step},
    },
    kernels::{
        Precision,
        conv::{Caps, CardClass, Variant},
    },
};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GuessedStep {
    /// The node's number.
    pub node: usize,
    /// The node's name.
    pub name: String,
    /// What it does.
    pub op: String,
    /// Channels, rows and columns of what it writes.
    pub shape: [usize; 3],
    /// Of a convolution.
    pub rung: Option<&'static str>,
    /// Microseconds of every rung that it was chosen from.
    pub rungs: BTreeMap<&'static str, f64>,
    /// Operations by definition of a convolution, two a multiply-add.
    pub flop: f64,
    /// Microseconds, the gap before the next step included.
    pub us: f64,
}

/// A frame, boxes aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guess {
    /// Of which cards.
    pub class: CardClass,
    /// How values are stored.
    pub precision: &'static str,
    /// The steps of the plan.
    pub steps: Vec<GuessedStep>,
    /// Milliseconds of the convolutions.
    pub convolutions_ms: f64,
    /// Milliseconds of all steps.
    pub total_ms: f64,
}

impl Guess {
    /// Of a graph as it is played, one picture at a time; `binding` is the largest storage binding in bytes, where that is less than a card's.
    pub fn new(graph: &Graph, plan: &Plan, precision: Precision, class: CardClass, binding: Option<usize>) -> Self {
        let caps = Caps::of(class, precision);
        let caps = Caps { binding: binding.unwrap_or(caps.binding), ..caps };
        let steps: Vec<GuessedStep> = plan.steps.iter().map(|step| guess(graph, step, &caps)).collect();
        let ms = |of: &dyn Fn(&&GuessedStep) -> bool| steps.iter().filter(of).map(|step| step.us).sum::<f64>() / 1e3;
        let (convolutions_ms, total_ms) = (ms(&|step| step.rung.is_some()), ms(&|_| true));
        Self { class, precision: precision.name(), steps, convolutions_ms, total_ms }
    }

    /// A line a step, then the sums.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{:>4}  {:<34} {:<34} {:>16} {:<13} {:>9} {:>9}",
            "node", "name", "op", "shape", "rung", "us", "TFLOP/s"
        );
        for step in &self.steps {
            let [c, h, w] = step.shape;
            let rate = if step.rung.is_some() { format!("{:.1}", step.flop / step.us / 1e6) } else { String::new() };
            let _ = writeln!(
                out,
                "{:>4}  {:<34} {:<34} {:>16} {:<13} {:>9.1} {rate:>9}",
                step.node,
                step.name,
                step.op,
                format!("{c}x{h}x{w}"),
                step.rung.unwrap_or_default(),
                step.us
            );
        }
        let (count, convolutions) = (self.steps.len(), self.steps.iter().filter(|s| s.rung.is_some()).count());
        let _ = writeln!(
            out,
            "\nA guess from what makers publish of such cards, and a latency that is assumed, to choose rungs by: `yolov4 bench` measures.\n\
             {convolutions} convolutions {:.2} ms, {} other steps {:.2} ms\ntotal {:.2} ms",
            self.convolutions_ms,
            count - convolutions,
            self.total_ms - self.convolutions_ms,
            self.total_ms
        );
        out
    }

    /// The same as JSON.
    pub fn json(&self) -> String {
        // Strings and finite numbers only: nothing here can fail to serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

fn guess(graph: &Graph, step: &Step, caps: &Caps) -> GuessedStep {
    let node = graph.node(step.node);
    let problem = step.problem(graph, 1);
    let guesses = problem.map_or_else(Vec::new, |problem| Variant::guesses(&problem, caps));
    let chosen = problem.map(|problem| (problem, Variant::choose(&problem, caps)));
    let us = match &chosen {
        Some((problem, rung)) => rung.micros(problem, caps),
        None => {
            let vectors: usize = step.reads.iter().chain([&step.write]).map(|view| view.shape.vectors()).sum();
            caps.class.moving(vectors * caps.vector())
        }
    };
    GuessedStep {
        node: step.node.0,
        name: node.name.clone(),
        op: node.op.describe(),
        shape: [step.write.shape.c, step.write.shape.h, step.write.shape.w],
        rung: chosen.map(|(_, rung)| rung.name()),
        rungs: guesses.into_iter().map(|(rung, us)| (rung.name(), us)).collect(),
        flop: chosen.map_or(0.0, |(problem, _)| problem.flop()),
        us,
    }
}
