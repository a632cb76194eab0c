//! Attributes of a node, each with what stands for it where it is missing.

use super::proto::{AttributeProto, NodeProto};

/// The one of that name.
pub fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A whole number.
pub fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i)
}

/// A number.
pub fn float(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f)
}

/// A word.
pub fn text<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    attribute(node, name).and_then(|attribute| std::str::from_utf8(&attribute.s).ok())
}

/// Whole numbers of 0 or more; none if there is no such attribute.
pub fn sizes(node: &NodeProto, name: &str) -> Result<Option<Vec<usize>>, String> {
    let Some(attribute) = attribute(node, name) else { return Ok(None) };
    let list: Result<Vec<usize>, _> = attribute.ints.iter().map(|n| usize::try_from(*n)).collect();
    match list {
        Ok(list) if list.iter().all(|n| *n <= 1 << 16) => Ok(Some(list)),
        _ => Err(format!("{name}: expected 0 to 65536, found {:?}", attribute.ints)),
    }
}
