//! What stands below the [`Detector`](crate::Detector), for who measures it, draws with it or builds on it: a named list, without a promise
//! of stability.

/// The player for processors.
#[cfg(feature = "cpu")]
pub mod cpu {
    pub use crate::cpu::CpuProgram;
}

/// Class names to a filter, labels and boxes to pixels, results to text.
pub mod detect {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::detect::SeenPicture;
    pub use crate::detect::{CanvasToImage, Choice, HostPlayer, atlas, choices, draw, formats};
    #[cfg(feature = "gpu")]
    pub use crate::detect::{roofs, tuning};
}

/// What tells one text from another.
pub mod digest {
    pub use crate::digest::{numbers, short};
}

/// Files over HTTPS: resumed, checked, from a mirror.
#[cfg(feature = "fetch")]
pub mod fetch {
    pub use crate::fetch::{Event, RetryPolicy, Wanted, Watch, fetch};
}

/// Files written whole or not at all, and their sums.
pub mod files {
    pub use crate::files::{is_device, sha1, write_whole};
}

/// Adapter and device, a network on it, and what measures both.
#[cfg(feature = "gpu")]
pub mod gpu {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::gpu::wait;
    pub use crate::gpu::{
        AdapterReport, Clock, CoopSides, DeviceRequirements, Drawn, Feed, FrameKind, FrameTexture, Gpu, GpuOptions,
        NodeTime, Pipelines, Played, Program, ProgramInput, ProgramOptions, ROOF_KERNELS, Rank, Readbacks, Roof,
        RungBenchmark, Table, Timing, TimingBudget, Tune, TuningEntry, adapters, driver_hint, requirements, time,
    };
    #[cfg(feature = "train")]
    pub use crate::gpu::{Adaptive, Descent, GradientNorm, PlannedTraining, TrainOptions, TrainProgram};
}

/// A network as nodes, and the passes from a file to what is played.
pub mod graph {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::graph::drop;
    pub use crate::graph::{
        Activation, Builder, Conv, Epilogue, Graph, Head, Keep, LocalAvgPool, Node, NodeId, NodeParams, Op, Params,
        Pool, Residence, Slice, Spp, Target, Upsample, Weighted, bands, compile, explain, fold, fuse, guess, place,
        plan, reach,
    };
    #[cfg(feature = "train")]
    pub use crate::graph::{backward, build::resized, explain_training, recompute, tail};
}

/// Pictures, frames, boxes and thresholds on the host.
pub mod host {
    pub use crate::host::{
        Candidate, Colour, Frame, FrameFormat, Look, Matrix, NmsKind, Picture, Placement, Range, ResizeMode, Sampling,
        Siting, Thresholds,
    };
}

/// The catalogue of kernels, and the ladder of those for convolutions.
pub mod kernels {
    #[cfg(feature = "train")]
    pub use crate::kernels::train;
    pub use crate::kernels::{
        Bind, Binding, Dispatch, Kernel, Part, Precision, activation, catalogue, conv, decode, letterbox, planes, rank,
        to_rgba,
    };
}

/// Networks from files, from names and from numbers.
pub mod model {
    #[cfg(feature = "onnx")]
    pub use crate::model::onnx;
    pub use crate::model::{
        CfgOptions, Decode, Defaults, Model, Preprocess, WeightsOptions, bundle, darknet, names, random, scaled, zoo,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::model::{bundle_writer, pytorch};
}

/// What each op says of itself.
pub mod ops {
    pub use crate::ops::{Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage, activation};
    #[cfg(feature = "train")]
    pub use crate::ops::{TrainOp, gradient, train};
}

/// Work on many threads, in order.
#[cfg(not(target_arch = "wasm32"))]
pub mod ordered {
    pub use crate::ordered::{Ordered, Upcoming, ahead, cores, ordered};
}

/// The paper's tables.
#[cfg(not(target_arch = "wasm32"))]
pub mod paper {
    pub use crate::paper::*;
}

/// The player by definition.
pub mod oracle {
    pub use crate::oracle::{Values, decode, letterbox, nms, play, play_batch, rank, to_rgba};
}

/// Futures, and who may wait for them.
pub mod task {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::task::wait;
}

/// Numbers in three dimensions.
pub mod tensor {
    pub use crate::tensor::{Real, Shape, Tensor};
}

/// Numbers as people read them.
pub mod text {
    pub use crate::text::grouped;
}

/// What training asks of a network.
#[cfg(feature = "train")]
pub mod train {
    pub use crate::train::*;
}

/// Cameras, files and streams to frames.
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
pub mod video {
    #[cfg(feature = "h264")]
    pub use crate::video::mp4;
    #[cfg(target_os = "linux")]
    pub use crate::video::v4l2;
    pub use crate::video::{
        ByteStream, CameraFormat, CameraInfo, CameraMode, Colour, Frame, FrameFormat, Matrix, Next, OpenOptions, Range,
        Reconnect, Siting, Source, Spec, Stopper, cameras, ffmpeg, mjpeg, open, paths, y4m,
    };
}

/// Frames to boxes on the GPU and onto a target, without a way through the host.
#[cfg(feature = "gpu")]
pub mod view {
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::view::{Bell, LiveChain, ProcessorChain, live_chain};
    pub use crate::view::{
        Boxes, Chain, Finished, FrameInput, GPU_BOXES, IN_FLIGHT, Ink, Label, Labels, Letter, Live, LiveOptions, Meter,
        Offscreen, Outcome, Panel, Quad, SHADERS, Scene, SceneSource, Stage, Stats, Summary, View, Wake, fit,
    };
    #[cfg(all(feature = "video", not(target_arch = "wasm32")))]
    pub use crate::view::{Capture, Pace, Pipeline, Waiting};
}
