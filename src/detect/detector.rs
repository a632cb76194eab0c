//! Picture in, boxes out.

#[cfg(not(target_arch = "wasm32"))]
use crate::task;
use crate::{
    detect::{
        CanvasToImage, Detection, Detections, Heads, Input, Player,
        choices::{Choice, Choices},
        input::NamedInput,
        player::PlacedInput,
    },
    error::Result,
    graph::{Graph, NodeId},
    host::{Candidate, Placement, ResizeMode, Thresholds},
    model::Model,
    task::Task,
};

/// A network, its weights and a player, ready for pictures.
///
/// ```no_run
/// let mut detector = yolov4::Detector::builder().model("yolov4-tiny.cfg").weights("yolov4-tiny.weights").build()?;
/// for found in detector.detect("dog.jpg")? {
///     println!("{} {:.2} {:?}", found.name, found.score, found.bbox);
/// }
/// # Ok::<(), yolov4::Error>(())
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
    pub(super) tta: bool,
    pub(super) notes: Vec<String>,
    pub(super) choices: Choices,
}

#[cfg(not(target_arch = "wasm32"))]
impl Detector {
    /// The objects in a picture - a path, an [`image`] picture, pixels in memory, a frame of a video, a texture: see [`Input`] - best
    /// first. Waits for them; where a thread may not sleep, [`Detector::detect_async`] does not.
    ///
    /// # Errors
    /// [`crate::Error::Io`] or [`crate::Error::Image`] for a file that is no picture; [`crate::Error::Usage`] for a picture without
    /// pixels, or a texture that cannot be read as it is, or not by the oracle; [`crate::Error::Limit`] if there are more candidates
    /// than the adapter can hold, or a frame is larger than its textures may be; [`crate::Error::Graph`] if the network does not
    /// take three channels; what the device complains of.
    pub fn detect<'i>(&mut self, input: impl Into<Input<'i>>) -> Result<Detections> {
        task::wait(self.detect_async(input))
    }

    /// The objects in each of several pictures, in their order; as many at once as [`crate::DetectorBuilder::batch`] says, which
    /// takes less time than one after the other where a single picture does not fill the GPU.
    ///
    /// # Errors
    /// As [`Detector::detect`], for the first picture that has any.
    pub fn detect_batch<'i, I>(&mut self, inputs: impl IntoIterator<Item = I>) -> Result<Vec<Detections>>
    where
        I: Into<Input<'i>>,
    {
        task::wait(self.detect_batch_async(inputs))
    }

    /// What enters the `[yolo]` layers for a picture, with the network's input and the value of the layer that
    /// [`crate::DetectorBuilder::keep_layer`] named. Needs [`crate::DetectorBuilder::keep_heads`] or that.
    ///
    /// # Errors
    /// As [`Detector::detect`]; [`crate::Error::Usage`] if the detector was not built to keep them.
    pub fn heads<'i>(&mut self, input: impl Into<Input<'i>>) -> Result<Heads> {
        task::wait(self.heads_async(input))
    }
}

