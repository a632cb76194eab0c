//! Safetensors of the same contents are the same bytes: the library writes metadata in the order of a hash map, which is another one every time.

use std::collections::{BTreeMap, HashMap};

use safetensors::{SafeTensorError, View};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Deserialize, Serialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The tensors as a file.
///
/// # Errors
/// As [`safetensors::serialize`].
pub fn serialize<S: AsRef<str> + Ord + std::fmt::Display, V: View>(
    tensors: impl IntoIterator<Item = (S, V)>,
    metadata: HashMap<String, String>,
) -> Result<Vec<u8>, SafeTensorError> {
    /// Bytes of the length of the header, which comes first.
    const LENGTH: usize = 8;
    let file = safetensors::serialize(tensors, Some(metadata))?;
    let Some((length, rest)) = file.split_first_chunk::<LENGTH>() else { return Ok(file) };
    let (header, data) = rest.split_at((u64::from_le_bytes(*length) as usize).min(rest.len()));
    let header: Header = serde_json::from_slice(header)?;
    let mut header = serde_json::to_vec(&header)?;
    // As the library does it: the data begin at a multiple of this.
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    Ok([&(header.len() as u64).to_le_bytes(), &header[..], data].concat())
}
