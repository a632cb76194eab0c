//! The door to a checkpoint.

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read, SeekFrom},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    archive,
    container::{Container, Seekable, failed},
    network::{self, Module, Network},
    open,
    said::Said,
    tensor::SavedTensor,
    value::Value,
};
use crate::error::{Error, Result};

/// A file of `torch.save`, open: its values are in memory, its numbers are read when they are asked for.
pub struct Checkpoint {
    name: PathBuf,
    source: Mutex<Box<dyn Seekable>>,
    container: Container,
}

impl Checkpoint {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] if there is none; [`Error::Weights`] if it is no checkpoint, is damaged, or asks for what no
    /// network needs.
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        Self::from_source(path, Box::new(file))
    }

    /// Opens a file that is in memory; `name` is for errors.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self> {
        Self::from_source(name, Box::new(Cursor::new(bytes)))
    }

    fn from_source(name: &Path, mut source: Box<dyn Seekable>) -> Result<Self> {
        let container = open::open(source.as_mut()).map_err(|said| fail(name, said))?;
        Ok(Self { name: name.to_owned(), source: Mutex::new(source), container })
    }

    /// The object that was saved.
    pub fn root(&self) -> Value<'_> {
        self.container.pickle.root()
    }

    /// The kind of file: `zip`, or `legacy` for what PyTorch wrote before 1.6.
    pub fn format(&self) -> &'static str {
        self.container.format
    }

    /// The version of that kind, as the file says it.
    pub fn version(&self) -> &str {
        &self.container.version
    }

    /// What lies beside the network: `epoch`, `best_fitness`, `training_results`, `date`.
    pub fn metadata(&self, key: &str) -> Option<Value<'_>> {
        self.root().get(key)
    }

    /// The key under which the network was found; empty if it is the whole file.
    ///
    /// # Errors
    /// [`Error::Weights`] if there is none, with the keys that there are.
    pub fn network_key(&self) -> Result<&'static str> {
        network::find(self.root()).map(|(key, _)| key).map_err(|said| self.fail(said))
    }

    /// Parameters and buffers in PyTorch's order, under the names of `state_dict()`, such as `model.0.conv.weight`.
    ///
    /// A file may give one storage many names: who loads them all should know first which shapes to expect.
    ///
    /// # Errors
    /// [`Error::Weights`] if there is no network, or one without an end.
    pub fn tensors(&self) -> Result<Vec<(String, &SavedTensor)>> {
        self.walk().map(|network| network.tensors)
    }

    /// The modules of a network that was saved as a whole, by their paths (the network itself at the empty one), each
    /// before those inside it. None if the file holds a state dict.
    ///
    /// # Errors
    /// As [`Self::tensors`].
    pub fn modules(&self) -> Result<Vec<(String, Module<'_>)>> {
        self.walk().map(|network| network.modules)
    }

    /// The numbers of a tensor of this file, whatever they are in it, in the order of its axes.
    ///
    /// # Errors
    /// [`Error::Weights`] if they cannot be read, are damaged, or are the same ones many times over.
    pub fn load(&self, tensor: &SavedTensor) -> Result<Vec<f32>> {
        self.numbers(tensor).map_err(|said| self.fail(format!("storage `{}`: {said}", tensor.storage().key)))
    }

    fn numbers(&self, tensor: &SavedTensor) -> Said<Vec<f32>> {
        let place = self.container.places.get(&tensor.storage().key).ok_or("is not of this file")?;
        let (first, bytes) = tensor.bytes();
        if first.checked_add(bytes).is_none_or(|end| end > place.bytes) {
            return Err("is not of this file".into());
        }
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(place.at.saturating_add(first))).map_err(failed)?;
        let mut summed = Summed { reader: source.as_mut(), sum: crc32fast::Hasher::new() };
        let numbers = tensor.read(&mut summed)?;
        // The checksum is of all bytes: of a part nothing is known.
        if bytes == place.bytes {
            archive::check_crc(place.crc, summed.sum.finalize(), "it")?;
        }
        Ok(numbers)
    }

    fn walk(&self) -> Result<Network<'_>> {
        network::find(self.root()).and_then(|(_, value)| Network::walk(value)).map_err(|said| self.fail(said))
    }

    pub(super) fn fail(&self, said: String) -> Error {
        fail(&self.name, said)
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").field("name", &self.name).field("format", &self.format()).finish_non_exhaustive()
    }
}

fn fail(name: &Path, message: String) -> Error {
    Error::Weights { file: name.to_owned(), message }
}

/// A reader that sums up what passes.
struct Summed<'a> {
    reader: &'a mut dyn Seekable,
    sum: crc32fast::Hasher,
}

impl Read for Summed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(bytes)?;
        self.sum.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }
}
