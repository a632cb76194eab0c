"""Test-time augmentation in NumPy and ONNX Runtime, from the definition of ScaledYOLOv4's large branch: scales 1, 0.83 (mirrored) and 0.67,
each in the upper left of a grey canvas, boxes scaled back and put together before NMS."""

import json

import cv2
import numpy as np
from PIL import Image

import boxes
import network
import onnxnet

LOOKS = ((1.0, False), (0.83, True), (0.67, False))


def place(letterbox, width, height, side):
    """Columns, rows, left, top of the picture on a square canvas, and the grey beside it."""
    if not letterbox:
        return side, side, 0, 0, 0.5
    ratio = min(side / width, side / height)
    w, h = round(width * ratio), round(height * ratio)
    return w, h, (side - w) // 2, (side - h) // 2, 114 / 255


def look(rgb, letterbox, side, ratio, mirrored):
    """The canvas of one look: what pixel of the picture, with what weights, each of its pixels shows."""
    height, width, _ = rgb.shape
    w, h, left, top, grey = place(letterbox, width, height, side)
    covered = int(side * ratio)
    on_canvas = (np.arange(covered) + 0.5) * side / covered
    columns = side - on_canvas if mirrored else on_canvas
    x, y = (columns - left) / w, (on_canvas - top) / h
    canvas = np.full((side, side, 3), grey)
    inside = lambda q, pixels: np.flatnonzero((q > -0.5 / pixels / 99) & (q < 1 + 0.5 / pixels / 99))
    across, down = inside(x, w), inside(y, h)

    def taps(q, pixels):
        at = q * pixels - 0.5
        low = np.floor(at)
        return np.clip(low, 0, pixels - 1).astype(int), np.clip(low + 1, 0, pixels - 1).astype(int), at - low

    (x0, x1, fx), (y0, y1, fy) = taps(x[across], width), taps(y[down], height)
    fx, fy = fx[None, :, None], fy[:, None, None]
    row = lambda ys: rgb[ys][:, x0] * (1 - fx) + rgb[ys][:, x1] * fx
    canvas[np.ix_(down, across)] = (row(y0) * (1 - fy) + row(y1) * fy) / 255
    return canvas.transpose(2, 0, 1)[None].astype("f4")


def back(rows, side, ratio, mirrored):
    """Candidates of a look as fractions of the whole canvas."""
    rows = rows.copy()
    scale = int(side * ratio) / side
    rows[:, :4] /= scale
    if mirrored:
        rows[:, 0] = 1 - rows[:, 0]
    return rows


def apart(a, b):
    """The part of two lists of boxes that has no partner in the other."""
    return (boxes.unmatched(a, b, 0.97, 0.01) + boxes.unmatched(b, a, 0.97, 0.01)) / (len(a) + len(b))


def check(ours, data, work, report):
    folder = data / "models/yolov4-tiny-voc"
    cfg, file, side = folder / "yolov4-tiny-voc.cfg", folder / "yolov4-tiny-voc.weights", 416
    shape, _, layers = network.read(cfg, side, side)
    session = onnxnet.session(shape, layers, network.load(file, layers))
    for name in ("dog", "horses"):
        # JPEG decoders differ by a few levels: both sides get the same pixels.
        photo = work / f"{name}.png"
        cv2.imwrite(str(photo), cv2.imread(str(data / f"images/{name}.jpg")))
        rgb = np.asarray(Image.open(photo).convert("RGB"), "f8")
        height, width, _ = rgb.shape
        for letterbox, mode in ((False, ["--resize", "darknet-video", "--no-letterbox"]), (True, ["--resize", "pytorch"])):
            seen = []
            for ratio, mirrored in LOOKS:
                heads = session.run(None, {"input": look(rgb, letterbox, side, ratio, mirrored)})
                seen.append(back(boxes.candidates(layers, heads, shape), side, ratio, mirrored))
            rows = np.concatenate(seen)
            scores = np.sort((rows[:, 4:5] * rows[:, 5:]).ravel())
            near = scores[-260:-220]
            gap = int(np.argmax(np.diff(near)))
            conf = float(near[gap] + near[gap + 1]) / 2
            w, h, left, top, _ = place(letterbox, width, height, side)
            placed = (np.array([left, top]) / side, np.array([w, h]) / side)
            want = boxes.kept(rows, layers, placed, width, height, conf)
            plain = boxes.kept(seen[0], layers, placed, width, height, conf)
            arguments = ["detect", photo, "--model", cfg, "--weights", file, "--size", side, "--conf", f"{conf:.9f}", "--format", "json", *mode]
            for player in ("cpu", "gpu"):
                text = ours(*arguments, "--tta", "--player", player)
                found = [(d["class"], d["score"], d["box"][0], d["box"][1], d["box"][0] + d["box"][2], d["box"][1] + d["box"][3])
                         for d in json.loads(text)[0]["detections"]]
                what = f"--tta, {name}, {mode[1]}, {player}, {len(want)} boxes"
                report(what, apart(want, found) if len(want) > 20 else 1.0, 2e-2)
            report(f"--tta, {name}, {mode[1]}, without it must differ", apart(plain, found), 0.1, above=True)
