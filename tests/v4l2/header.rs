//! Our structs and request numbers against those of the machine's own header.

use std::{fmt::Write as _, fs, mem::offset_of, path::Path, process::Command};

use yolov4::low_level::video::v4l2::sys::{self, Request};

/// Name in the header, size of ours, and for its fields: name in the header, offset of ours.
type Layout = (&'static str, usize, Vec<(&'static str, usize)>);

macro_rules! layout {
    ($c:literal, $ours:ty, $($field:literal: $($path:ident).+),+) => {
        ($c, size_of::<$ours>(), vec![$(($field, offset_of!($ours, $($path).+))),+])
    };
}

fn layouts() -> Vec<Layout> {
    use sys::{Buffer, Capability, CaptureParm, FmtDesc, Format, FrmIvalEnum, FrmSizeEnum};
    vec![
        layout!("struct v4l2_capability", Capability, "driver": driver, "card": card, "bus_info": bus_info,
            "version": version, "capabilities": capabilities, "device_caps": device_caps, "reserved": reserved),
        layout!("struct v4l2_fmtdesc", FmtDesc, "index": index, "type": kind, "flags": flags,
            "description": description, "pixelformat": pixelformat),
        layout!("struct v4l2_frmsizeenum", FrmSizeEnum, "index": index, "pixel_format": pixel_format, "type": kind,
            "discrete": size, "stepwise": size, "reserved": reserved),
        layout!("struct v4l2_frmivalenum", FrmIvalEnum, "index": index, "pixel_format": pixel_format,
            "width": width, "height": height, "type": kind, "discrete": interval, "stepwise": interval,
            "reserved": reserved),
        layout!("struct v4l2_fract", sys::Fract, "numerator": numerator, "denominator": denominator),
        layout!("struct v4l2_pix_format", sys::PixFormat, "width": width, "height": height,
            "pixelformat": pixelformat, "field": field, "bytesperline": bytesperline, "sizeimage": sizeimage,
            "colorspace": colorspace, "priv": priv_, "flags": flags, "ycbcr_enc": ycbcr_enc,
            "quantization": quantization, "xfer_func": xfer_func),
        layout!("struct v4l2_format", Format, "type": kind, "fmt.pix": pix),
        layout!("struct v4l2_captureparm", CaptureParm, "capability": capability, "capturemode": capturemode,
            "timeperframe": timeperframe, "extendedmode": extendedmode, "readbuffers": readbuffers,
            "reserved": reserved),
        layout!("struct v4l2_streamparm", sys::StreamParm, "type": kind, "parm.capture": capture),
        layout!("struct v4l2_requestbuffers", sys::RequestBuffers, "count": count, "type": kind, "memory": memory,
            "capabilities": capabilities, "flags": flags),
        layout!("struct timeval", sys::TimeVal, "tv_sec": sec, "tv_usec": usec),
        layout!("struct v4l2_buffer", Buffer, "index": index, "type": kind, "bytesused": bytesused, "flags": flags,
            "field": field, "timestamp": timestamp, "timecode": timecode, "sequence": sequence, "memory": memory,
            "m.offset": offset, "length": length, "reserved2": reserved2, "request_fd": request_fd),
    ]
}

fn c_name(request: Request) -> &'static str {
    match request {
        Request::QueryCap => "VIDIOC_QUERYCAP",
        Request::EnumFmt => "VIDIOC_ENUM_FMT",
        Request::SFmt => "VIDIOC_S_FMT",
        Request::ReqBufs => "VIDIOC_REQBUFS",
        Request::QueryBuf => "VIDIOC_QUERYBUF",
        Request::QBuf => "VIDIOC_QBUF",
        Request::DqBuf => "VIDIOC_DQBUF",
        Request::StreamOn => "VIDIOC_STREAMON",
        Request::StreamOff => "VIDIOC_STREAMOFF",
        Request::SParm => "VIDIOC_S_PARM",
        Request::EnumFrameSizes => "VIDIOC_ENUM_FRAMESIZES",
        Request::EnumFrameIntervals => "VIDIOC_ENUM_FRAMEINTERVALS",
    }
}

