//! One annotation of VOC's kind: the objects of a picture in XML.

use std::path::Path;

use roxmltree::{Document, Node};

use crate::{
    dataset::{Fault, FaultKind},
    model::text,
};

/// What an annotation says.
#[derive(Debug, Default, PartialEq)]
pub struct VocFile {
    /// What the picture is called.
    pub filename: Option<String>,
    /// Columns and rows that it was marked at, and the line.
    pub size: Option<((usize, usize), usize)>,
    /// Its objects.
    pub objects: Vec<VocObject>,
    /// How many objects are left out as difficult.
    pub difficult: usize,
}

/// An object.
#[derive(Debug, PartialEq)]
pub struct VocObject {
    /// Its line, from 1.
    pub line: usize,
    /// Its class.
    pub name: String,
    /// Left, top, width, height in pixels. `xmin` and `xmax` are taken for the edges, as labelImg and its like write them; those of VOC itself
    /// number pixels from 1, and are off by less than one.
    pub sides: [f64; 4],
}

/// Reads the text of an annotation; `file` is for faults. Objects that are `difficult` are left out, as Darknet's `voc_label.py` does.
pub fn parse(bytes: &[u8], file: &Path) -> (VocFile, Vec<Fault>) {
    let text = text::any(bytes);
    let mut found = VocFile::default();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(e) => {
            let line = e.pos().row as usize;
            return (found, vec![Fault::new(FaultKind::Unparsable, file, line, format!("is no XML: {e}"))]);
        }
    };
    let root = document.root_element();
    if root.tag_name().name() != "annotation" {
        let message = format!("expected <annotation>, found <{}>", root.tag_name().name());
        return (found, vec![Fault::new(FaultKind::Unparsable, file, line(&root), message)]);
    }
    found.filename = value(&root, "filename").map(str::to_owned);
    found.size = child(&root, "size").and_then(|size| {
        let side = |name| value(&size, name)?.parse().ok().filter(|side| *side > 0);
        Some(((side("width")?, side("height")?), line(&size)))
    });
    let mut faults = Vec::new();
    for node in root.children().filter(|node| node.has_tag_name("object")) {
        if value(&node, "difficult").is_some_and(|value| value == "1") {
            found.difficult += 1;
            continue;
        }
        match object(&node) {
            Ok(object) => found.objects.push(object),
            Err((kind, line, message)) => faults.push(Fault::new(kind, file, line, message)),
        }
    }
    (found, faults)
}

fn object(node: &Node<'_, '_>) -> Result<VocObject, (FaultKind, usize, String)> {
    let lacks =
        |node: &Node<'_, '_>, what: &str| (FaultKind::Fields, line(node), format!("an object without <{what}>"));
    let name = value(node, "name").filter(|name| !name.is_empty()).ok_or_else(|| lacks(node, "name"))?;
    let frame = child(node, "bndbox").ok_or_else(|| lacks(node, "bndbox"))?;
    let side = |tag| {
        let text = value(&frame, tag).ok_or_else(|| lacks(&frame, tag))?;
        let told = |kind| (kind, line(&frame), format!("<{tag}>: expected a number of pixels, found `{text}`"));
        let number: f64 = text.parse().map_err(|_| told(FaultKind::Unparsable))?;
        if number.is_finite() { Ok(number) } else { Err(told(FaultKind::NotANumber)) }
    };
    let (left, top, right, bottom) = (side("xmin")?, side("ymin")?, side("xmax")?, side("ymax")?);
    Ok(VocObject { line: line(node), name: name.to_owned(), sides: [left, top, right - left, bottom - top] })
}

fn child<'a, 'i>(node: &Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn value<'a>(node: &Node<'a, '_>, name: &str) -> Option<&'a str> {
    Some(child(node, name)?.text().unwrap_or("").trim())
}

/// The line, from 1, where an element begins.
fn line(node: &Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_lines_where_they_begin() {
        let text = "<annotation>\r\n<size><width>64</width>\n<height>48</height></size>\n<object><name> a </name><bndbox><xmin>1</xmin>\
                    <ymin>2.5</ymin><xmax>11</xmax><ymax>4</ymax></bndbox></object>\n<object><difficult>1</difficult></object>\n\
                    <object><name>b</name><bndbox><xmin>nan</xmin></bndbox></object>\n<object/>\n</annotation>";
        let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [text.as_bytes(), &utf16] {
            let (found, faults) = parse(bytes, Path::new("a.xml"));
            assert_eq!(found.size, Some(((64, 48), 2)));
            assert_eq!(found.objects, [VocObject { line: 4, name: "a".into(), sides: [1.0, 2.5, 10.0, 1.5] }]);
            assert_eq!(found.difficult, 1);
            let told: Vec<_> = faults.iter().map(|fault| (fault.kind, fault.line)).collect();
            assert_eq!(told, [(FaultKind::NotANumber, Some(6)), (FaultKind::Fields, Some(7))]);
        }
    }

    #[test]
    fn what_is_no_annotation_is_one_fault() {
        for bad in ["", "<annotation>\n<object>", "<html/>", "\u{0}", &"<annotation>".repeat(100_000)] {
            let (found, faults) = parse(bad.as_bytes(), Path::new("a.xml"));
            assert_eq!((found, faults.len()), (VocFile::default(), 1), "{faults:?}");
        }
    }
}
