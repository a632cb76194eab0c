//! A detector whose frames stay on the GPU: what a chain needs to know of it.

use crate::{
    detect::{Detector, Player},
    error::{Error, Result},
    gpu::{Gpu, Program},
};

impl Detector {
    /// The GPU's program.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the processor plays.
    #[doc(hidden)]
    pub fn program(&self) -> Result<&Program> {
        match &self.player {
            Player::Gpu(program) => Ok(program),
            _ => Err(no_gpu()),
        }
    }

    /// The GPU's program, to be changed.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if the processor plays.
    #[doc(hidden)]
    pub fn program_mut(&mut self) -> Result<&mut Program> {
        match &mut self.player {
            Player::Gpu(program) => Ok(program),
            _ => Err(no_gpu()),
        }
    }

    /// The device that it plays on; none if the processor plays.
    pub fn gpu(&self) -> Option<&Gpu> {
        self.program().ok().map(Program::gpu)
    }
}

fn no_gpu() -> Error {
    Error::NoAdapter("the processor plays: expected a GPU, which `PlayerChoice::Gpu` asks for".into())
}
