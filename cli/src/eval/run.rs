//! The command: annotations in, pictures played, figures out.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::ValueEnum;
use yolov4::{
    Detection, Detections, Detector, Error, NmsChoice, Picture, Result,
    dataset::{self, ClassMap, Dataset, LabelledImage, match_classes},
};

use super::{
    plots,
    report::EvalReport,
    results_file::{self, Decimal, ResultRow},
    score::{Classes, Compared, Scores},
    settings::EvalSettings,
    table,
};
use crate::{CommandResult, Failure, options, output, pictures, progress};
/// Options about playing: of boxes that are there already nothing of it can be asked.
const PLAYED: [&str; 29] = [
    "adapter",
    "allow_truncated",
    "backend",
    "batch",
    "bn_eps",
    "class_map",
    "conf",
    "decode",
    "detections",
    "images",
    "labels",
    "leaky_slope",
    "letterbox",
    "max_det",
    "mirror",
    "model",
    "names",
    "nms",
    "nms_kind",
    "no_exif",
    "no_letterbox",
    "offline",
    "player",
    "precision",
    "resize",
    "size",
    "tune",
    "verbose",
    "weights",
];

/// What `yolov4 eval` is asked.
#[derive(clap::Args, Debug)]
pub struct EvalArgs {
    /// COCO's annotations: instances_val2017.json, or your own of that kind
    #[arg(long, value_name = "FILE.json", required_unless_present = "data")]
    annotations: Option<PathBuf>,
    /// The folder of the annotated pictures
    #[arg(long, value_name = "DIR", required_unless_present_any = ["data", "results"])]
    images: Option<PathBuf>,
    /// Darknet's .data instead: `valid` lists the pictures, `names` the classes; labels lie beside the pictures or in a folder `labels`
    #[arg(long, value_name = "FILE.data", conflicts_with_all = ["annotations", "images", "class_map", "names", "labels", "results"])]
    data: Option<PathBuf>,
    #[command(flatten)]
    model: options::ModelOptions,
    #[command(flatten)]
    fetching: options::Fetching,
    #[command(flatten)]
    machine: options::PlayerOptions,
    #[command(flatten)]
    resize: options::Resize,
    #[command(flatten)]
    looks: options::Looks,
    /// The network's class names, one a line
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// The network's class names by class index, instead of a file of them
    #[arg(long, value_delimiter = ',', value_name = "A,B,..", conflicts_with = "names")]
    labels: Vec<String>,
    /// Which of the network's classes is which annotated category, where their names differ: `aeroplane = airplane`, a class a line;
    /// with nothing behind the =, it is left out, and so are categories that no class is mapped to
    #[arg(long, value_name = "FILE")]
    class_map: Option<PathBuf>,
    /// Minimum score of the boxes that are compared
    #[arg(long, default_value_t = 0.001)]
    conf: f32,
    /// Overlap above which the lower-scoring box is removed; Darknet's `detector map` has 0.45
    #[arg(long, default_value_t = 0.6)]
    nms: f32,
    /// How overlap is measured [default: as the cfg's nms_kind says]
    #[arg(long, value_enum)]
    nms_kind: Option<NmsChoice>,
    /// At most this many boxes a picture
    #[arg(long, value_name = "N", default_value = "300")]
    max_det: NonZeroUsize,
    /// Score above which boxes count for precision, recall, F1, average IoU and the confusion matrix, as Darknet's -thresh
    #[arg(long, value_name = "SCORE", default_value_t = 0.25)]
    thresh: f32,
    /// Pictures that are played at once
    #[arg(long, value_name = "N", default_value = "1")]
    batch: NonZeroUsize,
    /// Every class by itself too
    #[arg(long)]
    per_class: bool,
    /// How the figures are written
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    /// Where they go [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the boxes too, as COCO's results, for pycocotools
    #[arg(long, value_name = "FILE.json")]
    detections: Option<PathBuf>,
    /// Play nothing: take the boxes from COCO's results, this program's or another's
    #[arg(long, value_name = "FILE.json", conflicts_with_all = PLAYED)]
    results: Option<PathBuf>,
    /// Draw precision over recall, F1 over score, and what was taken for what, as SVG into this folder (made if its parent exists)
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people
    Table,
    /// One object; assets/eval.schema.json describes it
    Json,
}

