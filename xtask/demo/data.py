"""Scenes as one array of pixels and a list of boxes, letterboxed as the program does it: grey 0.5 around, centred."""

import json
import pathlib

import numpy as np
from PIL import Image


def load(folder, side):
    """Pixels [N, side, side, 3] (kept on disk, for there are many), boxes a picture [n, 5]: class, centre, size in pixels."""
    folder = pathlib.Path(folder)
    coco = json.loads((folder / "instances.json").read_text())
    images, boxes = sorted(coco["images"], key=lambda i: i["id"]), {}
    offsets = {}
    stored = folder / f"pixels-{side}.npy"
    fresh, part = not stored.exists(), folder / f"pixels-{side}.part"
    shape = (len(images), side, side, 3)
    pixels = np.lib.format.open_memmap(part if fresh else stored, "w+" if fresh else "r", np.uint8, shape if fresh else None)
    assert pixels.shape == shape, f"{stored} belongs to other scenes: delete it"
    for n, image in enumerate(images):
        w, h = image["width"], image["height"]
        assert max(w, h) <= side, "scenes are drawn at the network's own size"
        left, top = (side - w) // 2, (side - h) // 2
        offsets[image["id"]] = left, top
        boxes[image["id"]] = []
        if fresh:
            pixels[n] = 127
            pixels[n, top:top + h, left:left + w] = np.asarray(Image.open(folder / "images" / image["file_name"]).convert("RGB"))
    if fresh:
        # Whole or not there: who is stopped in the middle begins again.
        pixels.flush()
        part.replace(stored)
    for a in coco["annotations"]:
        (x, y, w, h), (left, top) = a["bbox"], offsets[a["image_id"]]
        boxes[a["image_id"]].append([a["category_id"] - 1, x + w / 2 + left, y + h / 2 + top, w, h])
    return pixels, [np.array(boxes[i["id"]], "f4").reshape(-1, 5) for i in images]


def anchors(boxes, count, seed=0):
    """k-means over widths and heights in the logarithm, the smallest first."""
    sizes = np.log(np.concatenate(boxes)[:, 3:])
    rng = np.random.default_rng(seed)
    centres = sizes[rng.choice(len(sizes), count, replace=False)]
    for _ in range(60):
        nearest = ((sizes[:, None] - centres) ** 2).sum(-1).argmin(1)
        centres = np.stack([sizes[nearest == k].mean(0) if (nearest == k).any() else centres[k] for k in range(count)])
    found = np.exp(centres).round().astype(int)
    return found[np.argsort(found.prod(1))]
