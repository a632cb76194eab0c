//! Classes of which there is nothing to be learnt.

use crate::dataset::{Fault, FaultKind, LabelledPicture, SetPart, TrainingSet};

/// Classes that no picture of a part has.
pub fn without_examples(set: &TrainingSet) -> Vec<Fault> {
    let parts = [(SetPart::Train, "to learn from"), (SetPart::Valid, "to be measured on")];
    let mut faults = Vec::new();
    for (part, what) in parts.into_iter().filter(|(part, _)| !set.part(*part).is_empty()) {
        let mut has = vec![false; set.classes.len()];
        for class in set.part(part).iter().flat_map(LabelledPicture::classes) {
            if let Some(has) = has.get_mut(class) {
                *has = true;
            }
        }
        for (class, _) in has.iter().enumerate().filter(|(_, has)| !**has) {
            let (file, lines) = &set.named;
            let message = format!("class {class}, {}, has no object {what}", set.classes[class]);
            faults.push(Fault::new(FaultKind::NoExamples, file, lines.get(class).copied().flatten(), message));
        }
    }
    faults
}
