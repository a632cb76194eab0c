"""Referees: our program against ONNX Runtime, OpenCV and NumPy. Prints a line a comparison; exits 1 if one fails."""

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
import large
import network
import onnxnet

parser = argparse.ArgumentParser()
parser.add_argument("--yolov4", required=True, type=pathlib.Path)
parser.add_argument("--data", required=True, type=pathlib.Path)
parser.add_argument("--quick", action="store_true")
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


def centred(a, b):
    """Distance of two heads, relative to the second one centred per channel."""
    return np.linalg.norm(a - b) / np.linalg.norm(b - b.mean((2, 3), keepdims=True))


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


def calibrated(cfg, file, photo):
    """Writes random weights that see their input; returns the network, the weights, the input and our heads."""
    shape, net, layers = network.read(cfg)
    weights = network.random_weights(layers, 1)
    # Statistics of deep layers need more pixels than a small input leaves them, the heads the very input.
    doubled = tuple(2 * side for side in (shape[2], shape[1]))
    sample = np.asarray(Image.open(photo).convert("RGB").resize(doubled), "f4") / 255
    network.calibrate(network.read(cfg, *doubled)[2], weights, sample.transpose(2, 0, 1))
    network.write(file, layers, weights)
    x, _ = heads(photo, cfg, file)
    network.calibrate(layers, weights, x[0], heads_only=True)
    network.write(file, layers, weights)
    x, found = heads(photo, cfg, file)
    return shape, net, layers, weights, x, found


def p7():
    """Our composition of P7, narrowed, against a tree that never saw our cfg."""
    cfg, file, depth = work / "p7.cfg", work / "p7.weights", 0.2
    cfg.write_text(ours("model", "yolov4-p7", "--width", 0.25, "--depth", depth, "--size", "384x256", "--classes", 3))
    photo, other = args.data / "images/horses.jpg", args.data / "images/dog.jpg"
    shape, _, layers, weights, x, found = calibrated(cfg, file, photo)
    stored = [weights[l.index] for l in layers if l.index in weights]
    session = large.session(shape, stored, depth)
    report("yolov4-p7 narrowed 384x256, a tree in ONNX Runtime", max(map(centred, found, session.run(None, {"input": x}))), 1e-3)
    y, _ = heads(other, cfg, file)
    report("yolov4-p7, another photo must differ", min(map(centred, found, session.run(None, {"input": y}))), 1e-1, above=True)


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
        # OpenCV's importer adds 1e-6 to the variance where Darknet adds 1e-5.
        _, same_eps = heads(photo, cfg, file, "--bn-eps", "1e-6")
        report(f"{name}, OpenCV", max(map(centred, same_eps, opencv(cfg, file, x, layers))), 1e-3)
        y, _ = heads(other, cfg, file)
        wrong = onnxnet.session(shape, layers, weights).run(None, {"input": y})
        report(f"{name}, another photo must differ", min(map(centred, found, wrong)), 1e-1, above=True)
        if any(l.kind == "maxpool" and l.stride == 1 for l in layers):
            wrong = onnxnet.session(shape, layers, weights, reverse_spp=True).run(None, {"input": x})
            report(f"{name}, reversed SPP must differ", max(map(centred, found, wrong)), 1e-1, above=True)
        compare_boxes(name, cfg, file, photo, shape, net, layers, found)
        file.unlink()


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


if args.only in "yolov4-p7":
    p7()
if not args.only:
    goldens()
    resizers()
random_networks()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
