//! The problem suite: small graphs, each made for some kernels.

use yolov4::low_level::graph::{Activation, Conv, LocalAvgPool, NodeId, Op, Pool, Upsample};

pub use crate::net::*;

const CONVS: &[&str] = &[
    "conv_block",
    "conv_coop8",
    "conv_coop16",
    "conv_direct",
    "conv_lanes",
    "conv_packed",
    "conv_stem",
    "conv_subgroup",
    "conv_subgroup_few",
    "conv_sum",
    "conv_tiled",
    "conv_vector",
    "winograd2_input",
    "winograd2_output",
    "winograd4_input",
    "winograd4_output",
];

/// Everything, in a fixed order.
pub fn suite() -> Vec<Problem> {
    let mut all = convolutions();
    all.extend(grouped());
    all.extend(upsampled());
    all.extend(activations());
    all.extend(pools());
    all.extend(joins());
    all.extend(networks());
    all
}

fn convolutions() -> Vec<Problem> {
    let mut all = Vec::new();
    // channels in, height, width, filters, size, stride: odd channel counts, single rows, columns and pixels.
    for (ic, h, w, oc, size, stride) in [
        (3, 9, 11, 16, 3, 2),
        (4, 17, 16, 38, 3, 1),
        (4, 6, 6, 4, 1, 1),
        (5, 7, 5, 7, 3, 1),
        (1, 1, 9, 3, 3, 1),
        (7, 9, 1, 5, 3, 1),
        (16, 1, 1, 18, 1, 1),
        (16, 1, 1, 18, 3, 1),
        (18, 13, 13, 255, 1, 1),
        (32, 8, 17, 64, 3, 1),
        (33, 12, 10, 66, 3, 2),
        (8, 11, 9, 12, 5, 1),
        (6, 10, 10, 9, 2, 2),
        (130, 5, 5, 20, 3, 1),
        // Larger than a cache.
        (16, 184, 184, 40, 1, 1),
    ] {
        let mut net = Net::new(ic, h, w);
        net.conv(NodeId(0), conv(oc, size, stride));
        all.push(net.done(&format!("conv {ic}x{h}x{w} to {oc}, {size}x{size}/{stride}"), CONVS, SUMS));
    }
    let variants: [(&str, Conv); 5] = [
        ("stride 2 down, 1 across", Conv { stride_y: 2, ..conv(8, 3, 1) }),
        ("stride 1 down, 3 across", Conv { stride_x: 3, ..conv(8, 3, 1) }),
        ("no padding", Conv { pad: 0, ..conv(8, 3, 1) }),
        ("padding 3", Conv { pad: 3, ..conv(8, 3, 2) }),
        ("no bias", Conv { bias: false, ..conv(8, 3, 1) }),
    ];
    for (name, op) in variants {
        let mut net = Net::new(6, 9, 10);
        net.conv(NodeId(0), op);
        all.push(net.done(&format!("conv, {name}"), CONVS, SUMS));
    }
    // Darknet's output size ignores the dilation, so the padding must make up for it.
    let mut net = Net::new(6, 9, 10);
    net.conv(NodeId(0), Conv { dilation: 2, ..conv(8, 3, 1) });
    all.push(net.done("conv, dilation 2", CONVS, SUMS));
    let mut huge = Net::new(6, 9, 10);
    huge.conv(NodeId(0), conv(8, 3, 1));
    let mut huge = huge.done("conv, huge values", CONVS, Tolerance { abs: 0.5, rel: 2e-5 });
    // 1e4 squared is beyond f16.
    huge.input.data.iter_mut().for_each(|v| *v *= 1e4);
    huge.only_f32 = true;
    all.push(huge);
    let mut net = Net::new(8, 6, 7);
    let one = net.layer(NodeId(0), conv(12, 3, 1), Activation::Leaky(0.1));
    let two = net.layer(one, conv(12, 3, 1), Activation::Mish);
    let sum = net.op(Op::Add, &[two, one], None);
    net.op(Op::Activation(Activation::Leaky(0.125)), &[sum], None);
    all.push(net.done("conv with shortcut and a second activation", CONVS, SUMS));
    all
}

