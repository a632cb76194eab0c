//! What a camera offers, and which of it is taken.

use std::io;

use bytemuck::Zeroable;

use crate::video::{
    CameraMode, FrameFormat,
    v4l2::{
        io::V4l2Io,
        query::ask,
        sys::{self, BUF_TYPE_VIDEO_CAPTURE, FRM_DISCRETE, Fract, FrmIvalEnum, FrmSizeEnum, Request, fourcc},
    },
};

/// Layouts that can be used, the preferred ones first: uncompressed before compressed, colours before gray.
pub const FORMATS: &[(u32, FrameFormat)] = &[
    (fourcc(*b"YUYV"), FrameFormat::Yuyv),
    (fourcc(*b"NV12"), FrameFormat::Nv12),
    (fourcc(*b"YU12"), FrameFormat::I420),
    (fourcc(*b"422P"), FrameFormat::I422),
    (fourcc(*b"RGB3"), FrameFormat::Rgb8),
    (fourcc(*b"MJPG"), FrameFormat::Mjpeg),
    (fourcc(*b"JPEG"), FrameFormat::Mjpeg),
    (fourcc(*b"GREY"), FrameFormat::Gray8),
];

/// Taken where nothing is asked for: what nearly every camera offers uncompressed, and as much as a network looks at.
pub const USUAL: CameraMode = CameraMode { width: 640, height: 480, fps: Some(30.0) };

/// Where a camera takes any size or rate within bounds, these are listed.
const SIZES: &[(u32, u32)] = &[(320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160)];
const RATES: &[u32] = &[5, 10, 15, 25, 30, 60];
/// Drivers that never end their lists are stopped here.
const MOST: u32 = 1000;

/// One layout and size, with its rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// The kernel's word for the layout.
    pub fourcc: u32,
    /// Ours.
    pub format: FrameFormat,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Seconds per frame; empty where the driver does not say.
    pub intervals: Vec<Fract>,
}

impl Mode {
    /// The rate nearest to this one, and its interval.
    pub fn nearest(&self, fps: f64) -> Option<Fract> {
        let off = |f: &&Fract| (rate(**f) - fps).abs();
        self.intervals.iter().min_by(|a, b| off(a).total_cmp(&off(b))).copied()
    }
}

/// Frames per second.
pub fn rate(interval: Fract) -> f64 {
    f64::from(interval.denominator) / f64::from(interval.numerator.max(1))
}

/// Everything that can be used, in the driver's order; `wanted` is listed too where any size or rate goes.
///
/// # Errors
/// The kernel's, other than the one that ends a list.
pub fn modes(io: &mut impl V4l2Io, wanted: &CameraMode) -> io::Result<Vec<Mode>> {
    let mut modes = Vec::new();
    for index in 0..MOST {
        let mut found = sys::FmtDesc { index, kind: BUF_TYPE_VIDEO_CAPTURE, ..Zeroable::zeroed() };
        if !listed(ask(io, Request::EnumFmt, &mut found))? {
            break;
        }
        let Some(&(fourcc, format)) = FORMATS.iter().find(|f| f.0 == found.pixelformat) else { continue };
        for (width, height) in sizes(io, fourcc, wanted)? {
            let intervals = intervals(io, fourcc, (width, height), wanted)?;
            modes.push(Mode { fourcc, format, width, height, intervals });
        }
    }
    Ok(modes)
}

/// Whether a list goes on. `EINVAL` ends it; `ENOTTY` is a driver that has no such list.
fn listed(answer: io::Result<()>) -> io::Result<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOTTY)) => Ok(false),
        Err(e) => Err(e),
    }
}

fn sizes(io: &mut impl V4l2Io, fourcc: u32, wanted: &CameraMode) -> io::Result<Vec<(u32, u32)>> {
    let mut sizes = Vec::new();
    for index in 0..MOST {
        let mut found = FrmSizeEnum { index, pixel_format: fourcc, ..Zeroable::zeroed() };
        if !listed(ask(io, Request::EnumFrameSizes, &mut found))? {
            break;
        }
        if found.kind == FRM_DISCRETE {
            sizes.push((found.size[0], found.size[1]));
            continue;
        }
        let [w_min, w_max, w_step, h_min, h_max, h_step] = found.size;
        let fits =
            |v: u32, min: u32, max: u32, step: u32| (min..=max).contains(&v) && (v - min).is_multiple_of(step.max(1));
        let asked = (wanted.width as u32, wanted.height as u32);
        let all = SIZES.iter().copied().chain([asked, (w_max, h_max)]);
        sizes.extend(all.filter(|s| fits(s.0, w_min, w_max, w_step) && fits(s.1, h_min, h_max, h_step)));
        sizes.sort_unstable();
        sizes.dedup();
        break;
    }
    // A driver without this list: S_FMT will tell what it makes of the wish.
    if sizes.is_empty() {
        sizes.push((wanted.width as u32, wanted.height as u32));
    }
    Ok(sizes)
}

fn intervals(io: &mut impl V4l2Io, fourcc: u32, size: (u32, u32), wanted: &CameraMode) -> io::Result<Vec<Fract>> {
    let mut intervals = Vec::new();
    for index in 0..MOST {
        let (width, height) = size;
        let mut found = FrmIvalEnum { index, pixel_format: fourcc, width, height, ..Zeroable::zeroed() };
        if !listed(ask(io, Request::EnumFrameIntervals, &mut found))? {
            break;
        }
        let [first, last, _] = found.interval;
        if found.kind == FRM_DISCRETE {
            intervals.push(first);
            continue;
        }
        let any = wanted.fps.map(|fps| Fract { numerator: 1000, denominator: (fps * 1000.0).round() as u32 });
        let all = RATES.iter().map(|&fps| Fract { numerator: 1, denominator: fps }).chain(any);
        intervals.extend(all.filter(|f| (rate(last)..=rate(first)).contains(&rate(*f))));
        intervals.push(first);
        break;
    }
    intervals.retain(|f| f.numerator > 0 && f.denominator > 0);
    Ok(intervals)
}

/// The mode nearest to what is wanted: first by size, then by rate, then by [`FORMATS`]. So an uncompressed layout is
/// taken where it is offered at the wanted rate, and otherwise MJPEG.
pub fn choose<'a>(modes: &'a [Mode], wanted: &CameraMode) -> Option<&'a Mode> {
    let fps = wanted.fps.unwrap_or(30.0);
    let size = |m: &Mode| {
        let off = |found: u32, wanted: usize| (f64::from(found.max(1)) / wanted.max(1) as f64).ln().abs();
        off(m.width, wanted.width) + off(m.height, wanted.height)
    };
    let speed = |m: &Mode| {
        // Not known is better than known to be wrong by more than a frame; 29.97 is as good as 30.
        let off = m.nearest(fps).map_or(1.0, |f| (rate(f) - fps).abs());
        if off <= 0.01 * fps { 0.0 } else { off }
    };
    let rank = |m: &Mode| FORMATS.iter().position(|f| f.0 == m.fourcc);
    modes
        .iter()
        .min_by(|a, b| size(a).total_cmp(&size(b)).then(speed(a).total_cmp(&speed(b))).then(rank(a).cmp(&rank(b))))
}
