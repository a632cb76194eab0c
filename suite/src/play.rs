//! Rounds of the suite: every problem in some way, and what came of it.

use std::collections::BTreeSet;

use yolov4::{
    Gpu, Precision,
    low_level::{
        gpu::ProgramOptions,
        graph::{Keep, NodeId},
        kernels::conv::{CardClass, Variant},
    },
};

use crate::{checks, problems::Problem};

/// What a round has played and compared.
#[derive(Debug, Default)]
pub struct Played {
    /// Problems, once for each way they were played in.
    pub count: usize,
    /// The largest error of a node.
    pub worst: f64,
    /// The rungs that played.
    pub rungs: BTreeSet<Variant>,
    /// The kernels that played.
    pub kernels: BTreeSet<&'static str>,
    /// Rungs that the adapter has no features for, and which.
    pub skipped: BTreeSet<String>,
    /// What differs, or could not be played.
    pub failures: Vec<String>,
}

/// A way to play every problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Every node kept, on every rung that has something to do.
    EveryRung,
    /// Every node kept, on the rungs that are guessed.
    Guessed,
    /// Only the last node kept, so that slots are used again.
    SlotsAgain,
    /// Two pictures at once.
    Batch,
    /// The bounds checks of the shader compiler on.
    Checked,
    /// Every node kept, as a card would choose; and by Winograd, whose products other rungs play there.
    AsCard,
}

impl Round {
    /// What `yolov4 selftest` plays: `EveryRung` has played what `Guessed` would, `Checked` is for whoever changes a kernel,
    /// `AsCard` for adapters that are no cards.
    pub const OF_AN_ADAPTER: [Self; 3] = [Self::EveryRung, Self::SlotsAgain, Self::Batch];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::EveryRung => "every rung",
            Self::Guessed => "guessed rungs",
            Self::SlotsAgain => "slots used again",
            Self::Batch => "two pictures at once",
            Self::Checked => "bounds checks",
            Self::AsCard => "guessed as for a card",
        }
    }

    /// How a problem is played in this round; not at all where f16 cannot hold its numbers.
    pub fn ways(self, gpu: &Gpu, problem: &Problem, precision: Precision) -> Vec<ProgramOptions> {
        if precision == Precision::F16 && problem.only_f32 {
            return vec![];
        }
        let options = ProgramOptions { precision, keep: Keep::All, ..Default::default() };
        let forced = |options: ProgramOptions| {
            let rungs = checks::rungs(gpu, problem, &options);
            rungs.into_iter().map(move |conv| ProgramOptions { conv, ..options.clone() })
        };
        match self {
            Self::EveryRung => forced(options).collect(),
            Self::Guessed => vec![options],
            Self::SlotsAgain => {
                let last = NodeId(problem.graph.nodes.len() - 1);
                vec![ProgramOptions { keep: Keep::Nodes(vec![last]), ..options }]
            }
            Self::Batch => {
                let options = ProgramOptions { batch: 2, ..options };
                // Every rung where there are several convolutions; compiling takes most of the time.
                let convolutions = problem.graph.nodes.iter().filter(|node| node.op.conv().is_some()).count();
                let every = (convolutions > 3).then(|| forced(options.clone()));
                every.into_iter().flatten().chain([options]).collect()
            }
            Self::Checked => vec![ProgramOptions { checked: true, ..options }],
            Self::AsCard => {
                let options = ProgramOptions { card: Some(CardClass::Rdna2), ..options };
                let winograd = [Variant::Winograd2, Variant::Winograd4].map(Some);
                let takes = forced(options.clone()).filter(|way| winograd.contains(&way.conv)).collect::<Vec<_>>();
                [options].into_iter().chain(takes).collect()
            }
        }
    }
}

/// Plays problems in the ways that `ways` says; `begun` hears the number of each. Ends early if the device is lost: how many problems were begun
/// comes back too, and whether it was.
pub async fn play(
    gpu: &Gpu,
    problems: &[Problem],
    precision: Precision,
    ways: impl Fn(&Problem) -> Vec<ProgramOptions>,
    begun: &mut dyn FnMut(usize),
) -> (Played, usize, bool) {
    let mut played = Played::default();
    for (number, problem) in problems.iter().enumerate() {
        begun(number);
        for options in ways(problem) {
            if let Some(Err(why)) = options.conv.map(|v| checks::there_is(v, gpu, precision)) {
                played.skipped.insert(why);
                continue;
            }
            played.count += 1;
            match checks::check(gpu, problem, &options, checks::tolerance(problem, precision)).await {
                Ok(checked) => {
                    played.rungs.extend(checked.rungs);
                    played.kernels.extend(checked.kernels);
                    played.worst = played.worst.max(checked.worst);
                }
                Err(e) => {
                    let rung = options.conv.map_or("the rungs it guesses", Variant::name);
                    let rest = if e.lost { "; nothing more of this problem was played" } else { "" };
                    played.failures.push(format!("{} ({rung}, {:?}): {e}{rest}", problem.name, options.keep));
                    if e.lost {
                        return (played, number + 1, true);
                    }
                }
            }
        }
    }
    (played, problems.len(), false)
}

impl Played {
    /// Adds what another round, or the rest of this one, has played.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.worst = self.worst.max(other.worst);
        self.rungs.extend(other.rungs);
        self.kernels.extend(other.kernels);
        self.skipped.extend(other.skipped);
        self.failures.extend(other.failures);
    }
}
