//! Requests with their structs, and refusals in plain words.

use std::io;

use bytemuck::Pod;

use crate::{
    error::Error,
    video::v4l2::{
        io::V4l2Io,
        sys::{CAP_DEVICE_CAPS, CAP_STREAMING, CAP_VIDEO_CAPTURE, Capability, Request},
    },
};

/// One request, again for as long as a signal interrupts it.
pub(super) fn ask<T: Pod>(io: &mut impl V4l2Io, request: Request, argument: &mut T) -> io::Result<()> {
    loop {
        match io.ioctl(request, bytemuck::bytes_of_mut(argument)) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// What the node is, and whether it gives frames to be streamed. A camera has further nodes, of metadata say, and only
/// `device_caps` speaks of this one.
pub(super) fn capability(io: &mut impl V4l2Io) -> io::Result<(Capability, bool)> {
    let mut found: Capability = bytemuck::Zeroable::zeroed();
    ask(io, Request::QueryCap, &mut found)?;
    let whole = found.capabilities & CAP_DEVICE_CAPS == 0;
    let caps = if whole { found.capabilities } else { found.device_caps };
    let needed = CAP_VIDEO_CAPTURE | CAP_STREAMING;
    Ok((found, caps & needed == needed))
}

/// Text of a fixed field, up to its first 0.
pub(super) fn text(field: &[u8]) -> String {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).trim().to_owned()
}

/// Why the camera `name` refuses; `what` was being done.
pub(super) fn fault(name: &str, what: &str, error: &io::Error) -> Error {
    let message = match error.raw_os_error() {
        Some(libc::ENOENT) => "there is no such camera".into(),
        Some(libc::ENODEV | libc::ENXIO) => "the camera was unplugged; plug it in and open it again".into(),
        Some(libc::EBUSY) => "another program uses the camera; close that one first".into(),
        Some(libc::EACCES | libc::EPERM) => "no permission to use the camera; add yourself to the group video with \
             `sudo usermod -aG video $USER`, then log out and in again"
            .into(),
        Some(libc::ENOTTY) => not_a_camera("it does not answer as one"),
        _ => format!("{what} failed: {error}; unplug the camera and plug it in again, or take another mode"),
    };
    Error::source(name, message)
}

/// A node of another kind.
pub(super) fn not_a_camera(found: &str) -> String {
    format!("expected a camera that streams video, but {found}")
}
