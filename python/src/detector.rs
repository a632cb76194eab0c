//! A detector behind a lock.

use std::{
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use pyo3::prelude::*;
use yolov4::{
    Detections, Detector, Error, Input,
    low_level::ordered::{ahead, cores, ordered},
};

use crate::{
    found::NativeDetections,
    options::Options,
    raise::{exception, raised, usage},
    raw_input::RawInput,
};

/// How often somebody who waits looks whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// The name of the model, columns and rows of its input, pictures at once, minimum score and overlap.
type About = (String, (usize, usize), usize, (f32, f32));

/// What `yolov4.Detector` is made of. Threads take turns.
#[pyclass(frozen)]
pub struct NativeDetector {
    detector: Mutex<Detector>,
    /// The process that it lives in: threads and devices do not survive a fork.
    process: u32,
    classes: usize,
}

#[pymethods]
impl NativeDetector {
    /// Reads the files, fetches what is missing, builds the player; Ctrl-C leaves that to itself.
    #[new]
    fn new(py: Python<'_>, options: Options) -> PyResult<Self> {
        let builder = options.builder().map_err(|e| raised(py, &e))?;
        let (sender, built) = mpsc::channel();
        // Nobody may want it any more when it is done.
        let build = move || drop(sender.send(builder.build()));
        let thread = std::thread::Builder::new().name("build".into()).spawn(build);
        thread.map_err(|e| raised(py, &Error::io("a thread to build on")(e)))?;
        let detector = loop {
            match built.try_recv() {
                Ok(built) => break built.map_err(|e| raised(py, &e))?,
                Err(mpsc::TryRecvError::Empty) => py.detach(|| std::thread::sleep(LOOK)),
                Err(mpsc::TryRecvError::Disconnected) => {
                    return Err(raised(py, &Error::Gpu("the thread that built the network has ended".into())));
                }
            }
            py.check_signals()?;
        };
        let classes = detector.class_names().len();
        Ok(Self { detector: Mutex::new(detector), process: std::process::id(), classes })
    }

    /// What is found in each of the pictures, or the exception that says why not, in their order.
    fn detect<'py>(&self, py: Python<'py>, inputs: Vec<RawInput>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.check_process(py)?;
        let found = py.detach(|| self.find(inputs));
        py.check_signals()?;
        let each = found.into_iter().map(|found| match found {
            Ok(found) => Ok(Bound::new(py, NativeDetections::new(found, self.classes))?.into_any()),
            Err(e) => exception(py, &e),
        });
        each.collect()
    }

    /// A name for every class.
    fn class_names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, Detector::class_names)
    }

    /// Who plays, in words.
    fn player(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, Detector::player)
    }

    /// What does not change.
    fn about(&self, py: Python<'_>) -> PyResult<About> {
        self.ask(py, |detector| {
            let input = detector.graph().input_shape();
            (detector.title(), (input.w, input.h), detector.batch(), detector.thresholds())
        })
    }

    /// Remarks that the user should see.
    fn notes(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |detector| detector.notes().to_vec())
    }

    /// What was chosen and why, a line each.
    fn choices(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |detector| detector.choices().iter().map(ToString::to_string).collect())
    }
}

impl NativeDetector {
    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        let here = std::process::id();
        if here == self.process {
            return Ok(());
        }
        let message = format!(
            "this detector was made in process {}, and a fork (process {here}) cannot use its threads and device: make one there, or \
             start processes by multiprocessing's `spawn`",
            self.process
        );
        Err(usage(py, message))
    }

    fn ask<T: Send>(&self, py: Python<'_>, question: impl FnOnce(&Detector) -> T + Send) -> PyResult<T> {
        self.check_process(py)?;
        Ok(py.detach(|| question(&self.detector.lock().unwrap_or_else(PoisonError::into_inner))))
    }

    /// Decodes on all cores, plays, and stops early for Ctrl-C: whoever called looks at that again.
    fn find(&self, inputs: Vec<RawInput>) -> Vec<Result<Detections, Error>> {
        let mut detector = self.detector.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = inputs.iter().map(RawInput::name).collect();
        let ahead = ahead(detector.batch());
        let threads = cores().min(inputs.len());
        let mut decoded = match ordered(inputs.into_iter(), threads, ahead, |input: RawInput| input.decode()) {
            Ok(decoded) => decoded,
            Err(e) => return vec![Err(Error::io("a thread to decode on")(e))],
        };
        let upcoming = move |wait| decoded.upcoming(wait).map(|picture| picture.map(Input::from));
        let mut found = Vec::with_capacity(names.len());
        for ((_, outcome), image) in detector.see_each(upcoming).zip(names) {
            let lost = matches!(outcome, Err(Error::DeviceLost(_)));
            found.push(outcome.map(|found| Detections { image, ..found }));
            if lost || Python::attach(|py| py.check_signals()).is_err() {
                break;
            }
        }
        found
    }
}
