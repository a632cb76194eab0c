//! Networks by name.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    model::{
        CfgOptions, Model, Preprocess, bundle,
        darknet::build,
        scaled::Recipe,
        zoo::{ENTRIES, Entry, ModelFiles, Origin},
    },
};

/// What is taken where no model is named.
pub const DEFAULT: &str = "yolov4-tiny";

impl Entry {
    /// The network, read with `options`; a cfg is taken from `supply`.
    ///
    /// # Errors
    /// What a cfg may be blamed for; for one that is not there, what [`ModelFiles::get`] says.
    pub fn network(&self, options: &CfgOptions, files: &mut ModelFiles) -> Result<Model> {
        let network = match &self.origin {
            Origin::Built => Recipe::named(self.name)?.read(self.name, options)?,
            Origin::Foreign(foreign) => {
                let cfg = files.get(self, &foreign.cfg)?.path;
                Model { source: PathBuf::from(self.name), ..build::network(&cfg, options)? }
            }
            // Its defaults are in the file.
            Origin::Carried(bytes) => return bundle::read(Path::new(self.name), bytes, options),
        };
        let preprocess = Preprocess { resize: self.resize, ..network.preprocess };
        Ok(Model { preprocess, labels: self.labels(), ..network })
    }
}

/// The name of a network, or what can only be meant as one. A file or folder that is called like a network does not hide
/// it: `./demo` is the file.
pub fn bare(path: &Path) -> Option<&str> {
    let name = path.to_str().filter(|_| path.components().count() == 1)?;
    let known = ENTRIES.iter().any(|entry| entry.name == name);
    (known || path.extension().is_none() && !path.exists()).then_some(name)
}

/// The network of that name.
///
/// # Errors
/// [`Error::Usage`] with the names that there are.
pub fn named(name: &str) -> Result<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
        Error::Usage(format!("there is no network `{name}`; there are {}", names.join(", ")))
    })
}
