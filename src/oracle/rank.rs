//! Kept boxes in the order they are drawn in.

use crate::kernels::decode::Candidate;

/// Places in `kept` of the boxes whose class is wanted, best first, at most `most`.
pub fn rank(kept: &[Candidate], wanted: &[bool], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> =
        (0..kept.len()).filter(|i| wanted.get(kept[*i].class as usize).copied().unwrap_or(false)).collect();
    places.sort_by(|a, b| kept[*a].best_first(&kept[*b]));
    places.truncate(most);
    places
}
