//! A network under the calculator: what every stage and node costs, and the time that it takes beside the least that the roofs allow.

use std::{collections::BTreeMap, path::PathBuf};

use yolov4::{
    Error, Precision, Result, TuneChoice,
    low_level::{
        gpu::Roof,
        graph::{
            Graph, NodeId,
            plan::Plan,
            reach::{Reach, reaches},
        },
        model::{CfgOptions, Model},
    },
};

use super::sheet::{Cell, Sheet};
use crate::{
    bench::{
        machines::{BackendChoice, choose},
        nodes::{self},
        roofs::Roofs,
        run::{Case, Settings, dispatches},
        weights,
    },
    explain, options, output,
};

/// Which network, and on what it is timed.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "A network under the calculator")]
pub struct NetworkArgs {
    /// Instead of the paper's tables: every stage and node of this network, a name or a file, as --model of `yolov4 detect` takes it
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<PathBuf>,
    /// Columns and rows of the network's input instead of its own; several with --drop-stages
    #[arg(long, value_name = "W[xH],..", value_delimiter = ',', value_parser = options::size, requires = "model")]
    pub size: Vec<(usize, usize)>,
    /// Instead of stages and nodes: the network without so many of its coarsest stages, at each size (section 5.5)
    #[arg(long, value_name = "N,..", value_delimiter = ',', requires = "model")]
    pub drop_stages: Vec<usize>,
    /// How values and weights are stored on the GPU
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    pub precision: Precision,
    /// Only what can be counted: nothing is timed
    #[arg(long, requires = "model")]
    pub unmeasured: bool,
    /// Only this back end
    #[arg(long, value_enum, conflicts_with = "unmeasured")]
    pub backend: Option<BackendChoice>,
    /// Part of the adapter's name, or its number in `yolov4 adapters`
    #[arg(long, value_name = "NAME", conflicts_with = "unmeasured")]
    pub adapter: Option<String>,
    /// Whether kernels are measured first: which are the fastest here, once; what was found is kept in the cache folder
    #[arg(long, value_enum, default_value_t = TuneChoice::Auto, conflicts_with = "unmeasured")]
    pub tune: TuneChoice,
}

impl NetworkArgs {
    /// Refuses options of a measurement where nothing is measured.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the option.
    pub fn check_alone(&self) -> Result<()> {
        let given = [
            ("--precision", self.precision != Precision::F32),
            ("--backend", self.backend.is_some()),
            ("--adapter", self.adapter.is_some()),
            ("--tune", self.tune != TuneChoice::Auto),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Error::Usage(format!("{option} is for --model and --fit"))),
            None => Ok(()),
        }
    }
}

/// What a node, or several, cost.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    macs: u64,
    parameters: u64,
    /// Bytes of its value.
    activations: u64,
    /// Read and written, weights included, everything once.
    bytes: u64,
    /// Input times output channels of convolutions.
    cio: u64,
    /// Milliseconds; zero where nothing was timed.
    ms: f64,
    /// The least that the roofs allow, node by node.
    least_ms: f64,
}

impl Work {
    fn add(&mut self, other: &Self) {
        self.macs += other.macs;
        self.parameters += other.parameters;
        self.activations += other.activations;
        self.bytes += other.bytes;
        self.cio += other.cio;
        self.ms += other.ms;
        self.least_ms += other.least_ms;
    }

    fn cells(&self, reach: Reach, timed: bool) -> Vec<Cell> {
        let kilo = |bytes: u64| Cell::Number(1e-3 * bytes as f64, 1);
        let mut cells = vec![
            Cell::Number(1e-6 * self.macs as f64, 1),
            Cell::Count(self.parameters),
            kilo(self.activations),
            kilo(self.bytes),
            Cell::Number(2.0 * self.macs as f64 / self.bytes.max(1) as f64, 1),
            Cell::Count(self.cio),
            Cell::Count(reach.field),
        ];
        if timed {
            cells.push(Cell::Number(self.least_ms, 3));
            cells.push(Cell::Number(self.ms, 3));
            cells.push(Cell::maybe((self.ms > 0.0).then(|| 100.0 * self.least_ms / self.ms), 0));
        }
        cells
    }
}

const COSTS: [&str; 7] = ["MMAC", "parameters", "value, kB", "moved, kB", "FLOP/byte", "CIO", "receptive field"];
const TIMES: [&str; 3] = ["least, ms", "took, ms", "of the roof, %"];

/// What was timed.
struct Timed {
    adapter: String,
    roof: Roof,
    /// Milliseconds by node.
    ms: BTreeMap<NodeId, f64>,
}

/// A network as it is played.
struct Subject<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    precision: Precision,
    timed: Option<Timed>,
}

