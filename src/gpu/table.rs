//! The fastest rung of the ladder for each shape, as it was measured on one adapter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    digest,
    gpu::{context::Gpu, measure::Clock},
    kernels::{
        catalogue,
        conv::{Caps, Problem, Variant},
    },
};

/// The fastest rung of each shape, and what it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Adapter, driver and kernels that it was measured with; see [`Table::identity`].
    pub of: String,
    /// By shape.
    pub shapes: BTreeMap<String, TuningEntry>,
}

/// One shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuningEntry {
    /// Name of the rung.
    pub rung: String,
    /// What the times were read from.
    pub clock: Clock,
    /// Milliseconds of each rung that was measured.
    pub ms: BTreeMap<String, f64>,
}

impl Table {
    /// What a table is valid for: this adapter and driver, and these very kernels.
    pub fn identity(gpu: &Gpu) -> String {
        let report = gpu.report();
        let hash = digest::short(catalogue().into_iter().flat_map(|kernel| kernel.parts).map(|part| part.text));
        format!("{} | {} | {} | {hash}", report.backend, report.name, report.driver)
    }

    /// This table if it was measured on this adapter, else an empty one that will be.
    pub(super) fn of_this(&self, gpu: &Gpu) -> Self {
        let of = Self::identity(gpu);
        if self.of == of { self.clone() } else { Self { of, ..Self::default() } }
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        // Strings and finite numbers only: nothing here can fail to serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The fastest rung of a shape, if it was measured.
    pub fn get(&self, problem: &Problem, caps: &Caps) -> Option<Variant> {
        let entry = self.shapes.get(&key(problem, caps))?;
        Variant::ALL.iter().copied().find(|v| v.name() == entry.rung)
    }
}

/// What makes two convolutions equally fast: geometry, storage, and how much is written and bound; not what they are called
/// or how they are activated.
pub(super) fn key(p: &Problem, caps: &Caps) -> String {
    let storage = if caps.half { "f16" } else { "f32" };
    let (sy, sx) = p.stride;
    let mut key = format!(
        "{} -> {} {}/{sy}x{sx} pad {} dil {} groups {} {storage}",
        p.input, p.output, p.size, p.pad, p.dilation, p.groups
    );
    // What is seldom anything but one is told where it is, so that tables of before hold.
    for (what, count) in [(" batch ", p.pictures), (" upsample ", p.upsample), (" parts ", p.parts)] {
        if count != 1 {
            key += what;
            key += &count.to_string();
        }
    }
    key
}
