//! Results into a file, a folder or standard output, a picture at a time.
//!
//! A file is written beside its name, as `OUT.yolov4-part`, and gets the name when it is whole; `OUT.yolov4-journal` says what is in it meanwhile, so
//! that another run can go on. The journal stays where pictures have failed: they can be tried again.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use yolov4::{Detections, Error, Result, low_level::files};

use super::{
    format::{OutputFormat, image_id, table},
    journal::{Journal, RunIdentity},
};
use crate::output;

/// Where results go, and in which format.
#[derive(Clone, Debug)]
pub struct Destination {
    pub format: OutputFormat,
    /// A file, or a folder for labels; standard output otherwise.
    pub out: Option<PathBuf>,
    /// Go on where an earlier run was.
    pub resume: bool,
}

impl Destination {
    /// Finds out before any work whether the results of `pictures` can be written at all: all of them, of which this run may have a part.
    ///
    /// # Errors
    /// [`Error::Usage`] if the format does not suit the pictures; [`Error::Io`] for a folder that is not there.
    pub fn check(&self, pictures: &[PathBuf]) -> Result<()> {
        let Self { format, out, resume } = self;
        match format {
            OutputFormat::Coco => {
                for picture in pictures {
                    image_id(&picture.display().to_string())?;
                }
            }
            OutputFormat::Yolo if pictures.len() > 1 => match &out {
                None => return Err(Error::Usage("--format yolo is a file a picture: name a folder with --out".into())),
                Some(dir) => output::folder(dir)?,
            },
            _ => {}
        }
        match out {
            Some(out) if *format == OutputFormat::Yolo => output::check_parent(out)?,
            Some(out) => output::check_file(out)?,
            None => {}
        }
        if !resume {
            return Ok(());
        }
        match out {
            None => Err(Error::Usage("--resume goes on with a file: name it with --out".into())),
            Some(_) if *format == OutputFormat::Table => {
                Err(Error::Usage("--resume: a table is written at the end; every other format goes on".into()))
            }
            Some(out) if is_special(out) => {
                let message = format!("--resume: {} is no file that could be gone on with", out.display());
                Err(Error::Usage(message))
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether an earlier run has left its whole output, as far as can be seen: its journal, which would tell, is gone then.
    pub fn is_whole(&self) -> bool {
        let left = |out: &PathBuf| part_of(out).exists() || Journal::path_of(out, None).exists();
        self.resume && self.out.as_ref().is_some_and(|out| out.exists() && !out.is_dir() && !left(out))
    }
}

/// Whether bytes that go there are gone.
fn is_special(path: &Path) -> bool {
    files::is_device(path) || path.exists() && !path.is_file() && !path.is_dir()
}

/// Where a file is written until it is whole.
fn part_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".yolov4-part");
    name.into()
}

/// Where pieces go.
#[derive(Debug)]
enum Sink {
    Stdout,
    /// A device or a pipe.
    Special(PathBuf, File),
    /// A file that is beside its name until it is whole.
    File {
        out: PathBuf,
        part: File,
        journal: Option<Journal>,
    },
    /// A file a picture.
    Folder {
        dir: PathBuf,
        journal: Option<Journal>,
    },
    /// A table, at the end.
    Table(Vec<Detections>, Option<PathBuf>),
}

/// The results so far, and where they go.
#[derive(Debug)]
pub struct Results {
    format: OutputFormat,
    sink: Sink,
    /// Bytes written.
    length: u64,
    failed: bool,
}

impl Results {
    /// Opens what results are written to; says what of them is there already. Only a `run` of pictures that are known before can be gone on
    /// with.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Usage`] if what is there is another run's.
    pub fn begin(target: &Destination, run: Option<&RunIdentity>) -> Result<(Self, Vec<bool>)> {
        let Destination { format, out, resume } = target;
        let nothing = vec![false; run.map_or(0, |run| run.pictures)];
        let results = |sink, length| Self { format: *format, sink, length, failed: false };
        let (mut begun, done) = match out {
            _ if *format == OutputFormat::Table => return Ok((results(Sink::Table(vec![], out.clone()), 0), nothing)),
            None => (results(Sink::Stdout, 0), nothing),
            Some(out) if is_special(out) => {
                let file = File::options().write(true).open(out).map_err(Error::io(out))?;
                (results(Sink::Special(out.clone(), file), 0), nothing)
            }
            Some(dir) if dir.is_dir() => {
                let path = Journal::path_of(dir, run);
                let resumed = match run.filter(|_| *resume) {
                    Some(run) => Journal::resume(path.clone(), run, u64::MAX)?,
                    None => None,
                };
                let (journal, done) = match (resumed, run) {
                    (Some((journal, progressed)), _) => (Some(journal), progressed.done),
                    (None, run) => (run.map(|run| Journal::create(path, run)).transpose()?, nothing),
                };
                (results(Sink::Folder { dir: dir.clone(), journal }, 0), done)
            }
            Some(out) => {
                let (journal, part, length, done) = Self::open_part(out, *resume, run, nothing)?;
                (results(Sink::File { out: out.clone(), part, journal }, length), done)
            }
        };
        if begun.length == 0 {
            begun.write(format.head())?;
        }
        Ok((begun, done))
    }

