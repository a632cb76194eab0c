//! A step is a process of its own: what a driver does to it ends the step and not the day.

use std::{
    fs::File,
    io::{Read, Seek},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use yolov4::{Error, Result};

use crate::viewer::Stop;

/// How a process ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// It took longer than it may.
    Late,
    /// The day was told to stop.
    Stopped,
}

/// What came of a process.
#[derive(Debug)]
pub struct ProcessOutcome {
    pub ended: Ended,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub seconds: f64,
}

impl ProcessOutcome {
    /// How it ended, and the last complaint, or else the last line, of what it has said.
    pub fn complaint(&self) -> String {
        let how = match &self.ended {
            Ended::Itself(status) => status.to_string(),
            Ended::Late => format!("ended after {:.0} s: it had taken too long", self.seconds),
            Ended::Stopped => "stopped".to_owned(),
        };
        let lines = || self.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
        match (lines().rfind(|line| line.starts_with("error")), lines().next_back()) {
            (Some(error), _) => format!("{error} ({how})"),
            (None, Some(last)) => format!("{how}; the last it said: {last}"),
            (None, None) => how,
        }
    }
}

/// Runs `command` until it ends, `limit` has passed, or `stop` is asked for; then whatever it has started is ended too. Its streams go through
/// files, which nothing can fill up so that it waits.
///
/// # Errors
/// [`Error::Io`] if it cannot be started, or there is no place for its streams.
pub fn run(mut command: Command, limit: Duration, stop: &Stop) -> Result<ProcessOutcome> {
    let program = command.get_program().to_owned();
    let place = std::env::temp_dir();
    let file = || tempfile::tempfile().map_err(Error::io(&place));
    let (mut stdout, mut stderr) = (file()?, file()?);
    let again = |file: &File| file.try_clone().map_err(Error::io(&place));
    command.stdin(Stdio::null()).stdout(again(&stdout)?).stderr(again(&stderr)?);
    // A group of its own, so that all of it can be ended.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let start = Instant::now();
    let mut child = command.spawn().map_err(Error::io(&program))?;
    let ended = watch(&mut child, start, limit, stop).map_err(Error::io(&program))?;
    let seconds = start.elapsed().as_secs_f64();
    let read = |file: &mut File| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(Error::io(&place))?;
        Ok::<_, Error>(bytes)
    };
    let (stdout, stderr) = (read(&mut stdout)?, read(&mut stderr)?);
    Ok(ProcessOutcome { ended, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned(), seconds })
}

fn watch(child: &mut Child, start: Instant, limit: Duration, stop: &Stop) -> std::io::Result<Ended> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Itself(status));
        }
        let why = match () {
            () if stop.asked() => Some(Ended::Stopped),
            () if start.elapsed() >= limit => Some(Ended::Late),
            () => None,
        };
        if let Some(why) = why {
            // It may have ended by itself in this moment; either way it is gone afterwards.
            end_group(child.id());
            let _ = child.kill();
            child.wait()?;
            return Ok(why);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends the processes of a group, where the system has such.
fn end_group(leader: u32) {
    if cfg!(unix) {
        // Where there is no such program, those that the step has started end when they have done their work.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
    }
}
