//! The cache folder: files under their own names, and the SHA-1 of those that have none published.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use super::entry::{Entry, RemoteFile};
use crate::{
    error::{Error, Result},
    files,
    text::grouped,
};

/// Where fetched files are kept, or those that were put there by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    folder: Option<PathBuf>,
}

impl Store {
    /// `YOLOV4_CACHE`, or `yolov4` in the platform's cache folder.
    pub fn from_env() -> Self {
        let named = std::env::var_os("YOLOV4_CACHE").filter(|folder| !folder.is_empty());
        Self { folder: named.map(PathBuf::from).or_else(|| platform().map(|folder| folder.join("yolov4"))) }
    }

    /// That folder; it need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// The folder.
    ///
    /// # Errors
    /// [`Error::Usage`] if the system names none.
    pub fn folder(&self) -> Result<&Path> {
        let missing = || Error::Usage("there is no cache folder on this system: name one in YOLOV4_CACHE".into());
        self.folder.as_deref().ok_or_else(missing)
    }

    /// Where a file is, or belongs.
    ///
    /// # Errors
    /// As [`Store::folder`].
    pub fn path(&self, file: &RemoteFile) -> Result<PathBuf> {
        Ok(self.folder()?.join(file.name()))
    }

    /// Whether a file is there, right or not.
    pub fn holds(&self, file: &RemoteFile) -> bool {
        self.path(file).is_ok_and(|path| path.is_file())
    }

    /// Whether every file of a network is there; one that has no weights to fetch is never.
    pub fn holds_all(&self, entry: &Entry) -> bool {
        entry.weights.is_some() && entry.files().all(|file| self.holds(file))
    }

    /// The SHA-1 that a file must have: the published one, or that of its first use here.
    ///
    /// # Errors
    /// As [`Store::folder`].
    pub fn expected(&self, file: &RemoteFile) -> Result<Option<String>> {
        if let Some(sum) = file.sha1 {
            return Ok(Some(sum.to_owned()));
        }
        let text = std::fs::read_to_string(self.remembered(file)?).unwrap_or_default();
        Ok(text.split_whitespace().next().filter(|sum| sum.len() == 40).map(str::to_lowercase))
    }

    /// Remembers the SHA-1 of a file that has none published, as `sha1sum` writes it. Where that is not allowed, the next
    /// use is the first again.
    ///
    /// # Errors
    /// As [`Store::folder`].
    pub fn remember(&self, file: &RemoteFile, sum: &str) -> Result<()> {
        if file.sha1.is_none() {
            let line = format!("{sum}  {}\n", file.name());
            let _ = files::write_whole(&self.remembered(file)?, |out| out.write_all(line.as_bytes()));
        }
        Ok(())
    }

    fn remembered(&self, file: &RemoteFile) -> Result<PathBuf> {
        Ok(files::beside(&self.path(file)?, "sha1"))
    }

    /// Reads a file that is there to the end: is it what it should be?
    ///
    /// # Errors
    /// [`Error::Cache`] with both lengths or sums, and how to go on; [`Error::Io`].
    pub fn check(&self, entry: &Entry, file: &RemoteFile) -> Result<()> {
        let path = self.path(file)?;
        let damaged = |what: &str, expected: &str, found: &str, aside: &str| Error::Cache {
            file: path.clone(),
            message: format!(
                "expected {what} {expected}{aside}, found {found}: this is not the file of {} that it should \
                 be; delete it, or fetch it again",
                entry.name
            ),
        };
        let length = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
        if length != file.bytes {
            return Err(damaged("a length of", &grouped(file.bytes), &grouped(length), ""));
        }
        let found = files::sha1(&path).map_err(Error::io(&path))?;
        match self.expected(file)? {
            None => self.remember(file, &found),
            Some(expected) if expected == found => Ok(()),
            Some(expected) => {
                let aside = if file.sha1.is_none() { " (that of its first use, kept beside it as .sha1)" } else { "" };
                Err(damaged("SHA-1", &expected, &found, aside))
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn platform() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    Some(etcetera::base_strategy::choose_native_strategy().ok()?.cache_dir())
}

#[cfg(target_arch = "wasm32")]
fn platform() -> Option<PathBuf> {
    None
}
