"""Times the program and others on one network, alternately, in f16 and f32, and writes JSON. `yolov4 gpu-day` calls it.

A time is that of one inference of one picture, from an f32 tensor on the host to the heads on the host; `gpu_ms`, where there is one, is
the network alone, its input there already. Every other program is a process of its own, which cannot take the others along: one that is
not installed, ends or hangs is named and left out.
"""

import argparse
import json
import math
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from layers import Network, Ncnn, Onnx, Torch, play

PRECISIONS = ["f16", "f32"]
# Seconds that a program has for its first answer, and for each round.
PATIENCE = (180, 60)
# Seconds that a program works before its frames count: an idle card has a slow clock.
WARM = 0.3
# What an answer begins with, for libraries write on standard output too.
MARK = "yolov4-peer "


def input_of(network):
    return np.random.default_rng(0).random((1, *network.input_shape), dtype="f4")


def torch_cuda(network, precision, device):
    import torch

    if not torch.cuda.is_available():
        raise ImportError("PyTorch finds no CUDA device")
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    torch.cuda.set_device(chosen(names, device))
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    dtype = torch.float16 if precision == "f16" else torch.float32
    do = Torch(network, torch, "cuda", dtype)
    host = torch.from_numpy(input_of(network)).pin_memory()
    still = torch.empty_like(host, device="cuda")
    still.copy_(host)

    def whole():
        x = still.to(dtype).contiguous(memory_format=torch.channels_last)
        return [head.float() for head in play(network, x, do)]

    with torch.inference_mode():
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                whole()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            heads = whole()
    out = [torch.empty_like(head, device="cpu").pin_memory() for head in heads]

    def run():
        still.copy_(host, non_blocking=True)
        graph.replay()
        for there, here in zip(heads, out):
            here.copy_(there, non_blocking=True)
        torch.cuda.synchronize()
        return [head.numpy() for head in out]

    def alone():
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)

    version = f"{torch.__version__}, cuDNN {torch.backends.cudnn.version()}, CUDA graph, on {torch.cuda.get_device_name()}"
    return run, alone, version


def torch_cpu(network, precision, _device):
    import torch

    if precision != "f32":
        raise ImportError("the processor plays f32 alone")
    do, x = Torch(network, torch, "cpu", torch.float32), torch.from_numpy(input_of(network))

    def run():
        with torch.no_grad():
            return [head.numpy() for head in play(network, x, do)]

    return run, None, torch.__version__


def onnxruntime_on(provider):
    def build(network, precision, _device):
        import onnxruntime

        if precision != "f32" and provider.startswith("CPU"):
            raise ImportError("the processor plays f32 alone")
        if provider not in onnxruntime.get_available_providers():
            raise ImportError(f"ONNX Runtime {onnxruntime.__version__} has no {provider}")
        model = Onnx(network, "f2" if precision == "f16" else "f4").model()
        # Tensor cores that cut f32 to 19 bits are not f32.
        options = {"use_tf32": 0} if provider.startswith("CUDA") else {}
        session = onnxruntime.InferenceSession(model, providers=[(provider, options)])
        if provider not in session.get_providers():
            raise ImportError(f"{provider} does not start")
        x = input_of(network)
        where = "" if provider.startswith("CPU") else ", its device 0"
        return lambda: session.run(None, {"input": x}), None, onnxruntime.__version__ + where

    return build


def chosen(names, wanted):
    """The number of the device that is ours too; the first if there is only one."""
    found = [i for i, name in enumerate(names) if wanted and (wanted in name or name in wanted)]
    if not found and len(names) > 1:
        raise ImportError(f"has {', '.join(names)}, and none is called {wanted}")
    return found[0] if found else 0


def ncnn_vulkan(network, precision, device):
    import ncnn

    if ncnn.get_gpu_count() == 0:
        raise ImportError("ncnn finds no Vulkan device")
    names = [ncnn.get_gpu_info(i).device_name() for i in range(ncnn.get_gpu_count())]
    number = chosen(names, device)
    stem = f"{network.stem}-{precision}"
    heads = Ncnn(network).write(stem)
    net = ncnn.Net()
    net.opt.use_vulkan_compute = True
    net.set_vulkan_device(number)
    for key in ("fp16_packed", "fp16_storage", "fp16_arithmetic"):
        setattr(net.opt, f"use_{key}", precision == "f16")
    for key in ("bf16_storage", "bf16_packed"):
        if hasattr(net.opt, f"use_{key}"):
            setattr(net.opt, f"use_{key}", False)
    if net.load_param(f"{stem}.param") or net.load_model(f"{stem}.bin"):
        raise RuntimeError("ncnn refuses the network")
    x = input_of(network)[0]

    def run():
        extractor = net.create_extractor()
        extractor.input("input", ncnn.Mat(x))
        out = []
        for name in heads:
            code, head = extractor.extract(name)
            if code:
                raise RuntimeError(f"ncnn returns {code}")
            out.append(np.array(head)[None])
        return out

    return run, None, f"{ncnn.__version__} on {names[number]}"


PEERS = {
    "ncnn-vulkan": ncnn_vulkan,
    "onnxruntime-cuda": onnxruntime_on("CUDAExecutionProvider"),
    "onnxruntime-webgpu": onnxruntime_on("WebGpuExecutionProvider"),
    "pytorch-cuda": torch_cuda,
    "onnxruntime-cpu": onnxruntime_on("CPUExecutionProvider"),
    "pytorch-cpu": torch_cpu,
}


