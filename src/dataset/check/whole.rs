//! All checks, one after the other.

use std::{collections::BTreeMap, path::Path};

use crate::dataset::{
    Fault, FaultKind, SetPart, TrainingSet,
    check::{
        classes, leaks,
        look::{self, PictureDecoder},
        report::{SetReport, SetSummary},
    },
    each::each,
};

/// What is wrong with the labels and lists of a set, with its pictures, each of which is decoded, and with what is learnt from and measured
/// on together. It never ends before the last.
pub fn check(set: &TrainingSet, decode: &PictureDecoder<'_>) -> SetReport {
    let mut faults = set.faults.clone();
    let pictures = || SetPart::ALL.into_iter().flat_map(|part| set.part(part));
    let paths: BTreeMap<&Path, ()> = pictures().map(|picture| (picture.image.path.as_path(), ())).collect();
    let paths: Vec<&Path> = paths.into_keys().collect();
    let looked = each(&paths, |path| look::look(path, decode));
    faults.extend(looked.iter().flat_map(|looked| looked.faults.iter().cloned()));
    let looks: BTreeMap<&Path, look::LookedAt> = paths.into_iter().zip(looked).collect();
    faults
        .extend(pictures().filter_map(|picture| look::of_other_size(picture, looks.get(&*picture.image.path)?.size?)));
    faults.extend(leaks::leaks(set, &looks));
    faults.extend(classes::without_examples(set));
    for (part, what) in [(SetPart::Train, "to learn from"), (SetPart::Valid, "to measure on while learning")] {
        if set.part(part).is_empty() {
            faults.push(Fault::new(FaultKind::EmptyList, &set.source, None, format!("there is no picture {what}")));
        }
    }
    faults.sort();
    faults.dedup();
    SetReport { faults, summary: SetSummary::of(set) }
}
