//! What a detector is asked to be, as Python says it.

use std::path::PathBuf;

use pyo3::prelude::*;
use yolov4::{
    Backend, Decode, Detector, DetectorBuilder, Error, NmsChoice, PlayerChoice, Precision, Remote, ResizeMode, Result,
    TuneChoice,
};

/// The arguments of `yolov4.Detector`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    model: PathBuf,
    weights: Option<PathBuf>,
    size: Option<(usize, usize)>,
    precision: String,
    player: String,
    backend: Option<String>,
    adapter: Option<String>,
    batch: usize,
    score_threshold: Option<f32>,
    iou_threshold: Option<f32>,
    nms_kind: Option<String>,
    max_det: Option<usize>,
    classes: Vec<String>,
    agnostic: bool,
    tta: bool,
    labels: Option<Vec<String>>,
    labels_file: Option<PathBuf>,
    data: Option<PathBuf>,
    resize: Option<String>,
    letterbox: Option<bool>,
    decode: String,
    tune: String,
    offline: bool,
    mirror: Option<String>,
    cache: Option<PathBuf>,
}

/// The choice that is called so.
fn choice<T: Copy>(what: &str, text: &str, all: &[(&str, T)]) -> Result<T> {
    let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| Error::Usage(format!("{what}: expected {}, found `{text}`", names.join(", "))))
}

impl Options {
    /// A builder that is asked for all of it.
    ///
    /// # Errors
    /// [`Error::Usage`] for a choice that there is not.
    pub fn builder(self) -> Result<DetectorBuilder> {
        let precision = choice("precision", &self.precision, &[("f32", Precision::F32), ("f16", Precision::F16)])?;
        let players = [
            ("auto", PlayerChoice::Auto),
            ("gpu", PlayerChoice::Gpu),
            ("cpu", PlayerChoice::Cpu),
            ("oracle", PlayerChoice::Oracle),
        ];
        let decode = [("auto", Decode::Auto), ("darknet", Decode::Darknet), ("scaled", Decode::Scaled)];
        let tunes = [
            ("off", TuneChoice::Off),
            ("auto", TuneChoice::Auto),
            ("quick", TuneChoice::Quick),
            ("full", TuneChoice::Full),
        ];
        let mut builder = Detector::builder()
            .model(self.model)
            .precision(precision)
            .player(choice("player", &self.player, &players)?)
            .decode(choice("decode", &self.decode, &decode)?)
            .tune(choice("tune", &self.tune, &tunes)?)
            .batch(self.batch)
            .classes(self.classes)
            .agnostic(self.agnostic)
            .tta(self.tta);
        macro_rules! set {
            ($($field:ident),*) => {
                $(if let Some(value) = self.$field {
                    builder = builder.$field(value);
                })*
            };
        }
        set!(
            weights,
            size,
            adapter,
            score_threshold,
            iou_threshold,
            max_det,
            labels,
            labels_file,
            data,
            letterbox,
            cache
        );
        if let Some(backend) = self.backend {
            let backends =
                [("vulkan", Backend::Vulkan), ("metal", Backend::Metal), ("dx12", Backend::Dx12), ("gl", Backend::Gl)];
            builder = builder.backend(choice("backend", &backend, &backends)?);
        }
        if let Some(kind) = self.nms_kind {
            let kinds = [("iou", NmsChoice::Iou), ("greedynms", NmsChoice::Greedynms), ("diounms", NmsChoice::Diounms)];
            builder = builder.nms_kind(choice("nms_kind", &kind, &kinds)?);
        }
        if let Some(resize) = self.resize {
            let modes = [
                ("darknet-file", ResizeMode::DarknetFile),
                ("darknet-video", ResizeMode::DarknetVideo),
                ("pytorch", ResizeMode::Pytorch),
            ];
            builder = builder.resize(choice("resize", &resize, &modes)?);
        }
        if !self.offline {
            builder = builder.fetch(Remote { mirror: self.mirror, ..Remote::default() });
        }
        Ok(builder)
    }
}
