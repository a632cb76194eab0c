"""What `yolov4 train` writes, in OpenCV: cfg and weights load there, and the heads of the folded network are the same."""

import numpy as np
from safetensors.numpy import load_file

import gradients
import network


def with_epsilon(file, layers, more, to):
    """The same .weights with `more` in every variance: OpenCV adds 1e-6 under the root where Darknet and we add 1e-5."""
    data, at = np.fromfile(file, "<f4"), 5
    for l in layers:
        if l.kind == "convolutional":
            n = l.shape[0]
            if l.norm:
                data[at + 3 * n : at + 4 * n] += np.float32(more)
            at += n * (4 if l.norm else 1) + n * (l.ic // l.groups) * l.size**2
    assert at == len(data), f"{file}: {len(data) - at} floats too many"
    data.tofile(to)
    return to


def check(ours, data, work, report, opencv):
    """YOLOv4-tiny from nothing, a few steps on blood cells: its statistics are those of pictures, its heads of other classes."""
    out, photo = work / "trained", data / "images/dog.jpg"
    ours("train", data / "datasets/bccd", "--model", data / "models/cfg/yolov4-tiny.cfg", "--from", "scratch", "--size", 96,
         "--batch", 4, "--steps", 6, "--out", out)
    found = []
    for files in ([out / "last.cfg", "--weights", out / "last.weights"], [out / "last.safetensors"]):
        ours("heads", photo, "--model", *files, "--out", work / "trained.heads.safetensors")
        found.append(load_file(work / "trained.heads.safetensors"))
    darknet, bundle = found
    layers = network.read(out / "last.cfg")[2]
    filters = {l.shape[0] for l in layers if l.kind == "convolutional" and l.act == "linear"}
    report(f"trained, filters of the heads {sorted(filters)}", len(filters - {3 * (5 + 3)}), 0)
    counted = gradients.read(out / "last.cfg")
    weights = with_epsilon(out / "last.weights", counted, 1e-5 - 1e-6, work / "trained.opencv.weights")
    want = opencv(out / "last.cfg", weights, darknet["input"], layers)
    for k, head in enumerate(want):
        away = lambda heads: np.linalg.norm(heads[f"head.{k}"] - head) / np.linalg.norm(head)
        report(f"trained, head {k} in OpenCV", away(darknet), 1e-4)
        report(f"trained, head {k} of the one file in OpenCV", away(bundle), 1e-4)
