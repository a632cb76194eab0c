//! The steps of a day, those first whose results are wanted first.

use std::fmt;

use yolov4::{
    Error, Precision, Result,
    low_level::model::{CfgOptions, Model},
};

/// A network at a size.
#[derive(Clone, Debug)]
pub struct NetworkSpec {
    pub name: String,
    /// Columns and rows.
    pub size: (usize, usize),
}

/// Name, and side where it is not the network's own: the most wanted first.
const NETWORKS: [(&str, Option<usize>); 11] = [
    ("yolov4-tiny", None),
    ("yolov4-csp", Some(640)),
    ("yolov4-csp", None),
    ("yolov4-p5", None),
    ("demo", None),
    ("yolov4-tiny-3l", None),
    ("yolov4", None),
    ("yolov4-csp-swish", None),
    ("yolov4x-mish", None),
    ("yolov4-p6", None),
    ("yolov4-p7", None),
];

/// Those for whose layers every rung is measured, more than once; for those of the others, the rungs that may be worth it.
const IN_FULL: [&str; 2] = ["yolov4-tiny", "yolov4-csp"];
/// Those that other programs play too.
const BESIDE_PEERS: [&str; 3] = ["yolov4-tiny", "yolov4-csp", "yolov4-p5"];
/// Pictures at once, where not one.
const BATCH: usize = 8;
/// The largest side at which the oracle is asked: its time grows with the square.
const CHECKED_SIDE: usize = 256;
/// Side of a quick day: every network takes it.
const QUICK_SIDE: usize = 128;

impl fmt::Display for NetworkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{}", self.stem(), self.size.0, self.size.1)
    }
}

impl NetworkSpec {
    /// As it may stand in the name of a step, or of a file.
    pub fn id(&self) -> String {
        let (w, h) = self.size;
        if w == h { format!("{}-{w}", self.stem()) } else { format!("{}-{w}x{h}", self.stem()) }
    }

    /// Its name without folder and ending.
    pub fn stem(&self) -> String {
        let path = std::path::Path::new(&self.name);
        path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }

    fn side(&self) -> usize {
        self.size.0.max(self.size.1)
    }
}

/// The networks of a day: those named, or all.
///
/// # Errors
/// As [`Model::open`].
pub fn networks(named: &[String], quick: bool) -> Result<Vec<NetworkSpec>> {
    let all = NETWORKS.iter().map(|(name, side)| ((*name).to_owned(), *side));
    let wanted: Vec<(String, Option<usize>)> =
        if named.is_empty() { all.collect() } else { named.iter().map(|name| (name.clone(), None)).collect() };
    let mut found: Vec<NetworkSpec> = Vec::new();
    for (name, side) in wanted {
        let side = if quick { Some(QUICK_SIDE) } else { side };
        let options = CfgOptions { size: side.map(|side| (side, side)), ..CfgOptions::default() };
        let shape = Model::open(std::path::Path::new(&name), &options)?.graph.input_shape();
        let network = NetworkSpec { name, size: (shape.w, shape.h) };
        match found.iter().find(|known| known.id() == network.id()) {
            None => found.push(network),
            // At one size two entries of the list are one.
            Some(known) if known.name == network.name => {}
            Some(known) => {
                let (one, two) = (&known.name, &network.name);
                return Err(Error::Usage(format!("--model {one},{two}: both would be called {}", known.id())));
            }
        }
    }
    Ok(found)
}

/// What is done in a step.
#[derive(Clone, Debug)]
pub enum StepWork {
    /// The program itself with these arguments, whose standard output is JSON.
    Program(Vec<String>),
    /// The demo from nothing to pictures with boxes: with no file kept from before, or a second time.
    StartUp { cold: bool },
    /// Frames of a video without a window.
    Viewer,
    /// Other programs on the layers of a network.
    Peers(NetworkSpec),
}

/// One step.
#[derive(Clone, Debug)]
pub struct DayStep {
    pub id: String,
    pub title: String,
    pub work: StepWork,
}

impl DayStep {
    /// Whether it is about values of 16 bits, which not every adapter has.
    pub fn wants_f16(&self) -> bool {
        matches!(&self.work, StepWork::Program(arguments) if arguments.iter().any(|word| word == Precision::F16.name()))
    }
}

