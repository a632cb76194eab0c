//! What the kernel and we say to each other: structs and request numbers of `linux/videodev2.h`.
//!
//! Written out rather than generated, for a generator wants libclang on every machine that builds. Fields have the names
//! and the order they have in the header; padding that C leaves to the compiler is spelled out, so that every byte has a
//! name. `tests/v4l2/main.rs` compares all of it with the header of the machine.
//!
//! On 64-bit systems this is the one layout there is. On 32-bit ones `timeval` is two 32-bit longs here, the kernel's
//! `*_TIME32` requests (`CONFIG_COMPAT_32BIT_TIME`), whose numbers follow from the smaller struct; what the C library
//! takes for `time_t` does not matter, since it is not asked.
#![allow(missing_docs, reason = "the fields are the header's, which documents them")]

use bytemuck::{Pod, Zeroable};

/// `VIDIOC_QUERYCAP`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Capability {
    pub driver: [u8; 16],
    pub card: [u8; 32],
    pub bus_info: [u8; 32],
    pub version: u32,
    pub capabilities: u32,
    pub device_caps: u32,
    pub reserved: [u32; 3],
}

/// `VIDIOC_ENUM_FMT`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct FmtDesc {
    pub index: u32,
    pub kind: u32,
    pub flags: u32,
    pub description: [u8; 32],
    pub pixelformat: u32,
    pub mbus_code: u32,
    pub reserved: [u32; 3],
}

/// `VIDIOC_ENUM_FRAMESIZES`; `size` is width and height, or least, greatest and step of width, then of height.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct FrmSizeEnum {
    pub index: u32,
    pub pixel_format: u32,
    pub kind: u32,
    pub size: [u32; 6],
    pub reserved: [u32; 2],
}

/// Seconds as a fraction.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Fract {
    pub numerator: u32,
    pub denominator: u32,
}

/// `VIDIOC_ENUM_FRAMEINTERVALS`; one interval, or least, greatest and step.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct FrmIvalEnum {
    pub index: u32,
    pub pixel_format: u32,
    pub width: u32,
    pub height: u32,
    pub kind: u32,
    pub interval: [Fract; 3],
    pub reserved: [u32; 2],
}

/// Size and layout of a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct PixFormat {
    pub width: u32,
    pub height: u32,
    pub pixelformat: u32,
    pub field: u32,
    pub bytesperline: u32,
    pub sizeimage: u32,
    pub colorspace: u32,
    pub priv_: u32,
    pub flags: u32,
    pub ycbcr_enc: u32,
    pub quantization: u32,
    pub xfer_func: u32,
}

/// `VIDIOC_G_FMT`, `VIDIOC_S_FMT`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Format {
    pub kind: u32,
    /// Other members of the union hold pointers.
    #[cfg(target_pointer_width = "64")]
    pub pad: u32,
    pub pix: PixFormat,
    /// The union is 200 bytes.
    pub rest: [[u8; 8]; 19],
}

/// Of a capture stream: its rate.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct CaptureParm {
    pub capability: u32,
    pub capturemode: u32,
    pub timeperframe: Fract,
    pub extendedmode: u32,
    pub readbuffers: u32,
    pub reserved: [u32; 4],
}

/// `VIDIOC_G_PARM`, `VIDIOC_S_PARM`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct StreamParm {
    pub kind: u32,
    pub capture: CaptureParm,
    /// The union is 200 bytes.
    pub rest: [[u8; 32]; 5],
}

/// `VIDIOC_REQBUFS`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct RequestBuffers {
    pub count: u32,
    pub kind: u32,
    pub memory: u32,
    pub capabilities: u32,
    pub flags: u8,
    pub reserved: [u8; 3],
}

/// C's `long`.
#[cfg(target_pointer_width = "64")]
pub type Long = i64;
/// C's `long`.
#[cfg(not(target_pointer_width = "64"))]
pub type Long = i32;

/// `struct timeval`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct TimeVal {
    pub sec: Long,
    pub usec: Long,
}

