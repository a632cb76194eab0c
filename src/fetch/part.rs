//! The beginning of a file, beside its place, with the hash of what is there.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha1::{Digest, Sha1};

use crate::{
    digest,
    error::{Error, Result},
    files,
};

/// A file that grows.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    target: PathBuf,
    file: File,
    hash: Sha1,
    length: u64,
    wanted: u64,
}

impl PartialFile {
    /// Opens what an earlier attempt has left, or begins.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn open(target: &Path, wanted: u64) -> Result<Self> {
        let path = files::beside(target, "part");
        let file = File::options().create(true).read(true).write(true).truncate(false).open(&path);
        let mut file = file.map_err(Error::io(&path))?;
        let mut hash = Sha1::new();
        let length = files::feed(&mut hash, &mut file).map_err(Error::io(&path))?;
        let mut part = Self { path, target: target.to_owned(), file, hash, length, wanted };
        if length > wanted {
            part.discard()?;
        }
        Ok(part)
    }

    /// Takes away what an attempt has left in which nothing came.
    pub fn tidy(target: &Path) {
        let path = files::beside(target, "part");
        if std::fs::metadata(&path).is_ok_and(|found| found.len() == 0) {
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Bytes that are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that there will be.
    pub fn wanted(&self) -> u64 {
        self.wanted
    }

    /// SHA-1 of what is there, in hexadecimal.
    pub fn sum(&self) -> String {
        digest::hex(self.hash.clone())
    }

    /// Appends.
    ///
    /// # Errors
    /// [`Error::Io`]: a full disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io(&self.path))?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Begins again.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn discard(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(Error::io(&self.path))?;
        self.remember(None);
        (self.hash, self.length) = (Sha1::new(), 0);
        Ok(())
    }

    /// The server's own mark of the version that this is the beginning of.
    pub fn version(&self) -> Option<String> {
        let mut text = String::new();
        File::open(self.mark()).ok()?.take(1024).read_to_string(&mut text).ok()?;
        (self.length > 0 && !text.is_empty()).then_some(text)
    }

    /// Keeps that mark for a later attempt; without it that attempt rests on length and SHA-1 alone.
    pub fn remember(&self, version: Option<&str>) {
        let _ = match version {
            Some(version) => std::fs::write(self.mark(), version),
            None => std::fs::remove_file(self.mark()),
        };
    }

    fn mark(&self) -> PathBuf {
        files::beside(&self.path, "etag")
    }

    /// Gives the file its name, once it is safely on the disk.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn finish(self) -> Result<()> {
        self.file.sync_all().map_err(Error::io(&self.path))?;
        self.remember(None);
        drop(self.file);
        std::fs::rename(&self.path, &self.target).map_err(Error::io(&self.target))?;
        // So that the name outlives a power cut too; where a folder cannot be synced there is nothing to do about it.
        if let Some(folder) = self.target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}
