//! One function per kind of section, `[yolo]` aside: options to ops.

use crate::{
    error::Result,
    graph::{Activation, Conv, Epilogue, LocalAvgPool, NodeId, Op, Pool, Slice, Upsample},
    model::darknet::{cfg::Section, state::Build},
};

/// Adds one layer; returns its value.
///
/// # Errors
/// [`crate::Error::Cfg`], or [`crate::Error::Graph`] where the shapes do not fit.
pub fn layer(build: &mut Build, section: &Section) -> Result<NodeId> {
    match section.kind.as_str() {
        "convolutional" | "conv" => convolutional(build, section),
        "batchnorm" => batchnorm(build, section),
        "activation" => activated(build, section, build.last(), "linear"),
        "route" => route(build, section),
        "shortcut" => shortcut(build, section),
        "maxpool" | "max" => {
            let pool = pool(section)?;
            for (key, neutral) in
                [("maxpool_depth", "0"), ("out_channels", "1"), ("antialiasing", "0"), ("maxpool_zero_nonmax", "0")]
            {
                section.refuse(key, neutral)?;
            }
            add(build, section, Op::MaxPool(pool), &[build.last()])
        }
        "local_avgpool" => add(build, section, Op::LocalAvgPool(LocalAvgPool(pool(section)?)), &[build.last()]),
        "avgpool" | "avg" => add(build, section, Op::AvgPool, &[build.last()]),
        "upsample" => upsample(build, section),
        "sam" => pair(build, section, Op::Mul),
        "scale_channels" => {
            section.refuse("scale_wh", "0")?;
            pair(build, section, Op::ScaleChannels)
        }
        // Darknet scales while training, so that nothing is left to do here.
        "dropout" => Ok(build.last()),
        "net" | "network" => Err(section.error("a second [net]")),
        kind => Err(section.error(format!("[{kind}] layers are not supported"))),
    }
}

fn add(build: &mut Build, section: &Section, op: Op, inputs: &[NodeId]) -> Result<NodeId> {
    build.graph.add(section.name(), section.layer, op, inputs)
}

/// The activation of a section, as a node of its own behind `value`; linear adds none.
fn activated(build: &mut Build, section: &Section, value: NodeId, default: &str) -> Result<NodeId> {
    let name = section.text("activation").unwrap_or(default).to_owned();
    let kind = match name.as_str() {
        "linear" => return Ok(value),
        "leaky" => {
            let own = section.number("leaky_slope")?;
            Activation::Leaky(own.unwrap_or(build.leaky_slope))
        }
        "relu" => Activation::Relu,
        "relu6" => Activation::Relu6,
        "mish" => Activation::Mish,
        "swish" => Activation::Swish,
        "logistic" => Activation::Logistic,
        "hard_mish" => Activation::HardMish,
        "elu" => Activation::Elu,
        other => return Err(section.error_key("activation", format!("activation `{other}` is not supported"))),
    };
    build.graph.add(format!("{} {name}", section.name()), section.layer, Op::Activation(kind), &[value])
}

/// `stride`, or its two parts `stride_x` and `stride_y`.
fn strides(section: &Section, default: usize) -> Result<(usize, usize)> {
    let both = section.number_or("stride", default)?;
    let pair = (section.number_or("stride_y", both)?, section.number_or("stride_x", both)?);
    if pair.0 == 0 || pair.1 == 0 {
        return Err(section.error_key("stride", "expected a stride above 0"));
    }
    Ok(pair)
}

