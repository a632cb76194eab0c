//! Files that are whole or not there.

use std::{
    io::Result,
    path::{Path, PathBuf},
};

/// Lets `fill` write beside `path`, and renames when it is done. If anything fails nothing is left behind.
///
/// # Errors
/// The first thing that went wrong.
pub fn write_whole(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = fill(&part).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // What is left of it is of no use to anybody; the first error is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written
}
