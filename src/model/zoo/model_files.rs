//! Files of the zoo for whoever needs them: from the cache, or over the network if that is allowed.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    entry::{Entry, RemoteFile},
    store::Store,
};
use crate::error::{Error, Result};
#[cfg(feature = "fetch")]
use crate::fetch::{self, RetryPolicy, Wanted, Watch};

/// Where files may come from.
#[derive(Debug, Default)]
pub struct ModelFiles {
    /// The cache.
    pub store: Store,
    /// Files that are in memory, by the names that they are asked for by.
    pub held: BTreeMap<PathBuf, Vec<u8>>,
    /// The network, if it may be used.
    #[cfg(feature = "fetch")]
    pub remote: Option<Remote>,
}

/// How the network is used.
#[cfg(feature = "fetch")]
#[derive(Default)]
pub struct Remote {
    /// Takes the place of the address in front of a published path.
    pub mirror: Option<String>,
    /// When to give up.
    pub retry: RetryPolicy,
    /// Told how far it has come.
    pub watch: Option<Box<Watch<'static>>>,
}

#[cfg(feature = "fetch")]
impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("mirror", &self.mirror).field("retry", &self.retry).finish_non_exhaustive()
    }
}

/// A file, and whether it was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it has come just now.
    pub fetched: bool,
}

impl ModelFiles {
    /// Only what is in the cache.
    pub fn cached() -> Self {
        Self {
            store: Store::from_env(),
            held: BTreeMap::new(),
            #[cfg(feature = "fetch")]
            remote: None,
        }
    }

    /// The bytes of a file: held ones, or else read.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn read(&self, path: &Path) -> Result<Cow<'_, [u8]>> {
        match self.held.get(path) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => std::fs::read(path).map(Cow::Owned).map_err(Error::io(path)),
        }
    }

    /// A file that is right: from the cache or else fetched.
    ///
    /// # Errors
    /// [`Error::NotCached`] if it would have to be fetched and must not; [`Error::Cache`] for one that is damaged;
    /// [`Error::Fetch`].
    pub fn get(&mut self, entry: &Entry, file: &RemoteFile) -> Result<Found> {
        if !self.store.holds(file) {
            return self.bring(entry, file);
        }
        self.store.check(entry, file)?;
        Ok(Found { path: self.store.path(file)?, fetched: false })
    }

    /// A file that is right: from the cache or else fetched; a damaged one is fetched again.
    ///
    /// # Errors
    /// As [`ModelFiles::get`], but for the damaged file.
    pub fn renew(&mut self, entry: &Entry, file: &RemoteFile) -> Result<Found> {
        match self.get(entry, file) {
            Err(Error::Cache { .. }) => self.bring(entry, file),
            other => other,
        }
    }

    /// The weights of a network.
    ///
    /// # Errors
    /// As [`ModelFiles::get`]; [`Error::Usage`] if there are none to be had.
    pub fn weights(&mut self, entry: &Entry) -> Result<Found> {
        match &entry.weights {
            Some(file) => self.get(entry, file),
            None => Err(Error::Usage(format!("{}: {}; name a file of weights", entry.name, entry.remark))),
        }
    }

    #[cfg(feature = "fetch")]
    fn bring(&mut self, entry: &Entry, file: &RemoteFile) -> Result<Found> {
        let Some(remote) = &mut self.remote else { return Err(self.not_cached(entry, file)?) };
        let path = self.store.path(file)?;
        let urls = file.urls(remote.mirror.as_deref());
        let wanted = Wanted { urls, file: path.clone(), bytes: file.bytes, sha1: self.store.expected(file)? };
        let mut silent = |_: fetch::Event<'_>| {};
        let watch: &mut Watch<'_> = match &mut remote.watch {
            Some(watch) => watch.as_mut(),
            None => &mut silent,
        };
        let sum = fetch::fetch(&wanted, &remote.retry, watch)?;
        self.store.remember(file, &sum)?;
        Ok(Found { path, fetched: true })
    }

    #[cfg(not(feature = "fetch"))]
    fn bring(&mut self, entry: &Entry, file: &RemoteFile) -> Result<Found> {
        Err(self.not_cached(entry, file)?)
    }

    fn not_cached(&self, entry: &Entry, file: &RemoteFile) -> Result<Error> {
        let url = file.urls(None).into_iter().next().unwrap_or_default();
        Ok(Error::NotCached { name: entry.name.to_owned(), url, file: self.store.path(file)? })
    }
}
