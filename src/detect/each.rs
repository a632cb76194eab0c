//! Pictures one after the other, the next ones on their way to the GPU while it is busy.

use std::{borrow::Cow, collections::VecDeque};

use crate::{
    detect::{
        Detections, Detector, Input,
        input::{NamedInput, PreparedInput},
    },
    error::{Error, Result},
    host::Picture,
    ordered::Upcoming,
    task,
};

/// A picture on the host, given back, and what is in it.
pub type SeenPicture<'i> = (Option<Cow<'i, Picture>>, Result<Detections>);

/// See [`Detector::detect_each`].
#[derive(Debug)]
pub(super) struct PictureSequence<'d, 'i, F> {
    detector: &'d mut Detector,
    /// The next input; asked with `true` it waits for one.
    upcoming: F,
    /// The batch that is played next, as far as it is there; it may be on the GPU already.
    next: VecDeque<Result<NamedInput<'i>>>,
    ended: bool,
    seen: VecDeque<SeenPicture<'i>>,
}

impl<'d, 'i, F: FnMut(bool) -> Upcoming<Result<Input<'i>>>> PictureSequence<'d, 'i, F> {
    pub fn new(detector: &'d mut Detector, upcoming: F) -> Self {
        detector.player.forget_ahead();
        Self { detector, upcoming, next: VecDeque::new(), ended: false, seen: VecDeque::new() }
    }

    /// Fills the next batch up, or as far as that is possible without waiting. What cannot be read is an error in its place.
    fn fill(&mut self, wait: bool) {
        while self.next.len() < self.detector.batch() && !self.ended {
            match (self.upcoming)(wait) {
                Upcoming::Now(input) => self.next.push_back(input.and_then(NamedInput::new)),
                Upcoming::Later => return,
                Upcoming::End => self.ended = true,
            }
        }
    }

    async fn play(&mut self) {
        self.fill(true);
        let batch = std::mem::take(&mut self.next);
        let mut errors = Vec::with_capacity(batch.len());
        let mut pictures = Vec::with_capacity(batch.len());
        for input in batch {
            match input {
                Ok(picture) => {
                    pictures.push(picture);
                    errors.push(None);
                }
                Err(e) => errors.push(Some(e)),
            }
        }
        let begun = if pictures.is_empty() { Ok(()) } else { self.detector.begin(&pictures).await };
        // While the GPU is busy.
        self.fill(false);
        let found = match begun {
            Ok(()) => self.finish(&pictures).await,
            Err(e) => Err(e),
        };
        let mut found = match found {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(e) if pictures.len() < 2 || matches!(e, Error::DeviceLost(_)) => VecDeque::from([Err(e)]),
            // One that fails costs the others nothing.
            Err(_) => self.one_by_one(&pictures).await,
        };
        if matches!(found.front(), Some(Err(Error::DeviceLost(_)))) {
            self.ended = true;
            self.next.clear();
        }
        let mut pictures = pictures.into_iter();
        for error in errors {
            let seen = match error {
                Some(e) => (None, Err(e)),
                None => {
                    // Of those behind one that lost the device nothing is known.
                    let Some(outcome) = found.pop_front() else { break };
                    let picture = pictures.next().and_then(|picture| match picture.input {
                        PreparedInput::Picture(picture) => Some(picture),
                        _ => None,
                    });
                    (picture, outcome)
                }
            };
            self.seen.push_back(seen);
        }
    }

    async fn finish(&mut self, pictures: &[NamedInput<'_>]) -> Result<Vec<Detections>> {
        if pictures.is_empty() {
            return Ok(vec![]);
        }
        // Only a batch that is there whole is as it will be played. If it cannot be brought there now, it is told when its turn comes.
        let whole = self.ended || self.next.len() == self.detector.batch();
        if whole && self.next.iter().all(Result::is_ok) {
            let next: Vec<NamedInput<'i>> = std::mem::take(&mut self.next).into_iter().flatten().collect();
            let brought = self.detector.upload_ahead(&next).await;
            self.next = next.into_iter().map(Ok).collect();
            if brought.is_err() {
                self.detector.player.forget_ahead();
            }
        }
        self.detector.finish_begun(pictures).await
    }

    async fn one_by_one(&mut self, pictures: &[NamedInput<'_>]) -> VecDeque<Result<Detections>> {
        self.detector.player.forget_ahead();
        let mut found = VecDeque::with_capacity(pictures.len());
        for picture in pictures {
            let one = std::slice::from_ref(picture);
            let outcome = match self.detector.begin(one).await {
                Ok(()) => self.detector.finish_begun(one).await,
                Err(e) => Err(e),
            };
            found.push_back(outcome.map(|mut found| found.pop().unwrap_or_default()));
        }
        found
    }
}

impl<'i, F: FnMut(bool) -> Upcoming<Result<Input<'i>>>> Iterator for PictureSequence<'_, 'i, F> {
    type Item = SeenPicture<'i>;

    fn next(&mut self) -> Option<SeenPicture<'i>> {
        if self.seen.is_empty() {
            task::wait(self.play());
        }
        self.seen.pop_front()
    }
}

impl Detector {
    /// The objects in one picture after the other, in their order; each is waited for. Inputs are taken a batch ahead: while the GPU is busy
    /// with one the next is read and brought there, so that what is found is told when the next input is there or there is none. One that
    /// fails costs the others nothing, unless the device is lost: [`Error::DeviceLost`] is the last that is told.
    ///
    /// ```no_run
    /// let mut detector = yolov4::Detector::builder().model("demo").batch(4).build()?;
    /// for found in detector.detect_each(["a.jpg", "b.jpg", "c.jpg"]) {
    ///     println!("{}", found?.to_counts());
    /// }
    /// # Ok::<(), yolov4::Error>(())
    /// ```
    pub fn detect_each<'i, I: Into<Input<'i>>>(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
    ) -> impl Iterator<Item = Result<Detections>> {
        let mut inputs = inputs.into_iter();
        let upcoming = move |_| inputs.next().map_or(Upcoming::End, |input| Upcoming::Now(Ok(input.into())));
        PictureSequence::new(self, upcoming).map(|(_, found)| found)
    }

    /// As [`Detector::detect_each`], of inputs that somebody else has read or failed to read; pictures are given back. `upcoming` says what
    /// comes next, and waits for it if it is asked with `true`: what is found is not kept back for what is not there yet.
    #[doc(hidden)]
    pub fn see_each<'i>(
        &mut self,
        upcoming: impl FnMut(bool) -> Upcoming<Result<Input<'i>>>,
    ) -> impl Iterator<Item = SeenPicture<'i>> {
        PictureSequence::new(self, upcoming)
    }
}
