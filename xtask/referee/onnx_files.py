"""ONNX files: ours in ONNX Runtime, and those of other programs in ours."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import load_file

import boxes
import onnxnet
from network import centred


def run(path, x):
    onnx.checker.check_model(str(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def out_and_in(ours, work, report, label, model, photo, layers, x, found, *more, anchors=True):
    """A network of ours in ONNX Runtime, as heads and as boxes of two pictures; and in again."""
    path = work / "net.onnx"
    ours("convert", *model, path, *more)
    report(f"{label}, our ONNX in ONNX Runtime", max(map(centred, run(path, x), found)), 1e-3)
    again = work / "again.safetensors"
    ours("convert", path, again)
    ours("heads", photo, "--model", again, "--out", work / "again-heads.safetensors", "--player", "cpu")
    tensors = load_file(work / "again-heads.safetensors")
    report(f"{label}, our ONNX in ours", max(centred(tensors[f"head.{i}"], head) for i, head in enumerate(found)), 1e-3)
    if not anchors:
        return
    ours("convert", *model, path, "--outputs", "boxes", "--dynamic-batch", *more)
    flipped = x[..., ::-1].copy()
    places, scores = run(path, np.concatenate([flipped, x]))
    shape = x.shape[1:]
    rows = boxes.candidates(layers, found, shape)
    size = np.array([shape[2], shape[1]])
    corners = np.concatenate([(rows[:, :2] - rows[:, 2:4] / 2) * size, (rows[:, :2] + rows[:, 2:4] / 2) * size], 1)
    sides = np.maximum(1, (rows[:, 2:4] * size).max(1))
    report(f"{label}, boxes of ONNX Runtime, of their sides", (np.abs(places[1] - corners).max(1) / sides).max(), 5e-3)
    report(f"{label}, scores of ONNX Runtime", np.abs(scores[1] - rows[:, 4:5] * rows[:, 5:]).max(), 1e-3)
    report(f"{label}, another picture must differ", np.abs(scores[0] - scores[1]).max(), 1e-3, above=True)
    path.unlink()


def exported(shape, layers, weights, style):
    """The same network as another program writes it: a Darknet converter, or PyTorch with its own batch-norm, splits, and YOLOv5's rows of boxes."""
    if style == "converter":
        return onnxnet.model(shape, layers, weights)
    nodes, numbers, outputs, name = [], [], [], {-1: "images"}

    def constant(label, array):
        numbers.append(numpy_helper.from_array(np.ascontiguousarray(array), label))
        return label

    def node(op, inputs, label, **attributes):
        many = label if isinstance(label, list) else [label]
        nodes.append(helper.make_node(op, inputs, many, **attributes))
        return label

    def activate(x, kind, i):
        if kind == "leaky":
            return node("LeakyRelu", [x], f"a{i}", alpha=0.1)
        if kind == "logistic":
            return node("Sigmoid", [x], f"a{i}")
        if kind == "swish":
            return node("Mul", [x, node("Sigmoid", [x], f"s{i}")], f"a{i}")
        if kind == "mish":
            return node("Mish", [x], f"a{i}")
        assert kind == "linear", kind
        return x

    for l in layers:
        i, ins = l.index, [name[j] for j in l.inputs]
        if l.kind == "convolutional":
            w = weights[i]
            kernel = constant(f"w{i}", w["kernel"])
            inputs = [ins[0], kernel] if l.norm else [ins[0], kernel, constant(f"b{i}", w["beta"])]
            same = {"auto_pad": "SAME_UPPER"} if l.stride == 1 else {"pads": [l.border] * 4}
            x = node("Conv", inputs, f"c{i}", strides=[l.stride] * 2, group=l.groups, **same)
            if l.norm:
                parts = [constant(f"{part}{i}", w[part]) for part in ("gamma", "beta", "mean", "var")]
                x = node("BatchNormalization", [x, *parts], f"n{i}", epsilon=1e-5)
            name[i] = activate(x, l.act, i)
        elif l.kind == "maxpool":
            name[i] = node("MaxPool", ins, f"m{i}", kernel_shape=[l.size] * 2, strides=[l.stride] * 2, pads=[l.before, l.before, *l.after])
        elif l.kind == "route":
            if l.groups > 1:
                parts = [f"r{i}_{k}" for k in range(l.groups)]
                node("Split", ins, parts, axis=1, num_outputs=l.groups)
                ins = [parts[l.group]]
            name[i] = node("Concat", ins, f"k{i}", axis=1) if len(ins) > 1 else ins[0]
        elif l.kind == "shortcut":
            name[i] = node("Add", ins, f"+{i}")
        elif l.kind == "upsample":
            # As `size=` makes it.
            c, h, w = l.shape
            sizes = constant(f"u{i}_", np.array([1, c, h, w], "i8"))
            name[i] = node("Resize", [ins[0], "", "", sizes], f"u{i}", mode="nearest", nearest_mode="floor",
                           coordinate_transformation_mode="asymmetric")
        else:
            name[i] = ins[0]
            if l.kind == "yolo":
                _, h, w = layers[l.index - 1].shape
                each = 5 + int(l.section["classes"])
                split = node("Reshape", [ins[0], constant(f"v{i}", np.array([1, -1, each, h, w], "i8"))], f"y{i}")
                rows = node("Transpose", [split], f"t{i}", perm=[0, 1, 3, 4, 2])
                outputs.append(helper.make_tensor_value_info(rows, TensorProto.FLOAT, None))
    value = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, *shape])
    graph = helper.make_graph(nodes, "torch", [value], outputs, numbers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def of_others(ours, work, report, label, cfg, photo, shape, layers, weights, found, *more):
    """Files that say nothing of their heads: the last convolutions are those of a network that is named."""
    for style in ("converter", "PyTorch"):
        path, again = work / "theirs.onnx", work / "theirs.safetensors"
        onnx.save(exported(shape, layers, weights, style), path)
        ours("convert", path, again, "--like", cfg)
        ours("heads", photo, "--model", again, "--out", work / "theirs-heads.safetensors", "--player", "cpu", *more)
        tensors = load_file(work / "theirs-heads.safetensors")
        report(f"{label}, ONNX of a {style}-like program in ours", max(centred(tensors[f"head.{i}"], head) for i, head in enumerate(found)), 1e-3)
        path.unlink()


def real(ours, data, work, report):
    """Trained networks: the demo's in full, and YOLOv5n straight from its authors' checkpoint."""
    photo, file = data / "images/dog.jpg", work / "heads.safetensors"
    checkpoint = data / "models/yolov5n/yolov5n.pt"
    for label, model in (("demo", ["demo"]), ("yolov5n.pt", [checkpoint, "--size", 320])):
        ours("heads", photo, "--model", *model, "--out", file, "--player", "cpu")
        tensors = load_file(file)
        found = [tensors[f"head.{i}"] for i in range(len(tensors) - 1)]
        out_and_in(ours, work, report, label, model[:1], photo, None, tensors["input"], found, *model[1:], anchors=False)
        half = work / "half.onnx"
        ours("convert", model[0], half, "--precision", "f16", *model[1:])
        outputs = [head.astype("f4") for head in run(half, tensors["input"].astype("f2"))]
        report(f"{label}, our ONNX of 16 bits in ONNX Runtime", max(map(centred, outputs, found)), 3e-2)
    # The checkpoint beside what two other programs made of its Darknet twin.
    folder = data / "models/yolov5n/golden"
    golden = np.load(folder / "heads_320_sigmoid.npz")
    ours("convert", checkpoint, work / "net.onnx", "--size", 320)
    x = np.asarray(Image.open(folder / "dog320.png").convert("RGB"), "f4").transpose(2, 0, 1)[None] / 255
    want = [golden[key] for key in sorted(golden.files, key=lambda k: int(k.removeprefix("layer")))]
    report("yolov5n.pt, ONNX Runtime beside the goldens of its twin", max(map(centred, run(work / "net.onnx", x), want)), 1e-3)
