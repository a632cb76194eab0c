"""Trains the demo network on generated scenes, on a processor; can be stopped and started again at any time.

    python train.py --cfg demo.cfg --scenes train --check check --work work --out demo.safetensors

The cfg comes from `yolov4 model`, the scenes from `cargo xtask scenes`; `cargo xtask demo` does all of it in one go.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import time

import numpy as np
import torch
from torch.nn import functional as F

import data
import score
from net import BN_EPS, Net

parser = argparse.ArgumentParser()
parser.add_argument("--cfg", required=True, type=pathlib.Path)
parser.add_argument("--names", required=True, type=pathlib.Path)
parser.add_argument("--scenes", required=True, type=pathlib.Path)
parser.add_argument("--check", required=True, type=pathlib.Path, help="scenes of another seed, for the curve")
parser.add_argument("--work", required=True, type=pathlib.Path, help="checkpoint and curve")
parser.add_argument("--out", required=True, type=pathlib.Path)
parser.add_argument("--command", default="", help="what the user typed, for the file's own record")
parser.add_argument("--steps", type=int, default=8000)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--threads", type=int, default=0, help="0: as many as cores")
args = parser.parse_args()
COMMIT = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()

RATE, WARM, DECAY = 2e-3, 300, 0.3
# A cell that finds an object almost as well as the cell in charge is not told that it is wrong.
IGNORE = 0.6
# Where precision and recall on the scenes of the curve are about equal; stored as the model's default.
CONF = 0.5
# An anchor takes an object whose sides differ from its own by less than this factor.
RATIO = 2.2


def rate(step):
    """Up, level, and down to nothing over the last part."""
    left = (args.steps - step) / (DECAY * args.steps)
    return RATE * min(1.0, (step + 1) / WARM, max(left, 0.005))


def batch(pixels, boxes, rng, net):
    """Random scenes, moved, brightened and tinted: pixels [B, 3, H, W] and objects [M, 6] with their picture's number."""
    side = net.size[0]
    chosen = rng.integers(len(pixels), size=args.batch)
    x, objects = np.empty((args.batch, side, side, 3), np.uint8), []
    for n, i in enumerate(chosen):
        dx, dy = rng.integers(-24, 25, 2)
        x[n] = 127
        x[n, max(dy, 0):side + min(dy, 0), max(dx, 0):side + min(dx, 0)] = \
            pixels[i][max(-dy, 0):side + min(-dy, 0), max(-dx, 0):side + min(-dx, 0)]
        for c, cx, cy, w, h in boxes[i]:
            l, t, r, b = cx + dx - w / 2, cy + dy - h / 2, cx + dx + w / 2, cy + dy + h / 2
            cl, ct, cr, cb = np.clip([l, t, r, b], 0, side)
            # What is left of a sign at the edge is one as long as most of it is there.
            if (cr - cl) * (cb - ct) >= 0.6 * w * h:
                objects.append([n, c, (cl + cr) / 2, (ct + cb) / 2, cr - cl, cb - ct])
    x = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255
    per = lambda low, high, k=1: torch.from_numpy(rng.uniform(low, high, (args.batch, k, 1, 1)).astype("f4"))
    x = (x * per(0.75, 1.25) * per(0.93, 1.07, 3) + per(-0.06, 0.06)).clamp(0, 1) ** per(0.8, 1.25)
    return x.contiguous(memory_format=torch.channels_last), torch.tensor(objects, dtype=torch.float32).view(-1, 6)


def corners(b):
    return torch.cat([b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2], -1)


def overlap(a, b):
    """Intersection over union of boxes given by centre and size."""
    a, b = corners(a), corners(b)
    side = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    inner = side.prod(-1)
    area = lambda q: (q[..., 2:] - q[..., :2]).prod(-1)
    return inner / (area(a) + area(b) - inner + 1e-9)


def ciou(a, b):
    """Complete IoU (Zheng et al. 2020): overlap, less distance of the centres, less difference of shape."""
    iou, ca, cb = overlap(a, b), corners(a), corners(b)
    hull = torch.maximum(ca[..., 2:], cb[..., 2:]) - torch.minimum(ca[..., :2], cb[..., :2])
    distance = ((a[..., :2] - b[..., :2]) ** 2).sum(-1) / ((hull ** 2).sum(-1) + 1e-9)
    angle = lambda q: torch.atan(q[..., 2] / (q[..., 3] + 1e-9))
    v = 4 / np.pi ** 2 * (angle(a) - angle(b)) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + 1e-9)
    return iou - distance - alpha * v


