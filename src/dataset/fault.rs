//! What is wrong with a data set, and where.

use std::{fmt, path::PathBuf};

/// How much a [`Fault`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// What is learnt or measured would be wrong.
    Error,
    /// It is dealt with as the message says, and may not be meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A file or a line that is not of its format.
    Unparsable,
    /// More or fewer fields than an object has.
    Fields,
    /// A class that has no name, or a name that is no class.
    UnknownClass,
    /// NaN, or infinite.
    NotANumber,
    /// A width or height below 0.
    NegativeSize,
    /// A box with nothing of the picture in it, or no fractions.
    Outside,
    /// A picture that cannot be decoded.
    Unreadable,
    /// A picture of other proportions than it was marked at.
    OtherShape,
    /// A picture, or a list of them, that is not there.
    NoPicture,
    /// Nothing to learn from, or nothing to measure on.
    EmptyList,
    /// The same picture to learn from and to measure on.
    Leak,
    /// Names that contradict each other or their number.
    ClassNames,
    /// Not one picture of a part has labels.
    NothingLabelled,
    /// A picture without labels.
    NoLabels,
    /// A box of no width or no height.
    NoSize,
    /// A box that reaches out of its picture.
    OverEdge,
    /// An object that is marked twice.
    Duplicate,
    /// A picture of another size than it was marked at, but of the same proportions.
    Scaled,
    /// A picture that a list has twice.
    ListedTwice,
    /// The same picture under another name.
    Copy,
    /// A class that a part has no object of.
    NoExamples,
    /// Labels whose picture is not there.
    Orphan,
    /// Names of classes that differ in case or space alone.
    SimilarNames,
    /// A picture that can be read although something is odd about it.
    OddPicture,
    /// Labels that say that nothing is in the picture.
    Negative,
    /// A text that is coded in another way than other programs expect.
    Encoding,
    /// How something was understood.
    Remark,
}

impl FaultKind {
    /// How much it matters.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Unparsable
            | Self::Fields
            | Self::UnknownClass
            | Self::NotANumber
            | Self::NegativeSize
            | Self::Outside
            | Self::Unreadable
            | Self::OtherShape
            | Self::NoPicture
            | Self::EmptyList
            | Self::Leak
            | Self::ClassNames
            | Self::NothingLabelled => Severity::Error,
            Self::NoLabels
            | Self::NoSize
            | Self::OverEdge
            | Self::Duplicate
            | Self::Scaled
            | Self::ListedTwice
            | Self::Copy
            | Self::NoExamples
            | Self::Orphan
            | Self::SimilarNames
            | Self::OddPicture => Severity::Warning,
            Self::Negative | Self::Encoding | Self::Remark => Severity::Note,
        }
    }
}

/// Something that is wrong with a data set. In order of file, then line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file that is to blame, or the folder.
    pub file: PathBuf,
    /// Its line, from 1, where it is a text.
    pub line: Option<usize>,
    /// What kind of thing it is.
    pub kind: FaultKind,
    /// What is wrong, expected against found.
    pub message: String,
}

impl Fault {
    /// One about `file`, and a line of it or the whole.
    pub fn new(
        kind: FaultKind,
        file: impl Into<PathBuf>,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line: line.into(), kind, message: message.into() }
    }

    /// How much it matters.
    pub const fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One line: `file:line: severity: message`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        // A message may quote a text of more lines.
        write!(f, ": {}: {}", self.severity(), self.message.replace(['\n', '\r'], " "))
    }
}
