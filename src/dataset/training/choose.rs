//! Which pictures are held back, so that what is in them is on either side.

use std::collections::{BTreeMap, BTreeSet};

/// Pictures that are the same file.
#[derive(Debug, Default)]
pub struct Group {
    /// Their indices.
    pub members: Vec<usize>,
    /// What is in them.
    pub classes: BTreeSet<usize>,
}

/// Which of the groups, two or more, are held back. The class that the fewest have chooses first, in the order of the groups.
pub fn choose(groups: &[Group], fraction: f64) -> Vec<bool> {
    let share = |n: usize| ((n as f64 * fraction).round() as usize).clamp(1, n.max(2) - 1);
    let mut holders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        group.classes.iter().for_each(|class| holders.entry(*class).or_default().push(at));
    }
    let mut classes: Vec<&Vec<usize>> = holders.values().collect();
    classes.sort_by_key(|holders| holders.len());
    let mut taken: Vec<Option<bool>> = vec![None; groups.len()];
    let everything: Vec<usize> = (0..groups.len()).collect();
    // At last those of no class, for the whole.
    for holders in classes.iter().copied().chain([&everything]) {
        let wanted = if holders.len() < 2 { 0 } else { share(holders.len()) };
        let mut has = holders.iter().filter(|at| taken[**at] == Some(true)).count();
        for at in holders {
            if taken[*at].is_none() {
                taken[*at] = Some(has < wanted);
                has += usize::from(has < wanted);
            }
        }
    }
    let taken: Vec<bool> = taken.into_iter().map(|taken| taken == Some(true)).collect();
    let mut sides = Sides::of(groups, taken);
    for holders in classes.into_iter().filter(|holders| holders.len() > 1) {
        if holders.iter().all(|at| sides.taken[*at] == sides.taken[holders[0]]) {
            sides.mend(holders);
        }
    }
    sides.taken
}

/// Where the groups are, and how many of either side have each class.
struct Sides<'g> {
    groups: &'g [Group],
    taken: Vec<bool>,
    counts: BTreeMap<usize, [usize; 2]>,
}

impl<'g> Sides<'g> {
    fn of(groups: &'g [Group], taken: Vec<bool>) -> Self {
        let mut counts: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
        for (group, taken) in groups.iter().zip(&taken) {
            group.classes.iter().for_each(|class| counts.entry(*class).or_default()[usize::from(*taken)] += 1);
        }
        Self { groups, taken, counts }
    }

    /// Moves a group to the other side.
    fn turn(&mut self, at: usize) {
        let from = usize::from(self.taken[at]);
        self.taken[at] = !self.taken[at];
        for class in &self.groups[at].classes {
            let count = self.counts.entry(*class).or_default();
            count[from] = count[from].saturating_sub(1);
            count[1 - from] += 1;
        }
    }

    /// How many classes that two groups have or more are on one side alone.
    fn lame(&self) -> usize {
        self.counts.values().filter(|[left, right]| left + right > 1 && (*left == 0 || *right == 0)).count()
    }

    /// Moves one of `holders`, which are all on one side, or changes it for one of the other side, if then fewer classes are on one side alone.
    fn mend(&mut self, holders: &[usize]) {
        let before = self.lame();
        for at in holders {
            self.turn(*at);
            if self.lame() < before {
                return;
            }
            let there: Vec<usize> =
                (0..self.groups.len()).filter(|other| other != at && self.taken[*other] == self.taken[*at]).collect();
            for other in there {
                self.turn(other);
                if self.lame() < before {
                    return;
                }
                self.turn(other);
            }
            self.turn(*at);
        }
    }
}
