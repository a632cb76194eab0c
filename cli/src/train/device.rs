//! The device to learn on, and how often it was lost.

use std::{thread, time::Duration};

use pollster::block_on;
use yolov4::{
    Gpu,
    low_level::gpu::{DeviceRequirements, GpuOptions},
};

use super::args::TrainArgs;

/// How often a device may be lost without a step that was not done before.
const MOST: usize = 3;
/// From one question to the next.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];

/// How often it was lost since the last step that was new.
#[derive(Clone, Copy, Debug, Default)]
pub struct LostDevices {
    farthest: u64,
    count: usize,
}

impl LostDevices {
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

/// One in place of a lost one: a driver that begins anew has none for a while.
pub fn device_again(args: &TrainArgs) -> yolov4::Result<Gpu> {
    let mut found = device(args);
    for pause in PAUSES {
        if found.is_ok() {
            break;
        }
        thread::sleep(pause);
        found = device(args);
    }
    found
}
