//! Picture in, boxes out.

use crate::{
    detect::{
        Detection, Heads, Player, Undo,
        choices::{Choice, Choices},
    },
    error::Result,
    graph::{Graph, NodeId},
    host::{Candidate, Picture, Placement, ResizeMode, Thresholds},
    model::Model,
    task::Task,
};

/// A network, its weights and a player, ready for pictures.
///
/// ```no_run
/// # async fn run() -> yolov4::Result<()> {
/// let mut detector = yolov4::Detector::builder()
///     .model("yolov4-tiny.cfg")
///     .weights("yolov4-tiny.weights")
///     .names("coco.names")
///     .build()
///     .await?;
/// let picture = yolov4::Picture::open("dog.jpg")?;
/// for found in detector.detect(&picture).await? {
///     println!("{} {:.2} {:?}", found.name, found.score, found.bbox);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Detector {
    pub(super) network: Model,
    pub(super) player: Player,
    pub(super) kept: Option<NodeId>,
    pub(super) names: Vec<String>,
    pub(super) thresholds: Thresholds,
    pub(super) resize: ResizeMode,
    pub(super) letterbox: bool,
    /// By class.
    pub(super) wanted: Vec<bool>,
    pub(super) max_det: Option<usize>,
    pub(super) notes: Vec<String>,
    pub(super) choices: Choices,
}

impl Detector {
    /// The objects in a picture, best first.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for a picture without pixels; [`crate::Error::Limit`] if there are more candidates than
    /// the adapter can hold; what the device complains of.
    pub async fn detect(&mut self, picture: &Picture) -> Result<Vec<Detection>> {
        Ok(self.detect_batch(&[picture]).await?.pop().unwrap_or_default())
    }

    /// The objects in each of several pictures, in their order; as many at once as [`crate::DetectorBuilder::batch`] says, which
    /// takes less time than one after the other where a single picture does not fill the GPU.
    ///
    /// # Errors
    /// As [`Detector::detect`], for the first picture that has any.
    pub fn detect_batch<'a>(&'a mut self, pictures: &'a [&'a Picture]) -> Task<'a, Result<Vec<Vec<Detection>>>> {
        Box::pin(self.find(pictures))
    }

    async fn find(&mut self, pictures: &[&Picture]) -> Result<Vec<Vec<Detection>>> {
        pictures.iter().try_for_each(|picture| picture.check())?;
        let mut found = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(self.player.batch()) {
            let mut undo = Vec::with_capacity(batch.len());
            let mut frames = Vec::with_capacity(batch.len());
            for picture in batch {
                let placement = self.placement(picture);
                let back = Undo::new(self.resize, &placement);
                frames.push((*picture, placement, Thresholds { extent: back.extent(), ..self.thresholds }));
                undo.push(back);
            }
            let boxes = self.player.detect(&self.network.graph, &frames, &self.wanted).await?;
            found.extend(boxes.iter().zip(&undo).map(|(boxes, undo)| self.finish(boxes, undo)));
        }
        Ok(found)
    }

    /// How many pictures [`Detector::detect_batch`] plays at once.
    pub fn batch(&self) -> usize {
        self.player.batch()
    }

    /// Candidates to what is returned.
    pub(super) fn finish(&self, found: &[Candidate], undo: &Undo) -> Vec<Detection> {
        let detections = found.iter().map(|c| {
            let class = c.class as usize;
            Detection {
                class,
                name: self.names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                score: c.score,
                bbox: undo.apply(c),
            }
        });
        detections.take(self.max_det.unwrap_or(usize::MAX)).collect()
    }

    /// What enters the `[yolo]` layers for a picture, with the network's input and the value of the layer that
    /// [`crate::DetectorBuilder::keep_layer`] named. Needs [`crate::DetectorBuilder::keep_heads`] or that.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the detector was not built to keep them, or for a picture without pixels.
    pub async fn heads(&mut self, picture: &Picture) -> Result<Heads> {
        picture.check()?;
        let placement = self.placement(picture);
        self.player.heads(&self.network.graph, picture, &placement, self.kept).await
    }

    /// Where a picture lies on the network's canvas.
    pub fn placement(&self, picture: &Picture) -> Placement {
        let shape = self.network.graph.input_shape();
        Placement::new(self.resize, self.letterbox, picture.width, picture.height, shape)
    }

    /// The graph as loaded.
    pub fn graph(&self) -> &Graph {
        &self.network.graph
    }

    /// Class names, by class index.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Who plays, in words: the adapter, its back end, precision; or the oracle.
    pub fn player(&self) -> String {
        self.player.describe()
    }

    /// What was chosen for this detector and why, in the order of a picture's way: size, weights, player, thresholds.
    pub fn choices(&self) -> &[Choice] {
        self.choices.list()
    }

    /// Remarks that the user should see, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
