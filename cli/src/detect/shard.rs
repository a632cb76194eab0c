//! A part of the pictures, for one of several machines.

use std::{ops::Range, str::FromStr};

/// Which part: `2/8` is the third of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let shard = numbers.filter(|(index, of)| index < of).map(|(index, of)| Self { index, of });
        shard.ok_or_else(|| format!("expected i/n with i from 0 to n - 1, such as 0/4, found `{text}`"))
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Shard {
    /// Its places among so many: neighbours, so that the outputs of all shards one after the other are that of the whole. No two shards
    /// differ by more than one picture.
    pub fn range(&self, count: usize) -> Range<usize> {
        // Wider than any list: no product overflows.
        let at = |index: usize| (count as u128 * index as u128 / self.of as u128) as usize;
        at(self.index)..at(self.index + 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::Shard;

    #[test]
    fn shards_are_the_whole_in_order() {
        for count in [0, 1, 3, 100, 101, 1_000_003] {
            for of in [1, 2, 7, 64] {
                let ranges: Vec<_> = (0..of).map(|index| Shard { index, of }.range(count)).collect();
                let next = ranges.iter().try_fold(0, |at, range| (range.start == at).then_some(range.end));
                assert_eq!(next, Some(count), "{of} of {count}: {ranges:?}");
                let sizes = || ranges.iter().map(|range| range.len());
                assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1, "{of} of {count}: {ranges:?}");
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_told() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, of: 8 }));
        for text in ["8/8", "2", "2/", "-1/4", "0/0", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().unwrap_err().contains("expected i/n"), "{text}");
        }
    }
}
