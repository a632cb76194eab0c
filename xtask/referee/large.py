"""YOLOv4-P7 as the PyTorch code composes it, as an ONNX tree of its own.

Nothing here reads a cfg: blocks, joins and the batch-norm over both branches are written from the paper's figure and the
facts of the family. Only the numbers come from outside, in the order in which the blocks ask for them.
"""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

STAGES = (1, 3, 15, 15, 7, 7, 7)
EPSILON = 1e-5


class Tree:
    def __init__(self, weights, once, reverse_spp):
        self.weights, self.nodes, self.numbers = iter(weights), [], []
        self.once, self.reverse_spp = once, reverse_spp

    def op(self, kind, inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, array):
        name = f"k{len(self.numbers)}"
        self.numbers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def bare(self, x, stride=1):
        """A convolution alone, and the numbers of the batch-norm that may come later."""
        w = next(self.weights)
        size = w["kernel"].shape[-1]
        bias = [] if "gamma" in w else [self.constant(w["beta"])]
        return self.op("Conv", [x, self.constant(w["kernel"]), *bias], kernel_shape=[size] * 2, strides=[stride] * 2,
                       pads=[size // 2] * 4), w

    def norm(self, x, *parts):
        """Batch-norm over what lies side by side, and Mish."""
        joined = [self.constant(np.concatenate([p[key] for p in parts])) for key in ("gamma", "beta", "mean", "var")]
        y = self.op("BatchNormalization", [x, *joined], epsilon=EPSILON)
        return self.op("Mul", [y, self.op("Tanh", [self.op("Softplus", [y])])])

    def conv(self, x, stride=1):
        y, w = self.bare(x, stride)
        return self.norm(y, w)

    def join(self, *values):
        return self.op("Concat", list(values), axis=1)

    def both(self, y, past, wp):
        """The end of a block of the neck: the deep branch is normed already, and is once more beside the other."""
        again = next(self.weights)
        return self.conv(self.join(y, self.norm(past, wp)) if self.once else self.norm(self.join(y, past), again, wp))

    def csp(self, x, count):
        """BottleneckCSP: both branches bare until they are joined."""
        past, wp = self.bare(x)
        y = self.conv(x)
        for _ in range(count):
            y = self.op("Add", [y, self.conv(self.conv(y))])
        y, wy = self.bare(y)
        return self.conv(self.norm(self.join(y, past), wy, wp))

    def csp2(self, x, count):
        """BottleneckCSP2"""
        x = self.conv(x)
        past, wp = self.bare(x)
        y = x
        for _ in range(count):
            y = self.conv(self.conv(y))
        return self.both(y, past, wp)

    def sppcsp(self, x, count):
        past, wp = self.bare(x)
        y = self.conv(self.conv(self.conv(x)))
        pools = [self.op("MaxPool", [y], kernel_shape=[k] * 2, strides=[1, 1], pads=[k // 2] * 4) for k in (13, 9, 5)]
        parts = [*pools, y]
        y = self.join(*(reversed(parts) if self.reverse_spp else parts))
        for _ in range(count):
            y = self.conv(self.conv(y))
        return self.both(y, past, wp)

    def up(self, x):
        scales = self.constant(np.array([1, 1, 2, 2], "f4"))
        return self.op("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def session(shape, weights, depth, once=False, reverse_spp=False):
    """An ONNX Runtime session of the network with that `depth` factor; its outputs are the heads, the finest first.

    Two ways to be wrong: `once` joins the neck's branches as Darknet's P5 and P6 do, `reverse_spp` turns the pooled parts around.
    """
    times = lambda n: int(np.ceil(np.float32(n) * np.float32(depth)))
    t = Tree(weights, once, reverse_spp)
    x, stages = t.conv("input"), []
    for count in STAGES:
        x = t.csp(t.conv(x, stride=2), times(count))
        stages.append(x)
    level = t.sppcsp(x, times(1))
    pyramid = [level]
    for lateral in reversed(stages[2:-1]):
        above = t.up(t.conv(level))
        level = t.csp2(t.join(t.conv(lateral), above), times(3))
        pyramid.insert(0, level)
    found = [pyramid[0]]
    for beside in pyramid[1:]:
        found.append(t.csp2(t.join(t.conv(found[-1], stride=2), beside), times(3)))
    heads = [t.op("Sigmoid", [t.bare(t.conv(value))[0]]) for value in found]
    assert next(t.weights, None) is None, "numbers are left over"
    floats = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
    graph = helper.make_graph(t.nodes, "p7", [floats("input", [1, *shape])], [floats(h, None) for h in heads], t.numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