def loss(net, raw, objects):
    anchors = torch.cat([h.anchors for h in net.heads])
    # [all anchors, objects]
    ratio = torch.maximum(objects[None, :, 4:] / anchors[:, None], anchors[:, None] / objects[None, :, 4:]).amax(-1)
    taken = (ratio < RATIO) | (ratio == ratio.amin(0, keepdim=True))
    boxes_l, object_l, class_l, count, at = 0.0, 0.0, 0.0, 0, 0
    slots = int(torch.bincount(objects[:, 0].long(), minlength=1).max()) if len(objects) else 0
    padded = torch.zeros(len(raw[0]), max(slots, 1), 4)
    for n in range(len(raw[0])):
        mine = objects[objects[:, 0] == n, 2:]
        padded[n, :len(mine)] = mine
    for head, values in zip(net.heads, raw):
        boxes, objectness, classes = head.boxes(values.float())
        here = taken[at:at + len(head.anchors)]
        at += len(head.anchors)
        a, o = here.nonzero(as_tuple=True)
        n, kind = objects[o, 0].long(), objects[o, 1].long()
        cell = (objects[o, 2:4] / head.stride).long()
        i, j = cell[:, 0].clamp(0, objectness.shape[3] - 1), cell[:, 1].clamp(0, objectness.shape[2] - 1)
        with torch.no_grad():
            found = overlap(boxes.flatten(1, 3)[:, :, None], padded[:, None]).amax(-1).view(objectness.shape)
            target, weight = torch.zeros_like(objectness), (found < IGNORE).float()
            target[n, a, j, i], weight[n, a, j, i] = 1.0, 1.0
        object_l = object_l + F.binary_cross_entropy_with_logits(objectness, target, weight, reduction="sum")
        if len(o):
            boxes_l = boxes_l + (1 - ciou(boxes[n, a, j, i], objects[o, 2:])).sum()
            class_l = class_l + F.binary_cross_entropy_with_logits(
                classes[n, a, j, i], F.one_hot(kind, head.classes).float(), reduction="sum")
            count += len(o)
    count = max(count, 1)
    return 4 * boxes_l / count, object_l / count, class_l / count


def save(net, path, step):
    """Kernels in f16, batch-norm and biases in f32, and everything else that one file needs to be run."""
    from safetensors.numpy import save_file
    tensors = {}
    for i, conv in net.convs.items():
        tensors[f"layer.{i}.weights"] = conv[0].weight.detach().numpy().astype("f2")
        if conv[0].bias is not None:
            tensors[f"layer.{i}.bias"] = conv[0].bias.detach().numpy()
        else:
            norm = conv[1]
            for name, value in (("beta", norm.bias), ("gamma", norm.weight), ("mean", norm.running_mean), ("var", norm.running_var)):
                tensors[f"layer.{i}.{name}"] = value.detach().numpy()
    metadata = {
        "format": "yolov4",
        "cfg": args.cfg.read_text(),
        "names": args.names.read_text(),
        "bn_eps": f"{BN_EPS:g}",
        "conf": f"{CONF:g}",
        "training": json.dumps({"command": args.command, "commit": COMMIT, "seed": args.seed, "steps": step, "torch": torch.__version__}),
        "licence": "MIT OR Apache-2.0",
    }
    save_file({k: np.ascontiguousarray(v) for k, v in sorted(tensors.items())}, path, metadata)


def main():
    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    text = args.cfg.read_text()
    net = Net(text).to(memory_format=torch.channels_last)
    for head, conv in zip(net.heads, [c for c in net.convs.values() if c[0].bias is not None]):
        # Objects are rare: begin by saying so.
        conv[0].bias.data.view(len(head.anchors), -1)[:, 4] = -4.6
    average = Net(text)
    average.load_state_dict(net.state_dict())
    kernels = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": kernels, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}], RATE)
    step, checkpoint = 0, args.work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state.get("cfg") != text:
            raise SystemExit(f"{checkpoint} is of another network: delete it to begin anew")
        net.load_state_dict(state["net"]), average.load_state_dict(state["average"]), optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
        print(f"going on from step {step}", flush=True)
    side = net.size[0]
    pixels, boxes = data.load(args.scenes, side)
    curve = args.work / "curve.csv"
    if step == 0:
        curve.write_text("step,images,box,object,class,ap50\n")
    sums, begun = np.zeros(3), time.time()
    while step < args.steps:
        # Each step has dice of its own, so that going on is no different from going through.
        x, objects = batch(pixels, boxes, np.random.default_rng((args.seed, step)), net)
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        net.train()
        with torch.autocast("cpu", torch.bfloat16):
            raw = net(x)
        parts = loss(net, raw, objects)
        optimizer.zero_grad()
        sum(parts).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            keep = min(0.999, (step + 1) / (step + 20))
            for mine, new in zip(average.state_dict().values(), net.state_dict().values()):
                mine.copy_(mine * keep + new * (1 - keep) if mine.is_floating_point() else new)
        sums += [float(p.detach()) for p in parts]
        if step % 100 == 0 or step == args.steps:
            told = (step - 1) % 100 + 1
            means = sums / told
            print(f"step {step} box {means[0]:.3f} object {means[1]:.3f} class {means[2]:.3f} "
                  f"{told * args.batch / (time.time() - begun):.0f} images/s", flush=True)
            sums, begun = np.zeros(3), time.time()
        if step % 500 == 0 or step == args.steps:
            ap50 = score.of_network(average, args.check)
            with curve.open("a") as file:
                csv.writer(file).writerow([step, step * args.batch, *(f"{m:.4f}" for m in means), f"{ap50:.4f}"])
            print(f"step {step} AP50 {ap50:.4f}", flush=True)
            part = checkpoint.with_suffix(".part")
            torch.save({"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "cfg": text}, part)
            part.replace(checkpoint)
            begun = time.time()
    save(average, args.out, step)


main()
