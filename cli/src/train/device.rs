//! The device to learn on, and how often it was lost.

use pollster::block_on;
use yolov4::{
    Gpu,
    low_level::gpu::{DeviceRequirements, GpuOptions},
};

use super::args::TrainArgs;

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
    pub fn hopeless(&mut self, steps: u64) -> bool {
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
