//! Stages of equal layers, and the same with a cross-stage partial connection (Tables 1 and 2, section 4.1).

/// Columns and rows of a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Columns.
    pub w: u64,
    /// Rows.
    pub h: u64,
}

impl Map {
    /// Pixels.
    pub const fn pixels(self) -> u64 {
        self.w * self.h
    }
}

/// The factors by which a network is scaled (Table 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// alpha, of columns and rows of the picture.
    pub size: f64,
    /// beta, of layers a stage.
    pub depth: f64,
    /// gamma, of channels.
    pub width: f64,
}

impl Factors {
    /// Of operations: alpha^2 beta gamma^2.
    pub fn of_cost(&self) -> f64 {
        self.size.powi(2) * self.depth * self.width.powi(2)
    }
}

/// One convolution of a layer, in base channels: kernel, input, output; groups.
type Convolution = (u64, f64, f64, f64);

/// What a stage is made of, k times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageKind {
    /// ResNet's bottleneck.
    Res,
    /// ResNeXt's, in 32 groups.
    ResX,
    /// Darknet's residual.
    Dark,
}

/// A layer as it is, or on half of the channels behind a cross-stage partial connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Of all channels.
    Plain,
    /// Of the half that goes through.
    Csp,
}

/// Multiply-accumulates a pixel and b^2 that lead into the two halves of a CSP stage and join them (Table 2).
const TRANSITIONS: f64 = 0.75;
/// The same of the convolution of stride 2 before a stage, as section 4.1 counts it.
const DOWN: f64 = 9.0 / 4.0;

impl StageKind {
    /// All, as the tables list them.
    pub const ALL: [Self; 3] = [Self::Res, Self::ResX, Self::Dark];

    /// As the tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Res => "Res",
            Self::ResX => "ResX",
            Self::Dark => "Dark",
        }
    }

    /// The convolutions of one layer for one base channel.
    const fn layer(self, kind: LayerKind) -> &'static [Convolution] {
        match (self, kind) {
            (Self::Res, LayerKind::Plain) => &[(1, 1.0, 0.25, 1.0), (9, 0.25, 0.25, 1.0), (1, 0.25, 1.0, 1.0)],
            (Self::Res, LayerKind::Csp) => &[(1, 0.5, 0.25, 1.0), (9, 0.25, 0.25, 1.0), (1, 0.25, 0.5, 1.0)],
            (Self::ResX, LayerKind::Plain) => &[(1, 1.0, 0.5, 1.0), (9, 0.5, 0.5, 32.0), (1, 0.5, 1.0, 1.0)],
            (Self::ResX, LayerKind::Csp) => &[(1, 0.5, 0.5, 1.0), (9, 0.5, 0.5, 32.0), (1, 0.5, 0.5, 1.0)],
            (Self::Dark, LayerKind::Plain) => &[(1, 1.0, 0.5, 1.0), (9, 0.5, 1.0, 1.0)],
            (Self::Dark, LayerKind::Csp) => &[(1, 0.5, 0.5, 1.0), (9, 0.5, 0.5, 1.0)],
        }
    }

    /// Multiply-accumulates of one layer, a pixel and b^2: 17/16, 137/128 and 5; behind CSP 13/16, 73/128 and 5/2.
    pub fn per_layer(self, kind: LayerKind) -> f64 {
        self.layer(kind).iter().map(|(kernel, input, output, groups)| *kernel as f64 * input * output / groups).sum()
    }

    /// The formula, as the table prints it.
    pub const fn formula(self, kind: LayerKind) -> &'static str {
        match (self, kind) {
            (Self::Res, LayerKind::Plain) => "17whkb²/16",
            (Self::Res, LayerKind::Csp) => "whb²(3/4 + 13k/16)",
            (Self::ResX, LayerKind::Plain) => "137whkb²/128",
            (Self::ResX, LayerKind::Csp) => "whb²(3/4 + 73k/128)",
            (Self::Dark, LayerKind::Plain) => "5whkb²",
            (Self::Dark, LayerKind::Csp) => "whb²(3/4 + 5k/2)",
        }
    }

    /// Multiply-accumulates of `k` layers of `b` base channels (Table 1, Table 2).
    pub fn macs(self, kind: LayerKind, map: Map, k: f64, b: f64) -> f64 {
        let fixed = if kind == LayerKind::Csp { TRANSITIONS } else { 0.0 };
        map.pixels() as f64 * b * b * (fixed + k * self.per_layer(kind))
    }

    /// What CSP saves of `k` layers: a share; negative where it costs more.
    pub fn saving(self, k: f64) -> f64 {
        let one = Map { w: 1, h: 1 };
        1.0 - self.macs(LayerKind::Csp, one, k, 1.0) / self.macs(LayerKind::Plain, one, k, 1.0)
    }

    /// What it would save of endless layers: 4/17, 64/137 and 1/2.
    pub fn limit(self) -> f64 {
        1.0 - self.per_layer(LayerKind::Csp) / self.per_layer(LayerKind::Plain)
    }

    /// Per cent that Table 2 states.
    pub const fn stated(self) -> f64 {
        match self {
            Self::Res => 23.5,
            Self::ResX => 46.7,
            Self::Dark => 50.0,
        }
    }
}

impl StageKind {
    /// Of a CSP stage with the convolution of stride 2 before it, as section 4.1 counts that: whb²(9/4 + 3/4 + 5k/2) for `Dark`.
    pub fn csp_stage_macs(self, map: Map, k: f64, b: f64) -> f64 {
        map.pixels() as f64 * b * b * DOWN + self.macs(LayerKind::Csp, map, k, b)
    }

    /// The fewest layers with which such a stage costs less than the plain layers alone.
    pub fn worth_from(self) -> u64 {
        let one = Map { w: 1, h: 1 };
        let cheaper =
            |k: &u64| self.csp_stage_macs(one, *k as f64, 1.0) < self.macs(LayerKind::Plain, one, *k as f64, 1.0);
        (1..).find(cheaper).unwrap_or(u64::MAX)
    }
}
