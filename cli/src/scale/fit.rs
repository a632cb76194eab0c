//! The largest network that is as fast as it must be, here: predicted, then played.

use std::path::{Path, PathBuf};

use yolov4::{
    Error, Precision, Result, TuneChoice,
    low_level::{
        graph::explain::Totals,
        model::scaled::Recipe,
        paper::{TABLE_11, TABLE_13},
    },
};

use super::{
    candidates::{ScaledNetwork, largest},
    predict::Predictor,
    sheet::{Cell, Sheet},
};
use crate::{
    bench::{
        machines::{AdapterSpec, BackendChoice, choose},
        run::{Case, Settings, dispatches, measure},
        weights::Weights,
    },
    output,
};

/// What is asked for.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "The largest network for a time")]
pub struct FitArgs {
    /// Instead of the paper's tables: find the largest network that this adapter plays in the time that --target-ms names
    #[arg(long, requires = "target_ms", conflicts_with_all = ["model", "table", "plot"])]
    pub fit: bool,
    /// Milliseconds from decoded pixels to boxes, one picture at a time
    #[arg(long, value_name = "MS", requires = "fit", value_parser = milliseconds)]
    pub target_ms: Option<f64>,
    /// Most memory on the GPU for weights and values, such as 2G or 512M
    #[arg(long, value_name = "BYTES", requires = "fit", value_parser = bytes)]
    pub memory: Option<u64>,
    /// Classes
    #[arg(long, value_name = "N", requires = "fit", default_value_t = 80, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub classes: u32,
    /// Also write the network's cfg
    #[arg(long, value_name = "FILE.cfg", requires = "fit")]
    pub cfg: Option<PathBuf>,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|ms| (0.01..=1e6).contains(ms));
    value.ok_or_else(|| format!("expected 0.01 to 1000000 milliseconds, found `{text}`"))
}

fn bytes(text: &str) -> Result<u64, String> {
    let fail = || format!("expected bytes such as 2G, 512M or 1000000, found `{text}`");
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n > 0).ok_or_else(fail)
}

/// Where it is measured.
#[derive(Clone, Debug)]
pub struct FitMachine {
    pub backend: Option<BackendChoice>,
    pub adapter: Option<String>,
    pub precision: Precision,
    pub tune: TuneChoice,
}

/// Networks that the laws are learnt from: name and side.
const TEACHERS: [(&str, usize); 3] = [("yolov4-tiny", 224), ("yolov4-tiny", 608), ("yolov4-csp", 416)];
/// Frames whose median counts.
const FRAMES: usize = 7;
/// The same of a network that is learnt from.
const LESSONS: usize = 3;
/// Networks that are played to see how long they take.
const TRIALS: usize = 8;
/// What is predicted is to be a little less than what is asked for, and what is found no less than so much of it.
const AIM: f64 = 0.97;
const CLOSE: f64 = 0.9;

/// A network that was played.
#[derive(Clone, Debug)]
struct Trial {
    candidate: ScaledNetwork,
    totals: Totals,
    bytes: u64,
    /// By the laws alone, milliseconds.
    by_laws: f64,
    /// By them and by what was tried before.
    predicted: f64,
    measured: f64,
}

struct Search<'a> {
    args: &'a FitArgs,
    settings: Settings,
    machine: AdapterSpec,
    precision: Precision,
    folder: tempfile::TempDir,
    predictor: Predictor,
    trials: Vec<Trial>,
    /// Its name.
    adapter: String,
}

/// What was tried, the one that is taken last.
///
/// # Errors
/// If no network is fast enough; whatever keeps one from being played.
pub async fn sheet(args: &FitArgs, target: f64, on: &FitMachine) -> Result<Sheet> {
    if let Some(path) = &args.cfg {
        output::check_file(path)?;
    }
    let machines = choose(on.backend, on.adapter.as_deref()).await?;
    let [machine] = &machines[..] else {
        return Err(Error::Usage("--fit: name one adapter, not --backend all".into()));
    };
    let settings = Settings { batch: 1, frames: FRAMES, warmup: 2, nodes: false, dispatches: false, tune: on.tune };
    let folder = tempfile::tempdir().map_err(Error::io("a folder for networks that are tried"))?;
    let mut search = Search {
        args,
        settings,
        machine: machine.clone(),
        precision: on.precision,
        folder,
        predictor: Predictor::default(),
        trials: vec![],
        adapter: machine.to_string(),
    };
    search.learn().await?;
    search.find(target).await?;
    search.told(target)
}

