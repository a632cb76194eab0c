//! What a run of the bench brings: rows, the fields of `assets/bench.schema.json`.

use serde::{Deserialize, Serialize};
use yolov4::{Error, Result, low_level::gpu::Roof};

/// Everything that was measured.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Report {
    pub results: Vec<NetworkRow>,
    pub roofs: Vec<RoofRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<LadderRow>,
}

/// One network at one size in one precision on one adapter. Times in milliseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NetworkRow {
    pub model: String,
    pub size: String,
    pub batch: usize,
    pub precision: String,
    pub backend: String,
    pub adapter: String,
    pub driver: Option<String>,
    pub software: bool,
    pub version: String,
    /// Wall time from an f32 tensor on the host to the head tensors on the host.
    pub median_ms: f64,
    pub p95_ms: f64,
    pub min_ms: f64,
    /// Of the convolutions' operations, two a multiply-add.
    pub gflops: f64,
    /// Of multiply-adds in that precision.
    pub roof_pct: Option<f64>,
    /// Of all values, weights aside.
    pub peak_bytes: usize,
    pub dispatches: usize,
    /// Files to a detector that is ready.
    pub load_ms: f64,
    /// The first picture that it was given.
    pub first_frame_ms: Option<f64>,
    /// From decoded pixels on the host to boxes on the host.
    pub end_to_end_median_ms: f64,
    /// The network by the GPU's own clock.
    pub gpu_ms: Option<f64>,
    /// `trained`, or `random` with its seed.
    pub weights: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Vec<NodeRow>>,
    /// Operations and bytes of a frame.
    #[serde(skip)]
    pub work: (f64, f64),
    #[serde(skip)]
    pub timeline: Vec<DispatchRow>,
}

/// One node of the fused graph.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NodeRow {
    pub name: String,
    pub op: String,
    /// Rung of the ladder of convolutions; the kernel of other nodes.
    pub rung: String,
    pub dispatches: usize,
    pub ms: f64,
    pub gflops: Option<f64>,
    /// The least time for its operations and bytes, as a part of its time.
    pub roof_pct: Option<f64>,
    /// Read and written, weights included, everything once.
    pub bytes: usize,
    #[serde(skip)]
    pub flop: f64,
}

/// One shape of convolution in one precision on one adapter.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LadderRow {
    pub shape: String,
    /// Networks, and how many of their convolutions.
    pub used_by: Vec<String>,
    pub precision: String,
    pub adapter: String,
    pub backend: String,
    pub software: bool,
    /// `timestamps` or `wall`.
    pub clock: String,
    /// Operations by definition.
    pub flop: f64,
    /// What is taken here without measuring.
    pub guess: String,
    /// In the ladder's order.
    pub rungs: Vec<RungRow>,
}

/// One rung of the ladder on one shape.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RungRow {
    pub rung: String,
    pub ms: f64,
    /// Of operations by definition, whatever the rung saves.
    pub gflops: f64,
    /// Operations that it really does, whole tiles.
    pub flop: f64,
    /// Bytes that it must move, those between its dispatches included.
    pub bytes: f64,
    pub dispatches: usize,
    /// The larger of operations by multiply-adds a second, and bytes by bytes a second.
    pub floor_ms: Option<f64>,
    /// Which of the two it is.
    pub floor_by: Option<String>,
    /// The floor as a part of the time.
    pub floor_pct: Option<f64>,
}

/// One dispatch, for a trace.
#[derive(Clone, Debug)]
pub struct DispatchRow {
    pub node: String,
    pub op: String,
    pub kernel: &'static str,
    pub ms: f64,
}

/// The roofs of one adapter.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RoofRow {
    pub adapter: String,
    pub backend: String,
    pub driver: String,
    pub software: bool,
    #[serde(flatten)]
    pub roof: Roof,
}

impl NetworkRow {
    /// Whether it was measured on that adapter.
    pub fn on(&self, roof: &RoofRow) -> bool {
        (&self.adapter, &self.backend, self.driver.as_ref()) == (&roof.adapter, &roof.backend, Some(&roof.driver))
    }
}

/// As JSON.
///
/// # Errors
/// [`Error::Format`] if it cannot be written so; there is no such report.
pub fn json(report: &Report) -> Result<String> {
    let text = serde_json::to_string_pretty(report).map_err(Error::format("the report", "JSON"))?;
    Ok(text + "\n")
}

/// The value below which a part `q` of the list lies, interpolated between neighbours.
pub fn quantile(list: &[f64], q: f64) -> f64 {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = sorted.len().saturating_sub(1) as f64 * q;
    let value = |i: f64| sorted.get(i as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (value(at.floor()), value(at.ceil()));
    low + (high - low) * at.fract()
}

/// Cut to what can be believed: seven digits.
pub fn short(figure: f64) -> f64 {
    if figure == 0.0 || !figure.is_finite() {
        return figure;
    }
    let scale = 10f64.powi(6 - figure.abs().log10().floor() as i32);
    (figure * scale).round() / scale
}
