//! A training under way: steps are done, measured and written down, until they are over or somebody ends them.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use serde_json::json;
use yolov4::{
    Error,
    dataset::{SetPart, TrainingSet},
    low_level::{
        digest,
        graph::{NodeParams, Params, recompute::Recompute, resized},
        model::Model,
        train::{
            adapt::{StartFrom, backbone},
            keys::TrainingKeys,
            keys_text::TrainingSpan,
            memory::{MemoryPlan, plan_memory},
            schedule::Schedule,
            session::{RUNNING_SHARE, StepReport, TrainSession, TrainSessionOptions},
            sizes::TrainingSizes,
        },
    },
};

use super::{
    args::{Augment, Freeze, Mini, TrainArgs},
    batches::{Batch, BatchMaker},
    device::{LostDevices, device},
    first_batch,
    outputs::{Learnt, OutputFolder},
    page,
    validation::{Measured, measure},
};
use crate::{CommandResult, Failure, interrupt, output, progress, viewer::Stop};

/// Pictures of a step.
const MOST: usize = 1 << 16;
/// Measurements of a training, unless somebody says otherwise.
const MEASUREMENTS: usize = 20;

/// A training under way.
pub struct Training<'a> {
    pub(super) args: &'a TrainArgs,
    pub(super) set: &'a TrainingSet,
    pub(super) network: &'a Model,
    maker: BatchMaker<'a>,
    pub(super) session: TrainSession,
    pub(super) keys: TrainingKeys,
    pub(super) schedule: Schedule,
    /// Pictures that are played at once.
    pub(super) mini: usize,
    /// Layers that stay as they are.
    pub(super) frozen: usize,
    /// Digest of the keys, and of the numbers that it begins with.
    pub(super) origin: String,
    /// How much of themselves averaged numbers keep in a step.
    pub(super) ema: f64,
    /// Steps in all, and of an epoch.
    pub(super) steps: u64,
    epoch: u64,
    /// Steps from one measurement to the next.
    every: u64,
    pub(super) best: Best,
    /// The step of the last measurement.
    pub(super) measured: u64,
    /// Bytes of device memory that it takes, as planned, and the most that there were behind a step.
    planned: u64,
    most: u64,
    /// Whether the device was destroyed, as a test wants it.
    taken: bool,
}

/// The best measurement so far, and how many there were after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Best {
    /// AP at an overlap of 0.5, and of all overlaps, which decides between equals.
    pub(super) ap: Option<[f64; 2]>,
    pub(super) step: u64,
    pub(super) since: usize,
}