fn grouped() -> Vec<Problem> {
    let mut all = Vec::new();
    for (c, oc, groups, size, stride) in
        [(8, 8, 2, 3, 1), (12, 8, 4, 3, 2), (6, 9, 3, 3, 1), (10, 20, 2, 1, 1), (16, 32, 16, 3, 1)]
    {
        let mut net = Net::new(c, 7, 9);
        net.conv(NodeId(0), Conv { groups, ..conv(oc, size, stride) });
        all.push(net.done(&format!("conv, {groups} groups of {c} to {oc}"), &["conv_direct"], SUMS));
    }
    for (c, size, stride) in [(8, 3, 1), (18, 3, 2), (5, 5, 1), (7, 1, 1)] {
        let mut net = Net::new(c, 9, 7);
        net.layer(NodeId(0), Conv { groups: c, ..conv(c, size, stride) }, Activation::Relu6);
        all.push(net.done(&format!("depthwise {c}, {size}x{size}/{stride}"), &["conv_direct", "conv_depthwise"], SUMS));
    }
    all
}

fn upsampled() -> Vec<Problem> {
    let mish = Activation::Mish;
    let mut all = Vec::new();
    let up = |net: &mut Net, from: NodeId, stride: usize| {
        net.op(Op::Upsample(Upsample { stride, scale: 1.0 }), &[from], None)
    };
    for (ic, h, w, oc, size, stride) in
        [(3, 7, 9, 10, 3, 2), (12, 5, 7, 9, 1, 2), (20, 6, 5, 34, 3, 3), (8, 1, 4, 8, 1, 4)]
    {
        let mut net = Net::new(ic, h, w);
        let x = net.layer(NodeId(0), conv(oc, size, 1), mish);
        let large = up(&mut net, x, stride);
        // Beside another value, as necks have it.
        let other = net.op(Op::Upsample(Upsample { stride, scale: 0.5 }), &[NodeId(0)], None);
        let joined = net.op(Op::Concat, &[large, other], None);
        net.conv(joined, conv(6, 1, 1));
        all.push(net.done(&format!("conv {ic}x{h}x{w} to {oc}, {size}x{size}, upsampled {stride} times"), CONVS, SUMS));
    }
    // After a shortcut; before one, an activation and another upsample; of a value that others read too.
    let mut net = Net::new(8, 5, 6);
    let x = net.layer(NodeId(0), conv(8, 3, 1), mish);
    let y = net.layer(x, conv(8, 3, 1), mish);
    let sum = net.op(Op::Add, &[y, x], None);
    let large = up(&mut net, sum, 2);
    let z = net.layer(large, conv(8, 3, 2), mish);
    let again = up(&mut net, z, 2);
    net.op(Op::Add, &[again, large], None);
    let half = net.conv(NodeId(0), conv(12, 1, 1));
    let twice = up(&mut net, half, 2);
    let active = net.op(Op::Activation(Activation::Leaky(0.1)), &[twice], None);
    let fourfold = up(&mut net, active, 2);
    net.op(Op::Concat, &[fourfold, fourfold], None);
    let shared = net.conv(NodeId(0), conv(12, 1, 1));
    let large = up(&mut net, shared, 2);
    net.op(Op::Concat, &[shared, half], None);
    net.conv(large, conv(4, 1, 1));
    all.push(net.done("upsamples that convolutions may or may not take in", CONVS, SUMS));
    let mut net = Net::new(10, 5, 7);
    let x = net.layer(NodeId(0), Conv { groups: 10, ..conv(10, 3, 1) }, Activation::Relu6);
    up(&mut net, x, 2);
    all.push(net.done("depthwise, upsampled", &["conv_direct", "conv_depthwise"], SUMS));
    all
}

fn activations() -> Vec<Problem> {
    let mut all = Vec::new();
    for kind in Activation::ALL {
        let mut net = Net::new(2, 3, 5);
        // Of the input itself: no convolution can take it in.
        net.op(Op::Activation(kind), &[NodeId(0)], None);
        let mut problem = net.done(&format!("activation {}", kind.name()), &["activation"], ROUNDED);
        let edges = [-1e4, -88.0, -20.0, -2.0, -1.0, -0.0, 0.0, 1e-3, 1.0, 2.0, 6.0, 20.0, 88.0, 1e4];
        problem.input.data.iter_mut().zip(edges.into_iter().cycle()).for_each(|(v, e)| *v = e);
        all.push(problem);
        let mut net = Net::new(5, 4, 6);
        net.layer(NodeId(0), conv(9, 3, 1), kind);
        all.push(net.done(&format!("conv with {}", kind.name()), CONVS, SUMS));
    }
    all
}

