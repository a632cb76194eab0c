//! How many pictures are played at once.

use std::{num::NonZeroUsize, str::FromStr, time::Instant};

use yolov4::{Detector, Error, Picture, Result};

/// What `--batch` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// As many as are worth it on this machine.
    Auto,
    /// This many.
    Of(NonZeroUsize),
}

impl FromStr for BatchSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count) => Ok(Self::Of(count)),
            Err(_) if text == "auto" => Ok(Self::Auto),
            Err(_) => Err(format!("expected 1 or more, or auto, found `{text}`")),
        }
    }
}

/// Batches that are tried.
const SIZES: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// What a larger one must gain: it keeps more memory, and results wait longer.
const WORTH: f64 = 1.05;
/// Timed rounds; the best one counts.
const ROUNDS: usize = 3;

impl BatchSize {
    /// The detector that `build` makes for this many pictures; tried out, if it is to be seen how many. Software plays one after the other
    /// in any case.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn build(self, build: impl Fn(usize) -> Result<Detector>) -> Result<Detector> {
        match self {
            Self::Of(count) => build(count.get()),
            Self::Auto => {
                let tried = |size: usize| {
                    let mut detector = build(size)?;
                    let rate = if size == 1 && !is_hardware(&detector) { f64::INFINITY } else { rate(&mut detector)? };
                    Ok((detector, rate))
                };
                best(&SIZES, tried)
            }
        }
    }
}

fn is_hardware(detector: &Detector) -> bool {
    detector.gpu().is_some_and(|gpu| !gpu.report().software)
}

/// Pictures a second of full batches.
fn rate(detector: &mut Detector) -> Result<f64> {
    let (width, height) = (640, 480);
    let grey = Picture { width, height, rgba: vec![127; width * height * 4] };
    let batch = vec![&grey; detector.batch()];
    let mut seconds = f64::INFINITY;
    // The first one is slower than any other.
    for round in 0..=ROUNDS {
        let start = Instant::now();
        detector.detect_batch(batch.iter().copied())?;
        if round > 0 {
            seconds = seconds.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(batch.len() as f64 / seconds)
}

/// What was made for the last size that was worth it. Sizes that do not fit are none.
fn best<T>(sizes: &[usize], make: impl Fn(usize) -> Result<(T, f64)>) -> Result<T> {
    let mut best: Option<(T, f64)> = None;
    for size in sizes {
        // Two at once may be more than there is memory for.
        match (make(*size), &best) {
            (Ok((_, rate)), Some((_, before))) if rate < before * WORTH => break,
            (Ok((_, rate)), Some(_)) if rate.is_infinite() => break,
            (Ok(made), _) => best = Some(made),
            // Whatever a device says of too much: there is one that works.
            (Err(e), Some(_)) => {
                tracing::info!("a batch of {size} is not tried: {e}");
                break;
            }
            (Err(e), None) => return Err(e),
        }
        if best.as_ref().is_some_and(|(_, rate)| rate.is_infinite()) {
            break;
        }
    }
    best.map(|(made, _)| made).ok_or_else(|| Error::Usage("no size of a batch to be tried".into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use yolov4::Error;

    use super::{SIZES, best};

    /// What is chosen where sizes have these rates; none is one that does not fit.
    fn chosen(rates: &[Option<f64>]) -> usize {
        let make = |size: usize| match rates[SIZES.iter().position(|s| *s == size).unwrap()] {
            Some(rate) => Ok((size, rate)),
            None => Err(Error::OutOfMemory("a test".into())),
        };
        best(&SIZES, make).unwrap()
    }

    #[test]
    fn it_grows_while_that_is_worth_it_and_fits() {
        assert_eq!(chosen(&[Some(100.0), Some(150.0), Some(180.0), Some(185.0), Some(900.0), None]), 4);
        assert_eq!(chosen(&[Some(100.0), Some(150.0), None, Some(500.0), None, None]), 2);
        assert_eq!(chosen(&[Some(100.0), Some(90.0), None, None, None, None]), 1);
        assert_eq!(chosen(&[Some(1.0), Some(2.0), Some(4.0), Some(8.0), Some(16.0), Some(32.0)]), 32);
        assert_eq!(chosen(&[Some(f64::INFINITY), Some(5.0), None, None, None, None]), 1);
        assert!(best(&SIZES, |_| Err::<((), f64), _>(Error::OutOfMemory("a test".into()))).is_err());
    }
}
