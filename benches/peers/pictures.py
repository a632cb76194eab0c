#!/usr/bin/env python3
"""Pictures a second over a folder: `yolov4 detect` beside plain Python loops, alternately.

    python benches/peers/pictures.py FOLDER --cfg yolov4-tiny.cfg --weights yolov4-tiny.weights --size 416 --onnx yolov4-tiny-416.onnx

A loop reads each picture with OpenCV, resizes it and plays the network, to the heads with ONNX Runtime, to boxes with OpenCV 4 (what is not
installed or not named is left out). Ours is the whole program from its start, file in, line of JSON out, network loaded; --program names
other builds of it. Build first: cargo build --release.
"""
import argparse, json, pathlib, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def peer(args, files):
    """In a process of its own; seconds for all pictures, loading the network included."""
    import cv2
    import numpy as np

    start = time.perf_counter()
    if args.peer == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(args.onnx, providers=["CPUExecutionProvider"])
        version = onnxruntime.__version__
    else:
        net = cv2.dnn.readNetFromDarknet(args.cfg, args.weights)
        names, version = net.getUnconnectedOutLayersNames(), cv2.__version__
    for file in files:
        pixels = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        x = cv2.resize(pixels, (args.size, args.size)).transpose(2, 0, 1)[None].astype("f4") / 255
        if args.peer == "onnxruntime":
            session.run(None, {"input": np.ascontiguousarray(x)})
            continue
        net.setInput(x)
        rows = np.concatenate(net.forward(names))
        scores = rows[:, 5:].max(1)
        keep = scores > 0.25
        height, width = pixels.shape[:2]
        boxes = rows[keep, :4] * (width, height, width, height)
        boxes[:, :2] -= boxes[:, 2:] / 2
        cv2.dnn.NMSBoxes(boxes.tolist(), scores[keep].tolist(), 0.25, 0.45)
    print(json.dumps([time.perf_counter() - start, version]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cfg", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--onnx")
    parser.add_argument("--program", action="append", help="builds of this program [default: target/release/yolov4]")
    parser.add_argument("--option", action="append", default=[], help="options for it, such as --option=--player=cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    files = sorted(args.folder.glob("*.jpg"))
    if args.peer:
        return peer(args, files)
    line = ["detect", args.folder, "--model", args.cfg, "--weights", args.weights, "--size", str(args.size), "--format", "jsonl", *args.option]
    programs = args.program or [str(ROOT / "target/release/yolov4")]

    def ours(program):
        start = time.perf_counter()
        done = subprocess.run([program, *line], check=True, capture_output=True, text=True)
        assert len(done.stdout.splitlines()) == len(files)
        return time.perf_counter() - start, next(l for l in done.stderr.splitlines() if l.startswith("player"))

    def theirs(name):
        done = subprocess.run([sys.executable, *sys.argv, "--peer", name], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    runs = {program: (lambda program=program: ours(program)) for program in programs}
    for name in ("onnxruntime", "opencv"):
        try:
            __import__("cv2" if name == "opencv" else name)
        except ImportError:
            print(f"{name}: not installed")
            continue
        if name == "onnxruntime" and not args.onnx:
            continue
        runs[name] = lambda name=name: theirs(name)
    seconds, about = {name: [] for name in runs}, {}
    for _ in range(args.rounds):
        for name, run in runs.items():
            took, about[name] = run()
            seconds[name].append(took)
    first = statistics.median(seconds[programs[0]])
    for name, times in seconds.items():
        middle = statistics.median(times)
        each = ", ".join(f"{len(files) / t:.1f}" for t in times)
        print(f"{name} ({about[name]}): {len(files) / middle:.1f} pictures a second, {middle / first:.2f} x the time of ours; rounds: {each}")


main()
