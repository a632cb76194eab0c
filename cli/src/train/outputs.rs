//! What training writes: the network in Darknet's files and in one of its own, a record of every step, results.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;
use yolov4::{
    Error, Result,
    low_level::{
        graph::Params,
        model::{Model, bundle_writer, darknet::write},
        train::{
            keys::TrainingKeys,
            keys_text::{TrainingSpan, with_training},
        },
    },
};

use crate::output;

/// The folder of a training.
pub struct OutputFolder {
    dir: PathBuf,
    log: File,
}

/// How a network has learnt.
pub struct Learnt<'a> {
    pub keys: &'a TrainingKeys,
    pub span: TrainingSpan<'a>,
    /// Pictures, each as often as it was learnt from.
    pub seen: u64,
}

/// Names of what is in it.
const STATE: &str = "state.safetensors";
const LOG: &str = "log.jsonl";

impl OutputFolder {
    /// Finds out before any work whether it will do: one that has a training in it only to go on with that.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is a training in it and it is not to go on, or the other way round; [`Error::Io`].
    pub fn check(dir: &Path, resume: bool) -> Result<()> {
        output::check_parent(dir)?;
        let state = dir.join(STATE);
        match (resume, state.exists()) {
            (true, false) => {
                Err(Error::Usage(format!("--resume: {} is not there: nothing to go on with", state.display())))
            }
            (false, true) => {
                let dir = dir.display();
                let message =
                    format!("{dir}: a training is there; --resume goes on with it, another --out leaves it as it is");
                Err(Error::Usage(message))
            }
            _ => Ok(()),
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn open(dir: &Path) -> Result<Self> {
        output::folder(dir)?;
        let path = dir.join(LOG);
        let log = OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        Ok(Self { dir: dir.to_owned(), log })
    }

    /// Where the state is.
    pub fn state(&self) -> PathBuf {
        self.dir.join(STATE)
    }

    /// All records so far.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn records(&self) -> Result<Vec<Value>> {
        let path = self.dir.join(LOG);
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Where the page is.
    pub fn page(&self) -> PathBuf {
        self.dir.join("training.html")
    }

    /// Forgets records of steps after this one, and of measurements after that of step `measured`: a training that was ended without warning does them
    /// again.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn forget_after(&mut self, step: u64, measured: u64) -> Result<()> {
        let path = self.dir.join(LOG);
        let lines = BufReader::new(File::open(&path).map_err(Error::io(&path))?).lines();
        let kept = |line: &String| {
            let record: Option<Value> = serde_json::from_str(line).ok();
            let last = |record: &Value| if record["valid"].is_object() { step.min(measured) } else { step };
            record.is_some_and(|record| record["step"].as_u64().is_some_and(|of| of <= last(&record)))
        };
        let kept: String = lines.map_while(|line| line.ok()).filter(kept).map(|line| line + "\n").collect();
        output::write(&path, kept.as_bytes())?;
        self.log = OpenOptions::new().append(true).open(&path).map_err(Error::io(&path))?;
        Ok(())
    }

    /// Adds a record, a line.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn record(&mut self, record: &Value) -> Result<()> {
        // At once: a line that is cut off is one that is not there.
        self.log.write_all(format!("{record}\n").as_bytes()).map_err(Error::io(self.dir.join(LOG)))
    }

    /// Writes the network under a name: `NAME.cfg` with what Darknet would train it by, `NAME.weights`, `NAME.safetensors`. Where the last one is.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Graph`] for a network that no cfg describes.
    pub fn network(&self, name: &str, network: &Model, params: &Params, learnt: &Learnt<'_>) -> Result<PathBuf> {
        let path = |ending: &str| self.dir.join(format!("{name}.{ending}"));
        let (cfg, model, moved) = write::rewritten(network, params)?;
        output::write(&path("cfg"), with_training(&cfg, learnt.keys, &learnt.span).as_bytes())?;
        // Darknet's files have no epsilon of their own.
        let darknets = write::with_darknets_epsilon(&moved);
        model.save_trained_weights(&darknets, learnt.seen, path("weights"))?;
        let names: String = model.labels.iter().map(|name| format!("{name}\n")).collect();
        output::write(&self.dir.join("classes.names"), names.as_bytes())?;
        bundle_writer::save(network, params, false, &path("safetensors"))?;
        Ok(path("safetensors"))
    }

    /// Writes the sheet of the first step.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn first_batch(&self, sheet: &image::RgbImage) -> Result<()> {
        first_batch(&self.dir.join("first-batch.jpg"), sheet)
    }

    /// Writes what has come of it.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn results(&self, results: &Value) -> Result<()> {
        output::write(&self.dir.join("results.json"), output::json("the results", results)?.as_bytes())
    }
}

/// Writes the sheet of the first step as JPEG.
///
/// # Errors
/// [`Error::Io`]
pub fn first_batch(file: &Path, sheet: &image::RgbImage) -> Result<()> {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut jpeg, image::ImageFormat::Jpeg).map_err(Error::format("the first batch", "JPEG"))?;
    output::write(file, &jpeg.into_inner())
}
