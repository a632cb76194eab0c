//! Which pictures are measured on, where nobody has written it down.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
    str::FromStr,
};

use sha1::{Digest, Sha1};

use crate::{
    dataset::{
        each::each,
        training::{
            choose::{Group, choose},
            set::{LabelledPicture, TrainingSet},
            valid_list,
        },
    },
    error::{Error, Result},
};

/// Which pictures are to be measured on.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// So many of all, above 0 and below 1.
    Fraction(f64),
    /// Those of a list, or of other annotations of COCO.
    List(PathBuf),
}

impl FromStr for Validation {
    type Err = Error;

    /// A number is a fraction, anything else the name of a file.
    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<f64>() {
            Ok(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(Self::Fraction(fraction)),
            Ok(_) if !Path::new(text).exists() => Err(Error::Usage(format!(
                "expected a fraction above 0 and below 1 or a list of pictures, found {text}"
            ))),
            _ => Ok(Self::List(text.into())),
        }
    }
}

impl TrainingSet {
    /// Divides what is to be learnt from, with what was to be measured on before, into what is learnt from and what is measured on.
    ///
    /// Which those of a fraction are depends on `seed`, file names and labels alone: not on the system, and not on the order of the pictures.
    /// Each class with two pictures or more has one in either part where that can be, and the fraction of them roughly; files that are
    /// the same stay together.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are fewer than two different pictures; [`Error::Io`], [`Error::Text`] for the list.
    pub fn split(&mut self, by: &Validation, seed: u64) -> Result<()> {
        // A set that cannot be divided stays as it was.
        let mut divided = self.clone();
        divided.divide(by, seed)?;
        *self = divided;
        Ok(())
    }

    fn divide(&mut self, by: &Validation, seed: u64) -> Result<()> {
        let valid = std::mem::take(&mut self.valid);
        let known: BTreeSet<&Path> = self.train.iter().map(|picture| picture.image.path.as_path()).collect();
        let new: Vec<LabelledPicture> =
            valid.iter().filter(|picture| !known.contains(&*picture.image.path)).cloned().collect();
        let joined = !new.is_empty();
        self.train.extend(new);
        if joined {
            (1..).zip(&mut self.train).for_each(|(id, picture)| picture.image.id = id);
        }
        match by {
            Validation::List(list) => valid_list::take(self, list)?,
            Validation::Fraction(fraction) => {
                let groups = groups(&self.train, seed);
                let [_, _, ..] = groups[..] else {
                    let (n, source) = (self.train.len(), self.source.display());
                    let found = if n < 2 { n.to_string() } else { format!("{n} times the same") };
                    return Err(Error::Usage(format!(
                        "{source}: expected two pictures or more to divide, found {found}"
                    )));
                };
                let taken = choose(&groups, *fraction);
                let of = groups.iter().zip(&taken).filter(|(_, taken)| **taken).flat_map(|(group, _)| &group.members);
                let of: BTreeSet<usize> = of.copied().collect();
                for (at, picture) in std::mem::take(&mut self.train).into_iter().enumerate() {
                    if of.contains(&at) { &mut self.valid } else { &mut self.train }.push(picture);
                }
            }
        }
        self.faults.sort();
        Ok(())
    }
}

/// The pictures, each with those that are the same file, in an order that the seed and their names make.
fn groups(pictures: &[LabelledPicture], seed: u64) -> Vec<Group> {
    let lengths: Vec<Option<u64>> =
        pictures.iter().map(|picture| Some(std::fs::metadata(&picture.image.path).ok()?.len())).collect();
    let mut of_length: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, length) in lengths.iter().enumerate().filter_map(|(at, length)| Some((at, (*length)?))) {
        of_length.entry(length).or_default().push(at);
    }
    // Files of different lengths are different.
    let alike: Vec<usize> = of_length.into_values().filter(|same| same.len() > 1).flatten().collect();
    let sums = each(&alike, |at| sum(&pictures[*at].image.path));
    let sums: BTreeMap<usize, Vec<u8>> = alike.into_iter().zip(sums).filter_map(|(at, sum)| Some((at, sum?))).collect();
    let mut order: Vec<(Vec<u8>, String, usize)> = pictures
        .iter()
        .enumerate()
        .map(|(at, picture)| (key(&picture.image.path, seed), whole(&picture.image.path), at))
        .collect();
    order.sort();
    let (mut groups, mut group_of): (Vec<Group>, BTreeMap<&Vec<u8>, usize>) = (Vec::new(), BTreeMap::new());
    for (_, _, at) in order {
        let new = groups.len();
        let group = sums.get(&at).map_or(new, |sum| *group_of.entry(sum).or_insert(new));
        if group == new {
            groups.push(Group::default());
        }
        groups[group].members.push(at);
        groups[group].classes.extend(pictures[at].classes());
    }
    groups
}

fn sum(path: &Path) -> Option<Vec<u8>> {
    let mut hash = Sha1::new();
    let mut file = File::open(path).ok()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).ok()? {
            0 => return Some(hash.finalize().to_vec()),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// What orders pictures: as good as chance, and the same everywhere.
fn key(path: &Path, seed: u64) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut hash = Sha1::new();
    hash.update(seed.to_le_bytes());
    hash.update(name.as_bytes());
    hash.finalize().to_vec()
}

/// A path as text that is the same on every system.
fn whole(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
