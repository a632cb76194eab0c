//! What a network asks of a device, known before there is one, and the checks that come before any allocation.

use crate::{
    error::{Error, Result},
    graph::{
        Graph, NodeId, Params, Target,
        build::resized,
        compile::{Compiled, compile},
    },
    kernels::{Dispatch, Precision},
    tensor::Shape,
};

/// What to ask a device for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceRequirements {
    /// Largest storage binding, in bytes.
    pub binding_bytes: u64,
    /// Element type.
    pub precision: Precision,
    /// Whether the device is to store f16 too where the adapter can, to change to it later.
    pub f16_too: bool,
    /// Whether nodes are to be timed.
    pub timestamps: bool,
}

/// What a graph as loaded needs for so many pictures at once: every slot of its plan is as large as one of its values.
pub fn requirements(graph: &Graph, precision: Precision, pictures: usize) -> DeviceRequirements {
    let value = |shape: Shape| shape.vectors() * pictures * 4 * precision.bytes();
    let bytes = graph.iter().map(|(id, node)| value(node.shape).max(weight_bytes(graph, id, precision, LARGEST_TILE)));
    DeviceRequirements { binding_bytes: bytes.max().unwrap_or(0) as u64, precision, ..DeviceRequirements::default() }
}

/// Output channels of the largest tile of any rung.
const LARGEST_TILE: usize = 128;

/// Bytes of a convolution's packed weights where outputs come in whole tiles of `tile` channels; 0 for other nodes.
fn weight_bytes(graph: &Graph, id: NodeId, precision: Precision, tile: usize) -> usize {
    let Some(p) = graph.problem(id, 1) else { return 0 };
    let ic = (p.input.c / p.groups).next_multiple_of(4);
    p.output.c.next_multiple_of(tile) * ic * p.size * p.size * precision.bytes()
}

