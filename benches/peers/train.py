"""A step of training beside PyTorch on the processor: the same network, size and pictures of a step, in alternation.

    python benches/peers/train.py --yolov4 target/release/yolov4 --cfg yolov4-tiny.cfg --data BCCD --size 224

Ours is all of a step as `yolov4 train` records it: pictures are decoded and varied beside it, the loss is Darknet's. PyTorch's is forwards, backwards and a
step of SGD on random pictures, with a loss that is a sum.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
from torch import nn


def sections(cfg):
    found = []
    for line in cfg.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            found.append({"kind": line[1:-1]})
        elif "=" in line:
            key, value = line.split("=", 1)
            found[-1][key.strip()] = value.strip()
    return found[1:]


class Network(nn.Module):
    """What YOLOv4-tiny, -3l and -CSP are made of."""

    ACTIVATIONS = {"leaky": lambda: nn.LeakyReLU(0.1), "mish": nn.Mish, "linear": nn.Identity, "logistic": nn.Sigmoid}

    def __init__(self, cfg):
        super().__init__()
        self.sections, self.blocks, channels = sections(cfg), nn.ModuleList(), []
        for i, s in enumerate(self.sections):
            last, block = channels[-1] if channels else 3, nn.Identity()
            if s["kind"] == "convolutional":
                size, n = int(s["size"]), int(s["filters"])
                norm = int(s.get("batch_normalize", 0))
                block = nn.Sequential(
                    nn.Conv2d(last, n, size, int(s.get("stride", 1)), size // 2 if int(s.get("pad", 0)) else 0, bias=not norm),
                    nn.BatchNorm2d(n) if norm else nn.Identity(),
                    self.ACTIVATIONS[s["activation"]](),
                )
                last = n
            elif s["kind"] == "maxpool":
                size, stride = int(s["size"]), int(s.get("stride", 1))
                block = nn.MaxPool2d(size, stride, 0 if stride > 1 else size // 2)
            elif s["kind"] == "upsample":
                block = nn.Upsample(scale_factor=int(s["stride"]))
            elif s["kind"] == "route":
                last = sum(channels[j] for j in self.read(i, s["layers"])) // int(s.get("groups", 1))
            self.blocks.append(block)
            channels.append(last)

    @staticmethod
    def read(i, layers):
        return [int(t) if int(t) >= 0 else i + int(t) for t in layers.split(",")]

    def forward(self, x):
        values, heads = [], []
        for i, (s, block) in enumerate(zip(self.sections, self.blocks)):
            if s["kind"] == "route":
                x = torch.cat([values[j] for j in self.read(i, s["layers"])], 1)
                groups = int(s.get("groups", 1))
                x = x.chunk(groups, 1)[int(s.get("group_id", 0))]
            elif s["kind"] == "shortcut":
                x = x + values[self.read(i, s["from"])[0]]
            elif s["kind"] == "yolo":
                heads.append(x)
            else:
                x = block(x)
            values.append(x)
        return heads


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--yolov4", type=pathlib.Path, required=True)
    parser.add_argument("--cfg", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    args = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    network = Network(args.cfg)
    sgd = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
    x = torch.rand(args.batch, 3, args.size, args.size)
    ours, theirs = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([args.yolov4, "train", args.data, "--model", args.cfg, "--from", "scratch", "--size", str(args.size), "--batch",
                            str(args.batch), "--steps", str(args.steps), "--measure-every", "999", "--out", f"{out}/t"],
                           check=True, capture_output=True)
            records = [json.loads(line) for line in open(f"{out}/t/log.jsonl")]
        # The first one makes what drivers make late.
        ours.append(statistics.median(r["seconds"] for r in records[1:] if "seconds" in r))
        times = []
        for _ in range(args.steps):
            start = time.perf_counter()
            sgd.zero_grad()
            sum(head.sum() for head in network(x)).backward()
            sgd.step()
            times.append(time.perf_counter() - start)
        theirs.append(statistics.median(times[1:]))
    rounded = lambda times: ", ".join(f"{1e3 * t:.0f}" for t in times)
    print(f"{args.cfg.stem} at {args.size}, {args.batch} pictures a step, ms: ours {rounded(ours)}; "
          f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads {rounded(theirs)}; "
          f"ratio {statistics.median(ours) / statistics.median(theirs):.2f}")


if __name__ == "__main__":
    main()
