"""What can be had without a network: blobs of the signs' colours, compared with pictures of the signs.

    python baseline.py SCENES PAGE.png found.json

Every red, blue, yellow, white-rimmed or lamp-coloured blob is a candidate; it is scaled to the templates' size and takes the
class of the template that it correlates with best, with the correlation as its score. Templates come from the printed page.
"""

import json
import pathlib
import sys

import cv2
import numpy as np

SIDE = 32
# Hue in degrees / 2, least saturation and value, as OpenCV counts. Dark is the housing of a signal.
COLOURS = {
    "red": [((0, 80, 50), (9, 255, 255)), ((170, 80, 50), (180, 255, 255))],
    "blue": [((100, 80, 40), (125, 255, 255))],
    "yellow": [((18, 90, 80), (35, 255, 255))],
    "white": [((0, 0, 150), (180, 60, 255))],
    "dark": [((0, 0, 0), (180, 255, 60))],
}


def mask(picture, colour):
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    return np.bitwise_or.reduce([cv2.inRange(hsv, low, high) for low, high in COLOURS[colour]])


def normal(patch):
    patch = cv2.resize(patch, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype("f4")
    patch -= patch.mean()
    return patch / (np.linalg.norm(patch) + 1e-6)


def templates(page):
    """The ten signs on the page: two columns, five rows, cut to what is not white."""
    h, w = page.shape[:2]
    found = []
    for i in range(10):
        row, column = divmod(i, 2)
        # Without the name below it.
        cell = page[row * h // 5:row * h // 5 + int(h / 5 * 0.86), column * w // 2:(column + 1) * w // 2]
        # The rim of a white sign is a shade darker than paper.
        ys, xs = np.nonzero((cell < 248).any(-1))
        found.append(normal(cell[ys.min():ys.max() + 1, xs.min():xs.max() + 1]))
    return np.stack(found)


def detect(picture, known):
    found = []
    for colour in COLOURS:
        binary = mask(picture, colour)
        for closed in (binary, cv2.morphologyEx(binary, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))):
            count, _, stats, _ = cv2.connectedComponentsWithStats(closed)
            for x, y, w, h, area in stats[1:count]:
                if min(w, h) < 6 or not 0.3 < w / h < 1.7 or max(w, h) > 0.6 * max(picture.shape) or area < 0.15 * w * h:
                    continue
                # The blob itself, and with the rim that another colour makes.
                for grow in (0.0, 0.08, 0.25):
                    l, t = max(int(x - grow * w), 0), max(int(y - grow * h), 0)
                    r, b = min(int(np.ceil(x + w + grow * w)), picture.shape[1]), min(int(np.ceil(y + h + grow * h)), picture.shape[0])
                    match = (known * normal(picture[t:b, l:r])).sum((1, 2, 3))
                    best = int(match.argmax())
                    found.append((float(match[best]), best, [l, t, r - l, b - t]))
    # Greedy, plain overlap, whatever the class: a blob is one thing.
    kept = []
    for score, kind, box in sorted(found, reverse=True):
        if score < 0.3:
            break
        if all(overlap(box, other) < 0.45 for _, _, other in kept):
            kept.append((score, kind, box))
    return kept


def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inner = max(w, 0) * max(h, 0)
    return inner / (a[2] * a[3] + b[2] * b[3] - inner)


def main():
    scenes, page, out = map(pathlib.Path, sys.argv[1:])
    known, rows = templates(cv2.imread(str(page))), []
    for image in json.loads((scenes / "instances.json").read_text())["images"]:
        for score, kind, box in detect(cv2.imread(str(scenes / "images" / image["file_name"])), known):
            rows.append({"image_id": image["id"], "category_id": kind + 1, "bbox": box, "score": score})
    out.write_text(json.dumps(rows))


main()
