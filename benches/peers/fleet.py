#!/usr/bin/env python3
"""What a picture costs, and what the start does: `yolov4 detect`, the Python package, and Ray with 1, 2 and 4 actors, alternately.

    pip install ./python 'ray[data]'
    python benches/peers/fleet.py FOLDER --model yolov4-tiny.cfg --weights yolov4-tiny.weights --player cpu

Each plays the folder once and then five times over, from a process of its own to boxes: the difference is what a picture costs, the rest is
the start (the program, Python's imports, or Ray's actors; a cluster is there before). The last lines are for the arithmetic of a fleet: what
a picture costs the host where the network costs nothing, by a network of one convolution at 32x32. Build first: cargo build --release.
"""
import argparse, atexit, json, os, pathlib, resource, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMES = 5
NOTHING = """[net]
width=32
height=32
channels=3
[convolutional]
filters=6
size=1
stride=32
pad=0
activation=linear
[yolo]
mask=0
anchors=9,9
classes=1
num=1
"""


def program(args, files, model=None, weights=None):
    """The program's own process; its seconds, and those of all cores that it was busy for."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("".join(f"{file}\n" for file in files))
        names.flush()
        line = [args.program, "detect", f"@{names.name}", "--model", model or args.model, "--format", "jsonl", "--player", args.player]
        line += ["--weights", weights or args.weights] if weights or args.weights else []
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([*map(str, line)], check=True, capture_output=True, text=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(done.stdout.splitlines()) == len(files), done.stderr
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, len(done.stdout)


def package(options, files):
    """In a process of its own."""
    from yolov4 import Detector

    assert len(Detector(**options)(files)) == len(files)


def step(options, files, actors):
    """In a process of its own, on a cluster that is there."""
    import logging

    import ray
    from yolov4.ray import Detect

    ray.init(address=os.environ["RAY_ADDRESS"], logging_level=logging.ERROR, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    dataset = ray.data.from_items([{"path": file} for file in files], override_num_blocks=4 * actors)
    pool = ray.data.ActorPoolStrategy(size=actors)
    found = dataset.map_batches(Detect, fn_constructor_kwargs=options, batch_size=8, compute=pool, num_cpus=1)
    assert sum(1 for _ in found.iter_rows()) == len(files)


def child(args, times, kind):
    start = time.perf_counter()
    line = [sys.executable, *sys.argv, "--child", kind, "--times", str(times)]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights")
    parser.add_argument("--player", default="auto")
    parser.add_argument("--program", default=str(ROOT / "target/release/yolov4"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    files = [str(file) for file in sorted(args.folder.glob("*.jpg"))]
    if args.child:
        options = {"model": args.model, "weights": args.weights, "player": args.player}
        if args.child == "python":
            return package(options, files * args.times)
        return step(options, files * args.times, int(args.child))
    kinds = ["python"]
    ray = pathlib.Path(sys.executable).with_name("ray")
    if ray.exists():
        # It ends with this process, and nobody else's with it.
        line = [ray, "start", "--head", "--block", "--port=6399", "--num-cpus=8", "--include-dashboard=false"]
        cluster = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(cluster.terminate)
        os.environ["RAY_ADDRESS"] = "127.0.0.1:6399"
        while subprocess.run([ray, "status"], capture_output=True).returncode:
            time.sleep(0.2)
        kinds += ["1", "2", "4"]
    else:
        print("ray: not installed")
    seconds = {kind: {1: [], TIMES: []} for kind in ["detect", *kinds]}
    for _ in range(args.rounds):
        for times in (1, TIMES):
            seconds["detect"][times].append(program(args, files * times)[0])
            for kind in kinds:
                seconds[kind][times].append(child(args, times, kind))
    rate = lambda once, often: len(files) * (TIMES - 1) / (often - once)
    for kind, took in seconds.items():
        once, often = (statistics.median(took[times]) for times in (1, TIMES))
        name = f"Ray, {kind} actors" if kind.isdigit() else kind
        start = once - len(files) / rate(once, often)
        each = ", ".join(f"{a:.2f} and {b:.2f}" for a, b in zip(took[1], took[TIMES]))
        print(f"{name}: {rate(once, often):.1f} pictures a second, start {start:.2f} s, {len(files)} in {once:.2f} s; seconds: {each}")
    with tempfile.TemporaryDirectory() as folder:
        cfg, weights = pathlib.Path(folder) / "nothing.cfg", pathlib.Path(folder) / "nothing.weights"
        cfg.write_text(NOTHING)
        # Darknet's header, six biases that find nothing, six rows of three weights.
        weights.write_bytes(bytes([0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0] + [0] * 8) + b"\0\0\x20\xc1" * 6 + bytes(4 * 18))
        few, many = (program(args, files * times, cfg, weights) for times in (1, TIMES))
        host = 1000 * (many[1] - few[1]) / (len(files) * (TIMES - 1))
        size = statistics.mean(os.path.getsize(file) for file in files)
        print(f"host, network aside: {host:.2f} ms of one core a picture (read, decode, resize to 32x32, write); {size / 1e3:.0f} kB a file")
    lines = program(args, files)[2]
    print(f"a line of boxes: {lines / len(files):.0f} bytes")


main()
