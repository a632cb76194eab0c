//! Activations in f32, over whole slices: without branches, so that the compiler makes vectors of them.

use rayon::prelude::*;

use crate::{ops::Activation, tensor::Tensor};

/// Elements that are worth a thread.
const CHUNK: usize = 1 << 14;

/// `kind(x)`, elementwise.
pub fn play(kind: Activation, x: &Tensor) -> Tensor {
    let mut out = x.clone();
    out.data.par_chunks_mut(CHUNK).for_each(|chunk| apply(kind, chunk));
    out
}

/// `kind(x)` of every element, in place.
pub fn apply(kind: Activation, values: &mut [f32]) {
    match kind {
        Activation::Linear => {}
        Activation::Leaky(slope) => each(values, |x| if x > 0.0 { x } else { slope * x }),
        Activation::Relu => each(values, |x| x.max(0.0)),
        Activation::Relu6 => each(values, |x| x.clamp(0.0, 6.0)),
        // x tanh(ln(1 + e^x)) with n = e^x (e^x + 2); from 20 on it is x.
        Activation::Mish => each(values, |x| {
            let e = exp(x.min(20.0));
            let n = e * (e + 2.0);
            x * (n / (n + 2.0))
        }),
        Activation::Swish => each(values, |x| x * logistic(x)),
        Activation::Logistic => each(values, logistic),
        Activation::HardMish => each(values, |x| {
            let bent = if x > -2.0 { x * x * 0.5 + x } else { 0.0 };
            if x > 0.0 { x } else { bent }
        }),
        Activation::Elu => each(values, |x| if x > 0.0 { x } else { exp(x.min(0.0)) - 1.0 }),
    }
}

fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    values.iter_mut().for_each(|x| *x = f(*x));
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `e^x` to within a few units in the last place, cut at about 1e-38 and 1e38: 2^n times a polynomial of what is left, |r| <= ln 2 / 2
/// (after the minimax coefficients of Cephes' `expf`).
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LOG2E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first of few digits.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    /// Added and taken away again it rounds to a whole number.
    const MAGIC: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * LOG2E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * HIGH - n * LOW;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    // The lowest bits of the shifted number are n.
    let power = shifted.to_bits().wrapping_add(127).wrapping_shl(23);
    p * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::activation::activate;

    #[test]
    fn they_are_the_oracles_to_the_last_digits() {
        let xs = (-4000..4000).map(|i| i as f32 * 0.01).chain([-1e4, -88.5, -1e-3, -0.0, 1e-3, 88.5, 1e4]);
        for kind in Activation::ALL {
            for x in xs.clone() {
                let mut got = [x];
                apply(kind, &mut got);
                let want = activate(kind, f64::from(x));
                let error = (f64::from(got[0]) - want).abs();
                assert!(error <= 2e-7 + 1e-6 * want.abs(), "{kind:?} of {x}: {} for {want}", got[0]);
            }
        }
    }
}