/// Both tables, stages first.
///
/// # Errors
/// Whatever keeps the network from being loaded or played.
pub async fn sheets(model: &PathBuf, args: &NetworkArgs) -> Result<Vec<Sheet>> {
    if args.size.len() > 1 {
        return Err(Error::Usage("--size: several are for --drop-stages".into()));
    }
    let size = args.size.first().copied();
    let network = Model::open(model, &CfgOptions { size, ..CfgOptions::default() })?;
    network.notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let title = model.display().to_string();
    if args.unmeasured {
        let compiled = explain::prepare(&network, None)?;
        let subject = Subject { graph: &compiled.graph, plan: &compiled.plan, precision: args.precision, timed: None };
        return Ok(subject.sheets(&title));
    }
    let machines = choose(args.backend, args.adapter.as_deref()).await?;
    let mut all = vec![];
    let mut roofs = Roofs::new(false);
    for machine in &machines {
        let roof = roofs.of(machine).await?;
        let weights = weights::at_hand(model, &network, 0);
        let size = args.size.first().copied();
        let case = Case { model, size, drop_stages: 0, weights: &weights, precision: args.precision, machine };
        let settings = Settings { batch: 1, frames: FRAMES, warmup: 2, nodes: true, dispatches: true, tune: args.tune };
        let (detector, times) = dispatches(&case, &settings).await?;
        let program = detector.program()?;
        let mut ms: BTreeMap<NodeId, f64> = BTreeMap::new();
        for ((id, _), time) in program.calls().zip(&times) {
            *ms.entry(id).or_default() += time;
        }
        let adapter = program.gpu().report().name.clone();
        let timed = (!ms.is_empty()).then_some(Timed { adapter, roof, ms });
        let subject = Subject { graph: program.graph(), plan: program.plan(), precision: args.precision, timed };
        all.extend(subject.sheets(&title));
    }
    Ok(all)
}

/// Frames whose median counts.
const FRAMES: usize = 7;

