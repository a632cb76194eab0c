"""The loss of the paper's recipe by JAX's autodiff, written from its description: what ours asks of the heads' values."""

import pathlib

import numpy as np
from safetensors.numpy import load_file

import gradients
import network

import jax
import jax.numpy as jnp

RATIO, BOXES, OBJECTNESS, CLASSES = 4.0, 0.05, 1.0, 0.5
BALANCE = {3: [4.0, 1.0, 0.4], 5: [4.0, 1.0, 0.5, 0.4, 0.1]}
# Ours goes through f32 nowhere, but where a probability is 1e-7 from its end.
LIMIT = 1e-9


def ciou(x, y, w, h, truth):
    """Complete IoU of a predicted box with [cx, cy, w, h]; the weight of the aspects' term is a constant to the gradient."""
    tx, ty, tw, th = truth
    across = jnp.minimum(x + w / 2, tx + tw / 2) - jnp.maximum(x - w / 2, tx - tw / 2)
    down = jnp.minimum(y + h / 2, ty + th / 2) - jnp.maximum(y - h / 2, ty - th / 2)
    shared = jnp.clip(across, 0) * jnp.clip(down, 0)
    iou = shared / (w * h + tw * th - shared)
    hull = (jnp.maximum(x + w / 2, tx + tw / 2) - jnp.minimum(x - w / 2, tx - tw / 2)) ** 2
    hull += (jnp.maximum(y + h / 2, ty + th / 2) - jnp.minimum(y - h / 2, ty - th / 2)) ** 2
    apart = ((x - tx) ** 2 + (y - ty) ** 2) / hull
    v = 4 / np.pi**2 * (jnp.arctan(tw / th) - jnp.arctan(w / h)) ** 2
    weight = jax.lax.stop_gradient(v / (1 - iou + v + 1e-6))
    return iou - apart - weight * v


def entropy(value, target, is_probability):
    if is_probability:
        return -(target * jnp.log(value) + (1 - target) * jnp.log(1 - value))
    return jnp.maximum(value, 0) - value * target + jnp.log1p(jnp.exp(-jnp.abs(value)))


def cells(cx, cy, width, height, reach):
    """The cell of a point, then the neighbours within reach."""
    found = [(int(cx), int(cy))]
    for dx, dy, way in ((-1, 0, cx - int(cx)), (1, 0, int(cx) + 1 - cx), (0, -1, cy - int(cy)), (0, 1, int(cy) + 1 - cy)):
        x, y = int(cx) + dx, int(cy) + dy
        if way < reach and 0 <= x < width and 0 <= y < height:
            found.append((x, y))
    return found


def head_loss(section, values, truths, canvas, balance, heads):
    """values [B, A * (5 + C), H, W]; truths: of each picture rows of class, cx, cy, w, h."""
    masks, classes = section["anchors"], section["classes"]
    pictures, _, height, width = values.shape
    values = values.reshape(pictures, len(masks), 5 + classes, height, width)
    raw, scale = section["new_coords"], section["scale_x_y"]
    sure = (lambda v: v) if raw else jax.nn.sigmoid
    reach = min((scale - 1) / 2, 0.5)
    lost_boxes, lost_classes, found = 0.0, 0.0, 0
    wanted = jnp.zeros((pictures, len(masks), height, width))
    for b, rows in enumerate(truths):
        for kind, cx, cy, w, h in rows:
            for a, (aw, ah) in enumerate(masks):
                ratio = max(w * canvas[0] / aw, aw / (w * canvas[0]), h * canvas[1] / ah, ah / (h * canvas[1]))
                if ratio >= RATIO:
                    continue
                for x, y in cells(cx * width, cy * height, width, height, reach):
                    v = values[b, a, :, y, x]
                    centre = lambda entry, cell: cell + scale * sure(v[entry]) - (scale - 1) / 2
                    side = lambda entry, anchor: anchor * ((2 * v[entry]) ** 2 if raw else jnp.exp(v[entry]))
                    box = centre(0, x), centre(1, y), side(2, aw) / canvas[0] * width, side(3, ah) / canvas[1] * height
                    overlap = ciou(*box, (cx * width, cy * height, w * width, h * height))
                    lost_boxes += 1 - overlap
                    wanted = wanted.at[b, a, y, x].max(jax.lax.stop_gradient(jnp.clip(overlap, 0, 1)))
                    target = np.eye(classes)[int(kind)]
                    lost_classes += entropy(v[5:], target, raw).mean()
                    found += 1
    share = 3 / heads
    of_classes = 1.0 if classes == 1 else classes / 80
    lost_objectness = entropy(values[:, :, 4], wanted, raw).mean()
    each = max(found, 1)
    return pictures * share * (BOXES * lost_boxes / each + OBJECTNESS * balance * lost_objectness + CLASSES * of_classes * lost_classes / each), found