fn pools() -> Vec<Problem> {
    let mut all = Vec::new();
    for (size, stride) in [(2, 2), (2, 1), (3, 1), (3, 2), (5, 1), (13, 1)] {
        for (c, h, w) in [(5, 7, 8), (4, 1, 6), (3, 13, 13)] {
            let mut net = Net::new(c, h, w);
            let pool = Pool { size, stride_y: stride, stride_x: stride, padding: size - 1 };
            net.op(Op::MaxPool(pool), &[NodeId(0)], None);
            let mut problem = net.done(&format!("max pool {size}/{stride} of {c}x{h}x{w}"), &["max_pool"], EXACT);
            // All negative: a border of zeros would win.
            problem.input.data.iter_mut().for_each(|v| *v -= 2.0);
            all.push(problem);
        }
    }
    for (size, stride) in [(2, 2), (2, 1), (3, 1), (3, 2), (7, 3)] {
        for (c, h, w) in [(5, 7, 8), (4, 1, 6), (3, 13, 13)] {
            let mut net = Net::new(c, h, w);
            let pool = Pool { size, stride_y: stride, stride_x: stride, padding: size - 1 };
            net.op(Op::LocalAvgPool(LocalAvgPool(pool)), &[NodeId(0)], None);
            all.push(net.done(&format!("local average {size}/{stride} of {c}x{h}x{w}"), &["local_avg_pool"], SUMS));
        }
    }
    for (name, order) in [("Darknet", [13, 9, 5, 1]), ("PyTorch", [1, 5, 9, 13])] {
        let mut net = Net::new(8, 15, 14);
        let x = net.layer(NodeId(0), conv(12, 1, 1), Activation::Mish);
        let slices = order.map(|size| match size {
            1 => x,
            _ => net.op(Op::MaxPool(Pool { size, stride_y: 1, stride_x: 1, padding: size - 1 }), &[x], None),
        });
        let joined = net.op(Op::Concat, &slices, None);
        net.layer(joined, conv(8, 1, 1), Activation::Mish);
        all.push(net.done(&format!("spp in {name}'s order"), &["spp"], SUMS));
    }
    for (c, h, w) in [(6, 7, 9), (4, 1, 1), (3, 20, 20)] {
        let mut net = Net::new(c, h, w);
        net.op(Op::AvgPool, &[NodeId(0)], None);
        all.push(net.done(&format!("average pool of {c}x{h}x{w}"), &["avg_pool"], SUMS));
    }
    all
}

fn joins() -> Vec<Problem> {
    let mut all = Vec::new();
    for (stride, scale) in [(2, 1.0), (3, 1.0), (4, 0.5)] {
        let mut net = Net::new(6, 3, 5);
        net.op(Op::Upsample(Upsample { stride, scale }), &[NodeId(0)], None);
        all.push(net.done(&format!("upsample {stride} times {scale}"), &["upsample"], EXACT));
    }
    for (a, b, c) in [(4, 8, 4), (3, 5, 2), (4, 6, 8), (1, 1, 1)] {
        let mut net = Net::new(4, 5, 6);
        let parts = [a, b, c].map(|n| net.conv(NodeId(0), conv(n, 1, 1)));
        let joined = net.op(Op::Concat, &parts, None);
        let pooled = net.op(Op::MaxPool(Pool { size: 3, stride_y: 1, stride_x: 1, padding: 2 }), &[joined], None);
        net.op(Op::Concat, &[pooled, joined, parts[1]], None);
        all.push(net.done(&format!("concat of {a}, {b}, {c} and of that again"), &["concat"], SUMS));
    }
    let mut net = Net::new(8, 5, 5);
    let one = net.layer(NodeId(0), conv(16, 3, 1), Activation::Mish);
    let twice = net.op(Op::Concat, &[one, one], None);
    let half = net.slice(twice, 16);
    let pooled = net.op(Op::MaxPool(Pool { size: 2, stride_y: 1, stride_x: 1, padding: 1 }), &[half], None);
    net.op(Op::Concat, &[pooled, half, twice], None);
    all.push(net.done("concat of one value twice, and of a slice of it", &["concat"], SUMS));
    for start in [0, 4, 5, 8, 9] {
        let mut net = Net::new(18, 4, 5);
        let half = net.slice(NodeId(0), start);
        net.conv(half, conv(6, 3, 1));
        all.push(net.done(&format!("slice from {start}"), &["concat"], SUMS));
    }
    for channels in [(8, 8), (8, 6), (5, 9)] {
        let mut net = Net::new(4, 5, 6);
        let a = net.conv(NodeId(0), conv(channels.0, 1, 1));
        let b = net.conv(NodeId(0), conv(channels.1, 3, 1));
        let first = net.op(Op::Activation(Activation::Swish), &[a], None);
        net.op(Op::Add, &[first, b, a], None);
        all.push(net.done(&format!("shortcut of {channels:?} channels, three addends"), &["shortcut"], SUMS));
    }
    // logistic(0) = 0.5 in the lanes that six channels leave unused: they must not be added.
    let mut net = Net::new(6, 5, 4);
    let wide = net.layer(NodeId(0), conv(12, 3, 1), Activation::Swish);
    let narrow = net.layer(NodeId(0), conv(6, 1, 1), Activation::Logistic);
    net.op(Op::Add, &[wide, narrow], None);
    all.push(net.done("shortcut whose addend has lanes in use by nobody", &["shortcut"], SUMS));
    let mut net = Net::new(6, 5, 4);
    let gate = net.layer(NodeId(0), conv(6, 1, 1), Activation::Logistic);
    let product = net.op(Op::Mul, &[NodeId(0), gate], None);
    let mean = net.op(Op::AvgPool, &[product], None);
    let squeezed = net.layer(mean, conv(6, 1, 1), Activation::Logistic);
    net.op(Op::ScaleChannels, &[product, squeezed], None);
    all.push(net.done("attention: product, mean, channel scale", &["sam", "scale_channels"], SUMS));
    all
}