impl DeviceRequirements {
    /// WebGPU's default limits, raised only where the network needs more, and never above what is offered.
    pub(super) fn limits(&self, offered: &wgpu::Limits) -> wgpu::Limits {
        let base = wgpu::Limits::default().using_resolution(offered.clone());
        let raise = |default: u64, offered: u64| self.binding_bytes.max(default).min(offered);
        wgpu::Limits {
            max_storage_buffer_binding_size: raise(
                base.max_storage_buffer_binding_size,
                offered.max_storage_buffer_binding_size,
            ),
            max_buffer_size: raise(base.max_buffer_size, offered.max_buffer_size),
            ..base
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Bytes of the largest storage binding that a program may use: what the device allows, or less if less is `wanted`.
pub(super) fn binding_bytes(limits: &wgpu::Limits, wanted: Option<usize>) -> u64 {
    let allowed = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    wanted.map_or(allowed, |wanted| allowed.min(wanted as u64))
}

/// Four-channel vectors that fit into a binding of so many bytes.
pub(super) fn binding_vectors(bytes: u64, precision: Precision) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX) / (4 * precision.bytes())
}

/// For a batch of so many canvases, so many of them of one picture. Fails if a slot or a weight does not fit into one binding of `allowed` bytes, naming the first layer to blame, and what of
/// the network as `loaded` would fit.
///
/// # Errors
/// [`Error::Limit`]
pub(super) fn check_plan(
    loaded: &Graph,
    Compiled { graph, plan, .. }: &Compiled,
    precision: Precision,
    (pictures, looks): (usize, usize),
    allowed: u64,
) -> Result<()> {
    let refused = |id: NodeId, bytes: usize, what: &str, hint: String| Error::Limit {
        node: graph.node(id).name.clone(),
        what: what.to_owned(),
        needed: format!("{} in one binding", megabytes(bytes as u64)),
        allowed: megabytes(allowed),
        hint,
    };
    let values = plan.slots.iter().flat_map(|s| &s.tenants);
    let values = values.map(|t| (t.region, t.vectors * pictures * 4 * precision.bytes()));
    if let Some((id, bytes)) = values.filter(|v| v.1 as u64 > allowed).min_by_key(|v| v.0) {
        return Err(refused(id, bytes, "its value", advice(loaded, allowed, precision, (pictures, looks))));
    }
    // Where whole tiles do not fit, a rung without them is taken.
    let mut weights = graph.iter().map(|(id, _)| (id, weight_bytes(graph, id, precision, 1)));
    if let Some((id, bytes)) = weights.find(|w| w.1 as u64 > allowed) {
        let halved = precision == Precision::F32 && bytes as u64 <= 2 * allowed;
        let hint = if halved { "; try precision f16" } else { "" };
        return Err(refused(id, bytes, "its weights", hint.to_owned()));
    }
    Ok(())
}

/// What would make every value fit: fewer pictures, one look at each, the largest legal size of the same shape, or half the bytes.
fn advice(loaded: &Graph, allowed: u64, precision: Precision, (canvases, looks): (usize, usize)) -> String {
    let input = loaded.input_shape();
    let strides = loaded.heads.iter().map(|h| input.w / loaded.node(h.input).shape.w.max(1));
    let stride = strides.max().unwrap_or(1).max(1);
    let limit = binding_vectors(allowed, precision) / canvases;
    let size = (1..input.w / stride).rev().map(|n| n * stride).find_map(|w| {
        let h = input.h * w / input.w;
        let legal = (input.h * w).is_multiple_of(input.w) && h.is_multiple_of(stride);
        let smaller = legal.then(|| resized(loaded, (w, h)).ok()).flatten()?;
        fits(smaller, limit).then(|| if h == w { format!("size {w}") } else { format!("size {w}x{h}") })
    });
    let halved = precision == Precision::F32 && fits(loaded.clone(), limit.saturating_mul(2));
    let halved = halved.then(|| "precision f16".to_owned());
    let fits_so_many = |canvases: usize| fits(loaded.clone(), binding_vectors(allowed, precision) / canvases);
    let batch = (1..canvases / looks).rev().find(|n| fits_so_many(n * looks)).map(|n| format!("batch {n}"));
    let one = canvases / looks;
    let batch = batch.or_else(|| (looks > 1 && fits_so_many(one)).then(|| "one look (without tta)".to_owned()));
    let all: Vec<String> = batch.into_iter().chain(size).chain(halved).collect();
    if all.is_empty() { String::new() } else { format!("; try {}", all.join(" or ")) }
}

/// Whether every value fits once what is too large is cut into bands.
fn fits(loaded: Graph, limit: usize) -> bool {
    let target = Target { binding: limit, ..Target::default() };
    compile(loaded, Params::default(), &target)
        .is_ok_and(|compiled| compiled.plan.slots.iter().all(|slot| slot.vectors <= limit))
}

/// Fails if `what`, a picture say, is larger than a texture may be.
///
/// # Errors
/// [`Error::Limit`]
pub(super) fn check_texture(what: &str, (width, height): (usize, usize), limits: &wgpu::Limits) -> Result<()> {
    let allowed = limits.max_texture_dimension_2d as usize;
    if width.max(height) <= allowed {
        return Ok(());
    }
    Err(Error::Limit {
        node: "input".into(),
        what: format!("{what} as a texture"),
        needed: format!("{width}x{height} pixels"),
        allowed: format!("{allowed} a side"),
        hint: String::new(),
    })
}

/// Fails if a dispatch has more workgroups in one direction than the device allows.
///
/// # Errors
/// [`Error::Limit`]
pub(super) fn check_dispatch(node: &str, dispatch: &Dispatch, limits: &wgpu::Limits) -> Result<()> {
    let allowed = limits.max_compute_workgroups_per_dimension;
    match dispatch.workgroups.iter().find(|n| **n > allowed) {
        None => Ok(()),
        Some(n) => Err(Error::Limit {
            node: node.to_owned(),
            what: format!("kernel {}", dispatch.kernel.name),
            needed: format!("{n} workgroups in one direction"),
            allowed: allowed.to_string(),
            hint: "; try a smaller size".into(),
        }),
    }
}
