//! COCO's annotations of objects: `instances_*.json`.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use serde::Deserialize;

use crate::{
    dataset::{
        Annotation, Category, Dataset, LabelledImage,
        coco_rows::{AnnotationRow, CategoryRow, ImageRow},
        labelled::Written,
    },
    error::{Error, Result},
};

/// COCO's category ids skip ten numbers of 1 to 90: these, in order.
const COCO_GAPS: [usize; 10] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// The category id of class `class` of the 80 classes of COCO.
pub fn coco_category(class: usize) -> usize {
    COCO_GAPS.iter().fold(class + 1, |id, gap| if id >= *gap { id + 1 } else { id })
}

#[derive(Deserialize)]
struct Instances {
    images: Vec<ImageRow>,
    annotations: Vec<AnnotationRow>,
    categories: Vec<CategoryRow>,
}

/// Reads annotations; pictures are looked for in the folder `images`, and sorted by their ids.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line for what is no such file, or the annotation that cannot be.
pub fn read_coco(annotations: &Path, images: &Path) -> Result<Dataset> {
    let bytes = std::fs::read(annotations).map_err(Error::io(annotations))?;
    let fail = |line: usize, message: String| Error::Text { file: annotations.to_owned(), line: line.max(1), message };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let instances: Instances = serde_json::from_slice(bytes).map_err(|e| {
        let expected = "expected COCO's annotations of objects (images, annotations with boxes, categories)";
        fail(e.line(), format!("{expected}: {e}"))
    })?;
    let mut notes = Vec::new();
    let mut category_at = HashMap::new();
    for (at, category) in instances.categories.iter().enumerate() {
        if category_at.insert(category.id, at).is_some() {
            return Err(fail(1, format!("two categories have the id {}", category.id)));
        }
    }
    let mut names = HashSet::new();
    if let Some(twice) = instances.categories.iter().find(|category| !names.insert(&category.name)) {
        return Err(fail(1, format!("two categories have the name {}", twice.name)));
    }
    let mut labels: HashMap<u64, Vec<Annotation>> = HashMap::new();
    for image in &instances.images {
        if labels.insert(image.id, vec![]).is_some() {
            return Err(fail(1, format!("two pictures have the id {}", image.id)));
        }
    }
    let (mut seen, mut strays) = (HashSet::new(), 0);
    for row in &instances.annotations {
        let AnnotationRow { id, bbox, .. } = row;
        if !seen.insert(*id) {
            return Err(fail(1, format!("two annotations have the id {id}")));
        }
        let [_, _, w, h] = bbox;
        if bbox.iter().any(|side| !side.is_finite()) || *w < 0.0 || *h < 0.0 {
            let expected = "expected left, top, width and height, the last two 0 or more";
            return Err(fail(1, format!("annotation {id}: {expected}, found {bbox:?}")));
        }
        if row.iscrowd > 1 {
            return Err(fail(1, format!("annotation {id}: iscrowd: expected 0 or 1, found {}", row.iscrowd)));
        }
        match (labels.get_mut(&row.image_id), category_at.get(&row.category_id)) {
            (Some(labels), Some(category)) => labels.push(Annotation {
                category: *category,
                bbox: *bbox,
                area: row.area.unwrap_or(w * h),
                crowd: row.iscrowd == 1,
            }),
            // As pycocotools has it.
            _ => strays += 1,
        }
    }
    let name = annotations.display();
    if strays > 0 {
        notes
            .push(format!("{name}: {strays} annotations of pictures or categories that it does not list are left out"));
    }
    if seen.contains(&0) {
        notes.push(format!("{name}: pycocotools counts annotation 0 as never found; here it is one like any other"));
    }
    let image = |row: ImageRow| LabelledImage {
        written: Written::Pixels(labels.remove(&row.id).unwrap_or_default()),
        id: row.id,
        path: images.join(row.file_name),
        size: row.width.zip(row.height),
    };
    let mut images: Vec<LabelledImage> = instances.images.into_iter().map(image).collect();
    images.sort_by_key(|image| image.id);
    let categories = instances.categories.into_iter().map(|row| Category { id: row.id, name: row.name }).collect();
    Ok(Dataset { images, categories, notes })
}
