//! `.weights`: three version numbers, a count of pictures seen, then for each convolution its biases (batch-norm's
//! beta), scales, means, variances and kernel, all little-endian f32, in cfg order. No names: only the exact length
//! tells whether file and network belong together.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

use crate::{
    error::{Error, Result},
    files,
    graph::{NodeParams, Params, Weighted},
    model::{Model, WeightsOptions, foreign},
    text::grouped,
};

/// Darknet's epsilon at inference (blas.c, network.c), not the 1e-6 of its ancestor.
pub const BN_EPS: f32 = 1e-5;

/// Bytes of a layer in the file.
fn bytes(layer: &Weighted) -> u64 {
    let per_filter = if layer.norm.is_some() { 4 } else { 1 };
    4 * (per_filter * layer.filters + layer.weights) as u64
}

/// The section's name in the cfg.
fn kind(layer: &Weighted) -> &'static str {
    if layer.conv.is_some() { "[convolutional]" } else { "[batchnorm]" }
}

/// Bytes before the first layer, with a 64-bit count.
const HEADER: u64 = 20;

/// The file's length, by the network's own count.
pub fn expected_bytes(model: &Model) -> u64 {
    HEADER + model.graph.weighted().iter().map(bytes).sum::<u64>()
}

/// Reads a file for `model`.
///
/// # Errors
/// [`Error::Weights`] with both byte counts and the layer where the file ends; [`Error::Io`].
pub fn load(model: &Model, path: &Path, options: &WeightsOptions, notes: &mut Vec<String>) -> Result<Params> {
    let file = File::open(path).map_err(Error::io(path))?;
    let found = file.metadata().map_err(Error::io(path))?.len();
    read(model, path, BufReader::with_capacity(1 << 20, file), found, options, notes)
}

/// Reads the `found` bytes of `reader` for `model`; `path` is for errors.
///
/// # Errors
/// As [`load`].
pub fn read(
    model: &Model,
    path: &Path,
    mut reader: impl Read,
    found: u64,
    options: &WeightsOptions,
    notes: &mut Vec<String>,
) -> Result<Params> {
    let fail = |message: String| Error::Weights { file: path.to_owned(), message };
    let mut head = Vec::with_capacity(foreign::HEAD);
    reader.by_ref().take(foreign::HEAD as u64).read_to_end(&mut head).map_err(Error::io(path))?;
    if let Some(other) = foreign::is(&head) {
        return Err(fail(other.into()));
    }
    let mut reader = head.as_slice().chain(reader);
    let header = read_header(&mut reader, found).map_err(fail)?;
    let layers = model.graph.weighted();
    let expected = header + layers.iter().map(bytes).sum::<u64>();
    let whole_layers = check_length(&model.source, &layers, header, expected, found, options).map_err(fail)?;
    if whole_layers < layers.len() {
        notes.push(format!(
            "{}: holds the first {whole_layers} of {} layers with weights, the others are zero",
            path.display(),
            layers.len()
        ));
    }
    let eps = options.bn_eps.unwrap_or(BN_EPS);
    let mut params = Params(vec![None; model.graph.nodes.len()]);
    for (i, layer) in layers.iter().enumerate() {
        let present = i < whole_layers;
        let mut next = |n: usize| if present { read_floats(&mut reader, n) } else { Ok(vec![0.0; n]) };
        let read = (|| {
            let bias = next(layer.filters)?;
            let norm = match layer.norm {
                Some(_) => Some((next(layer.filters)?, next(layer.filters)?, next(layer.filters)?)),
                None => None,
            };
            Ok((bias, norm, next(layer.weights)?))
        })();
        let (bias, norm, weights) = read.map_err(Error::io(path))?;
        let all = weights.iter().chain(&bias).chain(norm.iter().flat_map(|(a, b, c)| a.iter().chain(b).chain(c)));
        if let Some(bad) = all.clone().find(|v| !v.is_finite()) {
            notes.push(format!("{}: layer {} {} holds {bad}", path.display(), layer.layer, kind(layer)));
        }
        let mut own_bias = Some(bias);
        if let (Some(id), Some((gamma, mean, var))) = (layer.norm, norm) {
            let beta = own_bias.take().unwrap_or_default();
            params.0[id.0] = Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps });
        }
        if let Some(conv) = layer.conv {
            params.0[conv.0] = Some(NodeParams::Conv { weights, bias: own_bias });
        }
    }
    Ok(params)
}

