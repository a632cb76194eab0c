//! Which pictures a command line means.

use std::{
    collections::HashSet,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use yolov4::{
    Error, Result,
    dataset::lists::{lines, listed},
    low_level::video::paths::{expand, names_a_picture},
};

/// What a command line means.
#[derive(Debug)]
pub struct Given {
    /// Pictures, in order; `-` is the one on standard input.
    pub paths: Vec<PathBuf>,
    /// Those of them that are no files.
    pub pipes: Pipes,
}

/// What is read although it is no file: somebody has named it.
#[derive(Clone, Debug, Default)]
pub struct Pipes {
    /// The picture on standard input, if it is meant.
    pub stdin: Option<Vec<u8>>,
    /// Pipes and devices, as shells make of `<(..)`. One that only lies in a folder might never end.
    pub named: HashSet<PathBuf>,
}

/// The pictures that are meant: files, folders, globs, `@FILE` for a list of them, `-` for a picture or a list on standard input, which is
/// read too if nothing is named and it is no terminal.
///
/// # Errors
/// If an argument does not exist, matches nothing, or cannot be read.
pub fn given(args: &[PathBuf]) -> Result<Given> {
    if args.is_empty() && std::io::stdin().is_terminal() {
        return Err(Error::Usage("expected pictures or a video: files, folders, globs, @LIST or -".into()));
    }
    let piped = [PathBuf::from("-")];
    let mut given = Given { paths: vec![], pipes: Pipes::default() };
    for arg in if args.is_empty() { &piped } else { args } {
        let text = arg.to_str().unwrap_or_default();
        let list = text.strip_prefix('@').filter(|_| !arg.exists());
        if list == Some("-") || text == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io("standard input"))?;
            if list.is_some() || is_list(&bytes) {
                given.paths.extend(listed(&bytes, Path::new("")));
            } else {
                given.paths.push(arg.clone());
                given.pipes.stdin = Some(bytes);
            }
        } else if let Some(list) = list.map(Path::new) {
            let bytes = std::fs::read(list).map_err(Error::io(list))?;
            let found = listed(&bytes, list.parent().unwrap_or(Path::new("")));
            if found.is_empty() {
                return Err(Error::Usage(format!("{}: expected a picture a line, found none", list.display())));
            }
            given.paths.extend(found);
        } else {
            if !arg.is_file() && !arg.is_dir() && arg.exists() {
                given.pipes.named.insert(arg.clone());
            }
            given.paths.extend(expand(std::slice::from_ref(arg))?);
        }
    }
    Ok(given)
}

/// Whether this is a list of pictures and no picture.
pub fn is_list(bytes: &[u8]) -> bool {
    // No format of pictures is text without a zero among its first bytes, but the portable ones, which begin with P.
    let text = !bytes[..bytes.len().min(512)].contains(&0) && !bytes.starts_with(b"P");
    text && lines(bytes).next().is_some_and(|line| line.is_file() || names_a_picture(&line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    #[cfg(unix)]
    #[test]
    fn a_list_names_files_whatever_their_bytes_mean() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

        let dir = tempfile::tempdir().unwrap();
        let (latin, list) = (OsStr::from_bytes(b"caf\xe9.png"), dir.path().join("list.txt"));
        std::fs::write(dir.path().join(latin), "").unwrap();
        std::fs::write(&list, b"\xef\xbb\xbfcaf\xe9.png\r\n\r\n  missing.png \n").unwrap();
        let mut arg = OsStr::new("@").to_owned();
        arg.push(&list);
        let found = super::given(&[arg.into()]).unwrap().paths;
        assert_eq!(found, [dir.path().join(latin), dir.path().join("missing.png")]);
    }
}
