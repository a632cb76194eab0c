//! Kept boxes in the order they are drawn in.

use crate::host::Candidate;

/// Places in `kept`, best first, at most `most`.
pub fn rank(kept: &[Candidate], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..kept.len()).collect();
    places.sort_by(|a, b| kept[*a].best_first(&kept[*b]));
    places.truncate(most);
    places
}
