//! Candidates into order.

use crate::kernels::decode::Candidate;

/// Best first; ties by number of the box, then class.
pub fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)).then(a.class.cmp(&b.class)));
}
