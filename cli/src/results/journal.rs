//! What of a run is done: a file beside its output, from which a run that was killed goes on.
//!
//! First a line that says which run it is; then a line for each picture, after what was found in it is written: its place in the list,
//! and how long the output is since. A line without its end, and output behind the last length, are what a kill has left.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use yolov4::{Error, Result};

/// Which run it is: what may not differ between two parts of one output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// Names of options and what they were.
    pub settings: BTreeMap<String, String>,
    /// How many pictures there are.
    pub pictures: usize,
    /// A sum of their paths.
    pub list: String,
    /// Which part of a longer list they are.
    pub shard: Option<String>,
}

impl RunIdentity {
    /// What differs, in words.
    fn differs(&self, before: &Self) -> Option<String> {
        let none = || "nothing".to_owned();
        let names = self.settings.keys().chain(before.settings.keys());
        let other = names.into_iter().find(|name| self.settings.get(*name) != before.settings.get(*name));
        if let Some(name) = other {
            let value = |of: &Self| of.settings.get(name).cloned().unwrap_or_else(none);
            return Some(format!("{name} was {}, and is {} now", value(before), value(self)));
        }
        if self.shard != before.shard {
            let shard = |of: &Self| of.shard.clone().unwrap_or_else(none);
            return Some(format!("shard was {}, and is {} now", shard(before), shard(self)));
        }
        if self.pictures != before.pictures {
            return Some(format!("it was of {} pictures, and there are {} now", before.pictures, self.pictures));
        }
        (self.list != before.list).then(|| "its pictures were others, or in another order".to_owned())
    }
}

/// How far a run was.
#[derive(Clone, Debug, Default)]
pub struct Progressed {
    /// By place: whether its picture is in the output.
    pub done: Vec<bool>,
    /// Bytes of output that are whole.
    pub length: u64,
}

/// An open journal; no other program writes to its output meanwhile.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Where the journal of a run's output is.
    pub fn path_of(out: &Path, run: Option<&RunIdentity>) -> PathBuf {
        let mut name = out.as_os_str().to_owned();
        // Several shards may share a folder, and none of them a file.
        if let Some(shard) = run.and_then(|run| run.shard.as_ref()).filter(|_| out.is_dir()) {
            name.push(format!(".{}", shard.replace('/', "-of-")));
        }
        name.push(".yolov4-journal");
        name.into()
    }

    /// Begins a new one.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Usage`] if another program is at it.
    pub fn create(path: PathBuf, run: &RunIdentity) -> Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut journal = Self { file: file.map_err(Error::io(&path))?, path };
        journal.lock()?;
        journal.file.set_len(0).map_err(Error::io(&journal.path))?;
        let line = serde_json::to_string(run).map_err(Error::format("a journal", "JSON"))?;
        journal.line(&line)?;
        Ok(journal)
    }

    /// Goes on with one that is there; `written` is how long the output is. No journal, or none that got as far as its first line, is none.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Text`] with the line for what is no journal; [`Error::Usage`] for one of another run, or if another program
    /// is at it.
    pub fn resume(path: PathBuf, run: &RunIdentity, written: u64) -> Result<Option<(Self, Progressed)>> {
        // Not to append: on Windows such a file may not be cut.
        let file = match File::options().read(true).write(true).open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io(&path))?,
        };
        let mut journal = Self { path, file };
        journal.lock()?;
        let mut text = String::new();
        journal.file.read_to_string(&mut text).map_err(Error::io(&journal.path))?;
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate();
        let fail = |line: usize, message: String| Error::Text { file: journal.path.clone(), line: line + 1, message };
        let Some((_, first)) = lines.next() else { return Ok(None) };
        let mut kept = first.len() as u64;
        let before: RunIdentity =
            serde_json::from_str(first).map_err(|e| fail(0, format!("expected the journal of a run: {e}")))?;
        if let Some(other) = run.differs(&before) {
            let message = format!(
                "{}: another run was begun there: {other}; without --resume it begins anew",
                journal.path.display()
            );
            return Err(Error::Usage(message));
        }
        let mut progressed = Progressed { done: vec![false; run.pictures], length: 0 };
        for (at, line) in lines {
            let line = line.trim_end();
            let entry =
                line.split_once(' ').and_then(|(place, length)| Some((place.parse().ok()?, length.parse().ok()?)));
            let (place, length): (usize, u64) =
                entry.ok_or_else(|| fail(at, format!("expected a place and a length, found `{line}`")))?;
            let picture = progressed.done.get_mut(place);
            let picture = picture.ok_or_else(|| fail(at, format!("place {place} of {} pictures", run.pictures)))?;
            // A machine that went down may have kept less of the output than of its journal.
            if length > written {
                break;
            }
            *picture = true;
            progressed.length = length;
            kept += line.len() as u64 + 1;
        }
        let cut = journal.file.set_len(kept).and_then(|()| (&journal.file).seek(SeekFrom::End(0)));
        cut.map_err(Error::io(&journal.path))?;
        Ok(Some((journal, progressed)))
    }

    /// Notes that a picture is in the output, which is so long now.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn done(&mut self, place: usize, length: u64) -> Result<()> {
        self.line(&format!("{place} {length}"))
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn remove(self) -> Result<()> {
        let Self { path, file } = self;
        // Not every system removes what is open.
        drop(file);
        std::fs::remove_file(&path).map_err(Error::io(&path))
    }

    fn line(&mut self, line: &str) -> Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(Error::io(&self.path))
    }

    fn lock(&self) -> Result<()> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(Error::Usage(format!("{}: another run writes there now", self.path.display())))
            }
            // A file system without locks: two runs at once are then the user's care.
            Err(std::fs::TryLockError::Error(e)) => {
                tracing::warn!("{}: cannot be locked: {e}", self.path.display());
                Ok(())
            }
        }
    }
}
