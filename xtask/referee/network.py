"""A Darknet cfg as a list of layers with shapes; seeded weights whose batch-norm statistics are those of a photograph.

Plain random weights hardly see their input: after a few layers every picture looks the same. So mean and variance of each
batch-norm are measured on one picture, layer by layer, before the weights are written.
"""

import struct

import numpy as np

FOLD_EPS = 1e-5


class Layer(dict):
    __getattr__ = dict.__getitem__


def sections(path):
    found = []
    for line in open(path):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            found.append({"kind": line.strip("[]")})
        elif "=" in line:
            key, value = line.split("=", 1)
            found[-1].setdefault(key.strip(), value.strip())
    return found


def read(path, width=None, height=None):
    """(channels, height, width) of the input, the [net] section, and a Layer for every section after it."""
    net, *rest = sections(path)
    shape = (int(net.get("channels", 3)), int(height or net["height"]), int(width or net["width"]))
    layers, last = [], shape
    for i, s in enumerate(rest):
        number = lambda key, default=0: int(s.get(key, default))
        absolute = lambda text: [int(t) if int(t) >= 0 else i + int(t) for t in text.split(",")]
        layer = Layer(index=i, kind=s["kind"], inputs=[i - 1], section=s)
        if s["kind"] == "convolutional":
            size, stride, pad = number("size", 1), number("stride", 1), number("pad")
            border = size // 2 if pad else number("padding")
            out = (number("filters"), *((n + 2 * border - size) // stride + 1 for n in last[1:]))
            layer.update(size=size, stride=stride, border=border, groups=number("groups", 1), ic=last[0],
                         norm=number("batch_normalize"), act=s.get("activation", "linear"))
        elif s["kind"] in ("maxpool", "local_avgpool"):
            size, stride = number("size"), number("stride", 1)
            padding = number("padding", size - 1)
            out = (last[0], *((n + padding - size) // stride + 1 for n in last[1:]))
            layer.update(size=size, stride=stride, before=padding // 2,
                         after=[max(0, (o - 1) * stride + size - padding // 2 - n) for o, n in zip(out[1:], last[1:])])
        elif s["kind"] == "route":
            layer.inputs = absolute(s["layers"])
            groups = number("groups", 1)
            shapes = [layers[j].shape for j in layer.inputs]
            out = (sum(c for c, _, _ in shapes) // groups, *shapes[0][1:])
            layer.update(groups=groups, group=number("group_id"))
        elif s["kind"] == "shortcut":
            layer.inputs = [i - 1] + absolute(s["from"])
            out = last
        elif s["kind"] == "upsample":
            layer.update(stride=number("stride", 2))
            out = (last[0], *(n * layer.stride for n in last[1:]))
        elif s["kind"] in ("yolo", "dropout", "batchnorm", "activation"):
            out = last
        else:
            raise SystemExit(f"{path}: the referee does not know [{s['kind']}]")
        layer["shape"] = last = out
        layers.append(layer)
    return shape, net, layers


def random_weights(layers, seed, shift=0.0):
    """Seeded weights, batch-norm the identity.

    A random network of a hundred layers and more, each normed again, amplifies rounding: what an activation bends away of the
    signal, batch-norm stretches back, and the error with it. `shift`, added to what enters the activations of normed layers,
    has them work where they bend less.
    """
    random = np.random.default_rng(seed)
    weights = {}
    for l in layers:
        if l.kind == "batchnorm":
            ones = np.ones(l.shape[0], "f4")
            weights[l.index] = {"beta": np.float32(shift) * ones, "gamma": ones, "mean": 0 * ones, "var": ones}
        if l.kind != "convolutional":
            continue
        n, fan_in = l.shape[0], l.ic // l.groups * l.size**2
        w = {"beta": 0.1 * random.standard_normal(n, dtype="f4")}
        if l.norm:
            w["beta"] += np.float32(shift)
            w["gamma"] = 1 + 0.05 * random.standard_normal(n, dtype="f4")
            w["mean"], w["var"] = np.zeros(n, "f4"), np.ones(n, "f4")
        w["kernel"] = random.standard_normal((n, l.ic // l.groups, l.size, l.size), dtype="f4") * np.float32(1.2 / fan_in**0.5)
        weights[l.index] = w
    return weights


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "linear": lambda x: x,
    "leaky": lambda x: np.where(x > 0, x, np.float32(0.1) * x),
    "logistic": sigmoid,
    "swish": lambda x: x * sigmoid(x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
}


def convolve(x, kernel, l):
    x = np.pad(x, ((0, 0), (l.border, l.border), (l.border, l.border)))
    views = np.lib.stride_tricks.sliding_window_view(x, (l.size, l.size), (1, 2))[:, :: l.stride, :: l.stride]
    out = []
    for part, w in zip(np.split(views, l.groups), np.split(kernel, l.groups)):
        columns = part.transpose(0, 3, 4, 1, 2).reshape(w[0].size, -1)
        out.append(w.reshape(len(w), -1) @ columns)
    return np.concatenate(out).reshape(l.shape)


def calibrate(layers, weights, x, heads_only=False):
    """Sets every batch-norm's mean and variance to those of the network's own activations on `x`, and scales the heads.

    `heads_only` leaves batch-norm alone: statistics are better measured on a larger picture than the network will see.
    """
    values = {-1: x.astype("f4")}
    for l in layers:
        ins = [values[j] for j in l.inputs]
        if l.kind == "convolutional":
            w = weights[l.index]
            y = convolve(ins[0], w["kernel"], l)
            if l.norm and not heads_only:
                w["mean"], w["var"] = y.mean((1, 2)), (y.var((1, 2)) + np.float32(1e-2)).astype("f4")
            if l.norm:
                gain = w["gamma"] / np.sqrt(w["var"] + np.float32(FOLD_EPS))
                y = (y - w["mean"][:, None, None]) * gain[:, None, None]
            else:
                # A head: logits of a size that leaves scores room between 0 and 1.
                scale = np.float32(1.0) / y.std()
                w["kernel"], y = w["kernel"] * scale, y * scale
            y = ACTIVATIONS[l.act](y + w["beta"][:, None, None]).astype("f4")
        elif l.kind == "batchnorm":
            w = weights[l.index]
            if not heads_only:
                w["mean"], w["var"] = ins[0].mean((1, 2)), (ins[0].var((1, 2)) + np.float32(1e-2)).astype("f4")
            gain = w["gamma"] / np.sqrt(w["var"] + np.float32(FOLD_EPS))
            y = ((ins[0] - w["mean"][:, None, None]) * gain[:, None, None] + w["beta"][:, None, None]).astype("f4")
        elif l.kind == "activation":
            y = ACTIVATIONS[l.section["activation"]](ins[0]).astype("f4")
        elif l.kind in ("maxpool", "local_avgpool"):
            fill, reduce = (-np.inf, np.max) if l.kind == "maxpool" else (np.nan, np.nanmean)
            pad = ((0, 0), (l.before, l.after[0]), (l.before, l.after[1]))
            padded = np.pad(ins[0], pad, constant_values=fill)
            y = reduce(np.lib.stride_tricks.sliding_window_view(padded, (l.size, l.size), (1, 2))[:, :: l.stride, :: l.stride], (3, 4))
        elif l.kind == "route":
            y = np.concatenate([v[len(v) // l.groups * l.group :][: len(v) // l.groups] for v in ins])
        elif l.kind == "shortcut":
            y = sum(ins)
        elif l.kind == "upsample":
            y = ins[0].repeat(l.stride, 1).repeat(l.stride, 2)
        else:
            y = ins[0]
        values[l.index] = y


def write(path, layers, weights):
    with open(path, "wb") as file:
        file.write(struct.pack("<3iQ", 0, 2, 5, 0))
        for l in layers:
            for key in ("beta", "gamma", "mean", "var", "kernel"):
                if key in weights.get(l.index, {}):
                    file.write(np.ascontiguousarray(weights[l.index][key], "<f4").tobytes())


def load(path, layers):
    data, at, weights = np.fromfile(path, "<f4")[5:], 0, {}

    def take(*shape):
        nonlocal at
        count = int(np.prod(shape))
        at += count
        return data[at - count : at].reshape(shape)

    for l in layers:
        if l.kind == "convolutional":
            n = l.shape[0]
            w = {"beta": take(n)}
            if l.norm:
                w["gamma"], w["mean"], w["var"] = take(n), take(n), take(n)
            w["kernel"] = take(n, l.ic // l.groups, l.size, l.size)
            weights[l.index] = w
    assert at == len(data), f"{path}: {len(data) - at} floats too many"
    return weights


def centred(a, b):
    """Distance of two heads, relative to the second one centred per channel."""
    return np.linalg.norm(a - b) / np.linalg.norm(b - b.mean((2, 3), keepdims=True))
