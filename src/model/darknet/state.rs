//! What the layers share while a network grows.

use crate::{
    error::Result,
    graph::{Builder, NodeId},
    host::NmsKind,
    model::darknet::cfg::Section,
};

/// What the layers share while a network grows.
#[derive(Debug)]
pub struct Build {
    /// The graph so far.
    pub graph: Builder,
    /// The value of each layer so far.
    pub values: Vec<NodeId>,
    /// Slope of `leaky`, unless the section has its own.
    pub leaky_slope: f32,
    /// Whether heads are read as the PyTorch code reads them, whatever the cfg says.
    pub scaled: bool,
    /// How overlap is measured, and its exponent, by the last head.
    pub nms: Result<(NmsKind, f32)>,
    /// Remarks for the user.
    pub notes: Vec<String>,
}

impl Build {
    /// The value of the layer before, or the input.
    pub fn last(&self) -> NodeId {
        self.values.last().copied().unwrap_or(NodeId(0))
    }

    /// The value of a layer named by number, or, if negative, by distance.
    ///
    /// # Errors
    /// If it is not an earlier layer.
    pub fn layer(&self, section: &Section, key: &str, number: i64) -> Result<NodeId> {
        let here = self.values.len() as i64;
        let wanted = if number < 0 { here + number } else { number };
        usize::try_from(wanted).ok().and_then(|i| self.values.get(i)).copied().ok_or_else(|| {
            let range = match here {
                0 => "but there is no layer before".to_owned(),
                _ => format!("expected one of 0 .. {}", here - 1),
            };
            section.error_key(key, format!("{key}={number} means layer {wanted}, {range}"))
        })
    }
}
