//! The command: a set is looked at, and a network made for it that learns.

use std::path::Path;

use yolov4::{
    Error,
    dataset::{Severity, TrainingSet, Validation, make_anchors, shapes},
    low_level::{
        detect::choices::Choices,
        graph::{NodeParams, Params, drop::drop_stages},
        model::Model,
        train::{
            adapt::{StartFrom, first_numbers, for_classes, set_anchors},
            keys::TrainingKeys,
            recipe::TrainingRecipe,
        },
    },
};

use super::{
    args::{Anchors, Augment, TrainArgs},
    batches::BatchMaker,
    check,
    first_batch::sheet,
    outputs::{OutputFolder, first_batch},
    training::Training,
};
use crate::{CommandResult, numbers, output};

/// Of objects that are to be measured on where nobody says which.
const VALID: f64 = 0.2;

pub fn run(args: &TrainArgs) -> CommandResult {
    if !args.check {
        OutputFolder::check(&args.out, args.resume)?;
    }
    let mut network = Model::open(&args.model.model, &args.model.reading.options())?;
    let set = set(args)?;
    let mut notes = network.notes.clone();
    let keys = if args.check { None } else { Some(training_keys(args.recipe, &network, &mut notes)?) };
    let given = if args.check { None } else { given(args, &mut network, &mut notes)? };
    let keys = keys.map(|keys| without_stages(args, keys, &mut network)).transpose()?;
    let checked = check::look(&set, &network, !args.no_exif);
    let Some(keys) = keys else {
        let said = checked.print(args.format, &network);
        return said
            .and_then(|()| args.first_batch.as_deref().map_or(Ok(()), |file| draw_first(file, args, &set, &network)));
    };
    if checked.report.count(Severity::Error) > 0 {
        checked.print(args.format, &network)?;
    }
    if set.train.is_empty() {
        return Err(Error::Usage(format!("{}: there is no picture to learn from", set.source.display())).into());
    }
    let mut keys = keys;
    if args.anchors == Anchors::Auto {
        anchors(&set, &checked, &mut network, &mut keys, args.seed, &mut notes)?;
    }
    let new = for_classes(&network, &set.classes)?;
    let mut params = first_numbers(&network, &new, given.as_ref(), args.from, args.seed)?;
    if let Some(wanted) = args.model.bn_eps {
        for numbers in params.0.iter_mut().flatten() {
            if let NodeParams::BatchNorm { eps, .. } = numbers {
                *eps = wanted;
            }
        }
    }
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    let mut training = Training::new(args, &set, &new, params, keys)?;
    // Behind whatever may be refused.
    let mut folder = OutputFolder::open(&args.out)?;
    if args.resume {
        training.resume(&mut folder)?;
    } else {
        folder.forget_after(0, 0)?;
    }
    training.run(&mut folder)
}

/// Draws the first batch of a training that is not begun.
fn draw_first(file: &Path, args: &TrainArgs, set: &TrainingSet, network: &Model) -> CommandResult {
    let keys = training_keys(args.recipe, network, &mut Vec::new())?;
    let maker = BatchMaker {
        pictures: &set.train,
        network,
        augment: (args.augment == Augment::On).then_some(keys),
        sizes: None,
        steps: u64::MAX,
        batch: args.batch.get(),
        seed: args.seed,
        exif: !args.no_exif,
    };
    Ok(first_batch(file, &sheet(&maker.batch(0)?, &set.classes)?)?)
}

/// Gives the network the anchors of the set, if those fit better.
fn anchors(
    set: &TrainingSet,
    checked: &check::Checked,
    network: &mut Model,
    keys: &mut TrainingKeys,
    seed: u64,
    notes: &mut Vec<String>,
) -> yolov4::Result<()> {
    let (graph, letterbox) = (&network.graph, network.preprocess.letterbox);
    let count = graph.heads.iter().map(|head| head.anchors.len()).sum();
    let made = make_anchors(&shapes(&set.train, graph.canvas(), letterbox), count, seed)?;
    let before = checked.fitted.all.mean_iou;
    let better = made.mean_iou > before;
    notes.push(format!(
        "anchors: the network's overlap objects by {before:.3}, those of the set by {:.3}: {}",
        made.mean_iou,
        if better { "taken" } else { "the network's stay" }
    ));
    if better { set_anchors(&mut network.graph, keys, &made.anchors) } else { Ok(()) }
}

fn set(args: &TrainArgs) -> yolov4::Result<TrainingSet> {
    let mut set = TrainingSet::open(&args.data)?;
    match &args.valid {
        Some(valid) => set.split(valid, args.seed)?,
        None if set.valid.is_empty() && set.train.len() > 1 => set.split(&Validation::Fraction(VALID), args.seed)?,
        None => {}
    }
    set.measure(!args.no_exif);
    Ok(set)
}

/// The numbers that the network comes with, if any are wanted.
fn given(args: &TrainArgs, network: &mut Model, notes: &mut Vec<String>) -> yolov4::Result<Option<Params>> {
    let (model, weights) = (&args.model.model, args.model.weights.as_deref());
    let mut choices = Choices::default();
    choices.network(network, args.model.reading.options().size);
    let found = match args.from {
        StartFrom::Scratch if weights.is_some() => {
            return Err(Error::Usage("--from scratch takes no --weights".into()));
        }
        StartFrom::Scratch => Err(String::new()),
        StartFrom::Weights | StartFrom::Partial => {
            numbers::at_hand(model, weights, &args.model.weights_options(), network, notes, &mut choices)?
        }
    };
    args.model.say(choices.list());
    let params = found.ok().map(|params| drop_stages(&network.graph, &params, args.model.drop_stages)).transpose()?;
    Ok(params.map(|(_, params)| params))
}

/// The network without the stages that are not wanted, and what its heads are asked for.
fn without_stages(args: &TrainArgs, mut keys: TrainingKeys, network: &mut Model) -> yolov4::Result<TrainingKeys> {
    let (graph, _) = drop_stages(&network.graph, &Params::default(), args.model.drop_stages)?;
    let kept = |layer: usize| graph.heads.iter().any(|head| head.layer == layer);
    let mut layers = network.graph.heads.iter().map(|head| head.layer);
    keys.heads.retain(|_| layers.next().is_some_and(kept));
    if keys.heads.len() != graph.heads.len() {
        let (expected, found) = (graph.heads.len(), keys.heads.len());
        return Err(Error::Usage(format!("--drop-stages: expected the keys of {expected} heads, found {found}")));
    }
    network.graph = graph;
    Ok(keys)
}

/// What the recipe says about training: the paper's, or what the cfg does, or what YOLOv4-tiny's does.
pub fn training_keys(recipe: TrainingRecipe, network: &Model, notes: &mut Vec<String>) -> yolov4::Result<TrainingKeys> {
    if recipe == TrainingRecipe::Scaled {
        notes.push("--recipe scaled: what the cfg says about training is passed over".into());
        return Ok(TrainingKeys::scaled(TrainingKeys::of_graph(&network.graph).heads));
    }
    let cfg = network.source.extension().is_some_and(|ending| ending == "cfg") && network.source.exists();
    if cfg {
        TrainingKeys::read(&network.source, &network.graph, notes)
    } else {
        Ok(TrainingKeys::of_graph(&network.graph))
    }
}
