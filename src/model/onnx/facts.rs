//! What a network of ours says of itself in the metadata of a file, as JSON under the key `yolov4`.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    graph::{Graph, NodeId},
    host::{NmsKind, ResizeMode},
    model::{Defaults, Model, Preprocess},
};

/// The key of the metadata.
pub const KEY: &str = "yolov4";

/// Everything that the nodes do not say.
#[derive(Debug, Deserialize, Serialize)]
pub struct NetworkFacts {
    pub heads: Vec<HeadFacts>,
    /// Class names; none if they are not known.
    pub names: Vec<String>,
    /// Columns and rows of the input, in pixels: for other programs, here the input's shape says it.
    pub size: [usize; 2],
    pub letterbox: bool,
    /// By its name.
    pub resize: String,
    pub conf: f32,
    pub nms: f32,
    /// Exponent of the distance term; none for plain overlap.
    pub beta: Option<f32>,
}

/// A head.
#[derive(Debug, Deserialize, Serialize)]
pub struct HeadFacts {
    /// The value that enters it.
    pub value: String,
    /// Width and height, in pixels of the input.
    pub anchors: Vec<(f32, f32)>,
    pub classes: usize,
    pub scale_x_y: f32,
    pub new_coords: bool,
}

impl NetworkFacts {
    /// Of a model whose values have these names.
    pub fn of(model: &Model, graph: &Graph, value: impl Fn(NodeId) -> String) -> Self {
        let input = graph.input_shape();
        let heads = graph.heads.iter().map(|head| HeadFacts {
            value: value(head.input),
            anchors: head.anchors.clone(),
            classes: head.classes,
            scale_x_y: head.scale_x_y,
            new_coords: head.new_coords,
        });
        Self {
            heads: heads.collect(),
            names: model.labels.clone(),
            size: [input.w, input.h],
            letterbox: model.preprocess.letterbox,
            resize: model.preprocess.resize.to_string(),
            conf: model.defaults.score_threshold,
            nms: model.defaults.iou_threshold,
            beta: match model.defaults.nms_kind {
                NmsKind::Iou => None,
                NmsKind::Diou { beta } => Some(beta),
            },
        }
    }

    /// # Errors
    /// [`Error::Format`]
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::format("metadata `yolov4`", "JSON"))
    }

    /// How pictures are prepared, and which boxes are kept.
    ///
    /// # Errors
    /// What is wrong.
    pub fn usage(&self) -> std::result::Result<(Preprocess, Defaults), String> {
        let resize = ResizeMode::named(&self.resize);
        let resize = resize.ok_or_else(|| format!("metadata `yolov4`: there is no resize mode `{}`", self.resize))?;
        if !(0.0..=1.0).contains(&self.conf) || !(0.0..=1.0).contains(&self.nms) {
            return Err(format!("metadata `yolov4`: thresholds {} and {}, expected 0 to 1", self.conf, self.nms));
        }
        let preprocess = Preprocess { letterbox: self.letterbox, resize };
        let nms_kind = self.beta.map_or(NmsKind::Iou, |beta| NmsKind::Diou { beta });
        let beta_nms = self.beta.unwrap_or(NmsKind::BETA);
        Ok((preprocess, Defaults { score_threshold: self.conf, iou_threshold: self.nms, nms_kind, beta_nms }))
    }
}