def answer(**said):
    print(MARK + json.dumps(said, allow_nan=False), flush=True)


def serve(args):
    """In a process of its own: builds one program's network, and times it whenever a line comes."""
    network = Network(args.stem)
    try:
        run, alone, version = PEERS[args.serve](network, args.precision, args.device)
        heads = run()
    except (ImportError, NotImplementedError) as why:
        return answer(missing=str(why))
    shapes, wanted = [tuple(head.shape[1:]) for head in heads], [tuple(network.nodes[i]["shape"]) for i in network.heads]
    if shapes != wanted:
        return answer(missing=f"its heads are {shapes}, expected {wanted}")
    rms = [float(np.sqrt((np.asarray(head, "f8") ** 2).mean())) for head in heads]
    if not all(map(math.isfinite, rms)):
        return answer(missing="its heads are not finite")
    answer(version=version, head_rms=rms)
    for _ in sys.stdin:
        end = time.perf_counter() + WARM
        while time.perf_counter() < end:
            run()
        times = []
        for _ in range(args.frames):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        gpu = [alone() for _ in range(args.frames)] if alone else None
        answer(ms=statistics.median(times), gpu_ms=statistics.median(gpu) if gpu else None)


def ours(args, precision):
    """A round of the program itself, or why there is none."""
    device = [*(["--backend", args.backend] if args.backend else []), *(["--adapter", args.adapter] if args.adapter else [])]
    line = [args.program, "bench", "--model", args.model, "--size", args.size, "--precision", precision, "--frames", str(args.frames), "--warmup",
            str(args.warmup), "--format", "json", *device]
    out = subprocess.run(line, capture_output=True, text=True)
    if out.returncode:
        said = [said for said in out.stderr.splitlines() if said.startswith("error")] or out.stderr.splitlines() or [""]
        return {"missing": f"ended with {out.returncode}: {said[0]}"}
    row = json.loads(out.stdout)["results"][0]
    return {"ms": row["median_ms"], "gpu_ms": row["gpu_ms"], "version": f"{row['version']} on {row['adapter']}"}


class Peer:
    """A program that is served by another process."""

    def __init__(self, name, args, precision):
        line = [sys.executable, __file__, args.stem, "--serve", name, "--precision", precision, "--frames", str(args.frames)]
        if args.adapter:
            line += ["--device", args.adapter]
        # Through a file, which nothing can fill up so that it waits.
        self.stderr = tempfile.TemporaryFile()
        self.child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.about = self.answer(PATIENCE[0])

    def listen(self):
        for line in self.child.stdout:
            if line.startswith(MARK):
                self.answers.put(json.loads(line[len(MARK) :]))
        self.answers.put(None)

    def answer(self, seconds):
        try:
            said = self.answers.get(timeout=seconds)
        except queue.Empty:
            self.child.kill()
            return {"missing": f"has not answered for {seconds} s"}
        if said is not None:
            return said
        code = self.child.wait()
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").strip().splitlines()
        return {"missing": f"ended with {code}: {' '.join(lines[-1:])}"}

    def time(self):
        try:
            self.child.stdin.write("\n")
            self.child.stdin.flush()
        except (OSError, ValueError):
            pass
        return self.answer(PATIENCE[1])


def alternate(args, precision):
    peers = {name: Peer(name, args, precision) for name in PEERS}
    missing = {name: peer.about["missing"] for name, peer in peers.items() if "missing" in peer.about}
    about = {name: peer.about for name, peer in peers.items() if name not in missing}
    rounds = {"yolov4": [], **{name: [] for name in about}}
    for _ in range(args.rounds):
        for name in list(rounds):
            timed = ours(args, precision) if name == "yolov4" else peers[name].time()
            if "missing" in timed:
                missing[name] = timed["missing"]
                del rounds[name]
            else:
                rounds[name].append(timed)
    for peer in peers.values():
        peer.child.kill()
    rows = []
    for name, list_ in rounds.items():
        gpu = [row["gpu_ms"] for row in list_ if row["gpu_ms"]]
        said = list_[0] if name == "yolov4" else about[name]
        times = [round(row["ms"], 4) for row in list_]
        rows.append({"program": name, "version": said["version"], "rounds_ms": times, "median_ms": round(statistics.median(times), 4),
                     "gpu_ms": round(statistics.median(gpu), 4) if gpu else None, "head_rms": said.get("head_rms")})
    judge(rows, 0.02 if precision == "f16" else 1e-3)
    return {"precision": precision, "programs": rows, "missing": missing}


def judge(rows, tolerance):
    """Says of a program whose heads are not as large as the others' that it computes something else."""
    known = [row["head_rms"] for row in rows if row["head_rms"]]
    if not known:
        return
    middle = [statistics.median(sizes) for sizes in zip(*known)]
    for row in rows:
        if row["head_rms"]:
            row["agrees"] = max(abs(a - b) / b for a, b in zip(row["head_rms"], middle)) <= tolerance


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stem", help="the network: STEM.json and STEM.f32")
    parser.add_argument("--program", help="yolov4")
    parser.add_argument("--model")
    parser.add_argument("--size")
    parser.add_argument("--adapter")
    parser.add_argument("--backend")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=200, help="frames of ours before those that count")
    parser.add_argument("--precision", choices=PRECISIONS, help="only this one")
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--device", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args)
    found = [alternate(args, precision) for precision in ([args.precision] if args.precision else PRECISIONS)]
    print(json.dumps({"model": args.model, "size": args.size, "precisions": found}, allow_nan=False))


main()
