//! The pictures of a step as the network sees them, made while the step before is played.

use std::thread;

use yolov4::{
    Error, Picture, Result, Shape, Tensor,
    dataset::LabelledPicture,
    low_level::{
        model::Model,
        train::{
            darknet_loss::Truth,
            keys::TrainingKeys,
            order::{pictures_of_step, random_of, shuffle},
            scene::{SceneKind, TrainingScene},
            sizes::TrainingSizes,
        },
    },
};

/// What a step learns from.
pub struct Batch {
    pub inputs: Vec<Tensor>,
    pub truths: Vec<Vec<Truth>>,
    /// The pictures, by their place in the set.
    pub pictures: Vec<usize>,
}

/// Makes batches; the same for the same seed and step.
pub struct BatchMaker<'a> {
    pub pictures: &'a [LabelledPicture],
    pub network: &'a Model,
    /// How they are varied; none if they are not.
    pub augment: Option<TrainingKeys>,
    /// The sizes of its steps, if they are not all the network's own.
    pub sizes: Option<TrainingSizes>,
    /// Steps in all.
    pub steps: u64,
    pub batch: usize,
    pub seed: u64,
    pub exif: bool,
}

impl BatchMaker<'_> {
    /// The batch of a step, the first one being 0.
    ///
    /// # Errors
    /// If a picture cannot be read any more.
    pub fn batch(&self, step: u64) -> Result<Batch> {
        let pictures = pictures_of_step(step, self.batch, self.pictures.len(), self.seed);
        let width = thread::available_parallelism().map_or(1, Into::into);
        let numbered: Vec<(usize, usize)> = pictures.iter().copied().enumerate().collect();
        let made = thread::scope(|scope| {
            let parts: Vec<_> = numbered
                .chunks(numbered.len().div_ceil(width).max(1))
                .map(|part| {
                    scope.spawn(move || part.iter().map(|(place, n)| self.one(step, *place, *n)).collect::<Vec<_>>())
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect::<Vec<_>>()
        });
        if made.len() != pictures.len() {
            return Err(Error::Gpu("a thread that prepares pictures has ended".into()));
        }
        let (inputs, truths) = made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().unzip();
        Ok(Batch { inputs, truths, pictures })
    }

    /// Columns and rows of the pictures of a step, the first one being 0.
    pub fn canvas(&self, step: u64) -> (usize, usize) {
        self.sizes.as_ref().map_or(self.network.graph.canvas(), |sizes| sizes.at(step))
    }

    fn one(&self, step: u64, place: usize, n: usize) -> Result<(Tensor, Vec<Truth>)> {
        let (canvas, letterbox) = (self.canvas(step), self.network.preprocess.letterbox);
        let mut random = random_of(self.seed, step, place);
        let keys = self.augment.as_ref().map(|keys| keys.augment_at(step + 1, self.steps));
        let kind = keys.map_or(SceneKind::PLAIN, |keys| SceneKind::drawn(keys, &mut random));
        // Beside its own, any of the others.
        let more = (1..kind.pictures()).map(|_| (random.bits() % self.pictures.len() as u64) as usize);
        let all: Vec<usize> = std::iter::once(n).chain(more).collect();
        let pictures = all.iter().map(|n| self.picture(*n)).collect::<Result<Vec<_>>>()?;
        let sizes: Vec<(usize, usize)> = pictures.iter().map(|picture| (picture.width, picture.height)).collect();
        let mut objects: Vec<_> = all.iter().map(|n| self.pictures[*n].truths()).collect();
        let scene = match keys {
            Some(keys) => {
                // Where there are more than a head looks at, or two for one cell, it is not always the same that win.
                objects.iter_mut().for_each(|objects| shuffle(objects, &mut random));
                TrainingScene::drawn(kind, keys, &sizes, canvas, letterbox, &mut random)
            }
            None => TrainingScene::plain(sizes[0], canvas, letterbox),
        };
        let truths = scene.truths(&objects, &sizes);
        let shape = Shape { w: canvas.0, h: canvas.1, ..self.network.graph.input_shape() };
        Ok((scene.input(&pictures.iter().collect::<Vec<_>>(), shape), truths))
    }

    fn picture(&self, n: usize) -> Result<Picture> {
        let path = &self.pictures[n].image.path;
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        Ok(Picture::decode_telling(&bytes, path, self.exif)?.0)
    }
}