impl<'a> Training<'a> {
    pub fn new(
        args: &'a TrainArgs,
        set: &'a TrainingSet,
        network: &'a Model,
        params: Params,
        keys: TrainingKeys,
    ) -> Result<Self, Failure> {
        let batch = args.batch.get();
        if batch > MOST {
            return Err(Error::Usage(format!("--batch: expected at most {MOST}, found {batch}")).into());
        }
        let epoch = (set.train.len() as u64).div_ceil(batch as u64);
        let steps = args.steps.unwrap_or(epoch.saturating_mul(args.epochs.get() as u64));
        if steps == 0 {
            return Err(Error::Usage("--steps: expected 1 or more, found 0".into()).into());
        }
        let keys = keys.of_classes(&network.graph).moved_by(args.optimizer);
        let rate = args.lr.unwrap_or(keys.schedule.learning_rate);
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::Usage(format!("--lr: expected a number above 0, found {rate}")).into());
        }
        let schedule = Schedule { learning_rate: rate, ..keys.schedule.over(steps) };
        let epochs = args
            .measure_every
            .map_or_else(|| (steps / epoch).div_ceil(MEASUREMENTS as u64).max(1), |epochs| epochs.get() as u64);
        let sizes = args.multi_scale.map(|factor| TrainingSizes::new(&network.graph, factor, args.seed, steps));
        let maker = BatchMaker {
            pictures: &set.train,
            network,
            augment: (args.augment == Augment::On).then(|| keys.clone()),
            sizes: sizes.transpose()?,
            steps,
            batch,
            seed: args.seed,
            exif: !args.no_exif,
        };
        // The largest that there is: what has no room is told before the first step.
        let graph = resized(&network.graph, maker.canvas(0))?;
        let gpu = device(args)?;
        let ema = args.ema.unwrap_or(keys.recipe.average());
        if !(0.0..1.0).contains(&ema) {
            return Err(Error::Usage(format!("--ema: expected 0 or more and less than 1, found {ema}")).into());
        }
        let frozen = match args.freeze {
            Freeze::Layers(layers) => layers,
            Freeze::Backbone => backbone(&network.graph),
        };
        if args.save_every.is_nan() || args.save_every < 0.0 {
            return Err(Error::Usage(format!("--save-every: expected 0 or more, found {}", args.save_every)).into());
        }
        if let Some(longest) = args.clip.filter(|longest| !(longest.is_finite() && *longest > 0.0)) {
            return Err(Error::Usage(format!("--clip: expected a number above 0, found {longest}")).into());
        }
        let asked = match args.mini {
            Some(Mini::Of(mini)) => Some(mini.get()),
            Some(Mini::Auto) | None => None,
        };
        let MemoryPlan { mini, recompute, .. } = plan_memory(&gpu, &graph, frozen, (batch, asked), args.memory)?;
        let average = (ema > 0.0).then_some(ema);
        let fresh = args.from == StartFrom::Scratch;
        let options = TrainSessionOptions {
            batch,
            mini,
            recompute,
            frozen,
            share: RUNNING_SHARE,
            fresh,
            average,
            longest: args.clip,
            canvas: None,
        };
        let letterbox = network.preprocess.letterbox;
        let origin = digest::short([&*format!("{keys:?} {fresh} {letterbox}"), &*digest::numbers(lists(&params))]);
        let session = TrainSession::new(&gpu, &graph, params, keys.clone(), options)?;
        let planned = session.bytes();
        output::say(format_args!(
            "{} pictures to learn from, {} to measure on, {} classes; {steps} steps of {batch}, {mini} at once{}, on {}: {:.0} MB",
            set.train.len(),
            set.valid.len(),
            set.classes.len(),
            match recompute {
                Recompute::Nothing | Recompute::Cheap => String::new(),
                Recompute::Segments(segments) =>
                    format!(", {segments} segments, of which all but the last are played twice"),
            },
            gpu.report().name,
            planned as f64 / 1e6,
        ));
        Ok(Self {
            args,
            set,
            network,
            maker,
            session,
            keys,
            schedule,
            mini,
            frozen,
            origin,
            ema,
            steps,
            epoch,
            every: epochs.saturating_mul(epoch),
            best: Best::default(),
            measured: 0,
            planned,
            most: 0,
            taken: false,
        })
    }

    pub fn run(&mut self, folder: &mut OutputFolder) -> CommandResult {
        let stop = interrupt::stop(Arc::new(|| {}));
        let bar = progress::bar(self.steps as usize);
        let mut lost = LostDevices::default();
        let done = loop {
            bar.set_position(self.session.steps());
            let done = self.learn(folder, &stop, &bar).and_then(|patient| bar.suspend(|| self.end(folder, patient)));
            let renewed = match &done {
                Err(Failure::Error(Error::DeviceLost(why))) => bar.suspend(|| self.renew(folder, why, &mut lost)),
                Ok(()) | Err(_) => break done,
            };
            if renewed.is_err() {
                break renewed;
            }
        };
        bar.finish_and_clear();
        done
    }

    /// The steps that are left, as long as measurements get better and nobody ends it; whether they do.
    fn learn(&mut self, folder: &mut OutputFolder, stop: &Stop, bar: &ProgressBar) -> Result<bool, Failure> {
        let mut saved = Instant::now();
        let between = Duration::from_secs_f64((self.args.save_every * 60.0).clamp(0.0, 1e9));
        let first = self.maker.batch(self.session.steps())?;
        if self.session.steps() == 0 {
            folder.first_batch(&first_batch::sheet(&first, &self.set.classes)?)?;
        }
        let mut next = Some(first);
        let mut patient = self.patient();
        if self.due() && self.measured != self.session.steps() {
            // It was ended while it measured.
            patient = self.measure(folder)?;
        }
        while self.session.steps() < self.steps && patient && !stop.asked() {
            let started = Instant::now();
            let step = self.session.steps();
            let batch = match next.take() {
                Some(batch) => batch,
                None => self.maker.batch(step)?,
            };
            let size = self.keys.step_size(&self.schedule, step + 1);
            self.session.resize(self.maker.canvas(step))?;
            let (session, maker, last) = (&mut self.session, &self.maker, step + 1 == self.steps);
            let (report, ahead) = thread::scope(|scope| {
                let ahead = (!last).then(|| scope.spawn(|| maker.batch(step + 1)));
                let report = session.step(&size, &batch.inputs, &batch.truths);
                (report, ahead.and_then(|ahead| ahead.join().ok()))
            });
            let report = report?;
            if !report.moved {
                return Err(self.diverged(folder, &batch));
            }
            self.most = self.most.max(self.session.allocated().unwrap_or(0));
            folder.record(&record(&report, step / self.epoch + 1, started.elapsed()))?;
            bar.inc(1);
            next = match ahead.transpose() {
                Ok(next) => next,
                Err(e) => {
                    // A picture has vanished: what was learnt is not lost with it.
                    self.session.save(&folder.state(), self.remarks())?;
                    return Err(e.into());
                }
            };
            if self.due() {
                patient = bar.suspend(|| self.measure(folder))?;
                saved = Instant::now();
            } else if saved.elapsed() >= between {
                self.session.save(&folder.state(), self.remarks())?;
                saved = Instant::now();
            }
            if self.args.lose_device_at == Some(step + 1) && !std::mem::replace(&mut self.taken, true) {
                self.session.gpu().device().destroy();
            }
        }
        Ok(patient)
    }

    /// Whether it is to be measured after this step.
    fn due(&self) -> bool {
        let done = self.session.steps();
        done > 0 && !self.set.valid.is_empty() && (done.is_multiple_of(self.every) || done == self.steps)
    }

    /// Whether the measurements are still getting better, as far as somebody asks.
    fn patient(&self) -> bool {
        self.args.patience.is_none_or(|patience| self.best.since < patience.get())
    }

    /// Measures, keeps the network if it is the best so far, and says whether to go on.
    fn measure(&mut self, folder: &mut OutputFolder) -> Result<bool, Failure> {
        let step = self.session.steps();
        // Before whatever may fail: a measurement wants memory of its own.
        self.session.save(&folder.state(), self.remarks())?;
        let params = self.session.params()?.clone();
        let file = folder.network("last", self.network, &params, &self.learnt())?;
        let measured =
            measure(&file, &self.set.dataset(SetPart::Valid), self.args.adapter.as_deref(), !self.args.no_exif)?;
        let now = [measured.ap50, measured.ap];
        if self.best.ap.is_none_or(|best| now > best) {
            self.best = Best { ap: Some(now), step, since: 0 };
            folder.network("best", self.network, &params, &self.learnt())?;
        } else {
            self.best.since += 1;
        }
        self.measured = step;
        folder.record(&json!({ "step": step, "epoch": step.div_ceil(self.epoch), "valid": measured.json() }))?;
        self.session.save(&folder.state(), self.remarks())?;
        let said = format!(
            "{}; {} pictures to learn from, {} to measure on; step {step} of {}, {} a step, seed {}. The best was AP50 {:.3}, at step {}.",
            self.network.source.display(),
            self.set.train.len(),
            self.set.valid.len(),
            self.steps,
            self.args.batch,
            self.args.seed,
            self.best.ap.unwrap_or_default()[0],
            self.best.step,
        );
        let title = format!("yolov4 train {}", self.set.source.display());
        page::write(&folder.page(), &title, &said, &folder.records()?, &measured)?;
        self.tell(step, &measured);
        Ok(self.patient())
    }

    fn learnt(&self) -> Learnt<'_> {
        let span = TrainingSpan { schedule: &self.schedule, batch: self.args.batch.get(), mini: self.mini };
        Learnt { keys: &self.keys, span, seen: self.session.steps() * self.args.batch.get() as u64 }
    }

    fn tell(&self, step: u64, measured: &Measured) {
        let best = if self.best.step == step { ", the best so far" } else { "" };
        output::say(format_args!(
            "step {step} of {}: AP50 {:.3}, AP {:.3}, recall {:.3}, precision {:.3}{best}",
            self.steps, measured.ap50, measured.ap, measured.recall, measured.precision,
        ));
    }

    /// The step was not made.
    fn diverged(&mut self, folder: &OutputFolder, batch: &Batch) -> Failure {
        let names = batch.pictures.iter().map(|n| self.set.train[*n].image.path.display().to_string());
        let state = folder.state();
        let before = if state.exists() { format!("; {} is from before", state.display()) } else { String::new() };
        output::say(format_args!(
            "error: step {}: the network's values are no numbers any more; its pictures were {}{before}; try a smaller --lr",
            self.session.steps() + 1,
            names.collect::<Vec<_>>().join(", "),
        ));
        Failure::Reported
    }

    /// Writes everything, whatever the end.
    fn end(&mut self, folder: &OutputFolder, patient: bool) -> CommandResult {
        self.session.save(&folder.state(), self.remarks())?;
        let params = self.session.params()?.clone();
        let last = folder.network("last", self.network, &params, &self.learnt())?;
        if self.best.ap.is_none() {
            // Nothing was measured: the last is the best there is.
            folder.network("best", self.network, &params, &self.learnt())?;
        }
        let step = self.session.steps();
        let how = match (step == self.steps, patient) {
            (true, _) => "over",
            (false, true) => "ended: --resume goes on",
            (false, false) => "ended: it got no better",
        };
        folder.results(&json!({
            "steps": step, "steps_in_all": self.steps, "batch": self.args.batch, "seed": self.args.seed,
            "pictures": self.set.train.len(), "classes": self.set.classes,
            "memory": { "planned": self.planned, "most": (self.most > 0).then_some(self.most) },
            "recipe": self.keys.recipe.name(), "best": self.best.ap.map(|[ap50, ap]| json!({ "step": self.best.step, "AP50": ap50, "AP": ap })),
        }))?;
        output::say(format_args!("step {step} of {}, {how}; {}", self.steps, last.display()));
        Ok(())
    }
}

/// All numbers, list by list.
fn lists(params: &Params) -> impl Iterator<Item = &[f32]> {
    params.0.iter().flatten().flat_map(|numbers| match numbers {
        NodeParams::Conv { weights, bias } => vec![weights.as_slice(), bias.as_deref().unwrap_or_default()],
        NodeParams::BatchNorm { beta, gamma, mean, var, eps } => {
            vec![beta, gamma, mean, var, std::slice::from_ref(eps)]
        }
    })
}

fn record(report: &StepReport, epoch: u64, took: Duration) -> serde_json::Value {
    let StepReport { step, rate, loss, tally, norm, .. } = report;
    json!({
        "step": step, "epoch": epoch, "rate": rate, "loss": loss.total(),
        "parts": { "boxes": loss.boxes, "objectness": loss.objectness, "classes": loss.classes },
        "assigned": tally.assigned, "iou": tally.average_iou(), "norm": norm, "seconds": took.as_secs_f64(),
    })
}
