"""What AMD's shader compiler in Mesa makes of our convolutions, on no GPU at all: `cargo xtask isa`.

RADV has a device of its own without hardware; `null_driver.c` stands before it, gives it memory, swallows what is recorded, and asks the compiler
for its statistics at every pipeline. The unmodified program tunes yolov4-tiny on it. Nothing runs, so times mean nothing: the table has
registers, workgroup memory, waves, instructions. They are those of one version of a compiler: compare with the same only.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

from mesa import LIBRARIES, mesa, version

HERE = pathlib.Path(__file__).parent
CARDS = ("vega10", "navi21", "navi31")
# Compiled beside the others when roofs are measured, for values that these are not for.
OF_F16 = ("conv_packed", "conv_coop16")
# Instructions that multiply and add, of a step between two barriers; of packed ones two at once. A loop of less is played so often.
STEP = {"conv_block": 1024, "conv_packed": 512}


def compile_all(work, program, card, precision):
    """The folder with a file a pipeline."""
    root, library = mesa(work), work / "null_driver.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", f"-I{root}/usr/include", "-o", library, HERE / "null_driver.c", "-ldl"], check=True)
    description = {"file_format_version": "1.0.0", "ICD": {"api_version": "1.4.305", "library_path": str(library)}}
    (work / "null.json").write_text(json.dumps(description))
    out = work / f"{card}-{precision}"
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    folder = root / LIBRARIES
    environment = {
        **os.environ, "LD_LIBRARY_PATH": folder, "REAL_ICD": folder / "libvulkan_radeon.so", "VK_ICD_FILENAMES": work / "null.json",
        "RADV_FORCE_FAMILY": card, "VK_LOADER_LAYERS_DISABLE": "*", "MESA_SHADER_CACHE_DISABLE": "true", "WGPU_DEBUG": "1",
        "XDG_RUNTIME_DIR": work, "XDG_CACHE_HOME": work / "cache", "STATS_DIR": out}
    line = [program, "bench", "--model", "yolov4-tiny", "--precision", precision, "--backend", "vulkan", "--frames", "1", "--warmup", "0", "--tune", "full"]
    # The device that is none may end the program in the end: what counts are the files.
    subprocess.run(line, env={k: str(v) for k, v in environment.items()}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def kind(op):
    for name, pattern in (
        ("fma", r"v_(dual_)?(fma|fmac|pk_fma|pk_fmac|mad|mac|dot|fma_mix|pk_mul)"), ("matrix", r"v_(wmma|mfma)"), ("valu", r"v_"),
        ("lds", r"ds_"), ("load", r"(buffer|global|flat|image)_(load|sample|gather)"), ("store", r"(buffer|global|flat|image)_store"),
        ("scalar load", r"s_(buffer_)?load"), ("wait", r"s_waitcnt|s_wait_"), ("hint", r"s_(nop|clause|delay|inst_prefetch|code_end|endpgm|set_inst|sleep)"),
    ):
        if re.match(pattern, op):
            return name
    return "scalar"


def pipeline(path):
    """Statistics, and counts of instructions of its loops: the innermost with most multiplications, and the loop around that."""
    stats, text, on = {}, [], False
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("stat\t"):
            _, key, value = line.split("\t")
            stats[key] = value
        elif line.startswith("# representation"):
            on = "Assembly" in line
        elif on:
            text.append(line)
    labels, ops = {}, []
    for line in text:
        if label := re.match(r"^\s*(BB\d+):", line):
            labels[label[1]] = len(ops)
        elif code := line.split(";")[0].strip():
            ops.append(code)
    heads = {}
    for end, code in enumerate(ops):
        jump = re.match(r"s_c?branch\S*\s+(BB\d+)", code)
        if jump and labels.get(jump[1], end + 1) <= end:
            heads[labels[jump[1]]] = max(heads.get(labels[jump[1]], 0), end)
    count = lambda span: collections.Counter(kind(code.split()[0]) for code in ops[span[0] : span[1] + 1])
    spans = sorted(heads.items())
    inner = [a for a in spans if not any(a[0] <= b[0] and b[1] <= a[1] and a != b for b in spans)]
    rate = lambda span: (count(span)["fma"] + 64 * count(span)["matrix"], span[1] - span[0])
    hot = max(inner, key=rate, default=None)
    if not hot:
        return stats, None, None
    around = [b for b in spans if b[0] <= hot[0] and hot[1] <= b[1] and b != hot]
    outer = min(around, key=lambda span: span[1] - span[0], default=None)
    return stats, count(hot), count(outer) if outer else None


def share(name, hot, outer):
    """Multiplications of all instructions in a step, staging included, the inner loop counted as often as it is played."""
    if not hot or not hot["fma"]:
        return None
    trips = STEP.get(name, 0) / hot["fma"]
    if trips > 1 and outer:
        rest = outer.total() - hot.total()
        return trips * hot["fma"] / (trips * hot.total() + rest)
    return hot["fma"] / hot.total()


def rows(folder):
    """A row a kernel and amount of workgroup memory: the most of its pipelines."""
    worst = {}
    for path in sorted(folder.glob("*-*.txt")):
        name = path.stem.split("-", 1)[1]
        if not re.match(r"(conv|winograd)", name):
            continue
        stats, hot, outer = pipeline(path)
        of = lambda key: int(float(stats.get(key, 0)))
        value = {
            "VGPRs": of("VGPRs"), "spills": of("Spilled VGPRs") + of("Spilled SGPRs"), "waves": of("Subgroups per SIMD"),
            "instructions": of("Instructions"), "share": share(name, hot, outer),
            "hot": ", ".join(f"{n} {k}" for k, n in hot.most_common(4)) if hot else "",
        }
        key = (name, of("LDS size"))
        old = worst.get(key)
        rank = lambda v: (v["VGPRs"], -v["waves"], v["instructions"])
        if not old or rank(value) > rank(old):
            worst[key] = value
    return worst


def table(cards):
    out = []
    for precision in ("f32", "f16"):
        out += [f"## {precision}", "", "| kernel | workgroup memory, B | card | VGPRs | spills | waves a SIMD | instructions | multiply-adds in the loop | hottest loop |",
                "|---|---|---|---|---|---|---|---|---|"]
        keys = sorted({key for card in CARDS for key in cards[card, precision] if precision == "f16" or key[0] not in OF_F16})
        for name, lds in keys:
            for card in CARDS:
                if row := cards[card, precision].get((name, lds)):
                    part = f"{row['share']:.0%}" if row["share"] else ""
                    out.append(f"| {name} | {lds} | {card} | {row['VGPRs']} | {row['spills']} | {row['waves']} | {row['instructions']} | {part} | {row['hot']} |")
        out.append("")
    return "\n".join(out)


HEAD = """# What AMD's compiler makes of the convolutions

