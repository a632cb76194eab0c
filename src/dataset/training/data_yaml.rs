//! `data.yaml` of YOLO's sets: five keys of it; what else it says is passed over.

use std::{collections::BTreeSet, path::Path};

use saphyr_parser::{Event, Parser, ScanError, Span, StrInput};

use crate::{
    error::{Error, Result},
    model::text,
};

/// The keys that are read; of others nothing is asked.
const KEYS: [&str; 7] = ["names", "nc", "path", "train", "val", "valid", "test"];

/// What a line says, and its number, from 1.
pub type YamlText = (String, usize);

/// What the file says of a set.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DataYaml {
    /// Classes in their order.
    pub names: Vec<YamlText>,
    /// How many classes there are.
    pub nc: Option<(usize, usize)>,
    /// Folder that the others start from.
    pub path: Option<YamlText>,
    /// Folders or lists of pictures to be learnt from, to be measured on while learning, and at the end.
    pub parts: [Vec<YamlText>; 3],
}

/// Reads a file. Lists and maps in one another are read where nothing of them is needed, and refused where it is.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line.
pub fn read(file: &Path) -> Result<DataYaml> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    let text = text::any(&bytes);
    let fail = |line: usize, message: String| Error::Text { file: file.to_owned(), line: line.max(1), message };
    let mut events = Parser::new_from_str(&text);
    let scan = |e: ScanError| fail(e.marker().line(), format!("is no YAML: {}", e.info()));
    let mut found = DataYaml::default();
    loop {
        match events.next().transpose().map_err(scan)? {
            Some((Event::MappingStart(..), _)) => break,
            Some((Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _)) => {}
            other => {
                let line = other.map_or(1, |(_, span)| span.start.line());
                return Err(fail(line, "expected keys with values, such as `names:`, found none".into()));
            }
        }
    }
    let mut keys = BTreeSet::new();
    loop {
        let (key, line) = match events.next().transpose().map_err(scan)? {
            Some((Event::Scalar(key, ..), span)) => (key.into_owned(), span.start.line()),
            Some((Event::MappingEnd, _)) => break,
            other => {
                let line = other.map_or(1, |(_, span)| span.start.line());
                return Err(fail(line, "expected a key, found a list or a map".into()));
            }
        };
        let value = value(&mut events).map_err(scan)?;
        let kind = value.kind();
        let other = |what: &str| fail(line, format!("{key}: expected {what}, found {kind}"));
        if !keys.insert(key.clone()) && KEYS.contains(&key.as_str()) {
            return Err(fail(line, format!("{key}: stands there twice")));
        }
        match (key.as_str(), value) {
            ("names", Value::Items(names)) => found.names = names,
            ("names", Value::Pairs(pairs)) => found.names = by_number(pairs).map_err(|(line, m)| fail(line, m))?,
            ("names", _) => return Err(other("a list of names")),
            ("nc", Value::Text(n)) => {
                let number = n.parse().map_err(|_| fail(line, format!("nc: expected a whole number, found `{n}`")))?;
                found.nc = Some((number, line));
            }
            ("nc", _) => return Err(other("a whole number")),
            ("path", Value::Text(path)) => found.path = Some((path, line)).filter(|(path, _)| !is_null(path)),
            ("path", _) => return Err(other("a folder")),
            ("train" | "val" | "valid" | "test", value) => {
                let part = ["train", "v", "test"].iter().position(|start| key.starts_with(start)).unwrap_or(0);
                found.parts[part] = match value {
                    Value::Text(path) if is_null(&path) => vec![],
                    Value::Text(path) => vec![(path, line)],
                    Value::Items(paths) => paths,
                    _ => return Err(other("a folder, a list, or several")),
                };
            }
            _ => {}
        }
    }
    Ok(found)
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null")
}

