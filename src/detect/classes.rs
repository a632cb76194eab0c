//! Which classes are wanted.

use crate::error::{Error, Result};

/// The indices of classes named by name or number, out of `count`; none if nobody named any.
///
/// # Errors
/// [`Error::Usage`] for a class that there is not.
pub fn filter(wishes: &[String], names: &[String], count: usize) -> Result<Option<Vec<usize>>> {
    let index = |wish: &String| {
        let by_name = names.iter().position(|name| name == wish);
        let by_index = wish.parse().ok().filter(|i| *i < count);
        by_name.or(by_index).ok_or_else(|| Error::Usage(format!("there is no class `{wish}` among the {count}")))
    };
    let list = wishes.iter().map(index).collect::<Result<Vec<_>>>()?;
    Ok((!list.is_empty()).then_some(list))
}
