"""Times the program and others on one network, alternately, in f16 and f32, and writes JSON. `yolov4 gpu-day` calls it.

A time is that of one inference of one picture, from an f32 tensor on the host to the heads on the host; `gpu_ms`, where there is one, is
the network alone, its input there already. Every other program is a process of its own that says when it is ready, and which cannot
take the others along; what is not installed is named and left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

from layers import Network, Ncnn, Onnx, Torch, play

PRECISIONS = ["f16", "f32"]


def input_of(network):
    return np.random.default_rng(0).random((1, *network.input_shape), dtype="f4")


def torch_cuda(network, precision):
    import torch

    if not torch.cuda.is_available():
        raise ImportError("PyTorch finds no CUDA device")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    dtype = torch.float16 if precision == "f16" else torch.float32
    do = Torch(network, torch, "cuda", dtype)
    host = torch.from_numpy(input_of(network)).pin_memory()
    x = host.to("cuda", dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(3):
                play(network, x, do)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            heads = play(network, x, do)

    def run():
        x.copy_(host)
        graph.replay()
        return [head.float().cpu().numpy() for head in heads]

    def alone():
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)

    return run, alone, f"{torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, CUDA graph"


def torch_cpu(network, precision):
    import torch

    if precision != "f32":
        raise ImportError("the processor plays f32 alone")
    do, x = Torch(network, torch, "cpu", torch.float32), torch.from_numpy(input_of(network))

    def run():
        with torch.no_grad():
            return [head.numpy() for head in play(network, x, do)]

    return run, None, torch.__version__


def onnxruntime_on(provider):
    def build(network, precision):
        import onnxruntime

        if precision != "f32" and provider.startswith("CPU"):
            raise ImportError("the processor plays f32 alone")
        if provider not in onnxruntime.get_available_providers():
            raise ImportError(f"ONNX Runtime {onnxruntime.__version__} has no {provider}")
        model = Onnx(network, "f2" if precision == "f16" else "f4").model()
        session = onnxruntime.InferenceSession(model, providers=[provider])
        if provider not in session.get_providers():
            raise ImportError(f"{provider} does not start")
        x = input_of(network)
        return lambda: session.run(None, {"input": x}), None, onnxruntime.__version__

    return build


def ncnn_vulkan(network, precision):
    import ncnn

    if ncnn.get_gpu_count() == 0:
        raise ImportError("ncnn finds no Vulkan device")
    stem = f"{network.stem}-{precision}"
    heads = Ncnn(network).write(stem)
    net = ncnn.Net()
    net.opt.use_vulkan_compute = True
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
        return [np.array(extractor.extract(name)[1])[None] for name in heads]

    return run, None, f"{ncnn.__version__} on {ncnn.get_gpu_info(ncnn.get_default_gpu_index()).device_name()}"


PEERS = {
    "ncnn-vulkan": ncnn_vulkan,
    "onnxruntime-cuda": onnxruntime_on("CUDAExecutionProvider"),
    "onnxruntime-webgpu": onnxruntime_on("WebGpuExecutionProvider"),
    "pytorch-cuda": torch_cuda,
    "onnxruntime-cpu": onnxruntime_on("CPUExecutionProvider"),
    "pytorch-cpu": torch_cpu,
}


def serve(args):
    """In a process of its own: builds one program's network, and times it whenever a line comes."""
    network = Network(args.stem)
    try:
        run, alone, version = PEERS[args.serve](network, args.precision)
        heads = run()
        run()
    except (ImportError, NotImplementedError) as why:
        return print(json.dumps({"missing": str(why)}), flush=True)
    norms = [float(np.sqrt((np.asarray(head, "f8") ** 2).mean())) for head in heads]
    print(json.dumps({"version": version, "norms": norms}), flush=True)
    for _ in sys.stdin:
        times, gpu = [], []
        for _ in range(args.frames):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        if alone:
            gpu = [alone() for _ in range(args.frames)]
        median = lambda list_: statistics.median(list_) if list_ else None
        print(json.dumps({"ms": median(times), "gpu_ms": median(gpu)}), flush=True)


def ours(args, precision):
    line = [args.program, "bench", "--model", args.model, "--size", args.size, "--precision", precision, "--frames", str(args.frames), "--format",
            "json", *(["--backend", args.backend] if args.backend else []), *(["--adapter", args.adapter] if args.adapter else [])]
    out = subprocess.run(line, capture_output=True, text=True)
    if out.returncode:
        raise SystemExit(out.stderr.strip().splitlines()[-1:])
    row = json.loads(out.stdout)["results"][0]
    return {"ms": row["median_ms"], "gpu_ms": row["gpu_ms"], "version": f"{row['version']} on {row['adapter']}"}


class Peer:
    """A program that is served by another process."""

    def __init__(self, name, args, precision):
        line = [sys.executable, __file__, args.stem, "--serve", name, "--precision", precision, "--frames", str(args.frames)]
        self.child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.about = self.answer()

    def answer(self):
        # Libraries write on standard output too.
        for line in self.child.stdout:
            if line.startswith("{"):
                return json.loads(line)
        said = self.child.stderr.read().strip().splitlines()
        return {"missing": f"ended with {self.child.wait()}: {' '.join(said[-1:])}"}

    def time(self):
        try:
            self.child.stdin.write("\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass
        return self.answer()


def alternate(args, precision):
    peers = {name: Peer(name, args, precision) for name in PEERS}
    missing = {name: peer.about["missing"] for name, peer in peers.items() if "missing" in peer.about}
    there = {name: peer for name, peer in peers.items() if name not in missing}
    rounds = {"yolov4": [], **{name: [] for name in there}}
    for _ in range(args.rounds):
        rounds["yolov4"].append(ours(args, precision))
        for name, peer in list(there.items()):
            timed = peer.time()
            if "missing" in timed:
                missing[name] = timed["missing"]
                del there[name], rounds[name]
            else:
                rounds[name].append(timed)
    for peer in peers.values():
        peer.child.kill()
    rows = []
    for name, list_ in rounds.items():
        gpu = [row["gpu_ms"] for row in list_ if row["gpu_ms"]]
        about = list_[0] if name == "yolov4" else there[name].about
        row = {"program": name, "version": about["version"], "rounds_ms": [round(row["ms"], 4) for row in list_]}
        row["median_ms"] = round(statistics.median(row["rounds_ms"]), 4)
        row["gpu_ms"] = round(statistics.median(gpu), 4) if gpu else None
        row["head_rms"] = about.get("norms")
        rows.append(row)
    return {"precision": precision, "programs": rows, "missing": missing}


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
    parser.add_argument("--serve", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--precision", choices=PRECISIONS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args)
    found = [alternate(args, precision) for precision in PRECISIONS]
    print(json.dumps({"model": args.model, "size": args.size, "precisions": found}))


main()