pub fn run(args: EvalArgs) -> CommandResult {
    args.machine.check(false)?;
    let fraction = |name: &str, value: f32| {
        let expected = || Error::Usage(format!("--{name}: expected 0 to 1, found {value}"));
        if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(expected()) }
    };
    fraction("thresh", args.thresh)?;
    for out in [&args.out, &args.detections].into_iter().flatten() {
        output::check_file(out)?;
    }
    let dataset = dataset(&args)?;
    dataset.notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    if let Some(dir) = &args.plot {
        output::folder(dir)?;
    }
    let played = match &args.results {
        Some(file) => of_file(file, &dataset)?,
        None => play(&args, &dataset)?,
    };
    let images = dataset.images.len() - played.failed;
    let rows = args.detections.as_ref().map(|file| (file, played.rows.clone()));
    let scores = Scores::new(&dataset, played, args.thresh);
    let report = EvalReport::new(&scores, args.per_class);
    let text = match args.format {
        ReportFormat::Table => table::table(&report, &scores),
        ReportFormat::Json => report.json()?,
    };
    output::put(args.out.as_ref(), &text)?;
    // Behind the figures: a disk that is full costs what is written to it.
    if let Some((file, rows)) = rows {
        results_file::write(file, &rows)?;
    }
    if let Some(dir) = &args.plot {
        plots::write(dir, &scores)?;
    }
    let failed = dataset.images.len() - images;
    if failed == 0 {
        return Ok(());
    }
    output::say(format_args!(
        "error: {failed} of {} pictures could not be read: the figures are without them",
        images + failed
    ));
    Err(Failure::Reported)
}

fn dataset(args: &EvalArgs) -> Result<Dataset> {
    let dataset = match (&args.data, &args.annotations) {
        (Some(data), _) => dataset::read_darknet(data)?,
        (None, Some(annotations)) => dataset::read_coco(annotations, args.images.as_deref().unwrap_or(Path::new("")))?,
        (None, None) => return Err(Error::Usage("expected --annotations or --data".into())),
    };
    if dataset.images.is_empty() || dataset.categories.is_empty() {
        return Err(Error::Usage("the annotations have no pictures, or no categories".into()));
    }
    if args.results.is_none() {
        let missing: Vec<&Path> =
            dataset.images.iter().map(|image| image.path.as_path()).filter(|path| !path.exists()).collect();
        if let Some(first) = missing.first() {
            let (missing, all) = (missing.len(), dataset.images.len());
            let message =
                format!("{missing} of {all} annotated pictures are not there, the first: {}", first.display());
            return Err(Error::Usage(message));
        }
    }
    Ok(dataset)
}

/// Boxes of another program, or of another day.
fn of_file(file: &Path, dataset: &Dataset) -> Result<Compared> {
    let (rows, notes) = results_file::read(file, dataset)?;
    notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
    // Labels in pixels ask for no size.
    let sizes = vec![Some((1, 1)); dataset.images.len()];
    let settings = EvalSettings::of_file(file);
    Ok(Compared { rows, sizes, failed: 0, classes: Classes::all(dataset), settings })
}

fn play(args: &EvalArgs, dataset: &Dataset) -> std::result::Result<Compared, Failure> {
    let mut detector = build(args)?;
    args.model.say(detector.choices());
    detector.notes().iter().for_each(|note| output::say(format_args!("note: {note}")));
    let names = detector.class_names();
    let category_of: Vec<Option<usize>> = match &args.data {
        // The builder has compared their numbers.
        Some(_) => (0..names.len()).map(Some).collect(),
        None => {
            let map = args.class_map.as_deref().map(ClassMap::read).transpose()?;
            match_classes(&names, &dataset.categories, map.as_ref())?
        }
    };
    Classes::new(dataset, &category_of)
        .left_out(dataset)
        .iter()
        .for_each(|note| output::say(format_args!("note: {note}")));
    output::say(format_args!("player: {}", detector.player()));
    let started = Instant::now();
    let compared = see(&mut detector, dataset, &category_of, !args.resize.no_exif, args.max_det.get())?;
    let (count, seconds) = (compared.sizes.len(), started.elapsed().as_secs_f64());
    output::say(format_args!("{count} pictures in {seconds:.1} s, {:.1} a second", count as f64 / seconds));
    Ok(compared)
}

