//! `cargo xtask demo`: trains the demo network and judges it, all of it generated here. What it makes is in
//! `target/demo`; a run that was stopped goes on where it was.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::{
    run::{self, cargo, command, root},
    scenes::generator,
};

/// Scenes of every kind: how many, and the seed of their series. Scene i of series s is scene s of series i, so the
/// series of the tests are numbered beyond any scene; hashes are compared besides.
const TRAIN: (&str, &str) = ("16000", "1");
const CHECK: (&str, &str) = ("300", "1000003");
const HELD_OUT: (&str, &str) = ("500", "1000001");
const ROUGH: (&str, &str) = ("500", "1000004");
const ELSEWHERE: (&str, &str) = ("500", "1000002");

/// k-means over the widths and heights of training objects (`data.anchors`), the finest head's first.
const ANCHORS: &str = "10,13,16,16,13,30,22,23,30,32,26,59,44,44,58,68,91,106";

/// What it takes.
#[derive(clap::Args)]
pub struct TrainDemoArgs {
    /// Steps of training, 32 scenes each
    #[arg(long, default_value_t = 3000)]
    steps: usize,
    /// Threads of the training; 0: all
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Judge a trained file only
    #[arg(long, value_name = "FILE.safetensors")]
    judge: Option<PathBuf>,
    /// Fonts of the second setting (Debian: fonts-liberation); the training has never seen them
    #[arg(long, value_name = "DIR", default_value = "/usr/share/fonts/truetype/liberation")]
    fonts: String,
}

/// Trains and judges, or only judges.
pub fn run(args: &TrainDemoArgs) -> Result<()> {
    let work = root().join("target/demo");
    fs::create_dir_all(&work)?;
    let python = run::python(&work.join("venv"), "xtask/demo/requirements.txt")?;
    run::run(cargo(&["build", "--release"]))?;
    let file = match &args.judge {
        Some(file) => file.canonicalize().with_context(|| file.display().to_string())?,
        None => train(args, &work, &python)?,
    };
    judge(args, &work, &python, &file)
}

fn train(args: &TrainDemoArgs, work: &Path, python: &str) -> Result<PathBuf> {
    let train = scenes(work, TRAIN, &[])?;
    let check = scenes(work, CHECK, &[])?;
    let mut model = command("target/release/yolov4", &["model", "yolov4-tiny-3l", "--width", "0.375", "--size", "320"]);
    model.args(["--classes", "10", "--letterbox", "--anchors", ANCHORS]);
    let cfg = model.output().context("yolov4 model")?;
    ensure!(cfg.status.success(), "yolov4 model: {}", String::from_utf8_lossy(&cfg.stderr));
    fs::write(work.join("demo.cfg"), cfg.stdout)?;
    let file = work.join("demo.safetensors");
    let mut training = command(python, &["xtask/demo/train.py"]);
    training.arg("--cfg").arg(work.join("demo.cfg")).arg("--names").arg(train.join("names"));
    training.arg("--scenes").arg(train).arg("--check").arg(check);
    training.arg("--work").arg(work).arg("--out").arg(&file);
    training.arg("--steps").arg(args.steps.to_string()).arg("--threads").arg(args.threads.to_string());
    training.arg("--command").arg(format!("cargo xtask demo --steps {}", args.steps));
    run::run(training)?;
    Ok(file)
}

/// AP50 on scenes held out, on rougher ones, and on the second setting, beside what colours and templates reach.
fn judge(args: &TrainDemoArgs, work: &Path, python: &str, file: &Path) -> Result<()> {
    let page = work.join("signs.png");
    let mut print = generator();
    print.arg("--page").arg(&page);
    run::run(print)?;
    let held_out = scenes(work, HELD_OUT, &[])?;
    let rough = scenes(work, ROUGH, &["--setting", "rough"])?;
    let elsewhere = scenes(work, ELSEWHERE, &["--setting", "elsewhere", "--fonts", &args.fonts])?;
    let train = work.join(format!("scenes-{}-{}", TRAIN.1, TRAIN.0));
    if train.exists() {
        let hashes = |folder: &Path| -> Result<HashSet<String>> {
            let text = fs::read_to_string(folder.join("sha1"))?;
            Ok(text.lines().filter_map(|l| l.split_whitespace().next().map(str::to_owned)).collect())
        };
        let trained = hashes(&train)?;
        for folder in [&held_out, &rough, &elsewhere] {
            let seen = hashes(folder)?.intersection(&trained).count();
            ensure!(seen == 0, "{}: {seen} pictures are in the training set too", folder.display());
        }
        println!("no picture of the tests is in the training set ({} hashes)", trained.len());
    }
    for folder in [held_out, rough, elsewhere] {
        let truth = folder.join("instances.json");
        let (ours, theirs) = (folder.join("found.json"), folder.join("baseline.json"));
        let mut detect = command("target/release/yolov4", &["detect", "--conf", "0.001", "--format", "coco"]);
        detect.arg(folder.join("images")).arg("--model").arg(file).arg("--out").arg(&ours);
        run::run(detect)?;
        score(python, &truth, &ours)?;
        let mut baseline = command(python, &["xtask/demo/baseline.py"]);
        baseline.arg(&folder).arg(&page).arg(&theirs);
        run::run(baseline)?;
        score(python, &truth, &theirs)?;
    }
    Ok(())
}

fn score(python: &str, truth: &Path, found: &Path) -> Result<()> {
    let mut score = command(python, &["xtask/demo/score.py"]);
    score.arg(truth).arg(found);
    run::run(score)
}

/// A folder of scenes, made unless it is there.
fn scenes(work: &Path, (count, seed): (&str, &str), more: &[&str]) -> Result<PathBuf> {
    let out = work.join(format!("scenes-{seed}-{count}"));
    // Written last.
    if !out.join("sha1").exists() {
        let mut scenes = generator();
        scenes.arg("--out").arg(&out).args(["--count", count, "--seed", seed]).args(more);
        run::run(scenes)?;
    }
    Ok(out)
}
