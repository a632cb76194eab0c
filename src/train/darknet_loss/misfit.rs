//! What does not fit together.

use std::fmt;

/// Why there is no loss. Values of the head, however odd, are never a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// The head's length is not \[pictures, masks*(5+classes), h, w\].
    HeadValues {
        /// What the section and the grid ask for.
        expected: usize,
        /// Values there are.
        found: usize,
    },
    /// A grid or canvas without cells or pixels.
    Empty,
    /// `mask` names an anchor that is not there.
    Mask {
        /// The anchor.
        index: usize,
        /// Anchors there are.
        anchors: usize,
    },
    /// An anchor whose sides are not positive.
    Anchor {
        /// Which one.
        index: usize,
    },
    /// `counters_per_class` does not have one number for each class.
    Multipliers {
        /// Classes there are.
        classes: usize,
        /// Numbers there are.
        found: usize,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadValues { expected, found } => write!(f, "the head has {found} values, expected {expected}"),
            Self::Empty => write!(f, "the head's grid and the canvas must not be empty"),
            Self::Mask { index, anchors } => write!(f, "mask names anchor {index}, there are {anchors}"),
            Self::Anchor { index } => write!(f, "anchor {index} has a side that is not positive"),
            Self::Multipliers { classes, found } => {
                write!(f, "counters_per_class has {found} numbers, there are {classes} classes")
            }
        }
    }
}

impl std::error::Error for Misfit {}