def sections_of(cfg):
    found = []
    for s in network.sections(cfg):
        if s["kind"] == "yolo":
            sides = np.array([float(t) for t in s["anchors"].split(",")], "f4").astype("f8").reshape(-1, 2)
            mask = [int(t) for t in s["mask"].split(",")]
            found.append({"anchors": sides[mask], "classes": int(s["classes"]), "new_coords": s.get("new_coords") == "1",
                          "scale_x_y": float(np.float32(s.get("scale_x_y", 1)))})
    return found


def balances(heads):
    """Of heads in the order of their pixels, the most first."""
    return BALANCE.get(heads, [4.0, 1.0, 0.4, 0.1])[:heads], 1.4 if heads >= 4 else 1.0


def check(ours, data, work, report):
    """Two networks, a few boxes: our gradients by the heads' values beside autodiff's."""
    from PIL import Image

    folder = work / "labelled"
    folder.mkdir()
    rows = [
        [(0, 0.31, 0.42, 0.22, 0.31), (2, 0.71, 0.78, 0.4, 0.3), (1, 0.33, 0.47, 0.18, 0.44)],
        [(1, 0.02, 0.97, 0.04, 0.06), (0, 0.5, 0.5, 0.9, 0.8), (2, 0.52, 0.13, 0.3, 0.06)],
    ]
    (folder / "classes.txt").write_text("one\ntwo\nthree\n")
    photos = []
    for n, (name, truths) in enumerate(zip(("dog", "horses"), rows)):
        photos.append(folder / f"{n}.png")
        Image.open(data / f"images/{name}.jpg").convert("RGB").resize((160, 120)).save(photos[-1])
        (folder / f"{n}.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in truths))
    here = pathlib.Path(__file__).parent / "networks"
    for cfg, side in ((here / "neighbours.cfg", None), (data / "models/cfg/yolov4-tiny.cfg", 96)):
        weights, out = work / f"{cfg.stem}.loss.weights", work / f"{cfg.stem}.loss.safetensors"
        ours("random-weights", cfg, "--out", weights)
        size = ["--size", side] if side else []
        ours("gradients", *photos, "--model", cfg, "--weights", weights, *size, "--loss", "scaled", "--out", out)
        found = load_file(out)
        sections = sections_of(cfg)
        values = [found[f"head.{n}"] for n in range(len(sections))]
        canvas = found["input"].shape[3], found["input"].shape[2]
        weights_of, more = balances(len(sections))
        order = sorted(range(len(sections)), key=lambda n: -values[n].shape[2] * values[n].shape[3])
        for n, section in enumerate(sections):
            balance = more * weights_of[order.index(n)]
            of = lambda v: head_loss(section, v, rows, canvas, balance, len(sections))
            want, count = jax.grad(of, has_aux=True)(jnp.asarray(values[n]))
            want = np.asarray(want)
            away = np.linalg.norm(found[f"upstream.{n}"] - want) / np.linalg.norm(want)
            report(f"the paper's loss, {cfg.stem}, head {n}, {count} given", away, LIMIT)
