//! What was measured of an adapter, from one start to the next: a file in the cache folder, named after the adapter, its
//! driver and the kernels.

use std::path::{Path, PathBuf};

use crate::{
    detect::options::TuneChoice,
    digest, files,
    gpu::{Gpu, Table, Tune},
    model::zoo::ModelFiles,
};

/// Under this name a table can be handed over in memory ([`crate::DetectorBuilder::file`]), where there are no files.
pub const HELD: &str = "tuning.json";

/// The table of one adapter, and where it is kept.
#[derive(Debug)]
pub struct Tuning {
    /// What is known.
    pub table: Table,
    path: Option<PathBuf>,
}

impl Tuning {
    /// What is known of this adapter. A file that cannot be read, or is of another one, counts for nothing, and a note says so.
    pub fn open(gpu: &Gpu, files: &ModelFiles, notes: &mut Vec<String>) -> Self {
        let identity = Table::identity(gpu);
        if let Some(bytes) = files.held.get(Path::new(HELD)) {
            return Self { table: read(HELD, bytes, &identity, notes), path: None };
        }
        let path = files.store.folder().ok().map(|folder| folder.join("tuning").join(file_name(&identity)));
        let bytes = path.as_ref().and_then(|path| std::fs::read(path).ok());
        let table = match (&path, bytes) {
            (Some(path), Some(bytes)) => read(&path.display().to_string(), &bytes, &identity, notes),
            _ => Table::default(),
        };
        Self { table, path }
    }

    /// How much to measure, for a wish.
    pub fn mode(&self, gpu: &Gpu, choice: TuneChoice) -> Tune {
        match choice {
            TuneChoice::Auto if gpu.report().software => Tune::Off,
            TuneChoice::Auto | TuneChoice::Quick => Tune::Quick,
            TuneChoice::Off => Tune::Off,
            TuneChoice::Full => Tune::Full,
        }
    }

    /// Keeps what is new. Where that is not possible it is measured again next time, and a note says so.
    pub fn keep(&self, table: &Table, notes: &mut Vec<String>) {
        let Some(path) = self.path.as_ref().filter(|_| table.shapes != self.table.shapes) else { return };
        if let Err(error) = files::keep(path, &table.to_json()) {
            notes.push(format!("{}: what was measured cannot be kept: {error}", path.display()));
        }
    }
}

fn read(name: &str, bytes: &[u8], identity: &str, notes: &mut Vec<String>) -> Table {
    match serde_json::from_slice::<Table>(bytes) {
        Ok(table) if table.of == identity => return table,
        Ok(table) => notes.push(format!("{name}: was measured on \"{}\", not on \"{identity}\": ignored", table.of)),
        Err(error) => notes.push(format!("{name}: is no table of measurements ({error}): ignored")),
    }
    Table::default()
}

/// The adapter's name for people, and the end of a hash that tells apart what they would not.
pub(super) fn file_name(identity: &str) -> String {
    let name = identity.split(" | ").nth(1).unwrap_or_default();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    format!("{}-{}.json", plain.trim_matches('-'), &digest::short([identity])[..12])
}
