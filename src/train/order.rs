//! Which pictures a step is of: every epoch has all of them once, in an order of its own that the seed makes.

use crate::model::random::Random;

/// The pictures of a step, the first one being 0: places in a set of so many. A batch may be larger than the set, or begin in one epoch and end in the
/// next.
pub fn pictures_of_step(step: u64, batch: usize, set: usize, seed: u64) -> Vec<usize> {
    let mut found = Vec::with_capacity(batch);
    let mut epoch = None;
    for n in 0..batch as u64 {
        let at = step * batch as u64 + n;
        let this = at / set.max(1) as u64;
        let order = match &mut epoch {
            Some((number, order)) if *number == this => order,
            _ => &mut epoch.insert((this, shuffled(set, seed, this))).1,
        };
        found.extend(order.get((at % set.max(1) as u64) as usize));
    }
    found
}

/// A generator for what is drawn for one picture of one step.
pub fn random_of(seed: u64, step: u64, place: usize) -> Random {
    let mut random = Random::new(seed ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let start = random.bits();
    Random::new(start.wrapping_add(place as u64))
}

fn shuffled(set: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..set).collect();
    shuffle(&mut order, &mut random_of(seed, epoch, usize::MAX));
    order
}

/// Puts a list into an order by chance.
pub fn shuffle<T>(list: &mut [T], random: &mut Random) {
    for last in (1..list.len()).rev() {
        list.swap(last, (random.bits() % (last as u64 + 1)) as usize);
    }
}
