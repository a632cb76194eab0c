"""AP50 of boxes by pycocotools: of a network in training, or of a file that `yolov4 detect --format coco` wrote.

    python score.py instances.json found.json
"""

import contextlib
import io
import json
import pathlib
import sys

import numpy as np


def ap(instances, found):
    """AP at .5, AP at .5:.95, and AP50 of each class by name."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(instances))
        ours = truth.loadRes(found)
        run = COCOeval(truth, ours, "bbox")
        run.evaluate(), run.accumulate(), run.summarize()
    # [threshold, recall, class, area, most boxes]
    precision = run.eval["precision"][0, :, :, 0, 2]
    names = [c["name"] for c in truth.loadCats(run.params.catIds)]
    return run.stats[1], run.stats[0], {name: float(p[p > -1].mean()) if (p > -1).any() else -1.0 for name, p in zip(names, precision.T)}


def nms(boxes, scores, limit=0.45):
    """Greedy, plain IoU; boxes by corners."""
    order, kept = np.argsort(-scores), []
    while len(order):
        first, order = order[0], order[1:]
        kept.append(first)
        low, high = np.maximum(boxes[first, :2], boxes[order, :2]), np.minimum(boxes[first, 2:], boxes[order, 2:])
        inner = np.clip(high - low, 0, None).prod(1)
        area = lambda b: (b[..., 2:] - b[..., :2]).prod(-1)
        order = order[inner / (area(boxes[first]) + area(boxes[order]) - inner) <= limit]
    return kept


def of_network(net, folder, least=0.02):
    """AP50 on a folder of scenes."""
    import torch
    import data
    folder = pathlib.Path(folder)
    images = sorted(json.loads((folder / "instances.json").read_text())["images"], key=lambda i: i["id"])
    pixels, _ = data.load(folder, net.size[0])
    side, found = net.size[0], []
    net.eval()
    for start in range(0, len(images), 50):
        x = torch.from_numpy(np.array(pixels[start:start + 50])).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            raw = net(x.contiguous(memory_format=torch.channels_last))
        parts = [head.boxes(r) for head, r in zip(net.heads, raw)]
        boxes = torch.cat([b.flatten(1, 3) for b, _, _ in parts], 1)
        scores = torch.cat([(torch.sigmoid(o)[..., None] * torch.sigmoid(c)).flatten(1, 3) for _, o, c in parts], 1)
        for n, image in enumerate(images[start:start + 50]):
            left, top = (side - image["width"]) // 2, (side - image["height"]) // 2
            for kind in range(scores.shape[-1]):
                s = scores[n, :, kind]
                chosen = s > least
                if not chosen.any():
                    continue
                b, s = boxes[n][chosen].numpy(), s[chosen].numpy()
                c = np.concatenate([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], 1) - [left, top, left, top]
                c = np.clip(c, 0, [image["width"], image["height"]] * 2)
                for k in nms(c, s):
                    l, t, r, e = c[k].tolist()
                    found.append({"image_id": image["id"], "category_id": kind + 1, "bbox": [l, t, r - l, e - t], "score": float(s[k])})
    return ap(folder / "instances.json", found)[0] if found else 0.0


if __name__ == "__main__":
    half, mean, classes = ap(pathlib.Path(sys.argv[1]), sys.argv[2])
    print(f"AP50 {half:.4f}  AP {mean:.4f}")
    for name, value in classes.items():
        print(f"  {name:<14} {value:.4f}")
