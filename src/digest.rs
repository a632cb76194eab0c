//! SHA-1: what tells a damaged file, and one text or set of texts from another. Not against forgers.

use sha1::{Digest, Sha1};

/// The sum in hexadecimal, as `sha1sum` writes it.
pub fn hex(hash: Sha1) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 16 digits of the sum of `texts`, one after the other.
pub fn short<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha1::new();
    texts.into_iter().for_each(|text| hash.update(text.as_bytes()));
    let mut hex = hex(hash);
    hex.truncate(16);
    hex
}
