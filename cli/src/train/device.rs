//! The device to learn on, and another one where it is lost.

use pollster::block_on;
use yolov4::{
    Error, Gpu,
    low_level::gpu::{DeviceRequirements, GpuOptions},
};

use super::{
    args::TrainArgs,
    outputs::OutputFolder,
    training::{Best, Training},
};
use crate::{CommandResult, output};

/// How often a device may be lost without a step that was not done before.
const MOST: usize = 3;

/// How often it was lost since the last step that was new.
#[derive(Clone, Copy, Debug, Default)]
pub struct Losses {
    farthest: u64,
    count: usize,
}

impl Losses {
    /// Counts one, after so many steps; whether there is no hope any more.
    fn hopeless(&mut self, steps: u64) -> bool {
        self.count = if steps > self.farthest { 1 } else { self.count + 1 };
        self.farthest = self.farthest.max(steps);
        self.count > MOST
    }
}

/// The device to learn on, with the largest bindings that it has.
pub fn device(args: &TrainArgs) -> yolov4::Result<Gpu> {
    let requirements = DeviceRequirements { binding_bytes: u64::MAX, ..DeviceRequirements::default() };
    block_on(Gpu::new(&GpuOptions { adapter: args.adapter.clone(), requirements, ..GpuOptions::default() }))
}

impl Training<'_> {
    /// Goes on with another device from what was saved last, or from the beginning.
    pub(super) fn renew(&mut self, folder: &mut OutputFolder, why: &str, losses: &mut Losses) -> CommandResult {
        let state = folder.state();
        let saved = if state.exists() { format!("; --resume goes on from {}", state.display()) } else { String::new() };
        let fail = |e: Error| Error::DeviceLost(format!("{why}; {e}{saved}"));
        if losses.hopeless(self.session.steps()) {
            return Err(Error::DeviceLost(format!("{why}, again and again{saved}")).into());
        }
        output::say(format_args!("warning: the device was lost ({why}): it is asked for again"));
        self.session.renew(&device(self.args).map_err(fail)?).map_err(fail)?;
        if state.exists() {
            return self.resume(folder);
        }
        (self.best, self.measured) = (Best::default(), 0);
        folder.forget_after(0, 0)?;
        Ok(())
    }
}
