//! How the files of a model are read.

/// How the heads of a cfg are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Decode {
    /// As the cfg says, unless it is the PyTorch-style yolov4-csp.
    #[default]
    Auto,
    /// As the cfg says.
    Darknet,
    /// Logistic and `new_coords` with `scale_x_y` 2, whatever the cfg says.
    Scaled,
}

/// How to read a cfg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CfgOptions {
    /// Columns and rows of the network's input instead of `[net]` width and height.
    pub size: Option<(usize, usize)>,
    /// How the heads are read.
    pub decode: Decode,
    /// Slope of `activation=leaky`; Darknet's is 0.1.
    pub leaky_slope: Option<f32>,
}

/// How to read a `.weights` file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightsOptions {
    /// Added to the variance of every batch-norm; Darknet's 1e-5 unless the weights were trained with another.
    pub bn_eps: Option<f32>,
    /// Whether the file may end after any whole layer (`*.conv.N`): the layers after it get zeros.
    pub allow_truncated: bool,
}
