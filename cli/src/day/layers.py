"""A network as `yolov4 gpu-day` writes it, for PyTorch, ONNX Runtime and ncnn: the same nodes, the same numbers."""

import json
import pathlib
import struct

import numpy as np


class Network:
    """Nodes in order (op, inputs, shape, attributes), the weights and bias of each convolution, and the nodes that enter the heads."""

    def __init__(self, stem):
        self.stem = pathlib.Path(stem)
        read = json.loads(self.stem.with_suffix(".json").read_text())
        self.nodes, self.heads = read["nodes"], read["heads"]
        numbers, at, self.numbers = np.fromfile(self.stem.with_suffix(".f32"), "<f4"), 0, {}
        for i, node in enumerate(self.nodes):
            if node["op"] == "conv":
                shape = (node["filters"], self.channels(node) // node["groups"], node["size"], node["size"])
                count = int(np.prod(shape))
                weights, at = numbers[at : at + count].reshape(shape), at + count
                bias = np.zeros(node["filters"], "f4")
                if node["bias"]:
                    bias, at = numbers[at : at + node["filters"]], at + node["filters"]
                self.numbers[i] = weights, bias
        if at != len(numbers):
            raise ValueError(f"{self.stem}.f32 has {len(numbers)} numbers, expected {at}")

    def parts(self, node):
        """The inputs that a convolution reads one above the other: all but its residual."""
        return node["inputs"][: -1 if node["residual"] else None]

    def channels(self, node):
        return sum(self.nodes[i]["shape"][0] for i in self.parts(node))

    @property
    def input_shape(self):
        return tuple(self.nodes[0]["shape"])


def border(node):
    """Rows and columns that a convolution adds on every side: its padding counts taps, which a dilation sets apart."""
    return node["pad"] * node["dilation"]


def borders(node, shape):
    """Rows above and below, columns left and right of a max pool whose input has this shape."""
    before = node["padding"] // 2
    out = node["shape"][1:]
    after = [max(0, (o - 1) * s + node["size"] - before - n) for o, s, n in zip(out, node["stride"], shape[1:])]
    return (before, after[0]), (before, after[1])


def unknown(kind):
    raise NotImplementedError(f"the program is not told how to play {kind[0]}")


def play(network, x, do):
    """The values that enter the heads, by `do`, which has a method for every step of the family."""
    values = []
    for i, node in enumerate(network.nodes):
        op, ins = node["op"], [values[j] for j in node["inputs"]]
        if op == "input":
            y = x
        elif op == "conv":
            parts = [values[j] for j in network.parts(node)]
            y = do.conv(do.concat(parts) if len(parts) > 1 else parts[0], i, node)
            if node["residual"]:
                y = do.activation(do.add([y, ins[-1]]), node["residual"])
            if node["upsample"] > 1:
                y = do.upsample(y, node["upsample"])
        elif op == "activation":
            y = do.activation(ins[0], node["activation"])
        elif op == "max_pool":
            y = do.max_pool(ins[0], node["size"], node["stride"], borders(node, network.nodes[node["inputs"][0]]["shape"]))
        elif op == "spp":
            pools = [do.max_pool(ins[0], n, [1, 1], [(n // 2, n // 2)] * 2) if n > 1 else ins[0] for n in node["sizes"]]
            y = do.concat(pools)
        elif op == "concat":
            y = do.concat(ins)
        elif op == "slice":
            y = do.slice(ins[0], node["start"], node["channels"])
        elif op == "shortcut":
            y = do.add(ins)
        elif op == "upsample" and node["scale"] == 1:
            y = do.upsample(ins[0], node["upsample"])
        else:
            raise NotImplementedError(f"node {i}: no other program is told how to play {op}")
        values.append(y)
    return [values[i] for i in network.heads]


class Torch:
    """PyTorch in one precision on one device, in its own layout for tensor cores."""

    def __init__(self, network, torch, device, dtype):
        self.torch, self.f = torch, torch.nn.functional
        to = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device, dtype)
        layout = torch.channels_last
        self.numbers = {i: (to(w).contiguous(memory_format=layout), to(b)) for i, (w, b) in network.numbers.items()}

    def conv(self, x, i, node):
        w, b = self.numbers[i]
        y = self.f.conv2d(x, w, b, node["stride"], border(node), node["dilation"], node["groups"])
        return self.activation(y, node["activation"])

    def activation(self, x, kind):
        f, slope = self.f, kind[1:]
        return {
            "linear": lambda: x,
            "leaky": lambda: f.leaky_relu(x, *slope),
            "relu": lambda: f.relu(x),
            "relu6": lambda: f.relu6(x),
            "mish": lambda: f.mish(x),
            "swish": lambda: f.silu(x),
            "logistic": lambda: self.torch.sigmoid(x),
            "elu": lambda: f.elu(x),
        }.get(kind[0], lambda: unknown(kind))()

    def max_pool(self, x, size, stride, pads):
        (top, bottom), (left, right) = pads
        if (top, left) == (bottom, right) and 2 * top <= size:
            return self.f.max_pool2d(x, size, stride, (top, left))
        return self.f.max_pool2d(self.f.pad(x, (left, right, top, bottom), value=float("-inf")), size, stride)

    def concat(self, values):
        return self.torch.cat(values, 1)

    def slice(self, x, start, channels):
        return x[:, start : start + channels]

    def add(self, values):
        return sum(values[1:], values[0])

    def upsample(self, x, times):
        return self.f.interpolate(x, scale_factor=times, mode="nearest")


class Onnx:
    """Nodes of an ONNX graph; values are names."""

    def __init__(self, network, dtype):
        from onnx import helper, numpy_helper

        self.helper, self.numpy, self.network, self.dtype = helper, numpy_helper, network, dtype
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(self.numpy.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op, inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(op, inputs, [name], **attributes))
        return name

    def conv(self, x, i, node):
        w, b = (self.constant(a.astype(self.dtype)) for a in self.network.numbers[i])
        y = self.node("Conv", [x, w, b], kernel_shape=[node["size"]] * 2, strides=node["stride"], pads=[border(node)] * 4,
                      dilations=[node["dilation"]] * 2, group=node["groups"])
        return self.activation(y, node["activation"])

    def activation(self, x, kind):
        if kind[0] == "linear":
            return x
        if kind[0] == "leaky":
            return self.node("LeakyRelu", [x], alpha=kind[1])
        if kind[0] == "swish":
            return self.node("Mul", [x, self.node("Sigmoid", [x])])
        if kind[0] == "mish":
            return self.node("Mul", [x, self.node("Tanh", [self.node("Softplus", [x])])])
        if kind[0] == "relu6":
            return self.node("Clip", [x, self.constant(np.array(0, self.dtype)), self.constant(np.array(6, self.dtype))])
        kinds = {"relu": "Relu", "logistic": "Sigmoid", "elu": "Elu"}
        return self.node(kinds[kind[0]] if kind[0] in kinds else unknown(kind), [x])

    def max_pool(self, x, size, stride, pads):
        (top, bottom), (left, right) = pads
        return self.node("MaxPool", [x], kernel_shape=[size] * 2, strides=stride, pads=[top, left, bottom, right])

    def concat(self, values):
        return self.node("Concat", values, axis=1)

    def slice(self, x, start, channels):
        return self.node("Slice", [x, *(self.constant(np.array([v], "i8")) for v in (start, start + channels, 1))])

    def add(self, values):
        total = values[0]
        for value in values[1:]:
            total = self.node("Add", [total, value])
        return total

    def upsample(self, x, times):
        scales = self.constant(np.array([1, 1, times, times], "f4"))
        return self.node("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def model(self):
        """As bytes: an f32 input called `input`, f32 outputs, whatever lies between."""
        from onnx import TensorProto

        x = "input"
        if self.dtype != "f4":
            x = self.node("Cast", ["input"], to=TensorProto.FLOAT16)
        heads = play(self.network, x, self)
        if self.dtype != "f4":
            heads = [self.node("Cast", [head], to=TensorProto.FLOAT) for head in heads]
        shapes = [self.network.nodes[i]["shape"] for i in self.network.heads]
        value = lambda name, shape: self.helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape])
        graph = self.helper.make_graph(self.nodes, "network", [value("input", self.network.input_shape)],
                                       [value(name, shape) for name, shape in zip(heads, shapes)], self.constants)
        opset = self.helper.make_opsetid("", 17)
        return self.helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


class Ncnn:
    """Lines of ncnn's .param and the numbers of its .bin; values are names, and each is split for those that read it."""

    def __init__(self, network):
        self.network, self.lines, self.numbers = network, [], []

    def layer(self, kind, inputs, parameters=()):
        name = f"v{len(self.lines)}"
        self.lines.append([kind, list(inputs), name, list(parameters)])
        return name

    def conv(self, x, i, node):
        weights, bias = self.network.numbers[i]
        groups = node["groups"]
        known = {"linear": [], "relu": ["9=1"], "leaky": ["9=2", f"-23310=1,{(node['activation'] + [0])[1]}"], "logistic": ["9=4"], "mish": ["9=5"]}
        fused = known.get(node["activation"][0])
        parameters = [f"0={node['filters']}", f"1={node['size']}", f"2={node['dilation']}", f"3={node['stride'][1]}", f"13={node['stride'][0]}",
                      f"4={border(node)}", "5=1", f"6={weights.size}", *([f"7={groups}"] if groups > 1 else []), *(fused or [])]
        self.numbers.append(struct.pack("<i", 0) + weights.astype("<f4").tobytes() + bias.astype("<f4").tobytes())
        y = self.layer("ConvolutionDepthWise" if groups > 1 else "Convolution", [x], parameters)
        return y if fused is not None else self.activation(y, node["activation"])

    def activation(self, x, kind):
        kinds = {"relu": "ReLU", "leaky": "ReLU", "mish": "Mish", "swish": "Swish", "logistic": "Sigmoid", "elu": "ELU"}
        if kind[0] == "linear":
            return x
        if kind[0] not in kinds:
            unknown(kind)
        return self.layer(kinds[kind[0]], [x], {"leaky": [f"0={kind[-1]}"], "elu": ["0=1.0"]}.get(kind[0], []))

    def max_pool(self, x, size, stride, pads):
        (top, bottom), (left, right) = pads
        return self.layer("Pooling", [x], ["0=0", f"1={size}", f"2={stride[1]}", f"12={stride[0]}", f"3={left}", f"14={right}", f"13={top}",
                                           f"15={bottom}", "5=1"])

    def concat(self, values):
        return self.layer("Concat", values, ["0=0"])

    def slice(self, x, start, channels):
        return self.layer("Crop", [x], ["-23309=1," + str(start), "-23310=1," + str(start + channels), "-23311=1,0"])

    def add(self, values):
        return self.layer("Eltwise", values, ["0=1"])

    def upsample(self, x, times):
        return self.layer("Interp", [x], ["0=1", f"1={times}.0", f"2={times}.0"])

    def write(self, stem):
        """STEM.param and STEM.bin; the names of the heads."""
        heads = play(self.network, "input", self)
        c, h, w = self.network.input_shape
        lines = [["Input", [], "input", [f"0={w}", f"1={h}", f"2={c}"]], *self.lines]
        readers = {}
        for _, inputs, _, _ in lines:
            for name in inputs:
                readers[name] = readers.get(name, 0) + 1
        taken, text, blobs = {}, [], 0
        for kind, inputs, name, parameters in lines:
            for k, other in enumerate(inputs):
                if readers[other] > 1:
                    inputs[k], taken[other] = f"{other}_{taken.get(other, 0)}", taken.get(other, 0) + 1
            text.append(" ".join([kind, name, str(len(inputs)), "1", *inputs, name, *parameters]))
            blobs += 1
            if readers.get(name, 0) > 1:
                copies = [f"{name}_{k}" for k in range(readers[name])]
                text.append(" ".join(["Split", name + "_split", "1", str(len(copies)), name, *copies]))
                blobs += len(copies)
        pathlib.Path(f"{stem}.param").write_text(f"7767517\n{len(text)} {blobs}\n" + "\n".join(text) + "\n")
        pathlib.Path(f"{stem}.bin").write_bytes(b"".join(self.numbers))
        return heads
