//! Seeded chance: equal seeds give equal scenes on every machine.

use yolov4::low_level::model::random::Random;

/// A generator with the questions that a scene asks.
#[derive(Clone, Debug)]
pub struct Dice(Random);

impl Dice {
    /// The dice of scene `index` in the series of `seed`: scenes can be made in any order. Both enter alike: scene 3 of
    /// series 1 is scene 1 of series 3, so that series which must share nothing are numbered beyond each other's scenes.
    pub fn of_scene(seed: u64, index: u64) -> Self {
        // Two rounds keep neighbouring seeds and indices apart.
        let mut outer = Random::new(seed);
        Self(Random::new(outer.bits() ^ Random::new(index).bits()))
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.0.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in `[low, high)`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in the logarithm: every factor of two is as likely as the next.
    pub fn log_range(&mut self, low: f32, high: f32) -> f32 {
        self.range(low.ln(), high.ln()).exp()
    }

    /// `0 .. count`.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f32) as usize).min(count.saturating_sub(1))
    }

    /// `low ..= high`.
    pub fn count(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// About normal, by the sum of uniforms: mean 0, deviation 1.
    pub fn normal(&mut self) -> f32 {
        (0..6).map(|_| self.unit()).sum::<f32>() * std::f32::consts::SQRT_2 - 3.0 * std::f32::consts::SQRT_2
    }

    /// `colour` with every channel up to `spread` brighter or darker.
    pub fn near(&mut self, colour: [u8; 3], spread: f32) -> [u8; 3] {
        let shift = self.range(-spread, spread);
        colour.map(|c| (f32::from(c) + shift + self.range(-spread / 3.0, spread / 3.0)).clamp(0.0, 255.0) as u8)
    }
}
