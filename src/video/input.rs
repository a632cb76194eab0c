//! The bytes of a file, a pipe or standard input, opened once and looked at before they are read.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek},
    path::Path,
};

use crate::error::{Error, Result};

/// How many bytes tell what a file is.
const HEAD: u64 = 16;
/// A raw frame is large: fewer calls than by the usual 8 KiB.
const BUFFER: usize = 1 << 18;

/// Where bytes come from.
pub struct ByteStream {
    /// For errors and titles.
    pub name: String,
    reader: BufReader<Box<dyn Read + Send>>,
    /// Another handle of the file, if it can be read again from its start.
    file: Option<File>,
}

impl ByteStream {
    /// A file, or a pipe with a name: that one cannot be read again.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let again = if file.metadata().is_ok_and(|m| m.is_file()) { file.try_clone().ok() } else { None };
        Ok(Self { file: again, ..Self::new(path.display().to_string(), file) })
    }

    /// Anything else that can be read.
    pub fn new(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), reader: BufReader::with_capacity(BUFFER, Box::new(reader)), file: None }
    }

    /// The first bytes, which will be read all the same; fewer than 16 if there are no more. Before anything is read.
    ///
    /// # Errors
    /// [`Error::Source`]
    pub fn peek(&mut self) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        // A pipe may give them one by one.
        let read = self.reader.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(|e| self.unreadable(&e))?;
        let nothing: Box<dyn Read + Send> = Box::new(io::empty());
        let rest = std::mem::replace(&mut self.reader, BufReader::new(nothing));
        self.reader = BufReader::with_capacity(BUFFER, Box::new(Cursor::new(head.clone()).chain(rest)));
        Ok(head)
    }

    /// Back to the first byte; `false` if that cannot be.
    ///
    /// # Errors
    /// [`Error::Source`]
    pub fn rewind(&mut self) -> Result<bool> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let again = file.rewind().and_then(|()| file.try_clone());
        let again = again.map_err(|e| self.unreadable(&e))?;
        self.reader = BufReader::with_capacity(BUFFER, Box::new(again));
        Ok(true)
    }

    /// The error for bytes that do not come.
    pub fn unreadable(&self, error: &io::Error) -> Error {
        Error::source(&self.name, format!("cannot be read: {error}"))
    }
}

impl Read for ByteStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for ByteStream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteStream").field("name", &self.name).finish_non_exhaustive()
    }
}
