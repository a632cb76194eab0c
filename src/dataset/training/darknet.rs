//! Darknet's sets: a `.data` file, lists of pictures, and a text of labels a picture.

use std::path::Path;

use crate::{
    dataset::{
        Fault, FaultKind, SetPart,
        training::{listing, names, orphans::tell_orphans, set::TrainingSet, text_labels::labelled},
    },
    error::{Error, Result},
    model::darknet::data::{self, Data, Named},
};

/// Reads `train` and `valid` of a `.data` file. Darknet measures on `train` where there is no `valid`; here that is none.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line, if the names or the list to learn from are not there.
pub fn read(path: &Path) -> Result<TrainingSet> {
    let Data { names: file, train, valid, classes: number, .. } = data::read(path)?;
    let lacks = |key: &str| Error::Text {
        file: path.to_owned(),
        line: 1,
        message: format!("expected `{key}`, which names the {key} file, found none"),
    };
    let (file, train) = (file.ok_or_else(|| lacks("names"))?, train.ok_or_else(|| lacks("train"))?);
    let mut faults = Vec::new();
    let (classes, lines) = names::read(&file, &mut faults)?;
    if let Some((number, line)) = number.filter(|(number, _)| *number != classes.len()) {
        let message = format!("classes = {number}, but {} has {} names", file.display(), classes.len());
        faults.push(Fault::new(FaultKind::ClassNames, path, line, message));
    }
    let mut set = TrainingSet { source: path.to_owned(), classes, named: (file, lines), ..TrainingSet::default() };
    let lists: [(SetPart, Option<Named>); 2] = [(SetPart::Train, Some(train)), (SetPart::Valid, valid)];
    for (part, named) in lists.into_iter().filter_map(|(part, named)| Some((part, named?))) {
        match data::find(path, &named) {
            Ok(list) => {
                let listed = listing::of_list(&list, &mut faults);
                *set.part_mut(part) = labelled(&listed, &set.classes, &list, &mut faults);
            }
            Err(e) if part == SetPart::Train => return Err(e),
            Err(_) => {
                let message = format!("{part}: there is no {}", named.file());
                faults.push(Fault::new(FaultKind::NoPicture, path, named.line(), message));
            }
        }
    }
    set.faults = faults;
    tell_orphans(&mut set);
    Ok(set)
}
