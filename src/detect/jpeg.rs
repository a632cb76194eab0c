//! Whether a JPEG is all there. The decoder fills what is missing with grey and says nothing.

/// Markers without a length: TEM and the restart markers (ITU T.81, table B.1).
fn stands_alone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xd0..=0xd7)
}

/// Whether the end-of-image marker is reached, from segment to segment; one inside a thumbnail does not count.
pub fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // The data of a scan, and padding, run up to the next marker: 0xff not followed by 0 (stuffing) or 0xff (fill).
        let Some(rest) = bytes.get(at..) else { return false };
        let next = rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0x00 | 0xff) && !stands_alone(w[1]));
        let Some(next) = next else { return false };
        let marker = at + next;
        if bytes[marker + 1] == 0xd9 {
            return true;
        }
        let Some(length) = bytes.get(marker + 2..marker + 4) else { return false };
        at = marker + 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
    }
}

/// The bytes of a JPEG that has lost its end, with `more` and the end-of-image marker behind.
pub fn with_end(bytes: &[u8], more: &[u8]) -> Vec<u8> {
    // Half a marker is none.
    let cut = bytes.strip_suffix(&[0xff]).unwrap_or(bytes);
    [cut, more, &[0xff, 0xd9]].concat()
}
