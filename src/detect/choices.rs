//! What was chosen for a detector and why, as plain data.

use std::{fmt, path::Path};

use crate::{
    host::{NmsKind, ResizeMode},
    model::Model,
};

/// One choice; its text is a line such as `conf 0.25: comes with the model`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What was chosen: `size`, `conf`.
    pub what: &'static str,
    /// The value, in words.
    pub value: String,
    /// Why that one.
    pub why: Why,
}

/// Why a value was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was asked for; the name is that of the option of the command line, such as `conf` for `score_threshold`.
    Asked(&'static str),
    /// Nobody asked; the text says where it comes from.
    Own(String),
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.what, self.value, self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(_) => f.write_str("asked for"),
            Self::Own(text) => f.write_str(text),
        }
    }
}

/// The choices so far.
#[derive(Clone, Debug, Default)]
pub struct Choices(Vec<Choice>);

impl Choices {
    /// Notes a choice that was asked for if `asked`, else comes from where `own` says.
    pub fn add(&mut self, what: &'static str, value: impl fmt::Display, asked: bool, own: &str) {
        let why = if asked { Why::Asked(what) } else { Why::Own(own.to_owned()) };
        self.because(what, value, why);
    }

    /// Notes a choice.
    pub fn because(&mut self, what: &'static str, value: impl fmt::Display, why: Why) {
        self.0.push(Choice { what, value: value.to_string(), why });
    }

    /// The asked-for value or the network's own, noted.
    pub fn pick<T: fmt::Display>(&mut self, what: &'static str, asked: Option<T>, own: T) -> T {
        let chosen = asked.is_some();
        let value = asked.unwrap_or(own);
        self.add(what, &value, chosen, "comes with the model");
        value
    }

    /// The model and the size of its input.
    pub fn network(&mut self, network: &Model, asked: Option<(usize, usize)>) {
        let shape = network.graph.input_shape();
        self.because("model", network.source.display(), Why::Own(format!("{} classes", network.graph.classes())));
        self.add("size", format_args!("{}x{}", shape.w, shape.h), asked.is_some(), "the network's own");
    }

    /// A weights file, or whatever stands for one.
    pub fn weights(&mut self, path: &Path, why: Why) {
        self.because("weights", path.display(), why);
    }

    /// Whether pictures keep their shape.
    pub fn letterbox(&mut self, letterbox: bool, asked: Option<bool>, resize: ResizeMode) {
        let why = match asked {
            _ if resize == ResizeMode::Pytorch => Why::Own("resize mode pytorch always letterboxes".into()),
            Some(true) => Why::Asked("letterbox"),
            Some(false) => Why::Asked("no-letterbox"),
            None => Why::Own("the network's letter_box".into()),
        };
        let on = letterbox || resize == ResizeMode::Pytorch;
        self.because("letterbox", if on { "on" } else { "off" }, why);
    }

    /// How overlap is measured.
    pub fn nms_kind(&mut self, kind: NmsKind, asked: bool) {
        let text = match kind {
            NmsKind::Iou => "iou".to_owned(),
            NmsKind::Diou { beta } => format!("distance iou, exponent {beta}"),
        };
        self.add("nms-kind", text, asked, "the network's nms_kind");
    }

    /// All of them.
    pub fn list(&self) -> &[Choice] {
        &self.0
    }
}