/// All steps in order.
pub fn steps(networks: &[NetworkSpec], quick: bool) -> Vec<DayStep> {
    let mut all = vec![
        program("adapters", "which adapters answer", "adapters --json"),
        program("roofs", "what the adapter can do at most", "bench --roof --format json"),
    ];
    let (first, rest) = networks.split_at(networks.len().min(1));
    all.extend(first.iter().flat_map(|network| timed(network, quick)));
    for precision in PRECISIONS {
        let name = precision.name();
        let title = format!("every kernel against the oracle, {name}");
        all.push(program(&format!("selftest-{name}"), &title, &format!("selftest --precision {name} --json")));
    }
    for cold in [true, false] {
        let how = if cold { "cold" } else { "warm" };
        let title = format!("the demo from nothing to boxes, {how}");
        all.push(DayStep { id: format!("start-{how}"), title, work: StepWork::StartUp { cold } });
    }
    all.push(DayStep { id: "viewer".into(), title: "a video without a window".into(), work: StepWork::Viewer });
    all.extend(first.iter().filter_map(peers));
    for network in rest {
        all.extend(timed(network, quick));
        all.extend(peers(network));
    }
    all.extend(networks.iter().flat_map(checked));
    for network in networks.iter().filter(|network| IN_FULL.contains(&network.name.as_str())) {
        let (id, size) = (network.id(), format!("{}x{}", network.size.0, network.size.1));
        all.extend(PRECISIONS.map(|precision| {
            let name = precision.name();
            let line = format!("bench --ladder --size {size} --precision {name} --format json");
            let title = format!("{network}, every rung on every shape, {name}");
            program_of(&network.name, &format!("ladder-{id}-{name}"), &title, &line)
        }));
    }
    all
}

/// Those that every network is played in.
pub const PRECISIONS: [Precision; 2] = [Precision::F16, Precision::F32];

fn program(id: &str, title: &str, line: &str) -> DayStep {
    let arguments = line.split(' ').map(str::to_owned).collect();
    DayStep { id: id.to_owned(), title: title.to_owned(), work: StepWork::Program(arguments) }
}

/// The same about a network, whose name may have blanks in it.
fn program_of(network: &str, id: &str, title: &str, line: &str) -> DayStep {
    let mut step = program(id, title, line);
    if let StepWork::Program(arguments) = &mut step.work {
        arguments.extend(["--model".to_owned(), network.to_owned()]);
    }
    step
}

/// A network's times by the guess, then tuned, then of several pictures at once.
fn timed(network: &NetworkSpec, quick: bool) -> Vec<DayStep> {
    let (id, size) = (network.id(), format!("{}x{}", network.size.0, network.size.1));
    let frames = if quick { "--frames 2 --warmup 1" } else { "--frames 20 --warmup 5" };
    let full = !quick && IN_FULL.contains(&network.name.as_str());
    let tune = if full { "full" } else { "auto" };
    let each = |how: &str, title: &str, tune: &str, batch: usize| {
        PRECISIONS.map(|precision| {
            let name = precision.name();
            let line =
                format!("bench --size {size} --precision {name} --tune {tune} --batch {batch} {frames} --format json");
            let title = format!("{network} in {name}, {title}");
            program_of(&network.name, &format!("{how}-{id}-{name}"), &title, &line)
        })
    };
    let guess = each("guess", "by the guess", "off", 1);
    let tuned = each("tuned", "tuned", tune, 1);
    let batch = each("batch", &format!("{BATCH} pictures at once"), if quick { "off" } else { "auto" }, BATCH);
    guess.into_iter().chain(tuned).chain(batch).collect()
}

/// A network node by node against the oracle, no larger than it has the time for.
fn checked(network: &NetworkSpec) -> [DayStep; 2] {
    let (id, side) = (network.id(), network.side().min(CHECKED_SIDE));
    PRECISIONS.map(|precision| {
        let name = precision.name();
        let line = format!("check --size {side} --precision {name} --json");
        program_of(
            &network.name,
            &format!("check-{id}-{name}"),
            &format!("{} at {side} in {name}, every node", network.stem()),
            &line,
        )
    })
}

fn peers(network: &NetworkSpec) -> Option<DayStep> {
    BESIDE_PEERS.contains(&network.name.as_str()).then(|| DayStep {
        id: format!("peers-{}", network.id()),
        title: format!("{network}, other programs on the same layers"),
        work: StepWork::Peers(network.clone()),
    })
}

/// The steps that are wanted, by their names or how those begin.
///
/// # Errors
/// [`Error::Usage`] if a name begins none.
pub fn only(steps: Vec<DayStep>, names: &[String]) -> Result<Vec<DayStep>> {
    let begins = |step: &DayStep, name: &String| step.id.starts_with(name.as_str());
    if let Some(name) = names.iter().find(|name| !steps.iter().any(|step| begins(step, name))) {
        return Err(Error::Usage(format!("--only {name}: no step is called so; --list names them")));
    }
    Ok(steps.into_iter().filter(|step| names.is_empty() || names.iter().any(|name| begins(step, name))).collect())
}
