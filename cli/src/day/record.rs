//! What a day has found so far: `day.json`, whole after every step.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use yolov4::{Error, Result};

use crate::output;

/// The record of a day. Another adapter, driver, program or choice of networks is another day.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    #[serde(flatten)]
    pub identity: Identity,
    pub machine: Machine,
    /// Of all calls together.
    pub seconds: f64,
    pub steps: Vec<StepRecord>,
}

/// What must be the same in every call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Identity {
    pub version: String,
    /// Of the texts of all kernels.
    pub kernels: String,
    pub adapter: String,
    pub backend: String,
    pub driver: String,
    pub software: bool,
    /// Small inputs and few frames: figures that say nothing about speed.
    pub quick: bool,
    /// `NAME WxH` of each, or `PATH WxH`.
    pub networks: Vec<String>,
}

/// Where it was played.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Machine {
    pub os: String,
    pub arch: String,
    pub threads: usize,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { os: std::env::consts::OS.into(), arch: std::env::consts::ARCH.into(), threads }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There are results.
    Done,
    /// There are results, and they say that something is wrong.
    Wrong,
    /// There are none.
    Failed,
    /// It cannot be done here.
    Skipped,
}

/// A step that has ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    pub id: String,
    pub state: State,
    pub seconds: f64,
    /// As it may be typed again.
    pub command: String,
    /// Why there is no result, or what was said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// As its command writes it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub result: Value,
}

impl Record {
    /// The file in a day's folder.
    pub fn file(dir: &Path) -> PathBuf {
        dir.join("day.json")
    }

    /// What is there of this day, or a new one.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is of another day; [`Error::Format`] or [`Error::Io`] if it cannot be read.
    pub fn open(dir: &Path, identity: Identity) -> Result<Self> {
        let file = Self::file(dir);
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { identity, machine: Machine::here(), seconds: 0.0, steps: vec![] });
            }
            Err(e) => return Err(Error::io(&file)(e)),
        };
        let known: Self = serde_json::from_slice(&text).map_err(|e| Error::Text {
            file: file.clone(),
            line: e.line(),
            message: format!("is no record of a day: {e}"),
        })?;
        match known.identity.difference(&identity) {
            None => Ok(known),
            Some((what, there, here)) => Err(Error::Usage(format!(
                "{}: is of another day: {what} was {there}, and is {here}; name another --out",
                file.display()
            ))),
        }
    }

    /// Writes it, whole.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn save(&self, dir: &Path) -> Result<()> {
        let file = Self::file(dir);
        output::write(&file, output::json("the record", self)?.as_bytes())
    }

    /// A step that has ended.
    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|step| step.id == id)
    }
}

impl Identity {
    /// The first thing that is not the same: its name, and both.
    fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("the program", &self.version, &other.version),
            ("the kernels' text", &self.kernels, &other.kernels),
            ("the adapter", &self.adapter, &other.adapter),
            ("the back end", &self.backend, &other.backend),
            ("the driver", &self.driver, &other.driver),
        ];
        let of = |identity: &Self| {
            let quick = if identity.quick { " (--quick)" } else { "" };
            format!("{}{quick}", identity.networks.join(", "))
        };
        let lists = (of(self), of(other));
        let found = pairs.into_iter().find(|(_, a, b)| a != b).map(|(what, a, b)| (what, a.clone(), b.clone()));
        found.or_else(|| (lists.0 != lists.1).then_some(("the list of networks", lists.0, lists.1)))
    }
}
