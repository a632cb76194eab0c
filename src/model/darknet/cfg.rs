//! The text of a `.cfg`: sections of `key=value` lines, each with its line number, so that errors can point at it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    error::{Error, Result},
    model::{darknet::keys, foreign, text},
};

/// A whole file: `[net]` first, then one section per layer.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// In order.
    pub sections: Vec<Section>,
}

/// One `[section]`.
#[derive(Clone, Debug)]
pub struct Section {
    /// The file, for errors.
    pub file: PathBuf,
    /// The name between the brackets.
    pub kind: String,
    /// Line of the brackets, from 1.
    pub line: usize,
    /// Layer number; `None` for `[net]`.
    pub layer: Option<usize>,
    entries: Vec<KeyValue>,
    /// Keys that somebody has asked for, there or not: those that mean something in this section.
    asked: RefCell<BTreeSet<String>>,
}

#[derive(Clone, Debug)]
struct KeyValue {
    key: String,
    value: String,
    line: usize,
    used: Cell<bool>,
}

/// What begins a comment.
const COMMENT: [char; 2] = ['#', ';'];

/// Most bytes that a cfg may have; the largest of the family has 30 kB.
const MAX_BYTES: u64 = 4 << 20;

impl Cfg {
    /// Reads and cuts a file into sections.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Cfg`] if it is not text, has a line that is neither section nor `key=value`, or
    /// does not begin with `[net]`.
    pub fn read(path: &Path) -> Result<Self> {
        let size = std::fs::metadata(path).map_err(Error::io(path))?.len();
        if size > MAX_BYTES {
            return Err(whole(path, 1, format!("expected a network description, found {size} bytes")));
        }
        Self::decode(path, &std::fs::read(path).map_err(Error::io(path))?)
    }

    /// Parses the bytes of a cfg; `path` is for errors.
    ///
    /// # Errors
    /// As [`Cfg::read`].
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self> {
        if let Some(other) = foreign::is(&bytes[..bytes.len().min(foreign::HEAD)]) {
            return Err(whole(path, 1, other.into()));
        }
        match text::unicode(bytes) {
            Some(text) => Self::parse(path, &text),
            None => Self::parse(path, &without_comments(path, bytes)?),
        }
    }

    /// Cuts `text` into sections; `path` is for errors.
    ///
    /// # Errors
    /// As [`Cfg::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut sections: Vec<Section> = Vec::new();
        for (i, raw) in text::lines(text).enumerate() {
            let line = i + 1;
            let content = raw.split(COMMENT).next().unwrap_or_default().trim();
            if content.is_empty() {
                continue;
            }
            if let Some(rest) = content.strip_prefix('[') {
                let Some(kind) = rest.strip_suffix(']') else {
                    return Err(whole(path, line, format!("expected a section such as [route], found `{content}`")));
                };
                let layer = sections.len().checked_sub(1);
                let file = path.to_owned();
                sections.push(Section {
                    file,
                    kind: kind.trim().to_owned(),
                    line,
                    layer,
                    entries: vec![],
                    asked: RefCell::default(),
                });
            } else {
                let Some(section) = sections.last_mut() else {
                    return Err(whole(path, line, format!("expected [net], found `{content}`")));
                };
                let Some((key, value)) = content.split_once('=') else {
                    return Err(section.error_at(line, format!("expected key=value, found `{content}`")));
                };
                let entry = KeyValue {
                    key: key.trim().to_owned(),
                    value: value.trim().to_owned(),
                    line,
                    used: Cell::new(false),
                };
                section.entries.push(entry);
            }
        }
        match sections.first() {
            None => Err(whole(path, 1, "expected [net], found an empty file".into())),
            Some(first) if first.kind != "net" && first.kind != "network" => {
                Err(whole(path, first.line, format!("expected [net] first, found [{}]", first.kind)))
            }
            _ if sections.len() == 1 => Err(whole(path, sections[0].line, "there are no layers after [net]".into())),
            _ => Ok(Self { sections }),
        }
    }
}

/// The text of a cfg that is in no coding known here but for its comments, which nobody reads.
fn without_comments(path: &Path, bytes: &[u8]) -> Result<String> {
    let mut comment = false;
    let read = bytes.iter().copied().filter(|byte| {
        let end = matches!(byte, b'\n' | b'\r');
        comment = !end && (comment || COMMENT.contains(&char::from(*byte)));
        !comment
    });
    let failed = |_| whole(path, text::bad_line(bytes), "is not UTF-8 text: is this a .cfg?".into());
    String::from_utf8(read.collect()).map_err(failed)
}

fn whole(path: &Path, line: usize, message: String) -> Error {
    Error::Cfg { file: path.to_owned(), line, section: "cfg".into(), message }
}

/// Kinds of numbers that a cfg has.
pub trait Number: FromStr {
    /// What an error says was expected.
    const KIND: &'static str;
}

impl Number for f32 {
    const KIND: &'static str = "a number";
}

