"""The same network for ONNX Runtime: batch-norm folded in f64, one node an op."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from network import FOLD_EPS


def session(shape, layers, weights, **wrong):
    """An ONNX Runtime session whose outputs are what enters the yolo layers, in cfg order."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    file = model(shape, layers, weights, **wrong).SerializeToString()
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def model(shape, layers, weights, slope=0.1, reverse_spp=False, count_border=0):
    """The file of it."""
    nodes, numbers, outputs, name = [], [], [], {-1: "input"}

    def constant(label, array):
        numbers.append(numpy_helper.from_array(np.ascontiguousarray(array), label))
        return label

    def node(op, inputs, label, **attributes):
        nodes.append(helper.make_node(op, inputs, [label], **attributes))
        return label

    def activate(x, kind, i):
        if kind == "leaky":
            return node("LeakyRelu", [x], f"a{i}", alpha=slope)
        if kind == "logistic":
            return node("Sigmoid", [x], f"a{i}")
        if kind == "elu":
            return node("Elu", [x], f"a{i}")
        if kind == "swish":
            return node("Mul", [x, node("Sigmoid", [x], f"s{i}")], f"a{i}")
        if kind == "mish":
            return node("Mul", [x, node("Tanh", [node("Softplus", [x], f"p{i}")], f"t{i}")], f"a{i}")
        assert kind == "linear", kind
        return x

    for l in layers:
        i, ins = l.index, [name[j] for j in l.inputs]
        if l.kind == "convolutional":
            w = weights[i]
            kernel, bias = w["kernel"].astype("f8"), w["beta"].astype("f8")
            if l.norm:
                gain = w["gamma"].astype("f8") / np.sqrt(w["var"].astype("f8") + FOLD_EPS)
                kernel, bias = kernel * gain[:, None, None, None], bias - w["mean"] * gain
            x = node("Conv", [ins[0], constant(f"w{i}", kernel.astype("f4")), constant(f"b{i}", bias.astype("f4"))], f"c{i}",
                     kernel_shape=[l.size] * 2, strides=[l.stride] * 2, pads=[l.border] * 4, group=l.groups)
            name[i] = activate(x, l.act, i)
        elif l.kind == "maxpool":
            name[i] = node("MaxPool", ins, f"m{i}", kernel_shape=[l.size] * 2, strides=[l.stride] * 2,
                           pads=[l.before, l.before, *l.after])
        elif l.kind == "local_avgpool":
            name[i] = node("AveragePool", ins, f"m{i}", kernel_shape=[l.size] * 2, strides=[l.stride] * 2,
                           pads=[l.before, l.before, *l.after], count_include_pad=count_border)
        elif l.kind == "route":
            if l.groups > 1:
                for k, j in enumerate(l.inputs):
                    n = layers[j].shape[0] // l.groups
                    bounds = [constant(f"{t}{i}_{k}", np.array([v], "i8")) for t, v in (("f", n * l.group), ("e", n * l.group + n), ("x", 1))]
                    ins[k] = node("Slice", [ins[k], *bounds], f"r{i}_{k}")
            pools = sum(layers[j].kind == "maxpool" for j in l.inputs)
            if reverse_spp and pools >= 2:
                ins.reverse()
            name[i] = node("Concat", ins, f"k{i}", axis=1) if len(ins) > 1 else ins[0]
        elif l.kind == "shortcut":
            name[i] = node("Sum", ins, f"n{i}")
        elif l.kind == "upsample":
            scales = constant(f"u{i}_", np.array([1, 1, l.stride, l.stride], "f4"))
            name[i] = node("Resize", [ins[0], "", scales], f"u{i}", mode="nearest", nearest_mode="floor",
                           coordinate_transformation_mode="asymmetric")
        else:
            name[i] = ins[0]
            if l.kind == "yolo":
                outputs.append(helper.make_tensor_value_info(ins[0], TensorProto.FLOAT, None))
    value = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, *shape])
    graph = helper.make_graph(nodes, "network", [value], outputs, numbers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
