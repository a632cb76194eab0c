//! Choices that a [`crate::DetectorBuilder`] takes by name.

use crate::{host::NmsKind, model::Model};

/// Who is to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum PlayerChoice {
    /// The GPU; the processor, with a remark, if no adapter answers, or only a driver in software and nobody asked for anything of a GPU.
    #[default]
    Auto,
    /// The GPU or nothing; a driver in software will do.
    Gpu,
    /// The processor: f32, all cores.
    #[cfg(feature = "cpu")]
    Cpu,
    /// The oracle: the networks by definition, in f64 on the processor, very slow.
    Oracle,
}

/// How overlap is measured, in the words of Darknet's `nms_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum NmsChoice {
    /// Intersection over union: what Darknet does without `nms_kind`.
    Iou,
    /// Distance IoU, exponent 0.6.
    Greedynms,
    /// Distance IoU, exponent `beta_nms` of the cfg.
    Diounms,
}

impl NmsChoice {
    pub(super) fn kind(self, network: &Model) -> NmsKind {
        match self {
            Self::Iou => NmsKind::Iou,
            Self::Greedynms => NmsKind::Diou { beta: NmsKind::BETA },
            Self::Diounms => NmsKind::Diou { beta: network.defaults.beta_nms },
        }
    }
}

/// Whether the fastest kernel for each shape is looked for by measuring, before a network is built. What was found is kept
/// in the cache folder, and is used without being asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum TuneChoice {
    /// Quick on a GPU; off on a processor that poses as one, whose best kernels are known.
    #[default]
    Auto,
    /// Only what is known already.
    Off,
    /// Shapes that are not known, kernels that may be worth it.
    Quick,
    /// Every shape, every kernel, several times.
    Full,
}