fn convolutional(build: &mut Build, section: &Section) -> Result<NodeId> {
    let filters: usize = section.number_or("filters", 1)?;
    let size: usize = section.number_or("size", 1)?;
    let (stride_y, stride_x) = strides(section, 1)?;
    let groups: usize = section.number_or("groups", 1)?;
    let dilation: usize = section.number_or("dilation", 1)?;
    let padding: usize = section.number_or("padding", 0)?;
    let pad = if section.number_or::<i64>("pad", 0)? != 0 { size / 2 } else { padding };
    let normalized = section.number_or::<i64>("batch_normalize", 0)? != 0;
    for (key, neutral) in [
        ("binary", "0"),
        ("xnor", "0"),
        ("antialiasing", "0"),
        ("deform", "0"),
        ("share_index", "-1000000000"),
        ("use_bin_output", "0"),
        ("bin_output", "0"),
        ("sway", "0"),
        ("rotate", "0"),
        ("stretch", "0"),
        ("stretch_sway", "0"),
        ("cbn", "0"),
        ("reverse", "0"),
        ("coordconv", "0"),
        ("local_avg", "0"),
        ("flipped", "0"),
    ] {
        section.refuse(key, neutral)?;
    }
    for (key, value) in [("filters", filters), ("size", size), ("groups", groups), ("dilation", dilation)] {
        if value == 0 || value > 1 << 20 {
            return Err(section.error_key(key, format!("{key}: expected 1 to {}, found {value}", 1 << 20)));
        }
    }
    let input = build.last();
    let shape = build.graph.shape(input);
    let weights = filters.checked_mul(shape.c / groups.min(shape.c)).and_then(|n| n.checked_mul(size * size));
    if weights.is_none_or(|n| n > crate::graph::build::MAX_ELEMENTS) {
        return Err(
            section.error_key("filters", format!("{filters} filters of {}x{size}x{size} are too many", shape.c))
        );
    }
    let bias = !normalized;
    let op = Conv { filters, size, stride_y, stride_x, pad, dilation, groups, bias, epilogue: Epilogue::NONE };
    let mut value = add(build, section, Op::Conv(op), &[input])?;
    if normalized {
        let name = format!("{} batch_normalize", section.name());
        value = build.graph.add(name, section.layer, Op::BatchNorm, &[value])?;
    }
    activated(build, section, value, "logistic")
}

/// A batch-norm of its own. Darknet's `load_batchnorm_weights` reads it as a convolution without a kernel.
fn batchnorm(build: &mut Build, section: &Section) -> Result<NodeId> {
    add(build, section, Op::BatchNorm, &[build.last()])
}

fn route(build: &mut Build, section: &Section) -> Result<NodeId> {
    let numbers: Vec<i64> = section.list("layers")?;
    let groups: usize = section.number_or("groups", 1)?;
    let group: usize = section.number_or("group_id", 0)?;
    if numbers.is_empty() {
        return Err(section.error("expected layers=..., found none"));
    }
    if groups == 0 || group >= groups {
        return Err(section.error_key("group_id", format!("group {group} of {groups} does not exist")));
    }
    let mut inputs = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut value = build.layer(section, "layers", number)?;
        if groups > 1 {
            let channels = build.graph.shape(value).c;
            if !channels.is_multiple_of(groups) {
                return Err(section.error_key("groups", format!("{groups} groups do not divide {channels} channels")));
            }
            let count = channels / groups;
            let op = Op::Slice(Slice { start: group * count, channels: count });
            value = build.graph.add(section.name(), section.layer, op, &[value])?;
        }
        inputs.push(value);
    }
    match inputs[..] {
        [one] => Ok(one),
        _ => add(build, section, Op::Concat, &inputs),
    }
}

fn shortcut(build: &mut Build, section: &Section) -> Result<NodeId> {
    let numbers: Vec<i64> = section.list("from")?;
    if numbers.is_empty() {
        return Err(section.error("expected from=..., found none"));
    }
    for key in ["weights_type", "weights_normalization"] {
        section.refuse(key, "none")?;
    }
    let mut inputs = vec![build.last()];
    for number in numbers {
        inputs.push(build.layer(section, "from", number)?);
    }
    let value = add(build, section, Op::Add, &inputs)?;
    activated(build, section, value, "linear")
}

/// The window of `[maxpool]` and `[local_avgpool]`.
fn pool(section: &Section) -> Result<Pool> {
    let (stride_y, stride_x) = strides(section, 1)?;
    let size: usize = section.number_or("size", stride_y)?;
    if size == 0 || size > 1 << 16 {
        return Err(section.error_key("size", format!("size: expected 1 to 65536, found {size}")));
    }
    let padding = section.number_or("padding", size - 1)?;
    Ok(Pool { size, stride_y, stride_x, padding })
}

fn upsample(build: &mut Build, section: &Section) -> Result<NodeId> {
    let stride: i64 = section.number_or("stride", 2)?;
    let scale = section.number_or("scale", 1.0)?;
    let Some(stride) = usize::try_from(stride).ok().filter(|s| *s > 0) else {
        return Err(section.error_key("stride", format!("stride={stride}: only enlarging is supported")));
    };
    add(build, section, Op::Upsample(Upsample { stride, scale }), &[build.last()])
}

/// `[sam]` takes the layer named by `from` times the one before; `[scale_channels]` scales the named one by the one before.
fn pair(build: &mut Build, section: &Section, op: Op) -> Result<NodeId> {
    let Some(number) = section.number("from")? else {
        return Err(section.error("expected from=..., found none"));
    };
    let other = build.layer(section, "from", number)?;
    let value = add(build, section, op, &[other, build.last()])?;
    activated(build, section, value, "linear")
}
