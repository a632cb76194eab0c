//! What a pickle holds. Values lie in one list and name each other by number: what is shared is there once, what goes
//! in circles ends nowhere, and nothing is ever copied or dropped in depth.

use std::fmt;

use super::tensor::{SavedStorage, SavedTensor};

/// The place of a value in its pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub(super) u32);

/// A value as it lies there. [`Value`] is the way to look at it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Datum {
    /// `None`.
    None,
    /// `True` and `False`.
    Bool(bool),
    /// A whole number of up to 64 bits.
    Int(i64),
    /// A larger one: two's complement, the lowest byte first.
    Big(Box<[u8]>),
    /// A number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// Bytes, or text of Python 2 that is not UTF-8.
    Bytes(Box<[u8]>),
    /// A list.
    List(Vec<Id>),
    /// A tuple, or a `torch.Size`.
    Tuple(Vec<Id>),
    /// A set, in the order of the file.
    Set(Vec<Id>),
    /// A dictionary, ordered or not; of two equal keys the later one counts.
    Dict(Vec<(Id, Id)>),
    /// A class or function by its full name, such as `models.common.Conv`: never more than that name.
    Class(Box<str>),
    /// A row of numbers outside of the pickle.
    Storage(Box<SavedStorage>),
    /// A view of a storage.
    Tensor(Box<SavedTensor>),
    /// Anything else that was built by calling something.
    Object(Box<Object>),
}

/// An instance of a class that is only known by its name.
#[derive(Clone, Debug)]
pub struct Object {
    pub(super) class: Id,
    pub(super) args: Id,
    pub(super) state: Option<Id>,
    pub(super) list: Vec<Id>,
    pub(super) pairs: Vec<(Id, Id)>,
}

/// All values of a pickle.
#[derive(Clone, Debug)]
pub struct Pickle {
    pub(super) data: Vec<Datum>,
    pub(super) root: Id,
}

impl Pickle {
    /// The value that everything else hangs on.
    pub fn root(&self) -> Value<'_> {
        Value { pickle: self, id: self.root }
    }

    /// All values, in the order of the file.
    pub fn data(&self) -> &[Datum] {
        &self.data
    }
}

/// One value of a pickle. Every method looks at this value alone, so that no file can make one slow.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pickle: &'a Pickle,
    id: Id,
}

impl<'a> Value<'a> {
    /// The value itself.
    pub fn datum(self) -> &'a Datum {
        self.pickle.data.get(self.id.0 as usize).unwrap_or(&Datum::None)
    }

    fn with(self, id: Id) -> Self {
        Self { id, ..self }
    }

    /// Whether this is `None`.
    pub fn is_none(self) -> bool {
        matches!(self.datum(), Datum::None)
    }

    /// `True` or `False`.
    pub fn bool(self) -> Option<bool> {
        if let Datum::Bool(value) = self.datum() { Some(*value) } else { None }
    }

    /// A whole number.
    pub fn int(self) -> Option<i64> {
        if let Datum::Int(value) = self.datum() { Some(*value) } else { None }
    }

    /// A number, whole or not.
    pub fn float(self) -> Option<f64> {
        match self.datum() {
            Datum::Int(value) => Some(*value as f64),
            Datum::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Text.
    pub fn text(self) -> Option<&'a str> {
        if let Datum::Text(text) = self.datum() { Some(text) } else { None }
    }

    /// What a list, a tuple or a set holds.
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = Value<'a>>> {
        let ids = match self.datum() {
            Datum::List(ids) | Datum::Tuple(ids) | Datum::Set(ids) => ids,
            Datum::Object(object) if !object.list.is_empty() => &object.list,
            _ => return None,
        };
        Some(ids.iter().map(move |id| self.with(*id)))
    }

    /// Keys and values of a dictionary.
    pub fn pairs(self) -> Option<impl DoubleEndedIterator<Item = (Value<'a>, Value<'a>)> + ExactSizeIterator> {
        let pairs = match self.datum() {
            Datum::Dict(pairs) => pairs,
            Datum::Object(object) if !object.pairs.is_empty() => &object.pairs,
            _ => return None,
        };
        Some(pairs.iter().map(move |(key, value)| (self.with(*key), self.with(*value))))
    }

    /// The value of a dictionary at `key`, or the attribute `key` of an object.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        let dict = if matches!(self.datum(), Datum::Object(_)) { self.state()? } else { self };
        dict.pairs()?.rev().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The class of an object, such as `models.common.Conv`; of a class its own name.
    pub fn class(self) -> Option<&'a str> {
        match self.datum() {
            Datum::Class(name) => Some(name),
            Datum::Object(object) => match self.with(object.class).datum() {
                Datum::Class(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The arguments that an object was built with.
    pub fn args(self) -> Option<Value<'a>> {
        if let Datum::Object(object) = self.datum() { Some(self.with(object.args)) } else { None }
    }

    /// The state of an object: a dictionary of its attributes, as a rule.
    pub fn state(self) -> Option<Value<'a>> {
        if let Datum::Object(object) = self.datum() { object.state.map(|id| self.with(id)) } else { None }
    }

    /// A tensor.
    pub fn tensor(self) -> Option<&'a SavedTensor> {
        if let Datum::Tensor(tensor) = self.datum() { Some(tensor) } else { None }
    }

    /// What kind of value this is, for a sentence.
    pub fn kind(self) -> String {
        let kind = match self.datum() {
            Datum::None => "None",
            Datum::Bool(_) => "a bool",
            Datum::Int(_) | Datum::Big(_) => "a whole number",
            Datum::Float(_) => "a number",
            Datum::Text(_) => "text",
            Datum::Bytes(_) => "bytes",
            Datum::List(_) => "a list",
            Datum::Tuple(_) => "a tuple",
            Datum::Set(_) => "a set",
            Datum::Dict(_) => "a dictionary",
            Datum::Class(_) => "a class",
            Datum::Storage(_) => "a storage",
            Datum::Tensor(_) => "a tensor",
            Datum::Object(_) => return format!("an object of `{}`", self.class().unwrap_or("?")),
        };
        kind.into()
    }
}

/// This value alone: what it holds is only counted.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.datum() {
            Datum::Bool(value) => value.fmt(f),
            Datum::Int(value) => value.fmt(f),
            Datum::Float(value) => value.fmt(f),
            Datum::Text(text) => text.fmt(f),
            Datum::Class(name) => f.write_str(name),
            Datum::Tensor(tensor) => write!(f, "{:?} {:?}", tensor.kind(), tensor.shape),
            _ => match self.items().map(|i| i.len()).or(self.pairs().map(|p| p.len())) {
                Some(count) => write!(f, "{} of {count}", self.kind()),
                None => f.write_str(&self.kind()),
            },
        }
    }
}
