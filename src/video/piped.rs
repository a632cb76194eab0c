//! A pipe with a name as a camera: whoever writes into it sets the pace, and may go and come back.

use crate::{
    error::{Error, Result},
    video::{Next, Source},
};

/// What comes through the pipe; its end is that of a writer, not of the camera.
pub struct Piped(pub Box<dyn Source>);

impl Source for Piped {
    fn next(&mut self) -> Result<Next> {
        match self.0.next()? {
            Next::End => Err(Error::source(self.0.describe(), "its writer has gone")),
            other => Ok(other),
        }
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn rate(&self) -> Option<f64> {
        self.0.rate()
    }

    fn live(&self) -> bool {
        true
    }
}
