//! OpenH264, with a tag on every picture.
//!
//! The `openh264` crate gives pictures without saying which they are. Asked to hold none back, the C++ library forgets to
//! release them and runs out of pictures after a few (`FlushFrame` without threads); left to itself, it takes pictures
//! whose order counts are one apart for the next ones in turn. So its own time stamps are used, for which the raw
//! interface is needed: each picture comes back with the tag of its packet, in whatever order.

use std::ffi::c_int;

use openh264::decoder::Decoder;
use openh264_sys2::{DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, DECODING_STATE, SBufferInfo};

use crate::video::FrameFormat;

/// A decoded picture and the tag of its packet; planes Y', Cb, Cr at half size, without padding.
#[derive(Debug)]
pub struct DecodedFrame {
    /// As given with the packet.
    pub tag: u64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// [`FrameFormat::I420`]
    pub data: Vec<u8>,
}

/// One stream.
pub struct H264(Decoder);

impl H264 {
    /// A decoder in its first state.
    ///
    /// # Errors
    /// In words.
    pub fn new() -> Result<Self, String> {
        Decoder::new().map(Self).map_err(|e| format!("OpenH264 cannot start: {e}"))
    }

    /// Decodes one access unit (H.264, annex B). A picture comes out now or later; none is lost but by an error.
    ///
    /// # Errors
    /// In words; the decoder is of no use until the next key frame.
    pub fn decode(&mut self, packet: &[u8], tag: u64) -> Result<Option<DecodedFrame>, String> {
        let size = c_int::try_from(packet.len()).map_err(|_| "is larger than 2 GiB")?;
        let mut planes = [std::ptr::null_mut::<u8>(); 3];
        let mut info = SBufferInfo { uiInBsTimeStamp: tag, ..SBufferInfo::default() };
        // SAFETY: the decoder is initialised, no option of it is changed; the packet, the three pointers and the
        // description outlive the call, which keeps none of them.
        let state = unsafe {
            let raw = self.0.raw_api();
            raw.decode_frame_no_delay(packet.as_ptr(), size, planes.as_mut_ptr().cast(), &raw mut info)
        };
        check(state)?;
        picture(planes, &info)
    }

    /// One of the pictures that are held back, at the end of the stream.
    ///
    /// # Errors
    /// In words.
    pub fn flush(&mut self) -> Result<Option<DecodedFrame>, String> {
        let mut left: c_int = 0;
        let mut planes = [std::ptr::null_mut::<u8>(); 3];
        let mut info = SBufferInfo::default();
        // SAFETY: as above; this option is written as one C int.
        let state = unsafe {
            let raw = self.0.raw_api();
            raw.get_option(DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, (&raw mut left).cast());
            if left <= 0 {
                return Ok(None);
            }
            raw.flush_frame(planes.as_mut_ptr().cast(), &raw mut info)
        };
        check(state)?;
        picture(planes, &info)
    }
}

/// `DECODING_STATE` of `codec_app_def.h` in words.
fn check(state: DECODING_STATE) -> Result<(), String> {
    let reasons = ["leans on one that is missing", "has broken bits", "is incomplete", "has no parameter sets"];
    match state {
        0 | 1 => Ok(()),
        other => {
            let reason = reasons.iter().enumerate().find(|(i, _)| other as u64 & 2 << i != 0);
            Err(reason.map_or_else(|| format!("cannot be decoded (OpenH264: {other:#x})"), |(_, r)| (*r).to_owned()))
        }
    }
}

fn picture(planes: [*mut u8; 3], info: &SBufferInfo) -> Result<Option<DecodedFrame>, String> {
    if info.iBufferStatus != 1 || planes.iter().any(|p| p.is_null()) {
        return Ok(None);
    }
    // SAFETY: the only member of the union.
    let buffer = unsafe { info.UsrData.sSystemBuffer };
    let side = |v: c_int| usize::try_from(v).map_err(|_| "has a size below zero");
    let (width, height) = (side(buffer.iWidth)?, side(buffer.iHeight)?);
    let strides = [side(buffer.iStride[0])?, side(buffer.iStride[1])?];
    let mut data = Vec::with_capacity(FrameFormat::I420.bytes(width, height).unwrap_or(0));
    for (plane, start) in planes.into_iter().enumerate() {
        let (columns, rows) = if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) };
        let stride = strides[plane.min(1)];
        if columns > stride {
            return Err("has rows that overlap".into());
        }
        for y in 0..rows {
            // SAFETY: the decoder owns `rows` rows of `stride` bytes at each of its pointers until it is called again,
            // the last of which has `columns` at least.
            data.extend_from_slice(unsafe { std::slice::from_raw_parts(start.add(y * stride), columns) });
        }
    }
    Ok(Some(DecodedFrame { tag: info.uiOutYuvTimeStamp, width, height, data }))
}
