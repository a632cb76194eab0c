"""A Darknet cfg as a PyTorch module: the sections that yolov4-tiny and its kin are made of, nothing else."""

import torch
from torch import nn
from torch.nn import functional as F

# Darknet's, at inference.
BN_EPS = 1e-5


def sections(text):
    found = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            found.append((line.strip("[]"), {}))
        elif line and not line.startswith(("#", ";")):
            key, value = line.split("=", 1)
            found[-1][1][key.strip()] = value.strip()
    return found


class Head:
    """What a [yolo] section says, and where its cells lie."""

    def __init__(self, keys, stride):
        pairs = list(map(float, keys["anchors"].split(",")))
        self.anchors = torch.tensor([pairs[2 * int(m):2 * int(m) + 2] for m in keys["mask"].split(",")])
        self.classes, self.scale, self.stride = int(keys["classes"]), float(keys["scale_x_y"]), stride

    def boxes(self, raw):
        """Raw [B, A*(5+C), h, w] to centre, size in pixels [B, A, h, w, 4], objectness and class logits."""
        b, _, h, w = raw.shape
        t = raw.view(b, len(self.anchors), 5 + self.classes, h, w).permute(0, 1, 3, 4, 2)
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        centre = torch.sigmoid(t[..., :2]) * self.scale - (self.scale - 1) / 2
        xy = (centre + torch.stack([x, y], -1)) * self.stride
        wh = torch.exp(t[..., 2:4].clamp(max=6)) * self.anchors[None, :, None, None]
        return torch.cat([xy, wh], -1), t[..., 4], t[..., 5:]


class Net(nn.Module):
    def __init__(self, text):
        super().__init__()
        (kind, net), *self.layers = sections(text)
        assert kind == "net"
        self.size = int(net["width"]), int(net["height"])
        self.convs, self.heads = nn.ModuleDict(), []
        # Channels and stride of every layer's value.
        shapes, last = [], (int(net["channels"]), 1)
        for i, (kind, keys) in enumerate(self.layers):
            if kind == "convolutional":
                normed, k, stride = keys.get("batch_normalize") == "1", int(keys["size"]), int(keys["stride"])
                parts = [nn.Conv2d(last[0], int(keys["filters"]), k, stride, k // 2, bias=not normed)]
                if normed:
                    parts.append(nn.BatchNorm2d(int(keys["filters"]), eps=BN_EPS, momentum=0.03))
                parts.append({"leaky": nn.LeakyReLU(0.1, inplace=True), "linear": nn.Identity()}[keys["activation"]])
                self.convs[str(i)] = nn.Sequential(*parts)
                last = int(keys["filters"]), last[1] * stride
            elif kind == "route":
                sources = self.sources(i)
                last = sum(shapes[s][0] for s in sources) // int(keys.get("groups", 1)), shapes[sources[0]][1]
            elif kind == "maxpool":
                assert keys["size"] == keys["stride"] == "2"
                last = last[0], last[1] * 2
            elif kind == "upsample":
                last = last[0], last[1] // 2
            elif kind == "yolo":
                self.heads.append(Head(keys, last[1]))
            else:
                raise ValueError(f"[{kind}]")
            shapes.append(last)

    def sources(self, i):
        numbers = [int(n) for n in self.layers[i][1]["layers"].split(",")]
        return [n if n >= 0 else i + n for n in numbers]

    def forward(self, x):
        values, raw = [], []
        for i, (kind, keys) in enumerate(self.layers):
            if kind == "convolutional":
                x = self.convs[str(i)](x)
            elif kind == "route":
                x = torch.cat([values[s] for s in self.sources(i)], 1) if "," in keys["layers"] else values[self.sources(i)[0]]
                groups = int(keys.get("groups", 1))
                if groups > 1:
                    x = x.chunk(groups, 1)[int(keys["group_id"])]
            elif kind == "maxpool":
                x = F.max_pool2d(x, 2, 2)
            elif kind == "upsample":
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            else:
                raw.append(x)
            values.append(x)
        return raw