impl Number for usize {
    const KIND: &'static str = "a whole number from 0 on";
}

impl Number for u32 {
    const KIND: &'static str = usize::KIND;
}

impl Number for i64 {
    const KIND: &'static str = "a whole number";
}

impl Section {
    /// `layer 3 [route]`, or `[net]`.
    pub fn name(&self) -> String {
        match self.layer {
            Some(layer) => format!("layer {layer} [{}]", self.kind),
            None => format!("[{}]", self.kind),
        }
    }

    /// Where it is, for remarks: `x.cfg:1: [net]`.
    pub fn place(&self) -> String {
        format!("{}:{}: {}", self.file.display(), self.line, self.name())
    }

    /// An error that points at the section's first line.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.error_at(self.line, message)
    }

    /// An error that points at the line of `key`, or at the section if it has none.
    pub fn error_key(&self, key: &str, message: impl Into<String>) -> Error {
        self.error_at(self.find(key).map_or(self.line, |e| e.line), message)
    }

    fn error_at(&self, line: usize, message: impl Into<String>) -> Error {
        Error::Cfg { file: self.file.clone(), line, section: self.name(), message: message.into() }
    }

    /// Darknet takes the first of two entries with one key; [`Section::finish`] refuses the second.
    fn find(&self, key: &str) -> Option<&KeyValue> {
        self.entries.iter().find(|e| e.key == key)
    }

    /// The text of `key`, if it is there.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(key.to_owned());
        let entry = self.find(key)?;
        entry.used.set(true);
        Some(&entry.value)
    }

    /// The text of `key`, for a look that does not count as reading it.
    pub fn peek(&self, key: &str) -> Option<&str> {
        self.find(key).map(|entry| entry.value.as_str())
    }

    /// The number of `key`, if it is there.
    ///
    /// # Errors
    /// If it is no number of that kind.
    pub fn number<T: Number>(&self, key: &str) -> Result<Option<T>> {
        self.text(key).map(|text| self.convert(key, text)).transpose()
    }

    /// The number of `key`, or `default`.
    ///
    /// # Errors
    /// As [`Section::number`].
    pub fn number_or<T: Number>(&self, key: &str, default: T) -> Result<T> {
        Ok(self.number(key)?.unwrap_or(default))
    }

    /// The comma-separated numbers of `key`; empty if it is not there. A trailing comma is forgiven, as Darknet does.
    ///
    /// # Errors
    /// If one is no number of that kind.
    pub fn list<T: Number>(&self, key: &str) -> Result<Vec<T>> {
        let Some(text) = self.text(key) else { return Ok(vec![]) };
        text.trim_end_matches(',').split(',').map(|one| self.convert(key, one.trim())).collect()
    }

    fn convert<T: Number>(&self, key: &str, text: &str) -> Result<T> {
        // Rust reads `nan` and `inf` as numbers, and 1e39 as the latter.
        let finite = text.parse::<f32>().is_ok_and(f32::is_finite);
        let number = text.parse().ok().filter(|_| finite);
        number.ok_or_else(|| self.error_key(key, format!("{key}: expected {}, found `{text}`", T::KIND)))
    }

    /// Fails if `key` is there with any value but `neutral`: what it asks for would change the result.
    ///
    /// # Errors
    /// [`Error::Cfg`]
    pub fn refuse(&self, key: &str, neutral: &str) -> Result<()> {
        match self.text(key) {
            Some(value) if value != neutral => {
                Err(self.error_key(key, format!("{key}={value} is not supported, only {key}={neutral}")))
            }
            _ => Ok(()),
        }
    }

    /// Passes over what nobody has asked for. Keys that Darknet does not read either cannot change a result and are told in `notes`;
    /// what it reads for training, tracking or display is passed in silence.
    ///
    /// # Errors
    /// [`Error::Cfg`] for a key that is near in spelling to one that counts here, and for one that is there twice with two values.
    pub fn finish(&self, notes: &mut Vec<String>) -> Result<()> {
        for entry in self.entries.iter().filter(|e| !e.used.get() && !keys::without_effect(&self.kind, &e.key)) {
            let KeyValue { key, line, .. } = entry;
            match self.find(key) {
                // Darknet takes the first; who meant the last would see another result.
                Some(first) if first.used.get() && first.value != entry.value => {
                    return Err(self.error_at(*line, format!("`{key}` a second time, after line {}", first.line)));
                }
                Some(first) if first.used.get() => continue,
                _ => {}
            }
            let asked = self.asked.borrow();
            if let Some(meant) = keys::meant(key, asked.iter().map(String::as_str)).filter(|_| !keys::is_a_word(key)) {
                return Err(self.error_at(*line, format!("unknown key `{key}`: is `{meant}` meant?")));
            }
            notes.push(format!(
                "{}:{line}: {}: `{key}` means nothing here, to Darknet neither, and is passed over",
                self.file.display(),
                self.name()
            ));
        }
        Ok(())
    }
}
