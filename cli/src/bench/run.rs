//! One network at one size in one precision on one adapter.

use std::{
    fmt,
    io::IsTerminal,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use yolov4::{
    Detector, Picture, PlayerChoice, Precision, Result, TuneChoice,
    low_level::{
        gpu::{Program, ProgramInput, Roof},
        model::random::Random,
        tensor::Tensor,
    },
};

use super::{
    machines::AdapterSpec,
    nodes,
    report::{NetworkRow, quantile, short},
    weights::Weights,
};
use crate::output;

/// What is measured.
pub struct Case<'a> {
    pub model: &'a Path,
    pub size: Option<(usize, usize)>,
    pub drop_stages: usize,
    pub weights: &'a Weights,
    pub precision: Precision,
    pub machine: &'a AdapterSpec,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.model.display())?;
        if let Some((w, h)) = self.size {
            write!(f, " {w}x{h}")?;
        }
        write!(f, " {} on {}", self.precision.name(), self.machine)
    }
}

/// How it is measured.
pub struct Settings {
    /// Pictures at once.
    pub batch: usize,
    pub frames: usize,
    pub warmup: usize,
    /// Rows for nodes.
    pub nodes: bool,
    /// The time of each dispatch.
    pub dispatches: bool,
    pub tune: TuneChoice,
}

/// Most frames that are timed by the GPU's own clock.
const STAMPED: usize = 5;

/// Columns and rows of the picture that boxes are looked for in, as in the browser's benchmark.
const PICTURE: (usize, usize) = (640, 480);

/// Measures one case.
///
/// # Errors
/// Whatever keeps the network from being loaded or played.
pub async fn measure(case: &Case<'_>, settings: &Settings, roof: Option<&Roof>) -> Result<NetworkRow> {
    let stamped = settings.frames.min(STAMPED);
    let steps = 2 * (settings.warmup + settings.frames) + stamped * (1 + usize::from(settings.dispatches));
    let bar = bar(&case.to_string(), steps);
    let row = timed(case, settings, roof, stamped, &bar).await;
    bar.finish_and_clear();
    row
}

async fn timed(
    case: &Case<'_>,
    settings: &Settings,
    roof: Option<&Roof>,
    stamped: usize,
    bar: &ProgressBar,
) -> Result<NetworkRow> {
    let start = Instant::now();
    let mut detector = build(case, settings)?;
    let load_ms = ms(start.elapsed());
    detector.notes().iter().for_each(|note| output::say(format_args!("note: {note}")));
    let picture = noise();
    let pictures = vec![&picture; settings.batch];
    let start = Instant::now();
    detector.detect_batch_async(pictures.iter().copied()).await?;
    let first_frame_ms = ms(start.elapsed());
    let input = input(detector.program()?);
    let inputs = vec![ProgramInput::from(&input); settings.batch];
    let (mut walls, mut ends, mut stamps) = (vec![], vec![], vec![]);
    for frame in 0..settings.warmup + settings.frames {
        let start = Instant::now();
        detector.program_mut()?.play_batch(&inputs, &[]).await?;
        walls.extend((frame >= settings.warmup).then(|| ms(start.elapsed())));
        bar.inc(1);
    }
    for frame in 0..settings.warmup + settings.frames {
        let start = Instant::now();
        detector.detect_batch_async(pictures.iter().copied()).await?;
        ends.extend((frame >= settings.warmup).then(|| ms(start.elapsed())));
        bar.inc(1);
    }
    for _ in 0..stamped {
        stamps.extend(detector.program_mut()?.time_network(&input).await?.map(ms));
        bar.inc(1);
    }
    let model = detector.title();
    let program = detector.program_mut()?;
    let times = if settings.dispatches { dispatch_times(program, &input, stamped, bar).await? } else { vec![] };
    let (shape, report) = (program.graph().input_shape(), program.gpu().report());
    let work = nodes::work(program);
    let median_ms = quantile(&walls, 0.5);
    let gflops = 1e-6 * work.0 / median_ms;
    Ok(NetworkRow {
        model,
        size: format!("{}x{}", shape.w, shape.h),
        batch: settings.batch,
        precision: case.precision.name().to_owned(),
        backend: report.backend.clone(),
        adapter: report.name.clone(),
        driver: Some(report.driver.clone()),
        software: report.software,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        median_ms: short(median_ms),
        p95_ms: short(quantile(&walls, 0.95)),
        min_ms: short(quantile(&walls, 0.0)),
        gflops: short(gflops),
        roof_pct: roof.map(|roof| short(100.0 * gflops / roof.gflops(case.precision))),
        peak_bytes: program.value_bytes(),
        dispatches: program.dispatches(),
        load_ms: short(load_ms),
        first_frame_ms: Some(short(first_frame_ms)),
        end_to_end_median_ms: short(quantile(&ends, 0.5)),
        gpu_ms: (!stamps.is_empty()).then(|| short(quantile(&stamps, 0.5))),
        weights: case.weights.to_string(),
        nodes: (settings.nodes && !times.is_empty()).then(|| nodes::rows(program, &times, roof)),
        work,
        timeline: nodes::timeline(program, &times),
    })
}

