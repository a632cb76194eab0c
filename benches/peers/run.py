#!/usr/bin/env python3
"""Times this project and others on one network, alternately, and prints ratios of medians.

    python benches/peers/run.py --cfg yolov4-tiny.cfg --size 416 --ncnn yolov4-tiny-416 --onnx yolov4-tiny-416.onnx

--ncnn names a .param and .bin without their endings, --onnx an .onnx of the same network with an input called `input`; what
is not named or not installed (pip install ncnn onnxruntime numpy) is left out. A time is that of one inference, from a float
tensor on the host to the heads on the host, one picture at a time, f32. Build first: cargo build --release.
"""
import argparse, json, pathlib, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ("ncnn-vulkan", "ncnn-cpu", "onnxruntime-cpu")


def ours(args):
    program = ROOT / "target/release/yolov4"
    line = [program, "bench", "--model", args.cfg, "--size", str(args.size), "--frames", str(args.frames), "--format", "json"]
    out = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    row = json.loads(out)["results"][0]
    return row["median_ms"], f"{row['adapter']} ({row['driver']})"


def peer(args):
    """In a process of its own: one peer's median."""
    import numpy as np

    x = np.random.default_rng(0).random((1, 3, args.size, args.size), dtype="f4")
    if args.peer == "onnxruntime-cpu":
        import onnxruntime

        session = onnxruntime.InferenceSession(args.onnx, providers=["CPUExecutionProvider"])
        run, version = (lambda: session.run(None, {"input": x})), onnxruntime.__version__
    else:
        import ncnn

        net = ncnn.Net()
        net.opt.use_vulkan_compute = args.peer == "ncnn-vulkan"
        for key in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
            if hasattr(net.opt, "use_" + key):
                setattr(net.opt, "use_" + key, False)
        net.load_param(args.ncnn + ".param")
        net.load_model(args.ncnn + ".bin")
        layers = [line.split() for line in open(args.ncnn + ".param").read().splitlines()[2:]]
        made = [[int(l[2]), int(l[3]), l] for l in layers]
        read = {name for i, _, l in made for name in l[4 : 4 + i]}
        heads = [name for i, o, l in made for name in l[4 + i : 4 + i + o] if name not in read]
        version = ncnn.__version__

        def run():
            extractor = net.create_extractor()
            extractor.input("input", ncnn.Mat(x[0]))
            return [np.array(extractor.extract(name)[1]) for name in heads]

    assert all(np.isfinite(v).all() for v in run())
    run()
    times = []
    for _ in range(args.frames):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps([statistics.median(times), version]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cfg", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--ncnn")
    parser.add_argument("--onnx")
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peer(args)
    wanted = [p for p in PEERS if (args.onnx if p.startswith("onnx") else args.ncnn)]
    times = {"yolov4": []}
    about = {}
    for _ in range(args.rounds):
        median, about["yolov4"] = ours(args)
        times["yolov4"].append(median)
        for name in wanted:
            out = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--peer", name], capture_output=True, text=True)
            if out.returncode:
                print(f"left out: {name}: {out.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
                continue
            median, about[name] = json.loads(out.stdout.splitlines()[-1])
            times.setdefault(name, []).append(median)
    mine = statistics.median(times["yolov4"])
    print(f"{pathlib.Path(args.cfg).stem} {args.size}, f32, medians of {args.rounds} alternating rounds of {args.frames} frames\n")
    print("| | version or adapter | median ms | rounds | beside ours |\n|---|---|---|---|---|")
    for name, list_ in times.items():
        rounds = ", ".join(f"{t:.1f}" for t in list_)
        print(f"| {name} | {about[name]} | {statistics.median(list_):.1f} | {rounds} | {statistics.median(list_) / mine:.2f} x |")


main()