impl Search<'_> {
    fn file(&self, recipe: &Recipe) -> Result<PathBuf> {
        let path = self.folder.path().join("fit.cfg");
        output::write(&path, recipe.cfg()?.as_bytes())?;
        Ok(path)
    }

    fn case<'a>(&'a self, model: &'a Path) -> Case<'a> {
        let (precision, machine) = (self.precision, &self.machine);
        Case { model, size: None, drop_stages: 0, weights: &Weights::Random(0), precision, machine }
    }

    async fn learn(&mut self) -> Result<()> {
        for (name, size) in TEACHERS {
            output::say(format_args!("learning from {name} at {size}"));
            let recipe = Recipe { size: (size, size), ..Recipe::named(name)? };
            let path = self.file(&recipe)?;
            let settings = Settings { frames: LESSONS, warmup: 1, ..self.settings };
            let frame = measure(&self.case(&path), &settings, None).await?.end_to_end_median_ms;
            let (detector, times) = dispatches(&self.case(&path), &settings).await?;
            if times.is_empty() {
                return Err(Error::Usage(
                    "--fit: this adapter cannot time single dispatches, which predictions are learnt from".into(),
                ));
            }
            self.predictor.learn(detector.program()?, &times, frame);
        }
        Ok(())
    }

    /// Milliseconds and bytes, as far as they are known.
    fn predicted(&self, candidate: &ScaledNetwork) -> Result<(f64, u64)> {
        let (ms, bytes) = self.by_laws(candidate)?;
        // As much longer as the most alike of the same network that was played.
        let alike = self.trials.iter().filter(|trial| trial.candidate.name == candidate.name);
        let nearest = alike.min_by(|a, b| (a.by_laws / ms).ln().abs().total_cmp(&(b.by_laws / ms).ln().abs()));
        Ok((ms * nearest.map_or(1.0, |trial| trial.measured / trial.by_laws), bytes))
    }

    fn by_laws(&self, candidate: &ScaledNetwork) -> Result<(f64, u64)> {
        let model = candidate.recipe(self.args.classes as usize)?.network()?;
        self.predictor.frame(&model, self.precision)
    }

    async fn find(&mut self, target: f64) -> Result<()> {
        while self.trials.len() < TRIALS {
            let limit = self.args.memory.unwrap_or(u64::MAX);
            let mut fits = |candidate: &ScaledNetwork| {
                let (ms, bytes) = self.predicted(candidate)?;
                // What was played and took too long does not fit, whatever is predicted of it now.
                let known = self.trials.iter().find(|trial| trial.candidate == *candidate);
                Ok(bytes <= limit && known.map_or(ms <= AIM * target, |trial| trial.measured <= target))
            };
            let Some(candidate) = largest(&mut fits)? else { break };
            if self.trials.iter().any(|trial| trial.candidate == candidate) {
                break;
            }
            let trial = self.play(candidate).await?;
            let close = (CLOSE * target..=target).contains(&trial.measured);
            self.trials.push(trial);
            if close {
                break;
            }
        }
        Ok(())
    }

    async fn play(&mut self, candidate: ScaledNetwork) -> Result<Trial> {
        let recipe = candidate.recipe(self.args.classes as usize)?;
        let ((by_laws, bytes), (predicted, _)) = (self.by_laws(&candidate)?, self.predicted(&candidate)?);
        let ScaledNetwork { name, size, depth, width } = &candidate;
        output::say(format_args!(
            "trying {name} at {size}, depth {depth:.2}, width {width:.3}: {predicted:.1} ms predicted"
        ));
        let path = self.file(&recipe)?;
        let row = measure(&self.case(&path), &self.settings, None).await?;
        self.adapter.clone_from(&row.adapter);
        let measured = row.end_to_end_median_ms;
        let totals = Totals::new(&recipe.network()?.graph);
        Ok(Trial { candidate, totals, bytes, by_laws, predicted, measured })
    }

    /// The largest one that is fast enough.
    fn best(&self, target: f64) -> Option<&Trial> {
        let fast = self.trials.iter().filter(|trial| trial.measured <= target);
        fast.max_by(|a, b| a.totals.conv_gflop.total_cmp(&b.totals.conv_gflop))
    }

    fn told(&self, target: f64) -> Result<Sheet> {
        let columns = [
            "network",
            "size",
            "depth",
            "width",
            "Mparams",
            "GFLOP",
            "MB",
            "predicted, ms",
            "took, ms",
            "off, %",
            "taken",
        ];
        let title =
            format!("The largest network that {} plays in {target} ms, {}", self.adapter, self.precision.name());
        let mut sheet = Sheet::new("fit", title, &columns);
        let best = self.best(target).ok_or_else(|| {
            let fastest = self.trials.iter().map(|trial| trial.measured).fold(f64::INFINITY, f64::min);
            let tried = if self.trials.is_empty() {
                String::new()
            } else {
                format!("; the fastest of those tried took {fastest:.2} ms")
            };
            Error::Usage(format!("--fit: no network of the family is played in {target} ms with that memory{tried}"))
        })?;
        let mut off: Vec<f64> = vec![];
        for trial in &self.trials {
            let ScaledNetwork { name, size, depth, width } = &trial.candidate;
            let error = 100.0 * (trial.predicted / trial.measured - 1.0);
            off.push(error.abs());
            sheet.row([
                (*name).into(),
                Cell::Count(*size as u64),
                Cell::Number(f64::from(*depth), 2),
                Cell::Number(f64::from(*width), 3),
                Cell::Number(1e-6 * trial.totals.parameters as f64, 2),
                Cell::Number(trial.totals.conv_gflop, 1),
                Cell::Number(1e-6 * trial.bytes as f64, 0),
                Cell::Number(trial.predicted, 2),
                Cell::Number(trial.measured, 2),
                Cell::Number(error, 1),
                if std::ptr::eq(trial, best) { "yes" } else { "" }.into(),
            ]);
        }
        off.sort_by(f64::total_cmp);
        sheet.note(format!(
            "Predictions are off by {:.1} % in the median; depth and width are factors on those of the network named.",
            off[off.len() / 2]
        ));
        self.relatives(&best.candidate, &mut sheet);
        let ScaledNetwork { name, size, .. } = best.candidate;
        let recipe = best.candidate.recipe(self.args.classes as usize)?;
        sheet.note(format!(
            "Its cfg: yolov4 model {name} --size {size} --depth {} --width {} --classes {}",
            recipe.depth, recipe.width, recipe.classes
        ));
        let cfg = self.args.cfg.as_ref().map_or_else(|| "mine.cfg".into(), |path| path.display().to_string());
        sheet.note(format!("It has to be trained: yolov4 train DATA --model {cfg} --from scratch"));
        if let Some(path) = &self.args.cfg {
            output::write(path, recipe.cfg()?.as_bytes())?;
        }
        Ok(sheet)
    }

    /// Published AP of the same network at other sizes.
    fn relatives(&self, of: &ScaledNetwork, sheet: &mut Sheet) {
        let family = TABLE_11.iter().filter(|row| row.network == of.name).map(|row| (row.size, row.ap[0], "11"));
        let tiny =
            TABLE_13.iter().filter(|row| row.model.eq_ignore_ascii_case(of.name)).map(|row| (row.size, row.ap, "13"));
        let found: Vec<String> =
            family.chain(tiny).map(|(size, ap, table)| format!("{ap} at {size} (Table {table})")).collect();
        if !found.is_empty() {
            sheet.note(format!("Published AP of {} as it is, on COCO's test-dev: {}.", of.name, found.join(", ")));
        }
    }
}
