//! What ffmpeg says on its standard error: when each frame is shown, by its filter `showinfo`, and what is wrong.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    sync::mpsc,
    time::Duration,
};

use crate::video::Matrix;

/// Lines of its complaints that are kept.
const TAIL: usize = 20;

/// What is said of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// When it is shown; one without a time is shown at once.
    pub time: Duration,
    /// How its colours were weighed, where that is known.
    pub matrix: Option<Matrix>,
}

/// The last complaints on the standard error of a child; reading on, lest the child wait for room in the pipe. What is said of frames goes to
/// `frames`, in their order.
pub fn listen(stderr: impl Read, frames: &mpsc::Sender<Shown>) -> Vec<String> {
    let mut stderr = BufReader::new(stderr);
    let (mut lines, mut said) = (VecDeque::new(), None);
    let send = |shown: Option<Shown>| {
        if let Some(shown) = shown {
            // Nobody may listen any more.
            let _ = frames.send(shown);
        }
    };
    loop {
        let mut line = Vec::new();
        if !matches!(stderr.by_ref().take(1000).read_until(b'\n', &mut line), Ok(1..)) {
            send(said.take());
            return lines.into();
        }
        let line = String::from_utf8_lossy(&line);
        if let Some(time) = shown_at(&line) {
            // Its colours are a line of their own, if they are told.
            send(said.replace(Shown { time, matrix: None }));
        } else if let Some(matrix) = weighed(&line) {
            send(said.take().map(|shown| Shown { matrix, ..shown }));
        } else if let Some(text) = complaint(&line) {
            if lines.len() == TAIL {
                lines.pop_front();
            }
            if lines.back() != Some(&text) {
                lines.push_back(text);
            }
        }
    }
}

/// `[Parsed_showinfo_0 @ 0x1] [info] n:   0 pts:      0 pts_time:0       duration:...`
fn shown_at(line: &str) -> Option<Duration> {
    let (_, rest) = line.split_once("Parsed_showinfo_")?.1.split_once(" pts_time:")?;
    let seconds = rest.split_whitespace().next()?.parse().unwrap_or(0.0);
    Some(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// `[Parsed_showinfo_0 @ 0x1] [info] color_range:tv color_space:bt709 ...`
fn weighed(line: &str) -> Option<Option<Matrix>> {
    let (_, rest) = line.split_once("Parsed_showinfo_")?.1.split_once(" color_space:")?;
    Some(match rest.split_whitespace().next()? {
        "bt709" => Some(Matrix::Bt709),
        "bt470bg" | "smpte170m" => Some(Matrix::Bt601),
        _ => None,
    })
}

/// A line that says what is wrong, without how bad it is.
fn complaint(line: &str) -> Option<String> {
    let bad = ["[error] ", "[fatal] ", "[panic] "].into_iter().find(|level| line.contains(level))?;
    Some(line.replacen(bad, "", 1).trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_complaints_are_told_apart() {
        let line = "[Parsed_showinfo_0 @ 0x5] [info] n:   3 pts:    300 pts_time:0.3     pos:  1 fmt:yuv420p";
        assert_eq!((shown_at(line), complaint(line)), (Some(Duration::from_millis(300)), None));
        let line = "[Parsed_showinfo_0 @ 0x5] [info] config in time_base: 1/1000, frame_rate: 10/1";
        assert_eq!((shown_at(line), complaint(line)), (None, None));
        let text = b"[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts: 0 pts_time:0 pos: 1
[Parsed_showinfo_0 @ 0x5] [info] color_range:tv color_space:bt709 color_primaries:bt709
[Parsed_showinfo_0 @ 0x5] [info] n: 1 pts: 1 pts_time:0.5 pos: 1
[Parsed_showinfo_0 @ 0x5] [info] n: 2 pts: 2 pts_time:NOPTS pos: 1
[fatal] no more
";
        let (sender, frames) = mpsc::channel();
        assert_eq!(listen(&text[..], &sender), ["no more"]);
        let shown = |millis, matrix| Shown { time: Duration::from_millis(millis), matrix };
        let want = [shown(0, Some(Matrix::Bt709)), shown(500, None), shown(0, None)];
        assert_eq!(frames.try_iter().collect::<Vec<_>>(), want);
        let line = "[mov,mp4 @ 0x5] [error] moov atom not found\n";
        assert_eq!((shown_at(line), complaint(line).as_deref()), (None, Some("[mov,mp4 @ 0x5] moov atom not found")));
    }
}
