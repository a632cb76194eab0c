//! The ways to a [`Model`] and to its weights: by file, by bytes, by name.

use std::path::Path;

#[cfg(feature = "onnx")]
use crate::model::onnx;
#[cfg(not(target_arch = "wasm32"))]
use crate::model::pytorch;
use crate::{
    error::Result,
    graph::Params,
    model::{
        CfgOptions, Model, WeightsOptions, bundle,
        darknet::{build, cfg::Cfg, weights},
        random,
        zoo::{self, ModelFiles},
    },
};

impl Model {
    /// Reads a Darknet `.cfg`.
    ///
    /// # Errors
    /// [`crate::Error::Cfg`] with file, line and section.
    pub fn from_cfg(path: impl AsRef<Path>, options: &CfgOptions) -> Result<Self> {
        build::network(path.as_ref(), options)
    }

    /// A network by the name of its cfg, [`bundle`], PyTorch checkpoint or ONNX file or, where there is no such file, by its own name
    /// ([`zoo::ENTRIES`]). Nothing is fetched.
    ///
    /// # Errors
    /// As [`Model::from_cfg`]; for a bare name that is neither, with the names that there are.
    pub fn open(name: impl AsRef<Path>, options: &CfgOptions) -> Result<Self> {
        Self::open_from(name, options, &mut ModelFiles::cached())
    }

    /// Opens a network by its file's name or its own; a cfg that has to be fetched is taken from `supply`.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open_from(name: impl AsRef<Path>, options: &CfgOptions, files: &mut ModelFiles) -> Result<Self> {
        let path = name.as_ref();
        if let Some(bytes) = files.held.get(path) {
            return Self::from_bytes(path, bytes, options);
        }
        match zoo::bare(path) {
            Some(name) => zoo::named(name)?.network(options, files),
            None if is_bundle(path) => bundle::open(path, options),
            #[cfg(feature = "onnx")]
            None if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) => onnx::open(path, options, None),
            #[cfg(not(target_arch = "wasm32"))]
            None if is_checkpoint(path) => pytorch::open_model(path, options),
            None => Self::from_cfg(path, options),
        }
    }

    /// A network by the bytes of its cfg or [`bundle`]; the ending of `name` says which, and `name` stands in errors.
    ///
    /// # Errors
    /// As [`Model::from_cfg`].
    pub fn from_bytes(name: &Path, bytes: &[u8], options: &CfgOptions) -> Result<Self> {
        if is_bundle(name) {
            return bundle::read(name, bytes, options);
        }
        build::from_cfg(name, &Cfg::decode(name, bytes)?, options)
    }

    /// Reads a Darknet `.weights`; remarks go to `notes`.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] if the file does not fit this network to the byte.
    pub fn load_weights(
        &self,
        path: impl AsRef<Path>,
        options: &WeightsOptions,
        notes: &mut Vec<String>,
    ) -> Result<Params> {
        weights::load(self, path.as_ref(), options, notes)
    }

    /// Reads the bytes of a Darknet `.weights`; `name` stands in errors.
    ///
    /// # Errors
    /// As [`Model::load_weights`].
    pub fn read_weights(
        &self,
        name: &Path,
        bytes: &[u8],
        options: &WeightsOptions,
        notes: &mut Vec<String>,
    ) -> Result<Params> {
        weights::read(self, name, bytes, bytes.len() as u64, options, notes)
    }

    /// Seeded random weights: see [`random`].
    pub fn random_params(&self, seed: u64) -> Params {
        random::params(&self.graph, seed)
    }

    /// Writes a Darknet `.weights`, beside `path` first and then renamed.
    ///
    /// # Errors
    /// [`crate::Error::Io`]
    pub fn save_weights(&self, params: &Params, path: impl AsRef<Path>) -> Result<()> {
        weights::save(self, params, 0, path.as_ref())
    }

    /// The same of numbers that were trained: pictures that they have been learnt from, each as often as it was.
    ///
    /// # Errors
    /// [`crate::Error::Io`]
    pub fn save_trained_weights(&self, params: &Params, seen: u64, path: impl AsRef<Path>) -> Result<()> {
        weights::save(self, params, seen, path.as_ref())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn is_checkpoint(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pt") || e.eq_ignore_ascii_case("pth"))
}

fn is_bundle(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"))
}
