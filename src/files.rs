//! Files that are whole or not there.

use std::{
    fs::File,
    io::Result,
    path::{Path, PathBuf},
};

/// Lets `fill` write a new file beside `path`, and renames it when it is done. If anything fails nothing is left behind;
/// what else lies in the folder is never touched.
///
/// # Errors
/// The first thing that went wrong.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    // Two of this program may write the same file at once: the last one to finish wins, neither breaks the other's.
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let mut file = File::create_new(&part)?;
    let filled = fill(&mut file).and_then(|()| file.sync_all());
    drop(file);
    let written = filled.and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // What is left of it is of no use to anybody; the first error is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written
}
