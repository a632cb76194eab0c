"""The unmeasured guess against a model of one card that was written for itself, layer by layer."""

import contextlib
import importlib.util
import io
import json
import os

# As it calls ours.
NAMES = {"b64": "block64", "b128": "block128", "split": "split"}
LATENCY = 330
# Bytes a microsecond of its last cache, which the model takes for perfect.
CACHE = 1987e3


def guess(ours, data, report):
    path = data / "tools/model_rx6900xt.py"
    if not path.exists():
        if os.environ.get("CI") == "true":
            raise SystemExit(f"error: {path} is not there under CI=true")
        print(f"SKIPPED: {path} is not there")
        return
    spec = importlib.util.spec_from_file_location("model", path)
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    for name, size, limit in (("yolov4-tiny", 416, 0.6), ("yolov4-csp", 512, 4.5)):
        cfg = data / f"models/cfg/{name}.cfg"
        told = json.loads(ours("explain", cfg, "--size", size, "--adapter-class", "rdna2", "--json"))
        steps = [step for step in told["steps"] if step["rung"]]

        def rows(*rungs):
            with contextlib.redirect_stdout(io.StringIO()):
                return model.net(str(cfg), size, LATENCY + 120, LATENCY + 120, 0, name, rungs)

        worst, compared, other = 0.0, 0, []
        best = rows("b64", "b128", "split")
        for rung in NAMES:
            for step, row in zip(steps, rows(rung) if rung != "split" else best, strict=True):
                theirs, kind = row[4][0] + model.GAP, row[4][1].rstrip("0123456789") if "split" in row[4][1] else row[4][1]
                moved = 4 * sum(c * h * w for c, h, w in (row[1], row[2])) / CACHE
                if kind == rung and NAMES[rung] in step["rungs"] and moved < row[4][0] / 2:
                    compared += 1
                    # A microsecond either way is nobody's business.
                    mine = step["rungs"][NAMES[rung]]
                    worst = max(worst, (abs(mine - theirs) - 1) / theirs)
        for step, row in zip(steps, best, strict=True):
            among = {rung: us for rung, us in step["rungs"].items() if rung in NAMES.values()}
            theirs = next((ours for kind, ours in NAMES.items() if row[4][1].startswith(kind)), None)
            if among and theirs and (mine := min(among, key=among.get)) != theirs:
                other.append(f"{step['name']}: {mine} {among[mine]:.1f} us, the model's {theirs} {among.get(theirs, float('nan')):.1f} us")
        print(f"{name}: of block64, block128 and split the model takes another {len(other)} times of {len(steps)}")
        for line in other:
            print(f"    {line}")
        report(f"guess {name}, rungs that are compared", compared, len(steps), above=True)
        report(f"guess {name}, rungs beside the model of an RX 6900 XT", worst, 0.12)
        report(f"guess {name}, {told['total_ms']:.2f} ms unmeasured on it", told["total_ms"], limit)
        report(f"guess {name}, layers where of these three another is taken", len(other), 2)
