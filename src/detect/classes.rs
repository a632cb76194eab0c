//! Which classes are wanted.

use crate::error::{Error, Result};

/// How names begin of classes that Darknet does not show.
pub const HIDDEN: &str = "dont_show";

/// Whether Darknet shows no boxes of a class of this name.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(HIDDEN)
}

/// By class, `count` of them: whether it is named, by name or number; if nobody named any, all that are not hidden.
///
/// # Errors
/// [`Error::Usage`] for a class that there is not.
pub fn filter(wishes: &[String], names: &[String], count: usize) -> Result<Vec<bool>> {
    let shown = |class: usize| names.get(class).is_none_or(|name| !is_hidden(name));
    let mut wanted: Vec<bool> = (0..count).map(|class| wishes.is_empty() && shown(class)).collect();
    for wish in wishes {
        let exact = names.iter().position(|name| name == wish);
        let index = exact.or_else(|| names.iter().position(|name| name.eq_ignore_ascii_case(wish)));
        let class = index.or_else(|| wish.parse().ok()).and_then(|index| wanted.get_mut(index));
        *class
            .ok_or_else(|| Error::Usage(format!("there is no class `{wish}` among the {count}{}", listed(names))))? =
            true;
    }
    Ok(wanted)
}

/// What there is, for whoever has asked for something else.
fn listed(names: &[String]) -> String {
    let some: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    match names.len() {
        0 => ", which have numbers and no names".into(),
        n if n > MOST => format!(": {}, ...", some.join(", ")),
        _ => format!(": {}", some.join(", ")),
    }
}

/// Names that fit into a sentence.
const MOST: usize = 100;
