"""Gradients of a Darknet network in f64 by JAX's autodiff, batch-norm with the batch's own mean and variance: what ours have to be.

The cfg is read here once more, for what no other comparison needs: [sam], [scale_channels], [avgpool], two strides, dilation, a shortcut's
activation and the one of a convolution that names none, which is logistic.
"""

import os
import pathlib

import numpy as np
from safetensors.numpy import load_file

import network
from network import Layer

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)

LIMIT = 1e-10
# In f32.
ON_GPU = 1e-4
# What a cfg or Darknet says in f32 is that number in f64 as well: 0.1 itself is 1e-8 away.
single = lambda number: float(np.float32(number))
EPS = single(1e-5)


def read(cfg):
    """A Layer for every section after [net]; of its shape the channels alone, for the sides are those of the input."""
    net, *rest = network.sections(cfg)
    layers, last = [], int(net.get("channels", 3))
    for i, s in enumerate(rest):
        number = lambda key, default=0: int(s.get(key, default))
        listed = lambda key: [int(t) if int(t) >= 0 else i + int(t) for t in s[key].split(",")]
        strides = number("stride_y", number("stride", 1)), number("stride_x", number("stride", 1))
        l = Layer(index=i, kind=s["kind"], inputs=[i - 1], norm=0, act="linear", slope=single(s.get("leaky_slope", 0.1)))
        if l.kind == "convolutional":
            size = number("size", 1)
            l.update(size=size, strides=strides, dilation=number("dilation", 1), groups=number("groups", 1), ic=last,
                     border=size // 2 if number("pad") else number("padding"), norm=number("batch_normalize"),
                     act=s.get("activation", "logistic"))
            last = number("filters", 1)
        elif l.kind in ("maxpool", "local_avgpool"):
            size = number("size", strides[0])
            l.update(size=size, strides=strides, padding=number("padding", size - 1))
        elif l.kind == "upsample":
            l.update(stride=number("stride", 2), scale=single(s.get("scale", 1)))
        elif l.kind == "route":
            l.update(inputs=listed("layers"), groups=number("groups", 1), group=number("group_id"))
            last = sum(layers[j].shape[0] // l.groups for j in l.inputs)
        elif l.kind == "shortcut":
            l.update(inputs=[i - 1, *listed("from")], act=s.get("activation", "linear"))
        elif l.kind in ("sam", "scale_channels"):
            l.update(inputs=[*listed("from"), i - 1], act=s.get("activation", "linear"))
            last = layers[l.inputs[0]].shape[0]
        elif l.kind == "activation":
            l.update(act=s.get("activation", "linear"))
        elif l.kind == "batchnorm":
            l.update(norm=1)
        elif l.kind not in ("avgpool", "yolo", "dropout"):
            raise SystemExit(f"{cfg}: the referee of gradients does not know [{l.kind}]")
        l["shape"] = (last,)
        layers.append(l)
    return layers


def load(file, layers):
    """What is trained of a .weights file, in f64; the mean and variance of former batches are not."""
    data, at, numbers = np.fromfile(file, "<f4")[5:].astype("f8"), 0, {}

    def take(*shape):
        nonlocal at
        count = int(np.prod(shape))
        at += count
        return data[at - count : at].reshape(shape)

    for l in layers:
        n = l.shape[0]
        if l.norm:
            numbers[f"{l.index}.beta"], numbers[f"{l.index}.gamma"], _ = take(n), take(n), take(2 * n)
        elif l.kind == "convolutional":
            numbers[f"{l.index}.bias"] = take(n)
        if l.kind == "convolutional":
            numbers[f"{l.index}.weights"] = take(n, l.ic // l.groups, l.size, l.size)
    assert at == len(data), f"{file}: {len(data) - at} floats too many"
    return numbers


ACTIVATIONS = {
    "linear": lambda x, slope: x,
    "leaky": lambda x, slope: jnp.where(x > 0, x, slope * x),
    "relu": lambda x, slope: jnp.where(x > 0, x, 0),
    "relu6": lambda x, slope: jnp.where(x > 0, jnp.where(x < 6, x, 6), 0),
    "logistic": lambda x, slope: jax.nn.sigmoid(x),
    "swish": lambda x, slope: x * jax.nn.sigmoid(x),
    "mish": lambda x, slope: x * jnp.tanh(jnp.logaddexp(0, x)),
    "hard_mish": lambda x, slope: jnp.where(x > 0, x, jnp.where(x > -2, x * x / 2 + x, 0)),
    "elu": lambda x, slope: jnp.where(x > 0, x, jnp.expm1(jnp.minimum(x, 0))),
}


def borders(sides, strides, outs, before, window):
    """Rows and columns before and behind, for so many windows and no more; below 0 where the last ones of the picture see nothing."""
    return [(before, (o - 1) * s + window - before - n) for n, s, o in zip(sides, strides, outs)]


def convolve(x, weights, l):
    # The border is stretched with the taps, the output's sides know nothing of it.
    outs = [(n + 2 * l.border - l.size) // s + 1 for n, s in zip(x.shape[2:], l.strides)]
    around = borders(x.shape[2:], l.strides, outs, l.border * l.dilation, (l.size - 1) * l.dilation + 1)
    return lax.conv_general_dilated(x, weights, l.strides, around, rhs_dilation=[l.dilation] * 2, feature_group_count=l.groups)


def pool(x, l):
    outs = [(n + l.padding - l.size) // s + 1 for n, s in zip(x.shape[2:], l.strides)]
    around = [(a, max(0, b)) for a, b in borders(x.shape[2:], l.strides, outs, l.padding // 2, l.size)]
    windows = (1, 1, l.size, l.size), (1, 1, *l.strides), ((0, 0), (0, 0), *around)
    if l.kind == "maxpool":
        return lax.reduce_window(x, -jnp.inf, lax.max, *windows)
    taps = lambda values: lax.reduce_window(values, 0.0, lax.add, *windows)
    return taps(x) / taps(jnp.ones_like(x))


def forward(layers, numbers, x, eps=EPS, less=0.0, edge=None, keep=1.0):
    """What enters the yolo layers, and the statistics of each batch-norm.

    `less` is taken from the count by which the variance divides; of the gradient that goes back over `edge`, a layer's number and which of its
    inputs, `keep` arrives.
    """
    values, heads, statistics = {-1: x}, [], {}
    for l in layers:
        i, ins = l.index, [values[j] for j in l.inputs]
        if edge and edge[0] == i:
            still = lax.stop_gradient(ins[edge[1]])
            ins[edge[1]] = still + keep * (ins[edge[1]] - still)
        y = ins[0]
        if l.kind == "convolutional":
            y = convolve(y, numbers[f"{i}.weights"], l)
        elif l.kind in ("maxpool", "local_avgpool"):
            y = pool(y, l)
        elif l.kind == "avgpool":
            y = y.mean((2, 3), keepdims=True)
        elif l.kind == "upsample":
            y = l.scale * y.repeat(l.stride, 2).repeat(l.stride, 3)
        elif l.kind == "route":
            y = jnp.concatenate([jnp.split(v, l.groups, 1)[l.group] for v in ins], 1)
        elif l.kind == "shortcut":
            for v in ins[1:]:
                # The sum has the channels of the first, whatever the others have.
                both = min(y.shape[1], v.shape[1])
                y = y.at[:, :both].add(v[:, :both])
        elif l.kind in ("sam", "scale_channels"):
            y = y * ins[1]
        elif l.kind == "yolo":
            heads.append(y)
        own = lambda key: numbers[f"{i}.{key}"][:, None, None]
        if l.norm:
            mean = y.mean((0, 2, 3), keepdims=True)
            variance = ((y - mean) ** 2).sum((0, 2, 3), keepdims=True) / jnp.maximum(1, y.size // y.shape[1] - less)
            y = own("gamma") * (y - mean) / jnp.sqrt(variance + eps) + own("beta")
            statistics |= {f"{i}.mean": mean.ravel(), f"{i}.variance": variance.ravel()}
        elif l.kind == "convolutional":
            y = y + own("bias")
        values[i] = ACTIVATIONS[l.act](y, l.slope)
    return heads, statistics


def player(layers, numbers, x, upstream, edge=None):
    """A function of `eps`, `less` and `keep`, compiled once: all arrays of a comparison, by name."""

    def scalar(numbers, x, upstream, wrong):
        heads, statistics = forward(layers, numbers, x, edge=edge, **wrong)
        return sum((u * h).sum() for u, h in zip(upstream, heads, strict=True)), (heads, statistics)

    # For a handful of pixels, to optimise takes longer than it saves.
    level = 3 if x.size > 1e4 else 0
    graded = jax.jit(jax.grad(scalar, (0, 1), has_aux=True), compiler_options={"xla_backend_optimization_level": level})

    def play(eps=EPS, less=0.0, keep=1.0):
        (of_numbers, of_input), (heads, statistics) = graded(numbers, x, upstream, {"eps": eps, "less": less, "keep": keep})
        arrays = {f"head.{k}": head for k, head in enumerate(heads)} | {f"statistics.{key}": v for key, v in statistics.items()}
        arrays |= {f"gradient.{key}": v for key, v in of_numbers.items()} | {"gradient.input": of_input}
        return {key: np.asarray(v) for key, v in arrays.items()}

    return play


def forks(layers):
    """Every input of a layer with several that another layer reads too: the layer's number, which input, whose value."""
    readers = [j for l in layers for j in l.inputs]
    return [(l.index, at, j) for l in layers if len(l.inputs) > 1 for at, j in enumerate(l.inputs) if j >= 0 and readers.count(j) > 1]


PARTNERS = {"beta": "gamma", "gamma": "beta", "bias": "weights"}


def length(key, want):
    """L2 of an array, or a small part of that of the layer's other gradient if it is more.

    In front of a batch-norm a sum over pixels may cancel: where nothing bends and nothing is padded in between, the norm takes away what beta or
    bias adds, and their gradient is rounding alone. A mean counts with its deviation for the same reason.
    """
    start, kind = key.rsplit(".", 1)
    own = np.linalg.norm(want[key])
    if kind == "mean":
        return np.sqrt(own**2 + want[f"{start}.variance"].sum())
    return max(own, 1e-2 * np.linalg.norm(want[f"{start}.{PARTNERS[kind]}"]) if kind in PARTNERS else 1e-300)


def distance(key, found, want):
    away = np.linalg.norm(found[key] - want[key]) / length(key, want)
    return np.inf if np.isnan(away) else away


def kind_of(key):
    return {"statistics": "statistics", "head": "heads"}.get(key.split(".")[0], key.split(".")[-1])


def in_single(layers, numbers, x, upstream):
    """What JAX itself makes of the same in f32, as f64."""
    narrow = lambda tree: jax.tree.map(lambda a: np.asarray(a, np.float32), tree)
    played = player(layers, narrow(numbers), narrow(x), narrow(upstream))()
    return {key: np.asarray(array, np.float64) for key, array in played.items()}


def check(cfg, weights_file, found, report, label, limit=LIMIT):
    """`found`: our arrays in f64, by name, with the input and the upstream gradients that they belong to."""
    layers = read(cfg)
    numbers, edges = load(weights_file, layers), forks(layers)
    edge = edges[len(edges) // 2] if edges else None
    given = {"input", *(f"upstream.{k}" for k in range(sum(l.kind == "yolo" for l in layers)))}
    odd, want = sorted(key for key in given if getattr(found.get(key), "dtype", None) != np.float64), {}
    if not odd:
        x, upstream = found["input"], [found[f"upstream.{k}"] for k in range(len(given) - 1)]
        heads = jax.eval_shape(lambda numbers, x: forward(layers, numbers, x)[0], numbers, x)
        odd = [f"upstream.{k}" for k, (u, head) in enumerate(zip(upstream, heads)) if u.shape != head.shape]
    if not odd:
        play = player(layers, numbers, x, upstream, edge and edge[:2])
        want = play()
        of = lambda array: (array.shape, array.dtype)
        ours = {key: array for key, array in found.items() if key not in given}
        odd = [key for key in sorted(ours.keys() | want.keys()) if key != "gradient.input" or key in ours
               if key not in ours or key not in want or of(ours[key]) != of(want[key])]
    told = f", wrong: {' '.join(odd[:3])}" if odd else ""
    report(f"{label}, {len(found)} arrays by name and shape{told}", len(odd), 0)
    if not want:
        return
    apart = lambda want, keys: {key: distance(key, ours, want) for key in keys}
    common = [key for key in ours if key in want and key not in odd]
    near = apart(want, common)
    # A deep network whose last planes have a pixel or two makes much of a rounding, whoever rounds.
    other = in_single(layers, numbers, x, upstream) if limit > LIMIT else {}
    for kind in ("heads", "statistics", "weights", "gamma", "beta", "bias", "input"):
        keys = [key for key in near if kind_of(key) == kind]
        if keys:
            worst = max(keys, key=near.get)
            least = max((distance(key, other, want) for key in keys if key in other), default=0)
            report(f"{label}, {len(keys)} {kind}, worst {worst}", near[worst], max(limit, 4 * least))
    if limit > LIMIT:
        return
    trained = [key for key in common if key.startswith("gradient.") and key != "gradient.input"]
    if edge:
        reader, _, fork = edge
        before = [key for key in trained if int(key.split(".")[1]) <= fork]
        what = f"{layers[reader].kind} {reader} giving nothing back to {fork}"
        report(f"{label}, {what} must differ", max(apart(play(keep=0.0), before).values(), default=0), 1e-2, above=True)
    if any(l.norm for l in layers):
        for what, least, wrong in (("eps 1e-6", 1e-6, {"eps": 1e-6}), ("variance by N-1", 1e-4, {"less": 1.0})):
            report(f"{label}, {what} must differ", max(apart(play(**wrong), trained).values(), default=0), least, above=True)


def networks(ours, data, work, report, full):
    """Two small networks of everything there is, and published ones: small, since naive loops play them."""
    here, published = pathlib.Path(__file__).parent / "networks", data / "models/cfg"
    cases = [(here / "windows.cfg", None), (here / "joins.cfg", None), (published / "yolov4-tiny.cfg", 96)]
    more = [("yolov4-tiny-3l.cfg", 96), ("yolov4-csp.cfg", 64), ("yolov4.cfg", 64)]
    cases += [(published / name, side) for name, side in more] if full else []
    photos = [data / f"images/{name}.jpg" for name in ("dog", "horses")]
    for cfg, side in cases:
        weights, out = work / f"{cfg.stem}.weights", work / f"{cfg.stem}.gradients.safetensors"
        size = ["--size", side] if side else []
        ours("random-weights", cfg, "--out", weights)
        ours("gradients", *photos, "--model", cfg, "--weights", weights, *size, "--out", out)
        check(cfg, weights, load_file(out), report, f"gradients, {cfg.stem}")
        ours("gradients", *photos, "--model", cfg, "--weights", weights, *size, "--player", "gpu", "--out", out)
        check(cfg, weights, load_file(out), report, f"gradients on the GPU, {cfg.stem}", ON_GPU)
