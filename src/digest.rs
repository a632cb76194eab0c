//! What tells a damaged file (SHA-1, as published), and one text from another (FNV-1a). Not against forgers.

use sha1::{Digest, Sha1};

/// The sum in hexadecimal, as `sha1sum` writes it.
pub fn hex(hash: Sha1) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 16 hexadecimal digits of `texts`, one after the other: FNV-1a, the same on every platform and in every version of the compiler,
/// and small, for browsers load it too.
pub fn short<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let feed = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", texts.into_iter().flat_map(str::bytes).fold(0xcbf2_9ce4_8422_2325, feed))
}

/// The same of numbers, by their bits.
pub fn numbers<'a>(lists: impl IntoIterator<Item = &'a [f32]>) -> String {
    let feed = |hash: u64, number: &f32| (hash ^ u64::from(number.to_bits())).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", lists.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, feed))
}
