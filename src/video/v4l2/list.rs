//! Which cameras there are.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    video::{
        CameraFormat, CameraInfo,
        v4l2::{
            io::{V4l2Device, V4l2Io},
            modes::{USUAL, modes, rate},
            query::{capability, fault, text},
        },
    },
};

/// The nodes `/dev/video*` that give frames.
///
/// # Errors
/// [`Error::Source`] if there are nodes, but none of them may be opened.
pub fn cameras() -> Result<Vec<CameraInfo>> {
    cameras_in(Path::new("/dev"), V4l2Device::open)
}

/// As [`cameras`], by another way to the kernel, of the nodes in another folder.
///
/// # Errors
/// As [`cameras`].
pub fn cameras_in<I: V4l2Io>(folder: &Path, mut open: impl FnMut(&Path) -> io::Result<I>) -> Result<Vec<CameraInfo>> {
    let mut nodes: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("video")?.parse().ok());
        nodes.extend(number.map(|number| (number, entry.path())));
    }
    nodes.sort();
    let mut found = Vec::new();
    let mut refused: Option<Error> = None;
    for (_, path) in nodes {
        match open(&path).and_then(|mut io| info(&path, &mut io)) {
            Ok(Some(info)) => found.push(CameraInfo { number: found.len(), ..info }),
            Ok(None) => {}
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                refused.get_or_insert(fault(&path.display().to_string(), "opening the camera", &e));
            }
            // Gone meanwhile, or no camera at all.
            Err(_) => {}
        }
    }
    match refused {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// One node, if it gives frames.
fn info(path: &Path, io: &mut impl V4l2Io) -> io::Result<Option<CameraInfo>> {
    let (about, streams) = capability(io)?;
    if !streams {
        return Ok(None);
    }
    let formats = modes(io, &USUAL)?.into_iter().map(|m| CameraFormat {
        format: m.format.name().to_owned(),
        width: m.width as usize,
        height: m.height as usize,
        fps: m.intervals.iter().map(|f| (rate(*f) * 100.0).round() / 100.0).collect(),
    });
    Ok(Some(CameraInfo {
        number: 0,
        path: path.display().to_string(),
        name: text(&about.card),
        bus: text(&about.bus_info),
        formats: formats.collect(),
    }))
}
