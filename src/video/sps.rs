//! The sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1 and E.1.1), as far as a decoder is chosen by it.

use crate::video::{Matrix, Range};

/// What a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma: u32,
    /// Of luma and chroma.
    pub bits: (u32, u32),
    /// Whether no picture is a field.
    pub frames: bool,
    /// From the VUI; none if it does not say.
    pub matrix: Option<Matrix>,
    /// From the VUI; none if it does not say.
    pub range: Option<Range>,
    /// `chroma_sample_loc_type_top_field`: 0 left, 1 centre.
    pub siting: u32,
}

/// Reads a NAL unit, header included; none if it ends too early.
pub fn parse(nal: &[u8]) -> Option<Sps> {
    let mut bits = Bits::new(nal.get(1..)?);
    let profile = bits.u(8)? as u8;
    bits.u(16)?;
    bits.ue()?;
    let (mut chroma, mut depth) = (1, (8, 8));
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma = bits.ue()?;
        if chroma == 3 {
            bits.u(1)?;
        }
        depth = (bits.ue()?.checked_add(8)?, bits.ue()?.checked_add(8)?);
        bits.u(1)?;
        if bits.u(1)? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.u(1)? == 1 {
                    scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?;
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.u(1)?;
            bits.se()?;
            bits.se()?;
            // num_ref_frames_in_pic_order_cnt_cycle is at most 255.
            for _ in 0..bits.ue()?.min(255) {
                bits.se()?;
            }
        }
        _ => {}
    }
    bits.ue()?;
    bits.u(1)?;
    bits.ue()?;
    bits.ue()?;
    let frames = bits.u(1)? == 1;
    if !frames {
        bits.u(1)?;
    }
    bits.u(1)?;
    if bits.u(1)? == 1 {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    let mut sps = Sps { profile, chroma, bits: depth, frames, matrix: None, range: None, siting: 0 };
    if bits.u(1)? == 1 {
        vui(&mut bits, &mut sps)?;
    }
    Some(sps)
}

fn scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn vui(bits: &mut Bits<'_>, sps: &mut Sps) -> Option<()> {
    const EXTENDED_SAR: u32 = 255;
    if bits.u(1)? == 1 && bits.u(8)? == EXTENDED_SAR {
        bits.u(16)?;
        bits.u(16)?;
    }
    if bits.u(1)? == 1 {
        bits.u(1)?;
    }
    if bits.u(1)? == 1 {
        bits.u(3)?;
        sps.range = Some(if bits.u(1)? == 1 { Range::Full } else { Range::Limited });
        if bits.u(1)? == 1 {
            bits.u(16)?;
            // Table E-5: 1 is BT.709; 5 and 6 are BT.601, and 4 is within 0.001 of it.
            sps.matrix = match bits.u(8)? {
                1 => Some(Matrix::Bt709),
                4..=6 => Some(Matrix::Bt601),
                _ => None,
            };
        }
    }
    if bits.u(1)? == 1 {
        sps.siting = bits.ue()?;
        bits.ue()?;
    }
    Some(())
}

/// Bits from the highest to the lowest, emulation prevention bytes left out (7.4.1).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    zeros: u32,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, zeros: 0, left: 8 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.zeros = if self.bytes[self.at] == 0 { self.zeros + 1 } else { 0 };
            (self.at, self.left) = (self.at + 1, 8);
            if self.zeros >= 2 && self.bytes.get(self.at) == Some(&3) {
                (self.at, self.zeros) = (self.at + 1, 0);
            }
        }
        let byte = self.bytes.get(self.at)?;
        self.left -= 1;
        Some(u32::from(byte >> self.left & 1))
    }

    fn u(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// Exp-Golomb (9.1).
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
        }
        if zeros > 31 {
            return None;
        }
        Some((1 << zeros) - 1 + self.u(zeros)?)
    }

    fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { code / 2 + 1 } else { -(code / 2) }).ok()
    }
}
