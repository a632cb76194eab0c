//! Files over HTTP: whole, checked, and once. A file grows beside its place as `NAME.part`; a later attempt, of this process
//! or another, goes on where it ends; it gets its name when its length and SHA-1 are right.

mod http;
mod part;
mod retry;

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use http::{Client, Refusal};
use part::PartialFile;
pub use retry::RetryPolicy;
use same_file::Handle;

use crate::{
    error::{Error, Result},
    files,
};

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is published; each is tried if those before it cannot be had.
    pub urls: Vec<String>,
    /// Where it is to be.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-1 in hexadecimal, if it is known.
    pub sha1: Option<String>,
}

/// How far a fetch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Another process is fetching the same file.
    Waiting {
        /// The file.
        file: &'a Path,
    },
    /// A connection is about to be made.
    Start {
        /// The address.
        url: &'a str,
        /// Bytes that are there already.
        from: u64,
        /// Bytes in all.
        bytes: u64,
    },
    /// So many bytes are there.
    Progress(u64),
    /// The connection was cut; another one follows.
    Again {
        /// What happened.
        why: &'a str,
    },
}

/// Told of every [`Event`]. Who builds a detector on another thread takes it along.
pub type Watch<'a> = dyn FnMut(Event<'_>) + Send + 'a;

/// A transfer worth of a fresh count of cuts.
const PROGRESS: u64 = 1 << 20;

/// Brings the file unless it is there and right; returns its SHA-1. Processes that want the same file wait for each other.
///
/// # Errors
/// [`Error::Fetch`] with the last address; [`Error::Io`] for what the disk refuses, and then what has come is kept for a
/// later attempt.
pub fn fetch(wanted: &Wanted, retry: &RetryPolicy, watch: &mut Watch<'_>) -> Result<String> {
    let file = &wanted.file;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let _lock = Lock::take(file, watch)?;
    if let Some(sum) = present(wanted)? {
        return Ok(sum);
    }
    let brought = bring(wanted, retry, watch);
    if brought.is_err() {
        PartialFile::tidy(file);
    }
    brought
}

fn bring(wanted: &Wanted, retry: &RetryPolicy, watch: &mut Watch<'_>) -> Result<String> {
    let client = Client::new(retry);
    let mut last = None;
    for url in &wanted.urls {
        match from_one(&client, url, wanted, retry, watch) {
            Err(error @ Error::Fetch { .. }) => last = Some(error),
            other => return other,
        }
    }
    let none = || Error::Usage(format!("{}: there is no address to fetch it from", wanted.file.display()));
    Err(last.unwrap_or_else(none))
}

/// The SHA-1 of the file if it is in its place and right.
fn present(wanted: &Wanted) -> Result<Option<String>> {
    let length = match std::fs::metadata(&wanted.file) {
        Ok(found) => found.len(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(&wanted.file)(e)),
    };
    if length != wanted.bytes {
        return Ok(None);
    }
    let sum = files::sha1(&wanted.file).map_err(Error::io(&wanted.file))?;
    Ok(wanted.sha1.as_ref().is_none_or(|expected| *expected == sum).then_some(sum))
}

/// How often, and after how long each time, a lock that was taken away is tried for again.
const LOCK_ROUNDS: usize = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Held while a file is fetched; it falls with the process, however that ends, and leaves nothing behind.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn take(file: &Path, watch: &mut Watch<'_>) -> Result<Self> {
        let path = files::beside(file, "lock");
        for round in 0..=LOCK_ROUNDS {
            if round > 0 {
                std::thread::sleep(LOCK_PAUSE);
            }
            let lock = match File::options().create(true).write(true).truncate(false).open(&path) {
                // Windows: whoever held it is about to take it away.
                Err(e) if e.kind() == ErrorKind::PermissionDenied && round < LOCK_ROUNDS => continue,
                other => other.map_err(Error::io(&path))?,
            };
            let taken = lock.try_lock().or_else(|e| match e {
                std::fs::TryLockError::WouldBlock => {
                    watch(Event::Waiting { file });
                    lock.lock()
                }
                std::fs::TryLockError::Error(e) => Err(e),
            });
            match taken {
                Ok(()) => {}
                // A file system without locks: two processes may fetch the same file, and the last one to finish wins.
                Err(e) if e.kind() == ErrorKind::Unsupported => return Ok(Self { path, _file: lock }),
                Err(e) => return Err(Error::io(&path)(e)),
            }
            // Whoever held it has taken it away: it keeps nobody out any more.
            let held = lock.try_clone().and_then(Handle::from_file).map_err(Error::io(&path))?;
            let same = match Handle::from_path(&path) {
                Ok(there) => there == held,
                Err(e) => e.kind() != ErrorKind::NotFound,
            };
            // Where files have no numbers that last, nobody is waited for for ever.
            if same || round == LOCK_ROUNDS {
                return Ok(Self { path, _file: lock });
            }
        }
        Err(Error::Usage(format!("{}: cannot be locked", path.display())))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is let go. Where it cannot be removed it is in nobody's way.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn from_one(client: &Client, url: &str, wanted: &Wanted, retry: &RetryPolicy, watch: &mut Watch<'_>) -> Result<String> {
    let fail = |message: String| Error::Fetch { url: url.to_owned(), message, file: wanted.file.clone() };
    let mut part = PartialFile::open(&wanted.file, wanted.bytes)?;
    // What lies there may be the beginning of something else: then it is worth another try from the first byte.
    let mut inherited = part.length() > 0;
    let (mut cuts, mut pause) = (0, retry.pause);
    loop {
        if part.length() == wanted.bytes {
            let sum = part.sum();
            if wanted.sha1.as_ref().is_none_or(|expected| *expected == sum) {
                return part.finish().map(|()| sum);
            }
            part.discard()?;
            if !inherited {
                let expected = wanted.sha1.as_deref().unwrap_or_default();
                return Err(fail(format!("expected a file with SHA-1 {expected}, found {sum}: it was thrown away")));
            }
            inherited = false;
            continue;
        }
        let before = part.length();
        watch(Event::Start { url, from: before, bytes: wanted.bytes });
        let why = match client.get(url, &mut part, &mut |done| watch(Event::Progress(done)))? {
            Ok(()) => continue,
            Err(Refusal::Final(why)) => return Err(fail(why)),
            // Before anything has come it is the network or the address, and trying again soon is of no use.
            Err(Refusal::NoConnection(why)) if before == 0 && cuts == 0 => return Err(fail(why)),
            Err(Refusal::NoConnection(why) | Refusal::Cut(why)) => why,
        };
        if part.length() >= before + PROGRESS {
            (cuts, pause) = (0, retry.pause);
        }
        cuts += 1;
        if cuts >= retry.cuts {
            let kept = match part.length() {
                0 => String::new(),
                held => format!("; {held} of {} bytes are kept, and the next fetch goes on from there", wanted.bytes),
            };
            return Err(fail(format!("{why}, {cuts} times in a row{kept}")));
        }
        watch(Event::Again { why: &why });
        std::thread::sleep(pause);
        pause *= 2;
    }
}
