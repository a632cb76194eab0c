//! Candidates into order.

use crate::host::Candidate;

/// Best first; ties by number of the box, then class.
pub fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(Candidate::best_first);
}