impl Subject<'_> {
    fn work(&self) -> BTreeMap<NodeId, Work> {
        let bytes = nodes::bytes(self.graph, self.plan, self.precision, 1);
        let of = |(id, moved): (NodeId, usize)| {
            let node = self.graph.node(id);
            let counts = self.graph.counts(id);
            let cio = node.op.conv().map_or(0, |conv| {
                let input = node.inputs.first().map_or(0, |input| self.graph.node(*input).shape.c);
                input / conv.groups * conv.filters
            });
            let mut work = Work {
                macs: counts.macs,
                parameters: (counts.folded.0 + counts.folded.1) as u64,
                activations: (node.shape.elements() * self.precision.bytes()) as u64,
                bytes: moved as u64,
                cio: cio as u64,
                ..Work::default()
            };
            if let Some(timed) = &self.timed {
                work.ms = timed.ms.get(&id).copied().unwrap_or(0.0);
                work.least_ms = timed.roof.least_ms(self.precision, 2.0 * counts.macs as f64, moved as f64);
            }
            (id, work)
        };
        bytes.into_iter().map(of).collect()
    }

    fn sheets(&self, title: &str) -> Vec<Sheet> {
        let (work, reaches) = (self.work(), reaches(self.graph));
        let on = match &self.timed {
            Some(timed) => format!(" on {}", timed.adapter),
            None => String::new(),
        };
        let input = self.graph.input_shape();
        let of = format!("{title} at {}x{}, {}{on}", input.w, input.h, self.precision.name());
        vec![self.stages(&of, &work, &reaches), self.nodes(&of, &work, &reaches)]
    }

    fn columns(&self, first: &[&'static str]) -> Vec<&'static str> {
        let times = if self.timed.is_some() { TIMES.as_slice() } else { &[] };
        first.iter().chain(&COSTS).chain(times).copied().collect()
    }

    /// A stage is what lies between two changes of stride.
    fn stages(&self, of: &str, work: &BTreeMap<NodeId, Work>, reaches: &[Reach]) -> Sheet {
        let mut sheet = Sheet::new(
            "stages",
            format!("{of}: stages, from one change of stride to the next"),
            &self.columns(&["stage", "stride", "map", "nodes"]),
        );
        let mut stages: Vec<(Reach, NodeId, usize, Work)> = vec![];
        for (id, work) in work {
            let Some(reach) = reaches.get(id.0).copied() else { continue };
            match stages.last_mut().filter(|(last, ..)| last.step == reach.step) {
                Some((last, _, count, sum)) => {
                    last.field = last.field.max(reach.field);
                    *count += 1;
                    sum.add(work);
                }
                None => stages.push((reach, *id, 1, *work)),
            }
        }
        let mut all = Work::default();
        for (number, (reach, id, count, sum)) in stages.iter().enumerate() {
            all.add(sum);
            let shape = self.graph.node(*id).shape;
            let first = [
                Cell::Count(number as u64 + 1),
                Cell::Number(reach.step, 0),
                format!("{}x{}", shape.w, shape.h).into(),
                Cell::Count(*count as u64),
            ];
            sheet.row(first.into_iter().chain(sum.cells(*reach, self.timed.is_some())));
        }
        let far = Reach { field: reaches.iter().map(|reach| reach.field).max().unwrap_or(0), step: 0.0 };
        let first = ["all".into(), Cell::Nothing, Cell::Nothing, Cell::Count(work.len() as u64)];
        sheet.row(first.into_iter().chain(all.cells(far, self.timed.is_some())));
        self.argument(work).into_iter().for_each(|note| sheet.note(note));
        sheet
    }

    fn nodes(&self, of: &str, work: &BTreeMap<NodeId, Work>, reaches: &[Reach]) -> Sheet {
        let mut sheet = Sheet::new(
            "nodes",
            format!("{of}: nodes as they are played"),
            &self.columns(&["node", "name", "op", "shape"]),
        );
        for (id, work) in work {
            let (node, Some(reach)) = (self.graph.node(*id), reaches.get(id.0)) else { continue };
            let first = [
                Cell::Count(id.0 as u64),
                node.label().into(),
                node.op.describe().into(),
                node.shape.to_string().into(),
            ];
            sheet.row(first.into_iter().chain(work.cells(*reach, self.timed.is_some())));
        }
        sheet
    }

    /// Section 3.2: a small network is as fast as its memory, so count what is moved (equation 1, CIO) and not only operations. How far
    /// the times of its convolutions go with each of them.
    fn argument(&self, work: &BTreeMap<NodeId, Work>) -> Vec<String> {
        if self.timed.is_none() {
            return vec![];
        }
        let timed: Vec<(&NodeId, &Work)> = work.iter().filter(|(_, work)| work.macs > 0 && work.ms > 0.0).collect();
        let convolutions: Vec<&Work> = timed.iter().map(|(_, work)| *work).collect();
        let operations = with_time(&convolutions, |work| work.macs as f64);
        let moved = with_time(&convolutions, |work| work.bytes as f64);
        // CIO leaves the map out: it tells convolutions of one map apart.
        let mut maps: BTreeMap<(usize, usize), Vec<&Work>> = BTreeMap::new();
        for (id, work) in timed {
            let shape = self.graph.node(*id).shape;
            maps.entry((shape.h, shape.w)).or_default().push(work);
        }
        let maps: Vec<Vec<&Work>> = maps.into_values().filter(|map| map.len() > 2).collect();
        let each = maps.iter().map(|map| map.len() as f64 * with_time(map, |work| work.cio as f64)).sum::<f64>();
        let cio = each / maps.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let bound = convolutions.iter().filter(|work| self.moves_longer(work)).map(|work| work.ms).sum::<f64>();
        let all = convolutions.iter().map(|work| work.ms).sum::<f64>();
        vec![
            format!(
                "Section 3.2, of the {} convolutions: their times go with operations by {operations:.2}, with bytes moved by {moved:.2}, \
                 and on maps of one size with CIO by {cio:.2} (Spearman's rank correlation, 1 is in step).",
                convolutions.len()
            ),
            format!(
                "{:.0} % of their time is spent in those that this adapter's roofs let move longer than multiply.",
                100.0 * bound / all.max(f64::MIN_POSITIVE)
            ),
        ]
    }

    fn moves_longer(&self, work: &Work) -> bool {
        self.timed.as_ref().is_some_and(|timed| {
            let only = |flop: f64, bytes: f64| timed.roof.least_ms(self.precision, flop, bytes);
            only(0.0, work.bytes as f64) > only(2.0 * work.macs as f64, 0.0)
        })
    }
}

/// How far times go with something else.
fn with_time(all: &[&Work], of: fn(&Work) -> f64) -> f64 {
    let list = |of: fn(&Work) -> f64| all.iter().map(|work| of(work)).collect::<Vec<f64>>();
    rank_correlation(&list(|work| work.ms), &list(of))
}

/// Spearman's: 1 where one list grows as the other does, 0 where they have nothing to do with each other.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        both += (a - mean) * (b - mean);
        of_a += (a - mean).powi(2);
        of_b += (b - mean).powi(2);
    }
    let all = (of_a * of_b).sqrt();
    if all > 0.0 { both / all } else { 0.0 }
}

/// The place of each number in order; equal ones share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let place = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let equal = values.iter().filter(|other| *other == value).count() as f64;
        below + (equal - 1.0) / 2.0
    };
    values.iter().map(place).collect()
}