const CONSTANTS: &[(&str, u32)] = &[
    ("V4L2_CAP_VIDEO_CAPTURE", sys::CAP_VIDEO_CAPTURE),
    ("V4L2_CAP_STREAMING", sys::CAP_STREAMING),
    ("V4L2_CAP_DEVICE_CAPS", sys::CAP_DEVICE_CAPS),
    ("V4L2_BUF_TYPE_VIDEO_CAPTURE", sys::BUF_TYPE_VIDEO_CAPTURE),
    ("V4L2_MEMORY_MMAP", sys::MEMORY_MMAP),
    ("V4L2_FIELD_NONE", sys::FIELD_NONE),
    ("V4L2_FRMSIZE_TYPE_DISCRETE", sys::FRM_DISCRETE),
    ("V4L2_FRMIVAL_TYPE_DISCRETE", sys::FRM_DISCRETE),
    ("V4L2_CAP_TIMEPERFRAME", sys::CAP_TIMEPERFRAME),
    ("V4L2_BUF_FLAG_ERROR", sys::BUF_FLAG_ERROR),
    ("V4L2_BUF_FLAG_TIMESTAMP_MASK", sys::BUF_FLAG_TIMESTAMP_MASK),
    ("V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC", sys::BUF_FLAG_TIMESTAMP_MONOTONIC),
    ("V4L2_PIX_FMT_YUYV", sys::fourcc(*b"YUYV")),
    ("V4L2_PIX_FMT_NV12", sys::fourcc(*b"NV12")),
    ("V4L2_PIX_FMT_YUV420", sys::fourcc(*b"YU12")),
    ("V4L2_PIX_FMT_YUV422P", sys::fourcc(*b"422P")),
    ("V4L2_PIX_FMT_RGB24", sys::fourcc(*b"RGB3")),
    ("V4L2_PIX_FMT_MJPEG", sys::fourcc(*b"MJPG")),
    ("V4L2_PIX_FMT_JPEG", sys::fourcc(*b"JPEG")),
    ("V4L2_PIX_FMT_GREY", sys::fourcc(*b"GREY")),
];

#[test]
fn structs_and_numbers_are_those_of_the_header() {
    if !Path::new("/usr/include/linux/videodev2.h").exists() {
        println!("SKIPPED: there is no linux/videodev2.h on this machine");
        return;
    }
    let (mut c, mut expected) = (String::new(), String::new());
    c.push_str("#include <stdio.h>\n#include <stddef.h>\n#include <sys/time.h>\n#include <linux/videodev2.h>\n");
    c.push_str("int main(void) {\n");
    for (name, size, fields) in layouts() {
        writeln!(c, "printf(\"{name} %zu\\n\", sizeof({name}));").unwrap();
        writeln!(expected, "{name} {size}").unwrap();
        for (field, offset) in fields {
            writeln!(c, "printf(\"{name}.{field} %zu\\n\", offsetof({name}, {field}));").unwrap();
            writeln!(expected, "{name}.{field} {offset}").unwrap();
        }
    }
    let numbers = Request::ALL.iter().map(|r| (c_name(*r), r.number())).chain(CONSTANTS.iter().copied());
    for (name, number) in numbers {
        writeln!(c, "printf(\"{name} %u\\n\", (unsigned){name});").unwrap();
        writeln!(expected, "{name} {number}").unwrap();
    }
    c.push_str("return 0; }\n");
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("layout.c"), folder.path().join("layout"));
    fs::write(&source, c).unwrap();
    let Ok(built) = Command::new("cc").arg(&source).arg("-o").arg(&program).output() else {
        println!("SKIPPED: there is no C compiler `cc` on this machine");
        return;
    };
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let found = Command::new(&program).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected.lines().collect::<Vec<_>>());
}

/// The numbers of x86-64 and ARM64, as `strace` prints them; for machines without the header.
#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn the_numbers_by_heart() {
    let expected = [
        0x8068_5600,
        0xc040_5602,
        0xc0d0_5605,
        0xc014_5608,
        0xc058_5609,
        0xc058_560f,
        0xc058_5611,
        0x4004_5612,
        0x4004_5613,
        0xc0cc_5616,
        0xc02c_564a,
        0xc034_564b,
    ];
    assert_eq!(Request::ALL.map(Request::number), expected);
}