    /// The file beside `out`, cut to what is whole of it.
    fn open_part(
        out: &Path,
        resume: bool,
        run: Option<&RunIdentity>,
        nothing: Vec<bool>,
    ) -> Result<(Option<Journal>, File, u64, Vec<bool>)> {
        let (path, part) = (Journal::path_of(out, run), part_of(out));
        // One that was whole but for pictures that failed.
        let written = [&part, &out.to_owned()].into_iter().find_map(|file| file.metadata().ok()).map_or(0, |m| m.len());
        let resumed = match run.filter(|_| resume) {
            Some(run) => Journal::resume(path.clone(), run, written)?,
            None => None,
        };
        let (journal, length, done) = match resumed {
            Some((journal, progressed)) => {
                if !part.exists() && out.exists() {
                    std::fs::rename(out, &part).map_err(Error::io(out))?;
                }
                (Some(journal), progressed.length, progressed.done)
            }
            None => {
                if part.exists() {
                    output::say(format_args!(
                        "note: {}: an earlier run left it behind; it is begun anew{}",
                        part.display(),
                        match run {
                            Some(_) if resume => ", for its journal is gone",
                            Some(_) => " without --resume",
                            None => "",
                        }
                    ));
                }
                (run.map(|run| Journal::create(path, run)).transpose()?, 0, nothing)
            }
        };
        let file = File::options().write(true).create(true).truncate(false).open(&part);
        let mut file = file.map_err(Error::io(&part))?;
        file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0))).map_err(Error::io(&part))?;
        Ok((journal, file, length, done))
    }

    /// Takes the result of one picture, as [`OutputFormat::render`] writes it; `name` is what a file of its own would be called, `place` its
    /// place in the list.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn add(&mut self, place: usize, name: &str, result: Detections, text: &str) -> Result<()> {
        match &mut self.sink {
            Sink::Table(results, _) => results.push(result),
            Sink::Folder { dir, journal } => {
                output::write(&dir.join(format!("{name}.txt")), text.as_bytes())?;
                journal.iter_mut().try_for_each(|journal| journal.done(place, 0))?;
            }
            Sink::Stdout | Sink::Special(..) | Sink::File { .. } => {
                if !text.is_empty() {
                    let first = self.length == self.format.head().len() as u64;
                    // In one piece: whoever reads along sees whole lines.
                    self.write(&format!("{}{text}", self.format.between(first)))?;
                }
                let length = self.length;
                if let Sink::File { journal: Some(journal), .. } = &mut self.sink {
                    journal.done(place, length)?;
                }
            }
        }
        Ok(())
    }

    /// Notes that a picture has failed.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Writes the rest, and gives a file its name. What a lost device has left undone keeps it from being whole: see [`Results::leave`].
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn finish(mut self) -> Result<()> {
        let empty = self.length == self.format.head().len() as u64;
        if !matches!(self.sink, Sink::Folder { .. } | Sink::Table(..)) {
            self.write(self.format.tail(empty))?;
        }
        match self.sink {
            Sink::Table(results, out) => output::put(out.as_ref(), &table(&results)),
            Sink::Stdout | Sink::Special(..) => Ok(()),
            Sink::Folder { journal, .. } => journal.filter(|_| !self.failed).map_or(Ok(()), Journal::remove),
            Sink::File { out, part, journal } => {
                part.sync_all().map_err(Error::io(&out))?;
                drop(part);
                std::fs::rename(part_of(&out), &out).map_err(Error::io(&out))?;
                journal.filter(|_| !self.failed).map_or(Ok(()), Journal::remove)
            }
        }
    }

    /// Ends before all is done: what is there is kept. A file stays beside its name, for `--resume`.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn leave(self) -> Result<()> {
        match &self.sink {
            Sink::File { out, journal, .. } => {
                let (part, goes_on) = (part_of(out), journal.as_ref().map_or("", |_| "; --resume goes on with it"));
                output::say(format_args!("note: what was found is in {}{goes_on}", part.display()));
                Ok(())
            }
            Sink::Folder { .. } => Ok(()),
            Sink::Stdout | Sink::Special(..) | Sink::Table(..) => self.finish(),
        }
    }

    fn write(&mut self, text: &str) -> Result<()> {
        match &mut self.sink {
            Sink::Stdout => output::print(text)?,
            Sink::Special(out, file) => file.write_all(text.as_bytes()).map_err(Error::io(&*out))?,
            Sink::File { out, part, .. } => part.write_all(text.as_bytes()).map_err(Error::io(part_of(out)))?,
            Sink::Folder { .. } | Sink::Table(..) => {}
        }
        self.length += text.len() as u64;
        Ok(())
    }
}