/// The names of a map by number, which has each number from 0 once.
fn by_number(pairs: Vec<(String, YamlText)>) -> std::result::Result<Vec<YamlText>, (usize, String)> {
    let mut names: Vec<Option<YamlText>> = vec![None; pairs.len()];
    let last = pairs.len().saturating_sub(1);
    for (key, (name, line)) in pairs {
        let place = key.parse::<usize>().ok().and_then(|number| names.get_mut(number));
        match place {
            Some(place @ None) => *place = Some((name, line)),
            _ => return Err((line, format!("names: expected each number from 0 to {last} once, found `{key}`"))),
        }
    }
    Ok(names.into_iter().flatten().collect())
}

enum Value {
    Text(String),
    Items(Vec<YamlText>),
    Pairs(Vec<(String, YamlText)>),
    /// Lists or maps in one another, or a reference to one.
    Deep,
}

impl Value {
    /// What it is, in words.
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(text) if is_null(text) => "nothing",
            Self::Text(_) => "a text",
            Self::Items(_) => "a list",
            Self::Pairs(_) => "a map",
            Self::Deep => "lists or maps in one another, or `*`",
        }
    }
}

/// Takes the next value, however deep it is.
fn value<'t>(events: &mut Parser<'t, StrInput<'t>>) -> std::result::Result<Value, ScanError> {
    let (mut texts, mut depth, mut deep, mut map) = (Vec::new(), 0_usize, false, false);
    while let Some((event, Span { start, .. })) = events.next().transpose()? {
        match event {
            Event::Scalar(text, ..) if depth == 0 => return Ok(Value::Text(text.into_owned())),
            Event::Scalar(text, ..) if depth == 1 => texts.push((text.into_owned(), start.line())),
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                deep |= depth > 0;
                map |= depth == 0 && matches!(event, Event::MappingStart(..));
                depth += 1;
            }
            Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
            Event::Alias(_) => deep = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    if deep {
        return Ok(Value::Deep);
    }
    if !map {
        return Ok(Value::Items(texts));
    }
    let mut texts = texts.into_iter();
    let mut pairs = Vec::new();
    while let (Some((key, _)), Some(text)) = (texts.next(), texts.next()) {
        pairs.push((key, text));
    }
    Ok(Value::Pairs(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Result<DataYaml> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn names_are_a_list_or_a_map() {
        let rest = "train: ../train/images\nval: [a, b]\ntest:\nroboflow:\n  license: {x: [1, [2]]}\nnc: 2 # so many\n";
        for names in ["names: ['red cell', \"no\"]\n", "names:\n- red cell\n- no\n", "names:\n  1: no\n  0: red cell\n"]
        {
            let found = yaml(&format!("%YAML 1.2\n---\npath: x\n{names}{rest}")).unwrap();
            let texts: Vec<&str> = found.names.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(texts, ["red cell", "no"], "{names}");
            assert_eq!((found.nc.unwrap().0, found.path.unwrap()), (2, ("x".into(), 3)));
            assert_eq!(found.parts.map(|part| part.len()), [1, 2, 0]);
        }
    }

    #[test]
    fn what_is_nested_is_refused_where_it_matters() {
        for (text, told) in [
            ("names: [[a], b]", ":1: names: expected a list of names, found lists or maps in one another"),
            ("x: &a [b]\nnames: *a", ":2: names: expected a list"),
            ("names: {0: a, 2: b}", ":1: names: expected each number from 0 to 1 once, found `2`"),
            ("names: {a: 0}", "found `a`"),
            ("names: [a]\nnc: two", ":2: nc: expected a whole number, found `two`"),
            ("train: {a: b}", ":1: train: expected a folder, a list, or several, found a map"),
            ("names: red", ":1: names: expected a list of names, found a text"),
            ("names:\nnc: 1", ":1: names: expected a list of names, found nothing"),
            ("nc: [2]", ":1: nc: expected a whole number, found a list"),
            ("names: [a]\nnc: 1\nnames: [b]", ":3: names: stands there twice"),
            ("- a", ":1: expected keys with values"),
            ("", "expected keys with values"),
            ("names: [a\nx: }", "is no YAML"),
            ("names: \"a", "is no YAML"),
        ] {
            let error = yaml(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(yaml(&"[".repeat(100_000)).is_err());
        assert!(yaml(&format!("x: {}", "[".repeat(100_000))).is_err());
    }
}