/// What a detector sees in every picture; `category_of` has the category of each of its classes. Pictures that cannot be read are told.
pub fn see(
    detector: &mut Detector,
    dataset: &Dataset,
    category_of: &[Option<usize>],
    exif: bool,
    max_det: usize,
) -> std::result::Result<Compared, Failure> {
    let (classes, settings) = (Classes::new(dataset, category_of), EvalSettings::of(detector, max_det));
    let (mut rows, mut sizes, mut failed) = (vec![], Vec::with_capacity(dataset.images.len()), 0);
    let paths = dataset.images.iter().map(|image| image.path.clone()).collect();
    let mut decoded = pictures::reader(paths, pictures::Pipes::default(), detector.batch(), exif)?;
    let bar = progress::bar(dataset.images.len());
    let mut expected = dataset.images.iter();
    let upcoming = |wait| {
        decoded.upcoming(wait).map(|decoded| {
            let image = expected.next();
            let (picture, remark) = decoded?;
            if let Some(remark) = remark {
                bar.suspend(|| output::say(format_args!("note: {remark}")));
            }
            image.map_or(Ok(()), |image| fits(&picture, image, exif)).map(|()| picture.into())
        })
    };
    for (image, (_, outcome)) in dataset.images.iter().zip(detector.see_each(upcoming)) {
        match outcome {
            Ok(found) => {
                rows.extend(results(&found, image.id, dataset, category_of));
                sizes.push(Some((found.width, found.height)));
            }
            Err(e @ Error::DeviceLost(_)) => return Err(e.into()),
            Err(e) => {
                bar.suspend(|| output::error_of(&image.path, &e));
                failed += 1;
                sizes.push(None);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if sizes.len() < dataset.images.len() {
        let (seen, all) = (sizes.len(), dataset.images.len());
        return Err(Error::Gpu(format!("a thread that decodes has ended after {seen} of {all} pictures")).into());
    }
    if failed == sizes.len() {
        return Err(Failure::Reported);
    }
    Ok(Compared { rows, sizes, failed, classes, settings })
}

fn build(args: &EvalArgs) -> Result<Detector> {
    let builder = args.model.apply(args.fetching.apply(Detector::builder()));
    let mut builder = args.resize.apply(args.machine.apply(builder)).batch(args.batch.get()).tta(args.looks.tta);
    builder = builder.score_threshold(args.conf).iou_threshold(args.nms).max_det(args.max_det.get());
    if let Some(kind) = args.nms_kind {
        builder = builder.nms_kind(kind);
    }
    if let Some(data) = &args.data {
        builder = builder.data(data);
    }
    if let Some(names) = &args.names {
        builder = builder.labels_file(names);
    }
    if !args.labels.is_empty() {
        builder = builder.labels(args.labels.clone());
    }
    let (builder, bar) = progress::building(builder);
    let built = builder.build();
    bar.finish_and_clear();
    built
}

/// Whether it is the picture that was annotated.
fn fits(picture: &Picture, image: &LabelledImage, exif: bool) -> Result<()> {
    let found = (picture.width, picture.height);
    let Some((width, height)) = image.size.filter(|size| *size != found) else { return Ok(()) };
    let hint = if exif && found == (height, width) { "; it was turned as its EXIF says: --no-exif" } else { "" };
    let message = format!("is annotated at {width} x {height} pixels, and has {} x {}{hint}", found.0, found.1);
    Err(Error::Image { path: image.path.clone(), message })
}

/// Boxes as COCO writes them.
fn results(found: &Detections, image_id: u64, dataset: &Dataset, category_of: &[Option<usize>]) -> Vec<ResultRow> {
    let category = |class: usize| dataset.categories.get((*category_of.get(class)?)?).map(|category| category.id);
    let row = |category_id, d: &Detection| {
        let (bbox, score) = (<[f32; 4]>::from(d.bbox).map(Decimal::from), d.score.into());
        ResultRow { image_id, category_id, bbox, score }
    };
    found.iter().filter_map(|d| Some(row(category(d.class)?, d))).collect()
}