Made by `cargo xtask isa` with Mesa's RADV VERSION, no GPU at hand: registers, waves and instructions, not times. Of all pipelines of a kernel (shapes
of yolov4-tiny, `--tune full`) the row has the one with the most registers. A wave is 64 lanes (`conv_lanes` and others may have 32); Mesa counts waves of 64 as two on
RDNA. *Multiply-adds in the loop* is their share of its instructions; of `conv_block` and `conv_packed` all that is done between two barriers counts,
staging included. `cargo xtask isa --check` fails where a pipeline spills or has more registers than here.

"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    work = args.work.resolve()
    cards = {(card, precision): rows(compile_all(work, args.program, card, precision)) for precision in ("f32", "f16") for card in CARDS}
    for key, found in cards.items():
        # The device that is none ends the program now and then, but not before it has tuned.
        if len(found) < 10:
            sys.exit(f"error: no statistics of {' in '.join(key)}: see {work}")
    text = HEAD.replace("VERSION", version(work)) + table(cards)
    spilled = [f"{name} ({lds} B) on {card} in {precision}" for (card, precision), found in cards.items()
               for (name, lds), row in found.items() if row["spills"] and (precision == "f16" or name not in OF_F16)]
    if not args.check:
        args.table.write_text(text)
        print(f"{args.table}: {sum(map(len, cards.values()))} rows")
    else:
        registers = lambda text: {tuple(c.strip() for c in line.split("|")[1:4]) + (half,): int(line.split("|")[4])
                                  for half, part in enumerate(text.split("## ")[1:]) for line in part.splitlines() if re.match(r"\| (conv|wino)", line)}
        known, now = registers(args.table.read_text()), registers(text)
        more = [f"{' '.join(map(str, key[:3]))}: {now[key]} VGPRs, {known[key]} before" for key in sorted(now.keys() & known.keys()) if now[key] > known[key]]
        gone = [" ".join(map(str, key[:3])) for key in sorted(known.keys() - now.keys())]
        for line in more:
            print(line)
        if gone:
            sys.exit("error: no longer compiled, or with other workgroup memory: " + "; ".join(gone))
        if more:
            sys.exit("error: more registers than benches/isa.md has")
        print(f"{len(now)} rows, {len(now.keys() - known.keys())} of them new, none with more registers")
    if spilled:
        sys.exit("error: registers are spilled by " + ", ".join(spilled))


main()
