"""Boxes in NumPy, from the definitions alone: letterbox geometry, both codings, thresholds, NMS, undoing the letterbox."""

import numpy as np

from network import sigmoid


def placement(letterbox, width, height, cw, ch):
    """Darknet's size of a picture on the canvas: integer division truncates."""
    if not letterbox:
        return cw, ch
    return (cw, height * cw // width) if cw / width < ch / height else (width * ch // height, ch)


def candidates(layers, heads, shape):
    """Rows of x, y, w, h (fractions of the canvas), objectness, class scores."""
    rows = []
    for l, head in zip([l for l in layers if l.kind == "yolo"], heads):
        s = l.section
        numbers = [float(v) for v in s["anchors"].split(",")]
        anchors = np.array(numbers).reshape(-1, 2)[[int(m) for m in s["mask"].split(",")]]
        classes, scale = int(s["classes"]), float(s.get("scale_x_y", 1))
        new = int(s.get("new_coords", 0))
        _, _, gh, gw = head.shape
        t = head.reshape(len(anchors), 5 + classes, gh, gw).astype("f8")
        p = t if new else sigmoid(t)
        j, i = np.mgrid[:gh, :gw]
        x = (i + scale * p[:, 0] - (scale - 1) / 2) / gw
        y = (j + scale * p[:, 1] - (scale - 1) / 2) / gh
        side = 4 * t[:, 2:4] ** 2 if new else np.exp(t[:, 2:4])
        w = side[:, 0] * anchors[:, 0, None, None] / shape[2]
        h = side[:, 1] * anchors[:, 1, None, None] / shape[1]
        rows.append(np.concatenate([np.stack([x, y, w, h], -1), np.moveaxis(p[:, 4:], 1, -1)], -1).reshape(-1, 5 + classes))
    return np.concatenate(rows)


def overlap(a, b, beta):
    """IoU, less (d^2 / c^2)^beta if there is a beta, of one box with many."""
    low = lambda q: q[..., :2] - q[..., 2:4] / 2
    high = lambda q: q[..., :2] + q[..., 2:4] / 2
    both = np.clip(np.minimum(high(a), high(b)) - np.maximum(low(a), low(b)), 0, None).prod(-1)
    value = both / (a[2] * a[3] + b[..., 2] * b[..., 3] - both)
    if beta:
        c = ((np.maximum(high(a), high(b)) - np.minimum(low(a), low(b))) ** 2).sum(-1)
        d = ((a[:2] - b[..., :2]) ** 2).sum(-1)
        value = value - np.where(c > 0, (d / np.where(c > 0, c, 1)) ** beta, 0)
    return value


def detect(layers, heads, shape, letterbox, width, height, conf, threshold=0.45):
    """(class, score, left, top, right, bottom) in pixels of the picture, clipped."""
    rw, rh = placement(letterbox, width, height, shape[2], shape[1])
    extent = np.array([rw / shape[2], rh / shape[1]])
    return kept(candidates(layers, heads, shape), layers, ((1 - extent) / 2, extent), width, height, conf, threshold)


def kept(rows, layers, placed, width, height, conf, threshold=0.45):
    """The same of candidates; `placed`: upper left corner and extent of the picture, as fractions of the canvas."""
    rows = rows[rows[:, 4] > conf]
    section = [l for l in layers if l.kind == "yolo"][-1].section
    kind = section.get("nms_kind", "default")
    beta = {"default": None, "greedynms": 0.6, "diounms": float(section.get("beta_nms", 0.6))}[kind]
    corner, extent = placed
    boxes = np.concatenate([(rows[:, :2] - corner) / extent, rows[:, 2:4] / extent], 1)
    scores = rows[:, 4:5] * rows[:, 5:]
    found = []
    for label in range(scores.shape[1]):
        order = [k for k in np.argsort(-scores[:, label], kind="stable") if scores[k, label] > conf]
        while order:
            best = order.pop(0)
            x, y, w, h = boxes[best]
            left, right = np.clip([x - w / 2, x + w / 2], 0, 1) * width
            top, bottom = np.clip([y - h / 2, y + h / 2], 0, 1) * height
            found.append((label, scores[best, label], left, top, right, bottom))
            if order:
                over = overlap(boxes[best], boxes[order], beta) > threshold
                order = [k for k, gone in zip(order, over) if not gone]
    return found


def unmatched(left, right, iou, score):
    """How many of `left` have no partner in `right`: same class, close in place and score, one to one."""
    right, missing = list(right), 0
    for f in left:
        def fits(o):
            if o[0] != f[0] or abs(o[1] - f[1]) > score:
                return 0
            w, h = min(o[4], f[4]) - max(o[2], f[2]), min(o[5], f[5]) - max(o[3], f[3])
            if w <= 0 or h <= 0:
                # Both clipped to nothing, outside the picture: the same edges to half a pixel.
                return max(abs(p - q) for p, q in zip(o[2:], f[2:])) < 0.5
            area = lambda b: (b[4] - b[2]) * (b[5] - b[3])
            return w * h / (area(o) + area(f) - w * h)
        best = max(right, key=fits, default=None)
        if best is not None and fits(best) >= iou:
            right.remove(best)
        else:
            missing += 1
    return missing