/// Reads the header; returns its length, 16 or 20 bytes.
fn read_header(reader: &mut impl Read, found: u64) -> Result<u64, String> {
    let too_short = |_| format!("expected a header of {HEADER} bytes, found {found}: not a Darknet .weights file");
    let mut int = || {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(too_short).map(|()| bytes)
    };
    let (major, minor, _revision) = (int()?, int()?, int()?);
    let number = |b: [u8; 4]| i32::from_le_bytes(b);
    // Released versions are 0.1 and 0.2.
    let sane = |b: fn([u8; 4]) -> i32| (0..=1000).contains(&b(major)) && (0..=1000).contains(&b(minor));
    if !sane(number) {
        return Err(if sane(i32::from_be_bytes) {
            "is big-endian; Darknet writes little-endian".into()
        } else {
            format!(
                "not a Darknet .weights file: the header says version {}.{}, expected 0.1 or 0.2",
                number(major),
                number(minor)
            )
        });
    }
    int()?;
    if i64::from(number(major)) * 10 + i64::from(number(minor)) >= 2 {
        int()?;
        return Ok(HEADER);
    }
    Ok(HEADER - 4)
}

/// How many layers the file holds in full.
fn check_length(
    source: &Path,
    layers: &[Weighted],
    header: u64,
    expected: u64,
    found: u64,
    options: &WeightsOptions,
) -> Result<usize, String> {
    let counts = format!("expected {} bytes, found {}", grouped(expected), grouped(found));
    if found > expected {
        return Err(format!("{counts}: there is more than the network of {} takes", source.display()));
    }
    let mut at = header;
    for (i, layer) in layers.iter().enumerate() {
        let end = at + bytes(layer);
        if found < end {
            let last = if i + 1 == layers.len() { "the last " } else { "" };
            let place = if found == at { "before" } else { "inside" };
            return match (options.allow_truncated, found == at) {
                (true, true) => Ok(i),
                (true, false) => Err(format!("{counts}: ends inside {last}{}, layer {}", kind(layer), layer.layer)),
                (false, _) => Err(format!("{counts}: ends {place} {last}{}, layer {}", kind(layer), layer.layer)),
            };
        }
        at = end;
    }
    Ok(layers.len())
}

fn read_floats(reader: &mut impl Read, count: usize) -> std::io::Result<Vec<f32>> {
    let mut floats = vec![0.0f32; count];
    reader.read_exact(bytemuck::cast_slice_mut(&mut floats))?;
    if cfg!(target_endian = "big") {
        floats.iter_mut().for_each(|f| *f = f32::from_bits(f.to_bits().swap_bytes()));
    }
    Ok(floats)
}

/// Writes a file for `model`, which has learnt from so many pictures: beside `path` first, renamed when it is whole.
///
/// # Errors
/// [`Error::Io`]
pub fn save(model: &Model, params: &Params, seen: u64, path: &Path) -> Result<()> {
    files::write_whole(path, |file| write(model, params, seen, file)).map_err(Error::io(path))
}

fn write(model: &Model, params: &Params, seen: u64, file: &mut File) -> std::io::Result<()> {
    let mut out = BufWriter::new(file);
    for version in [0i32, 2, 5] {
        out.write_all(&version.to_le_bytes())?;
    }
    out.write_all(&seen.to_le_bytes())?;
    let mut floats = |list: &[f32]| list.iter().try_for_each(|f| out.write_all(&f.to_le_bytes()));
    for layer in model.graph.weighted() {
        if let Some(NodeParams::BatchNorm { beta, gamma, mean, var, .. }) = layer.norm.and_then(|id| params.get(id)) {
            [beta, gamma, mean, var].into_iter().try_for_each(|list| floats(list))?;
        }
        if let Some(NodeParams::Conv { weights, bias }) = layer.conv.and_then(|id| params.get(id)) {
            if let Some(bias) = bias {
                floats(bias)?;
            }
            floats(weights)?;
        }
    }
    out.flush()
}