impl Detector {
    /// As [`Detector::detect`], without putting the thread to sleep: files are read and the CPU oracle computes while the future is
    /// polled, the GPU is waited for elsewhere.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    pub fn detect_async<'a, 'i: 'a>(&'a mut self, input: impl Into<Input<'i>>) -> Task<'a, Result<Detections>> {
        let input = input.into();
        Box::pin(async move { Ok(self.find(vec![input]).await?.pop().unwrap_or_default()) })
    }

    /// As [`Detector::detect_batch`], in the manner of [`Detector::detect_async`].
    ///
    /// # Errors
    /// As [`Detector::detect_batch`].
    pub fn detect_batch_async<'a, 'i: 'a, I>(
        &'a mut self,
        inputs: impl IntoIterator<Item = I>,
    ) -> Task<'a, Result<Vec<Detections>>>
    where
        I: Into<Input<'i>>,
    {
        let inputs: Vec<Input<'i>> = inputs.into_iter().map(Into::into).collect();
        self.find(inputs)
    }

    /// As [`Detector::heads`], in the manner of [`Detector::detect_async`].
    ///
    /// # Errors
    /// As [`Detector::heads`].
    pub fn heads_async<'a, 'i: 'a>(&'a mut self, input: impl Into<Input<'i>>) -> Task<'a, Result<Heads>> {
        let input = input.into();
        Box::pin(async move {
            let picture = input.ready()?;
            let placement = self.placement(picture.size());
            self.player.heads(&self.network.graph, &picture, &placement, self.kept).await
        })
    }

    fn find<'a>(&'a mut self, inputs: Vec<Input<'a>>) -> Task<'a, Result<Vec<Detections>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(inputs.len());
            let mut inputs = inputs.into_iter().peekable();
            while inputs.peek().is_some() {
                let batch: Vec<Input<'a>> = inputs.by_ref().take(self.player.batch()).collect();
                found.extend(self.find_at_once(batch).await?);
            }
            Ok(found)
        })
    }

    async fn find_at_once(&mut self, batch: Vec<Input<'_>>) -> Result<Vec<Detections>> {
        let prepared = batch.into_iter().map(NamedInput::new).collect::<Result<Vec<NamedInput<'_>>>>()?;
        self.player.forget_ahead();
        self.begin(&prepared).await?;
        self.finish_begun(&prepared).await
    }

    /// Begins with up to [`Detector::batch`] pictures; nothing is waited for.
    pub(super) async fn begin(&mut self, pictures: &[NamedInput<'_>]) -> Result<()> {
        let frames = self.placed(pictures);
        self.player.begin(&self.network.graph, &frames, &self.wanted).await
    }

    /// Brings the pictures that are begun with next to the player.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) async fn upload_ahead(&mut self, pictures: &[NamedInput<'_>]) -> Result<()> {
        let frames = self.placed(pictures);
        self.player.upload_ahead(&frames).await
    }

    /// The objects in the pictures that were begun with.
    pub(super) async fn finish_begun(&mut self, pictures: &[NamedInput<'_>]) -> Result<Vec<Detections>> {
        let frames = self.placed(pictures);
        let boxes = self.player.finish(&frames, &self.wanted).await?;
        let found = boxes.iter().zip(pictures).map(|(boxes, picture)| {
            let (width, height) = picture.input.size();
            let (_, to_image, _) = self.frame(width, height);
            Detections { image: picture.name.clone(), width, height, detections: self.finish(boxes, &to_image) }
        });
        Ok(found.collect())
    }

    fn placed<'a>(&self, pictures: &'a [NamedInput<'a>]) -> Vec<PlacedInput<'a>> {
        let place = |picture: &'a NamedInput<'a>| {
            let (width, height) = picture.input.size();
            let (placement, _, thresholds) = self.frame(width, height);
            (&picture.input, placement, thresholds)
        };
        pictures.iter().map(place).collect()
    }

    /// How many pictures [`Detector::detect_batch`] plays at once.
    pub fn batch(&self) -> usize {
        self.player.batch()
    }

    /// Candidates to what is returned.
    pub(super) fn finish(&self, found: &[Candidate], to_image: &CanvasToImage) -> Vec<Detection> {
        let detections = found.iter().map(|c| {
            let class = c.class as usize;
            Detection {
                class,
                name: self.names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                score: c.score,
                bbox: to_image.apply(c),
                id: None,
            }
        });
        detections.take(self.max_det.unwrap_or(usize::MAX)).collect()
    }

    /// Where a picture of that many columns and rows lies on the network's canvas.
    #[doc(hidden)]
    pub fn placement(&self, (width, height): (usize, usize)) -> Placement {
        Placement::new(self.resize, self.letterbox, width, height, self.network.graph.input_shape())
    }

    /// Where a frame of this size lies, and what its boxes are filtered by.
    #[doc(hidden)]
    pub fn frame(&self, width: usize, height: usize) -> (Placement, CanvasToImage, Thresholds) {
        let placement = self.placement((width, height));
        let to_image = CanvasToImage::new(self.resize, &placement);
        (placement, to_image, Thresholds { extent: to_image.extent(), ..self.thresholds })
    }

    /// The graph as loaded.
    #[doc(hidden)]
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
