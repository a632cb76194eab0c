//! Boxes against labels, in every way of counting.

use std::collections::HashMap;

use yolov4::{
    dataset::Dataset,
    eval::{AveragePrecision, Confusion, DarknetMap, LabelledBox, ScoreCurve, ScoredBox},
};

use super::{
    results_file::{Decimal, ResultRow},
    settings::EvalSettings,
};

/// The categories that count, and their places among those that do.
#[derive(Clone, Debug)]
pub struct Classes {
    /// By place: index of the category.
    categories: Vec<usize>,
    /// By category: its place.
    places: Vec<Option<usize>>,
    /// By place: the network's number of it.
    numbers: Vec<usize>,
}

impl Classes {
    /// All that are annotated.
    pub fn all(dataset: &Dataset) -> Self {
        Self::new(dataset, &(0..dataset.categories.len()).map(Some).collect::<Vec<_>>())
    }

    /// Those that are somebody's.
    pub fn new(dataset: &Dataset, category_of: &[Option<usize>]) -> Self {
        let categories: Vec<usize> =
            (0..dataset.categories.len()).filter(|at| category_of.contains(&Some(*at))).collect();
        let mut places = vec![None; dataset.categories.len()];
        categories.iter().enumerate().for_each(|(place, at)| places[*at] = Some(place));
        let numbers = categories.iter().filter_map(|at| category_of.iter().position(|c| *c == Some(*at))).collect();
        Self { categories, places, numbers }
    }

    /// A remark about those that do not count, if there are any.
    pub fn left_out(&self, dataset: &Dataset) -> Option<String> {
        let left = dataset.categories.iter().zip(&self.places).filter(|(_, place)| place.is_none());
        let names: Vec<&str> = left.map(|(category, _)| category.name.as_str()).collect();
        let count = names.len();
        (count > 0)
            .then(|| format!("{count} annotated categories have no class and are left out: {}", names.join(", ")))
    }
}

/// What there is to be compared with the labels.
#[derive(Debug)]
pub struct Compared {
    /// Boxes, picture by picture.
    pub rows: Vec<ResultRow>,
    /// Columns and rows of every picture, as it was seen; none of those that could not be read.
    pub sizes: Vec<Option<(usize, usize)>>,
    /// How many those are.
    pub failed: usize,
    /// Categories that count.
    pub classes: Classes,
    /// What played, and how.
    pub settings: EvalSettings,
}

/// One category that counts.
#[derive(Clone, Debug)]
pub struct Class {
    pub name: String,
    pub id: u64,
    /// The network's number of it, from 0.
    pub number: usize,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Scores {
    pub classes: Vec<Class>,
    /// Pictures that were seen, and that could not be read.
    pub images: (usize, usize),
    pub objects: usize,
    pub detections: usize,
    pub precision: AveragePrecision,
    pub darknet: DarknetMap,
    pub curves: Vec<ScoreCurve>,
    pub confusion: Confusion,
    pub settings: EvalSettings,
    /// Score above which Darknet and the confusion matrix count.
    pub thresh: f32,
}

impl Scores {
    /// Compares; `thresh` is the score above which Darknet and the confusion matrix count.
    pub fn new(dataset: &Dataset, compared: Compared, thresh: f32) -> Self {
        let Compared { rows, sizes, failed, classes: Classes { categories, places, numbers }, settings } = compared;
        let place_of: HashMap<u64, usize> =
            categories.iter().zip(0..).map(|(at, n)| (dataset.categories[*at].id, n)).collect();
        let image_of: HashMap<u64, usize> = dataset.images.iter().zip(0..).map(|(image, n)| (image.id, n)).collect();
        let mut truth = Vec::new();
        for (image, (labelled, size)) in dataset.images.iter().zip(&sizes).enumerate() {
            for label in size.iter().flat_map(|size| labelled.labels(*size)) {
                if let Some(class) = places[label.category] {
                    truth.push(LabelledBox { image, class, bbox: label.bbox, area: label.area, crowd: label.crowd });
                }
            }
        }
        let scored = |row: &ResultRow| {
            let (image, class) = (*image_of.get(&row.image_id)?, *place_of.get(&row.category_id)?);
            Some(ScoredBox { image, class, bbox: row.bbox.map(|Decimal(side)| side), score: row.score.0 })
        };
        let found: Vec<ScoredBox> = rows.iter().filter_map(scored).collect();
        let (images, count, Decimal(least)) = (dataset.images.len(), categories.len(), Decimal::from(thresh));
        let class = |(at, number): (&usize, usize)| {
            let category = &dataset.categories[*at];
            Class { name: category.name.clone(), id: category.id, number }
        };
        Self {
            classes: categories.iter().zip(numbers).map(class).collect(),
            images: (images - failed, failed),
            objects: truth.iter().filter(|t| !t.crowd).count(),
            detections: found.len(),
            precision: AveragePrecision::new(images, count, &truth, &found),
            darknet: DarknetMap::new(images, count, &truth, &found, least),
            curves: ScoreCurve::of_classes(images, count, &truth, &found),
            confusion: Confusion::new(images, count, &truth, &found, least),
            settings,
            thresh,
        }
    }
}