/// A detector that is ready, and the milliseconds of each of its dispatches, in order; none where the adapter cannot time them.
///
/// # Errors
/// As [`measure`].
pub async fn dispatches(case: &Case<'_>, settings: &Settings) -> Result<(Detector, Vec<f64>)> {
    let mut detector = build(case, settings)?;
    let bar = bar(&case.to_string(), settings.warmup + settings.frames);
    let input = input(detector.program()?);
    let program = detector.program_mut()?;
    for _ in 0..settings.warmup {
        program.play(&input, &[]).await?;
        bar.inc(1);
    }
    let times = dispatch_times(program, &input, settings.frames, &bar).await;
    bar.finish_and_clear();
    Ok((detector, times?))
}

fn build(case: &Case<'_>, settings: &Settings) -> Result<Detector> {
    let mut builder = Detector::builder().model(case.model).precision(case.precision).player(PlayerChoice::Gpu);
    builder = builder.drop_stages(case.drop_stages);
    builder = case.weights.apply(builder.timestamps(true).tune(settings.tune).batch(settings.batch));
    if let Some(size) = case.size {
        builder = builder.size(size);
    }
    if let Some(backend) = case.machine.backend {
        builder = builder.backend(backend);
    }
    if let Some(adapter) = &case.machine.adapter {
        builder = builder.adapter(adapter);
    }
    builder.build()
}

/// The median of each dispatch in milliseconds; none, and a remark, where the adapter cannot time them.
async fn dispatch_times(program: &mut Program, input: &Tensor, frames: usize, bar: &ProgressBar) -> Result<Vec<f64>> {
    let mut runs = Vec::with_capacity(frames);
    for _ in 0..frames {
        match program.time_nodes(input).await {
            Ok(times) => runs.push(times.iter().map(|node| ms(node.time)).collect::<Vec<f64>>()),
            Err(error @ yolov4::Error::Limit { .. }) => {
                output::say(format_args!("note: {error}"));
                return Ok(vec![]);
            }
            Err(error) => return Err(error),
        }
        bar.inc(1);
    }
    let of = |dispatch: usize| runs.iter().filter_map(|run| run.get(dispatch).copied()).collect::<Vec<f64>>();
    Ok((0..program.dispatches()).map(|dispatch| quantile(&of(dispatch), 0.5)).collect())
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

/// Seeded numbers from 0 to 1.
fn input(program: &Program) -> Tensor {
    let shape = program.graph().input_shape();
    let mut random = Random::new(1);
    Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() }
}

/// A picture that no network is quick about.
fn noise() -> Picture {
    let (width, height) = PICTURE;
    let mut random = Random::new(1);
    let rgba = (0..width * height).flat_map(|_| {
        let [r, g, b, ..] = random.bits().to_le_bytes();
        [r, g, b, 255]
    });
    Picture { width, height, rgba: rgba.collect() }
}

fn bar(what: &str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar
}
