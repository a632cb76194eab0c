//! Which classes are wanted.

use crate::error::{Error, Result};

/// By class, `count` of them: whether it is named, by name or number; all are wanted if nobody named any.
///
/// # Errors
/// [`Error::Usage`] for a class that there is not.
pub fn filter(wishes: &[String], names: &[String], count: usize) -> Result<Vec<bool>> {
    let mut wanted = vec![wishes.is_empty(); count];
    for wish in wishes {
        let index = names.iter().position(|name| name == wish).or_else(|| wish.parse().ok());
        let class = index.and_then(|index| wanted.get_mut(index));
        *class.ok_or_else(|| Error::Usage(format!("there is no class `{wish}` among the {count}")))? = true;
    }
    Ok(wanted)
}
