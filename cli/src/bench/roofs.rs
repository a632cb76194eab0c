//! The roofs of the adapters of one run, each looked up or measured once.

use std::{collections::BTreeMap, io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget};
use yolov4::{
    Result,
    low_level::{detect::roofs, gpu::Roof, model::zoo::Store},
};

use super::{machines::AdapterSpec, report::RoofRow};
use crate::output;

/// Those known so far.
pub struct Roofs {
    store: Store,
    again: bool,
    known: BTreeMap<String, RoofRow>,
}

impl Roofs {
    /// None yet; with `again` what is kept counts for nothing.
    pub fn new(again: bool) -> Self {
        Self { store: Store::from_env(), again, known: BTreeMap::new() }
    }

    /// Of one adapter.
    ///
    /// # Errors
    /// If it does not answer, or fails.
    pub async fn of(&mut self, machine: &AdapterSpec) -> Result<Roof> {
        if let Some(row) = self.known.get(&machine.to_string()) {
            return Ok(row.roof);
        }
        let bar = spinner();
        let mut notes = Vec::new();
        let mut first = true;
        let mut progress = |what: &'static str| {
            if std::mem::take(&mut first) {
                output::say(format_args!("measuring what {machine} can do at most"));
            }
            bar.set_message(what);
        };
        let found = roofs::roof(&machine.options(), &self.store, self.again, &mut notes, &mut progress).await;
        bar.finish_and_clear();
        notes.iter().for_each(|note| output::say(format_args!("note: {note}")));
        let (report, roof) = found?;
        if report.software {
            output::say(format_args!(
                "SOFTWARE ADAPTER: {} is a processor that poses as a GPU; its figures say nothing about a GPU",
                report.name
            ));
        }
        let row = RoofRow {
            adapter: report.name,
            backend: report.backend,
            driver: report.driver,
            software: report.software,
            roof,
        };
        self.known.insert(machine.to_string(), row);
        Ok(roof)
    }

    /// All of them.
    pub fn rows(self) -> Vec<RoofRow> {
        self.known.into_values().collect()
    }
}

/// Something that turns, on a terminal.
pub fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
