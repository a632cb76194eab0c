"""What `yolov4 gpu-day` gives other programs to play: the same layers and numbers as a Darknet cfg and its weights, read by the referee."""

import importlib
import json
import sys

import numpy as np
import onnxruntime

import network
import onnxnet


def apart(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def layers(ours, data, work, report):
    for name in ("yolov4-tiny", "yolov4-csp"):
        weights, out = work / f"{name}.random.weights", work / f"day-{name}"
        ours("random-weights", name, "--out", weights)
        ours("gpu-day", "--quick", "--model", name, "--only", "peers", "--python", sys.executable, "--out", out)
        (step,) = json.loads((out / "day.json").read_text())["steps"]
        played = {row["program"]: row for of in step["result"]["precisions"] if of["precision"] == "f32" for row in of["programs"]}
        report(f"gpu-day, {name}: ours and ONNX Runtime have played", len({"yolov4", "onnxruntime-cpu"} & set(played)), 1, above=True)
        sys.path.insert(0, str(out / "work"))
        given = importlib.import_module("layers")
        mine = given.Network(out / f"work/{name}-128")
        x = np.random.default_rng(1).random((1, 3, 128, 128), dtype="f4")
        session = onnxruntime.InferenceSession(given.Onnx(mine, "f4").model(), providers=["CPUExecutionProvider"])
        shape, _, read = network.read(data / f"models/cfg/{name}.cfg", 128, 128)
        want = onnxnet.session(shape, read, network.load(weights, read)).run(None, {"input": x})
        found = session.run(None, {"input": x})
        report(f"gpu-day, {name}: heads of what other programs are given", max(map(apart, found, want)), 1e-4)