fn networks() -> Vec<Problem> {
    let leaky = Activation::Leaky(0.1);
    // A stage of yolov4-tiny: members of one concat read each other, another value is in two concats.
    let mut net = Net::new(3, 16, 12);
    let stem = net.layer(NodeId(0), conv(8, 3, 2), leaky);
    let a = net.layer(stem, conv(16, 3, 1), leaky);
    let half = net.slice(a, 8);
    let b = net.layer(half, conv(8, 3, 1), leaky);
    let c = net.layer(b, conv(8, 3, 1), leaky);
    let inner = net.op(Op::Concat, &[c, b], None);
    let d = net.layer(inner, conv(16, 1, 1), leaky);
    let outer = net.op(Op::Concat, &[a, d], None);
    let pooled = net.op(Op::MaxPool(Pool { size: 2, stride_y: 2, stride_x: 2, padding: 1 }), &[outer], None);
    let e = net.layer(pooled, conv(16, 3, 1), leaky);
    let up = net.op(Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[e], None);
    let last = net.op(Op::Concat, &[up, d], None);
    net.conv(last, conv(21, 1, 1));
    let tiny = net.done("a stage of yolov4-tiny", CONVS, SUMS);
    // A CSP stage: bypass and residual branch, joined.
    let mish = Activation::Mish;
    let mut net = Net::new(3, 16, 16);
    let stem = net.layer(NodeId(0), conv(16, 3, 2), mish);
    let bypass = net.layer(stem, conv(8, 1, 1), mish);
    let mut x = net.layer(stem, conv(8, 1, 1), mish);
    for _ in 0..2 {
        let y = net.layer(x, conv(8, 1, 1), mish);
        let y = net.layer(y, conv(8, 3, 1), mish);
        x = net.op(Op::Add, &[y, x], None);
    }
    let x = net.layer(x, conv(8, 1, 1), mish);
    let joined = net.op(Op::Concat, &[x, bypass], None);
    net.layer(joined, conv(16, 1, 1), mish);
    let csp = net.done("a CSP stage", CONVS, SUMS);
    // Two parts of unequal depth, read side by side, and a residual.
    let mut net = Net::new(32, 6, 5);
    let a = net.layer(NodeId(0), conv(24, 1, 1), leaky);
    let b = net.layer(a, conv(32, 3, 1), leaky);
    let joined = net.op(Op::Concat, &[b, a], None);
    let c = net.layer(joined, conv(32, 3, 1), leaky);
    net.op(Op::Add, &[c, b], None);
    let gathered = net.done("a deep sum over two parts", CONVS, SUMS);
    vec![tiny, csp, gathered]
}