/// `VIDIOC_QUERYBUF`, `VIDIOC_QBUF`, `VIDIOC_DQBUF`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Buffer {
    pub index: u32,
    pub kind: u32,
    pub bytesused: u32,
    pub flags: u32,
    pub field: u32,
    #[cfg(target_pointer_width = "64")]
    pub pad: u32,
    pub timestamp: TimeVal,
    pub timecode: [u32; 4],
    pub sequence: u32,
    pub memory: u32,
    /// `m.offset`, of a union that also holds a pointer.
    pub offset: u32,
    #[cfg(target_pointer_width = "64")]
    pub offset_rest: u32,
    pub length: u32,
    pub reserved2: u32,
    pub request_fd: u32,
    #[cfg(target_pointer_width = "64")]
    pub pad_end: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<Capability>() == 104);
    assert!(size_of::<FmtDesc>() == 64);
    assert!(size_of::<FrmSizeEnum>() == 44);
    assert!(size_of::<FrmIvalEnum>() == 52);
    assert!(size_of::<PixFormat>() == 48);
    assert!(size_of::<Format>() == 208);
    assert!(size_of::<CaptureParm>() == 40);
    assert!(size_of::<StreamParm>() == 204);
    assert!(size_of::<RequestBuffers>() == 20);
    assert!(size_of::<TimeVal>() == 16);
    assert!(size_of::<Buffer>() == 88);
};

#[cfg(target_pointer_width = "32")]
const _: () = {
    assert!(size_of::<Format>() == 204);
    assert!(size_of::<TimeVal>() == 8);
    assert!(size_of::<Buffer>() == 68);
};

/// What the kernel is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    QueryCap,
    EnumFmt,
    SFmt,
    ReqBufs,
    QueryBuf,
    QBuf,
    DqBuf,
    StreamOn,
    StreamOff,
    SParm,
    EnumFrameSizes,
    EnumFrameIntervals,
}

/// MIPS, PowerPC and SPARC have a size one bit shorter and other marks for the direction (`asm/ioctl.h`).
const ODD: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "sparc",
    target_arch = "sparc64"
));
const READ: u32 = 2;
const WRITE: u32 = if ODD { 4 } else { 1 };
const DIRECTION: u32 = if ODD { 29 } else { 30 };

impl Request {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::QueryCap,
        Self::EnumFmt,
        Self::SFmt,
        Self::ReqBufs,
        Self::QueryBuf,
        Self::QBuf,
        Self::DqBuf,
        Self::StreamOn,
        Self::StreamOff,
        Self::SParm,
        Self::EnumFrameSizes,
        Self::EnumFrameIntervals,
    ];

    const fn parts(self) -> (u32, u32, usize) {
        match self {
            Self::QueryCap => (READ, 0, size_of::<Capability>()),
            Self::EnumFmt => (READ | WRITE, 2, size_of::<FmtDesc>()),
            Self::SFmt => (READ | WRITE, 5, size_of::<Format>()),
            Self::ReqBufs => (READ | WRITE, 8, size_of::<RequestBuffers>()),
            Self::QueryBuf => (READ | WRITE, 9, size_of::<Buffer>()),
            Self::QBuf => (READ | WRITE, 15, size_of::<Buffer>()),
            Self::DqBuf => (READ | WRITE, 17, size_of::<Buffer>()),
            Self::StreamOn => (WRITE, 18, size_of::<u32>()),
            Self::StreamOff => (WRITE, 19, size_of::<u32>()),
            Self::SParm => (READ | WRITE, 22, size_of::<StreamParm>()),
            Self::EnumFrameSizes => (READ | WRITE, 74, size_of::<FrmSizeEnum>()),
            Self::EnumFrameIntervals => (READ | WRITE, 75, size_of::<FrmIvalEnum>()),
        }
    }

    /// Bytes of its argument.
    pub const fn size(self) -> usize {
        self.parts().2
    }

    /// `_IOC(direction, 'V', number, size)`
    pub const fn number(self) -> u32 {
        let (direction, number, size) = self.parts();
        direction << DIRECTION | (size as u32) << 16 | (b'V' as u32) << 8 | number
    }
}

/// `v4l2_fourcc`
pub const fn fourcc(name: [u8; 4]) -> u32 {
    u32::from_le_bytes(name)
}

pub const CAP_VIDEO_CAPTURE: u32 = 0x0000_0001;
pub const CAP_STREAMING: u32 = 0x0400_0000;
pub const CAP_DEVICE_CAPS: u32 = 0x8000_0000;
/// Of streams, buffers and formats.
pub const BUF_TYPE_VIDEO_CAPTURE: u32 = 1;
pub const MEMORY_MMAP: u32 = 1;
pub const FIELD_NONE: u32 = 1;
pub const FRM_DISCRETE: u32 = 1;
pub const CAP_TIMEPERFRAME: u32 = 0x1000;
pub const BUF_FLAG_ERROR: u32 = 0x0040;
pub const BUF_FLAG_TIMESTAMP_MASK: u32 = 0xe000;
pub const BUF_FLAG_TIMESTAMP_MONOTONIC: u32 = 0x2000;
