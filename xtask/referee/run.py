"""Referees: our program against ONNX Runtime, OpenCV and NumPy. Prints a line a comparison; exits 1 if one fails.

The usual run compares a narrow YOLOv4-P7 at full depth; `--full` compares the whole one as well, 287.6 million numbers.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image
from safetensors.numpy import load_file

import boxes
import day
import evaluation
import gradients
import guess
import large
import network
import onnx_files
import onnxnet
import scaled_loss
import trained
import tta
from network import centred

parser = argparse.ArgumentParser()
parser.add_argument("--yolov4", required=True, type=pathlib.Path)
parser.add_argument("--data", required=True, type=pathlib.Path)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--full", action="store_true", help="P7 with all its channels as well")
parser.add_argument("--only", default="", help="networks whose name contains this")
args = parser.parse_args()
work = pathlib.Path(tempfile.mkdtemp(prefix="referee-"))
passed = failed = 0

# Width and height of the input; two are not square.
NETWORKS = {
    "yolov4-tiny": (224, 160),
    "yolov4-tiny-3l": (160, 160),
    "yolov4": (160, 160),
    "yolov4-csp": (192, 128),
    "yolov4-csp-swish": (128, 128),
    "yolov4x-mish": (128, 128),
    "yolov4-p5": (192, 192),
    "yolov4-p6": (256, 256),
}


def report(what, value, limit, above=False):
    global passed, failed
    good = value > limit if above else value <= limit
    passed, failed = passed + good, failed + (not good)
    print(f"{'ok  ' if good else 'FAIL'} {what:<58} {value:.2e} {'>' if above else '<='} {limit:.0e}", flush=True)


def ours(*arguments):
    done = subprocess.run([args.yolov4, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"yolov4 {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def heads(picture, cfg, weights, *more):
    out = work / "heads.safetensors"
    ours("heads", picture, "--model", cfg, "--weights", weights, "--out", out, *more)
    tensors = load_file(out)
    return tensors["input"], [tensors[f"head.{i}"] for i in range(len(tensors) - 1)]


def goldens():
    models = args.data / "models"
    for name, size, slopes in (("yolov4-tiny-voc", 416, ("0.1", "0.125")), ("yolov5n", 320, ("0.1",))):
        folder = models / name
        for slope in slopes:
            stored = f"heads_slope{slope}.npz" if len(slopes) > 1 else f"heads_{size}_sigmoid.npz"
            golden = np.load(folder / "golden" / stored)
            picture = next((folder / "golden").glob("*.png"))
            _, found = heads(picture, folder / f"{name}.cfg", folder / f"{name}.weights", "--size", size,
                             "--leaky-slope", slope, "--no-letterbox")
            for key, head in zip(sorted(golden.files, key=lambda k: int(k.removeprefix("layer"))), found):
                want = golden[key]
                report(f"golden {name} slope {slope} {head.shape[-1]}x{head.shape[-2]}",
                       np.linalg.norm(head - want) / np.linalg.norm(want), 1e-3)


def opencv(cfg, weights, x, layers):
    net = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    # Its Winograd convolution costs a digit that the deepest networks need.
    net.enableWinograd(False)
    net.setInput(x)
    names = []
    for l in layers:
        if l.kind == "yolo":
            before = layers[l.index - 1]
            names.append(f"conv_{before.index}" if before.act == "linear" else f"{before.act}_{before.index + 1}")
    return net.forward(names)


def entered(photo, shape, net):
    """What our program makes of a picture before the network sees it: one that does nothing is enough."""
    cfg, weights = work / "entered.cfg", work / "entered.weights"
    cfg.write_text(f"[net]\nchannels={shape[0]}\nheight={shape[1]}\nwidth={shape[2]}\nletter_box={net.get('letter_box', 0)}\n"
                   "[convolutional]\nfilters=6\nactivation=linear\n[yolo]\nmask=0\nanchors=1,1\nclasses=1\nnum=1\n")
    ours("random-weights", cfg, "--out", weights)
    return heads(photo, cfg, weights)[0]


def calibrated(cfg, file, photo, *more, shift=0.0):
    """Writes random weights that see their input; returns the network, the weights, the input and our heads."""
    shape, net, layers = network.read(cfg)
    weights = network.random_weights(layers, 1, shift)
    # Statistics of deep layers need more pixels than a small input leaves them, the heads the very input.
    doubled = tuple(2 * side for side in (shape[2], shape[1]))
    sample = np.asarray(Image.open(photo).convert("RGB").resize(doubled), "f4") / 255
    network.calibrate(network.read(cfg, *doubled)[2], weights, sample.transpose(2, 0, 1))
    network.calibrate(layers, weights, entered(photo, shape, net)[0], heads_only=True)
    network.write(file, layers, weights)
    x, found = heads(photo, cfg, file, *more)
    return shape, net, layers, weights, x, found


def p7(label, *numbers):
    """Our composition of P7 at full depth against a tree that never saw our cfg."""
    cfg, file = work / "p7.cfg", work / "p7.weights"
    cfg.write_text(ours("model", "yolov4-p7", *numbers))
    photo, other = args.data / "images/horses.jpg", args.data / "images/dog.jpg"
    shape, net, layers, weights, x, found = calibrated(cfg, file, photo, shift=0.5)
    stored = [weights[l.index] for l in layers if l.index in weights]
    apart = lambda theirs: list(map(centred, found, theirs))
    if "full" not in label:
        onnx_files.out_and_in(ours, work, report, f"yolov4-p7 {label}", [cfg, "--weights", file], photo, layers, x, found)
    session = large.session(shape, stored, 1)
    report(f"yolov4-p7 {label}, a tree in ONNX Runtime", max(apart(session.run(None, {"input": x}))), 1e-3)
    y = entered(other, shape, net)
    report(f"yolov4-p7 {label}, another photo must differ", min(apart(session.run(None, {"input": y}))), 1e-1, above=True)
    del session
    for what, wrong in (("normed once", {"once": True}), ("reversed SPP", {"reverse_spp": True})):
        theirs = large.session(shape, stored, 1, **wrong).run(None, {"input": x})
        report(f"yolov4-p7 {label}, {what} must differ", min(apart(theirs)), 1e-1, above=True)
    file.unlink()


# What `yolov4 model NAME` is asked for: numbers that no published network has. P7 has a section that OpenCV does not read.
COMPOSED = {
    "yolov4-tiny": "--size 224x160 --width 0.5 --classes 7 --anchors 8,9,20,31,50,40,95,120",
    "yolov4-tiny-3l": "--size 160x192 --width 0.75 --classes 1 --anchors 8,9,20,31,50,40",
    "yolov4": "--size 160x128 --width 0.3 --depth 0.5 --classes 3",
    "yolov4-csp": "--size 128x192 --width 0.35 --depth 1.3 --classes 11",
    "yolov4-csp-swish": "--size 192x128 --width 0.25 --depth 0.6 --classes 20",
    "yolov4x-mish": "--size 128 --width 0.4 --depth 0.5 --classes 2 --anchors 9,9,20,31,50,40,70,90,120,100,150,190",
    "yolov4-csp-x-swish": "--size 128x160 --width 0.3 --classes 5",
    "yolov4-p5": "--size 128x192 --stages 4 --width 0.35 --depth 0.5 --classes 4",
    "yolov4-p6": "--size 256x128 --stages 7 --width 0.2 --depth 0.2 --classes 6",
}
OPENCV_KINDS = {"leaky": "ReLU", "mish": "Mish", "swish": "Swish", "logistic": "Sigmoid"}


def opencv_table(net, shape):
    """Layer number, kind and output shape of what OpenCV made of a cfg, and how many numbers it took from the weights."""
    rows, floats = [], 0
    ids, _, outputs = net.getLayersShapes([1, *shape])
    for layer, out in ((net.getLayer(int(i)), out) for i, out in zip(ids, outputs)):
        # The only layer without numbers from the file that has blobs: they are its anchors.
        floats += 0 if layer.type == "Region" else sum(blob.size for blob in layer.blobs)
        if layer.type in ("", "BatchNorm", "Permute"):
            continue
        number = int(layer.name.rsplit("_", 1)[1])
        size = layer.blobs[0].shape[2:] if layer.type == "Convolution" else ()
        # It numbers an activation after the layer that follows.
        number -= layer.type in OPENCV_KINDS.values()
        rows.append((number, layer.type, size, () if layer.type == "Identity" else tuple(int(n) for n in out[0])))
    return sorted(rows), floats


def our_table(explained, classes):
    """The same of our JSON, where convolution, activation, shortcut and upsample are one node, and so is SPP."""
    rows, last = [], {}
    for node in explained["nodes"][1:]:
        number, words, shape = int(node["name"].split()[1]), node["op"].split(), (1, *node["shape"])
        if words[0] == "conv" and "upsample" in words:
            stride = int(words[-1].removeprefix("x"))
            rows.append((number + 1, "Resize", (), shape))
            shape = (*shape[:2], shape[2] // stride, shape[3] // stride)
        row = lambda kind, size=(), at=number, shape=shape: rows.append((at, kind, size, shape))
        if words[0] == "conv":
            row("Convolution", tuple(int(n) for n in words[1].split("/")[0].split("x")))
            act = [a for a in OPENCV_KINDS if a in node["op"]]
            for name in act:
                row(OPENCV_KINDS[name])
            if "shortcut" in words:
                row("Eltwise", at=number + 1)
            elif not act or act == ["logistic"]:
                each = shape[1] // (5 + classes)
                row("Region", at=number + 1, shape=(each * shape[2] * shape[3], 5 + classes))
        elif words[0] == "spp":
            for at in (5, 3, 1):
                row("Pooling", at=number - at, shape=(1, shape[1] // 4, *shape[2:]))
            row("Concat")
        else:
            row({"concat": "Concat", "slice": "Slice", "upsample": "Resize", "max_pool": "Pooling"}[words[0]])
    # What has no node goes on from another layer.
    named = {row[0] for row in rows}
    rows += [(number, "Identity", (), ()) for number in range(max(named)) if number not in named]
    return sorted(rows)


def composed():
    """What `yolov4 model` writes, read by a program that is not ours."""
    photo, other = args.data / "images/horses.jpg", args.data / "images/dog.jpg"
    chosen = dict(list(COMPOSED.items())[:4]) if args.quick else COMPOSED
    for name, text in chosen.items():
        if args.only not in name:
            continue
        numbers = text.split()
        cfg, file = work / f"{name}.cfg", work / f"{name}.weights"
        cfg.write_text(ours("model", name, *numbers))
        explained = json.loads(ours("model", name, *numbers, "--emit", "json"))
        # OpenCV's importer adds 1e-6 to the variance where Darknet adds 1e-5.
        shape, net, layers, _, x, found = calibrated(cfg, file, photo, "--bn-eps", "1e-6", shift=0.5)
        table, floats = opencv_table(cv2.dnn.readNetFromDarknet(str(cfg), str(file)), shape)
        want = our_table(explained, int(numbers[numbers.index("--classes") + 1]))
        report(f"{name} composed, {len(table)} rows of OpenCV's table", len(set(table) ^ set(want)) + abs(len(table) - len(want)), 0)
        # OpenCV takes a file that is too short or too long without a word: what counts is how much it wanted.
        size, said = file.stat().st_size, explained["totals"]["weights_bytes"]
        report(f"{name} composed, {size} bytes of weights", max(abs(20 + 4 * floats - size), abs(20 + 4 * floats - said)), 0)
        report(f"{name} composed, OpenCV", max(map(centred, found, opencv(cfg, file, x, layers))), 1e-3)
        if name in ("yolov4-tiny", "yolov4-csp", "yolov4-p5"):
            onnx_files.out_and_in(ours, work, report, name, [cfg, "--weights", file], photo, layers, x, found, "--bn-eps", "1e-6")
        wrong = opencv(cfg, file, entered(other, shape, net), layers)
        report(f"{name} composed, another photo must differ", min(map(centred, found, wrong)), 1e-1, above=True)
        lines = cfg.read_text().splitlines()
        joins = [i for i, line in enumerate(lines) if line.startswith("layers=") and "," in line]
        lines[joins[-1]] = "layers=" + ",".join(reversed(lines[joins[-1]].removeprefix("layers=").split(",")))
        cfg.write_text("\n".join(lines) + "\n")
        report(f"{name} composed, a turned join must differ", max(map(centred, found, opencv(cfg, file, x, layers))), 1e-1, above=True)
        file.unlink()


def random_networks():
    photo, other = args.data / "images/horses.jpg", args.data / "images/dog.jpg"
    chosen = dict(list(NETWORKS.items())[:4]) if args.quick else NETWORKS
    for name, (width, height) in chosen.items():
        if args.only not in name:
            continue
        text = (args.data / "models/cfg" / f"{name}.cfg").read_text()
        cfg, file = work / f"{name}.cfg", work / f"{name}.weights"
        lines = [f"width={width}" if l.startswith("width") else f"height={height}" if l.startswith("height") else l for l in text.splitlines()]
        cfg.write_text("\n".join(lines) + "\n")
        shape, net, layers, weights, x, found = calibrated(cfg, file, photo)
        theirs = onnxnet.session(shape, layers, weights).run(None, {"input": x})
        report(f"{name} {width}x{height}, ONNX Runtime", max(map(centred, found, theirs)), 1e-3)
        if name in ("yolov4-tiny", "yolov4-csp", "yolov4-csp-swish"):
            onnx_files.of_others(ours, work, report, name, cfg, photo, shape, layers, weights, found)
        # OpenCV's importer adds 1e-6 to the variance where Darknet adds 1e-5.
        _, same_eps = heads(photo, cfg, file, "--bn-eps", "1e-6")
        report(f"{name}, OpenCV", max(map(centred, same_eps, opencv(cfg, file, x, layers))), 1e-3)
        y = entered(other, shape, net)
        wrong = onnxnet.session(shape, layers, weights).run(None, {"input": y})
        report(f"{name}, another photo must differ", min(map(centred, found, wrong)), 1e-1, above=True)
        if any(l.kind == "maxpool" and l.stride == 1 for l in layers):
            wrong = onnxnet.session(shape, layers, weights, reverse_spp=True).run(None, {"input": x})
            report(f"{name}, reversed SPP must differ", max(map(centred, found, wrong)), 1e-1, above=True)
        compare_boxes(name, cfg, file, photo, shape, net, layers, found)
        file.unlink()


# What none of the published networks has.
AVERAGES = """[net]
channels=3
height=96
width=128
[convolutional]
batch_normalize=1
filters=12
size=3
stride=2
pad=1
activation=elu
[local_avgpool]
size=3
stride=2
[convolutional]
batch_normalize=1
filters=16
size=3
pad=1
activation=mish
[local_avgpool]
size=2
stride=2
[convolutional]
filters=14
activation=linear
[yolo]
mask=0,1
anchors=9,9, 30,40
classes=2
num=2
"""


def averages():
    photo, other = args.data / "images/horses.jpg", args.data / "images/dog.jpg"
    cfg, file = work / "averages.cfg", work / "averages.weights"
    cfg.write_text(AVERAGES)
    shape, net, layers, weights, x, found = calibrated(cfg, file, photo)
    theirs = lambda x, **wrong: onnxnet.session(shape, layers, weights, **wrong).run(None, {"input": x})
    report("[local_avgpool], ONNX Runtime", max(map(centred, found, theirs(x))), 1e-3)
    report("[local_avgpool], another photo must differ", min(map(centred, found, theirs(entered(other, shape, net)))), 1e-1, above=True)
    report("[local_avgpool], a border that counts must differ", max(map(centred, found, theirs(x, count_border=1))), 1e-2, above=True)


def compare_boxes(name, cfg, file, photo, shape, net, layers, tensors):
    """Boxes from the same heads, shown to be right above: what is compared here is decode, NMS and the way back alone."""
    width, height = Image.open(photo).size
    rows = boxes.candidates(layers, tensors, shape)
    scores = np.sort((rows[:, 4:5] * rows[:, 5:]).ravel())
    # A threshold in the widest gap near the 300th best score, so that no candidate hangs on the last bit.
    near = scores[-320:-280]
    gap = int(np.argmax(np.diff(near)))
    conf = float(near[gap] + near[gap + 1]) / 2
    letterbox = int(net.get("letter_box", 0))
    want = boxes.detect(layers, tensors, shape, letterbox, width, height, conf)
    text = ours("detect", photo, "--model", cfg, "--weights", file, "--conf", f"{conf:.9f}", "--format", "json")
    found = [(d["class"], d["score"], d["box"][0], d["box"][1], d["box"][0] + d["box"][2], d["box"][1] + d["box"][3])
             for d in json.loads(text)[0]["detections"]]
    missing = boxes.unmatched(want, found, 0.98, 0.01) + boxes.unmatched(found, want, 0.98, 0.01)
    report(f"{name}, {len(want)} boxes of the NumPy referee", missing / max(1, len(want) + len(found)) if len(want) > 50 else 1.0, 1e-2)


def resizers():
    """Our input tensor against cv2.resize and a border."""
    cfg, weights = (args.data / "models/yolov4-tiny-voc" / f"yolov4-tiny-voc.{e}" for e in ("cfg", "weights"))
    # JPEG decoders differ by a few levels: both sides get the same pixels.
    pixels, photo = cv2.imread(str(args.data / "images/dog.jpg")), work / "dog.png"
    cv2.imwrite(str(photo), pixels)
    rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    h, w, _ = rgb.shape
    x, _ = heads(photo, cfg, weights, "--resize", "darknet-video", "--no-letterbox", "--size", "416x320")
    want = cv2.resize(rgb, (416, 320), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)[None] / 255
    report("resize darknet-video against cv2.resize", np.abs(x - want).max(), 1.01 / 255)
    x, _ = heads(photo, cfg, weights, "--resize", "pytorch", "--size", "416")
    r = min(416 / w, 416 / h)
    rw, rh = round(w * r), round(h * r)
    dx, dy = (416 - rw) / 2, (416 - rh) / 2
    resized = cv2.resize(rgb, (rw, rh), interpolation=cv2.INTER_LINEAR)
    want = cv2.copyMakeBorder(resized, round(dy - 0.1), round(dy + 0.1), round(dx - 0.1), round(dx + 0.1),
                              cv2.BORDER_CONSTANT, value=(114, 114, 114)).transpose(2, 0, 1)[None] / 255
    report("resize pytorch against cv2.resize and border", np.abs(x - want).max(), 1.01 / 255)


# First: it forks, and the others have threads.
if args.only in "guess":
    guess.guess(ours, args.data, report)
if args.only in "eval":
    evaluation.random_cases(ours, work, report, 200 if args.quick else 3000)
    evaluation.photographs(ours, args.data, work, report)
if args.only in "day":
    day.layers(ours, args.data, work, report)
if args.only in "yolov4-p7":
    p7("narrow 384x256", "--width", 0.25, "--size", "384x256", "--classes", 3)
    if args.full:
        p7("in full at 256", "--size", 256)
if args.only in "onnx":
    onnx_files.real(ours, args.data, work, report)
if args.only in "gradients":
    gradients.networks(ours, args.data, work, report, args.full)
if args.only in "scaled-loss":
    scaled_loss.check(ours, args.data, work, report)
if args.only in "tta":
    tta.check(ours, args.data, work, report)
if args.only in "trained":
    trained.check(ours, args.data, work, report, opencv)
if not args.only:
    goldens()
    resizers()
    averages()
random_networks()
composed()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
