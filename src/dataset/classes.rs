//! Which class of a network is which category of a dataset: by name.

use std::{collections::BTreeMap, path::Path};

use crate::{
    dataset::Category,
    error::{Error, Result},
    model::text,
};

/// What Darknet's `coco.names` calls otherwise than COCO itself: it has VOC's names.
const SYNONYMS: [(&str, &str); 6] = [
    ("aeroplane", "airplane"),
    ("diningtable", "dining table"),
    ("motorbike", "motorcycle"),
    ("pottedplant", "potted plant"),
    ("sofa", "couch"),
    ("tvmonitor", "tv"),
];

/// What a person says of classes whose names differ: a line of `class = category` each; what follows ` #` says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMap {
    /// By class; what is empty is left out.
    category_of: BTreeMap<String, String>,
}

impl ClassMap {
    /// Reads a file. A class with nothing behind its `=` is left out.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Text`] with the line.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).map_err(Error::io(file))?;
        let text = text::any(&bytes);
        let mut category_of = BTreeMap::new();
        for (i, line) in text::lines(&text).map(str::trim).enumerate() {
            let fail = |message: String| Error::Text { file: file.to_owned(), line: i + 1, message };
            let line = if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or("").trim_end() };
            if line.is_empty() {
                continue;
            }
            let (class, category) =
                line.split_once('=').ok_or_else(|| fail(format!("expected class = category, found `{line}`")))?;
            let (class, category) = (class.trim().to_owned(), category.trim().to_owned());
            if let Some(before) = category_of.insert(class.clone(), category) {
                return Err(fail(format!("{class} is mapped twice, first to `{before}`")));
            }
        }
        Ok(Self { category_of })
    }
}

/// The category of each class. Without a map the classes must be the categories, whatever their order; with one each class must have a
/// category or be left out, and categories without a class are left out too. Names are the same if they differ in case alone, or as
/// Darknet's `coco.names` differs from COCO.
///
/// # Errors
/// [`Error::Usage`] that names both lists, or what of the map is in neither.
pub fn match_classes(
    classes: &[String],
    categories: &[Category],
    map: Option<&ClassMap>,
) -> Result<Vec<Option<usize>>> {
    let known = |name: &str| {
        let exact = categories.iter().position(|category| category.name == name);
        exact.or_else(|| categories.iter().position(|category| category.name.eq_ignore_ascii_case(name)))
    };
    let renamed = |name: &str| SYNONYMS.iter().find(|(voc, _)| *voc == name).and_then(|(_, coco)| known(coco));
    let by_name = |name: &str| known(name).or_else(|| renamed(name));
    let Some(ClassMap { category_of }) = map else {
        let found: Vec<Option<usize>> = classes.iter().map(|class| by_name(class)).collect();
        let whole = found.iter().all(Option::is_some) && (0..categories.len()).all(|at| found.contains(&Some(at)));
        return if whole && distinct(&found) { Ok(found) } else { Err(differ(classes, categories, &found)) };
    };
    for (class, category) in category_of {
        if !classes.contains(class) {
            let classes = classes.join(", ");
            return Err(Error::Usage(format!(
                "the class map has `{class}`, which is no class of the network: {classes}"
            )));
        }
        if !category.is_empty() && known(category).is_none() {
            let names = names(categories);
            return Err(Error::Usage(format!("the class map has `{category}`, which is not annotated: {names}")));
        }
    }
    let mut found = Vec::with_capacity(classes.len());
    for class in classes {
        found.push(match category_of.get(class).map(String::as_str) {
            Some("") => None,
            Some(category) => known(category),
            None => Some(by_name(class).ok_or_else(|| {
                let names = names(categories);
                Error::Usage(format!(
                    "the class map says nothing of `{class}`, which is not annotated (`{class} =` leaves it out): {names}"
                ))
            })?),
        });
    }
    if let Some(twice) = (0..categories.len()).find(|at| found.iter().filter(|f| **f == Some(*at)).count() > 1) {
        let of = found.iter().zip(classes).filter(|(f, _)| **f == Some(twice)).map(|(_, class)| class.as_str());
        let (of, category) = (of.collect::<Vec<_>>().join(" and "), &categories[twice].name);
        return Err(Error::Usage(format!("{of} are both `{category}`: expected one class a category")));
    }
    Ok(found)
}

fn distinct(found: &[Option<usize>]) -> bool {
    let mut sorted: Vec<_> = found.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

fn names(categories: &[Category]) -> String {
    categories.iter().map(|category| category.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn differ(classes: &[String], categories: &[Category], found: &[Option<usize>]) -> Error {
    let strange: Vec<&str> =
        classes.iter().zip(found).filter(|(_, f)| f.is_none()).map(|(class, _)| class.as_str()).collect();
    let missing = categories.iter().enumerate().filter(|(at, _)| !found.contains(&Some(*at)));
    let missing: Vec<&str> = missing.map(|(_, category)| category.name.as_str()).collect();
    let list = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::Usage(format!(
        "the network's classes are not the annotations'\n  the network knows {}: {}\n  annotated are {}: {}\n  only the network has {}; \
         only the annotations have {}",
        classes.len(),
        classes.join(", "),
        categories.len(),
        names(categories),
        list(&strange),
        list(&missing),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(names: &[&str]) -> Vec<Category> {
        names.iter().zip(1..).map(|(name, id)| Category { id, name: (*name).to_owned() }).collect()
    }

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn map(text: &str) -> Result<ClassMap> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        ClassMap::read(file.path())
    }

    #[test]
    fn names_say_which_is_which() {
        let there = categories(&["couch", "Dog", "cat"]);
        let matched = match_classes(&classes(&["cat", "sofa", "dog"]), &there, None).unwrap();
        assert_eq!(matched, [Some(2), Some(0), Some(1)]);
        for strangers in [&["cat", "sofa"][..], &["cat", "sofa", "dog", "cow"], &["cat", "dog", "sofa", "couch"]] {
            let told = match_classes(&classes(strangers), &there, None).unwrap_err().to_string();
            assert!(told.contains(&strangers.join(", ")) && told.contains("couch, Dog, cat"), "{told}");
        }
    }

    #[test]
    fn a_map_says_what_names_do_not() {
        let (there, own) = (categories(&["hound", "cat", "cow"]), classes(&["dog", "cat", "car"]));
        let good = map("# a remark\ndog = hound   # the same\r\ncar =     # left out\n").unwrap();
        assert_eq!(match_classes(&own, &there, Some(&good)).unwrap(), [Some(0), Some(1), None]);
        for (text, told) in [
            ("dog = hound", "says nothing of `car`"),
            ("dog = wolf\ncar =", "`wolf`, which is not annotated: hound, cat, cow"),
            ("dgo = hound\ncar =", "`dgo`, which is no class of the network: dog, cat, car"),
            ("dog = cat\ncar =", "dog and cat are both `cat`"),
        ] {
            let error = match_classes(&own, &there, Some(&map(text).unwrap())).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(map("dog: hound").unwrap_err().to_string().contains(":1: expected class = category"));
        assert!(map("a = b\na = c").unwrap_err().to_string().contains(":2: a is mapped twice, first to `b`"));
    }
}
