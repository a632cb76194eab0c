"""`yolov4 eval` against pycocotools, and against Darknet's mean average precision as its source tells it, straightforwardly."""

import concurrent.futures
import contextlib
import functools
import io
import json
import multiprocessing
import os
import pathlib
import random

import numpy as np
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

KEYS = "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl".split()


def pycocotools(truth, found):
    """The twelve numbers, and AP by category id."""
    with contextlib.redirect_stdout(io.StringIO()):
        there, results = COCO(), COCO()
        there.dataset = truth
        there.createIndex()
        # What loadRes does, which takes no empty list.
        rows = [dict(row, id=i + 1, area=row["bbox"][2] * row["bbox"][3], iscrowd=0) for i, row in enumerate(found)]
        results.dataset = {"images": truth["images"], "categories": truth["categories"], "annotations": rows}
        results.createIndex()
        judge = COCOeval(there, results, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    precision = judge.eval["precision"]
    each = {}
    for k, category in enumerate(judge.params.catIds):
        values = precision[:, :, k, 0, 2]
        each[category] = float(values[values > -1].mean()) if (values > -1).any() else -1.0
    return [float(n) for n in judge.stats], each


def iou(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def inside(a, crowd):
    """The part of a box that lies in a crowd."""
    w = min(a[0] + a[2], crowd[0] + crowd[2]) - max(a[0], crowd[0])
    h = min(a[1] + a[3], crowd[1] + crowd[3]) - max(a[1], crowd[1])
    return w * h / (a[2] * a[3]) if w > 0 and h > 0 else 0.0


def darknet(truth, found, thresh):
    """Darknet's figures: every rank of all detections, a row of counts of every class at each, as detector.c keeps them."""
    classes = [c["id"] for c in truth["categories"]]
    labels = {image["id"]: [] for image in truth["images"]}
    crowds = {image["id"]: [] for image in truth["images"]}
    for number, label in enumerate(truth["annotations"]):
        (crowds if label["iscrowd"] else labels)[label["image_id"]].append((number, label))
    objects = {c: sum(l["category_id"] == c for each in labels.values() for _, l in each) for c in classes}
    detections, tp, fp, overlaps = [], 0, 0, 0.0
    for image in sorted(labels):
        seen = set()
        for row in sorted((r for r in found if r["image_id"] == image and r["score"] > 0.005), key=lambda r: -r["score"]):
            best, which = 0.0, -1
            for number, label in labels[image]:
                value = iou(row["bbox"], label["bbox"])
                if value > 0.5 and label["category_id"] == row["category_id"] and value > best:
                    best, which = value, number
            if which < 0 and any(l["category_id"] == row["category_id"] and inside(row["bbox"], l["bbox"]) > 0.5 for _, l in crowds[image]):
                continue
            detections.append((row["score"], row["category_id"], which))
            if row["score"] > thresh:
                if which >= 0 and which not in seen:
                    tp, overlaps = tp + 1, overlaps + best
                    seen.add(which)
                else:
                    fp += 1
    detections.sort(key=lambda d: -d[0])
    # A row a rank, a column a class.
    (right, wrong), taken = np.zeros((2, len(detections), len(classes))), set()
    for rank, (_, category, which) in enumerate(detections):
        first = which >= 0 and which not in taken
        taken.add(which)
        (right if first else wrong)[rank, classes.index(category)] = 1
    right, wrong = right.cumsum(0), wrong.cumsum(0)
    precision = right / np.maximum(right + wrong, 1)
    recall = right / np.maximum([objects[c] for c in classes], 1)
    means = []
    for points in (0, 11, 101):
        total = 0.0
        for c in range(len(classes) if detections else 0):
            if points:
                for point in range(points):
                    beyond = precision[recall[:, c] >= point / (points - 1), c]
                    total += beyond.max() / points if beyond.size else 0.0
            else:
                last_precision, last_recall = precision[-1, c], recall[-1, c]
                for rank in range(len(detections) - 2, -1, -1):
                    last_precision = max(last_precision, precision[rank, c])
                    total += (last_recall - recall[rank, c]) * last_precision
                    last_recall = recall[rank, c]
                total += last_recall * last_precision
        means.append(float(total) / len(classes))
    every = sum(objects.values())
    precision, recall = tp / (tp + fp) if tp + fp else 0.0, tp / every if every else 0.0
    return {
        "ap_area": means[0], "ap_11": means[1], "ap_101": means[2], "TP": tp, "FP": fp, "FN": every - tp, "precision": precision,
        "recall": recall, "f1": 2 * precision * recall / (precision + recall) if tp else 0.0,
        "average_iou": overlaps / (tp + fp) if tp + fp else 0.0,
        "detections_count": len(detections), "unique_truth_count": every,
    }


def case(seed):
    """Ground truth and results as nobody would have them: crowds, ties, no area, out of the picture, nothing at all."""
    dice = random.Random(seed)
    images, classes = dice.choice([1, 2, 5, 9]), dice.choice([1, 2, 3, 7, 20])
    ids = dice.sample(range(1, 10 * images + 1), images)
    # Not in the order of their ids, with gaps.
    categories = dice.sample(range(1, 3 * classes + 1), classes)
    side = dice.choice([40, 300, 640])
    scores = dice.choice([[0.1, 0.5, 0.9], [i / 20 for i in range(21)], None])

    def box():
        w, h = (dice.choice([0, side * dice.random(), side * dice.random() ** 3]) for _ in "wh")
        # A tenth lies out of the picture.
        return [round(v, dice.choice([0, 1, 4])) for v in (side * dice.uniform(-0.1, 1.0), side * dice.uniform(-0.1, 1.0), w, h)]

    truth, found = [], []
    for image in ids:
        most = dice.choice([0, 1, 4, 12])
        own = []
        for _ in range(dice.randint(0, most)):
            bbox = dice.choice(own)["bbox"] if own and dice.random() < 0.1 else box()
            area = bbox[2] * bbox[3] * dice.choice([1, 1, dice.random()])
            own.append({"id": len(truth) + len(own) + 1, "image_id": image, "category_id": dice.choice(categories), "bbox": bbox,
                        "area": area, "iscrowd": int(dice.random() < 0.15)})
        truth += own
        # Now and then more than a hundred.
        for _ in range(dice.choice([0, 3, 15, 15, 130 if seed % 10 == 0 else 30])):
            near = dice.choice(own) if own and dice.random() < 0.7 else None
            shake = dice.choice([0, 1, 8])
            bbox = [round(max(v + dice.uniform(-shake, shake), 0 if i > 1 else -1e9), 3) for i, v in enumerate(near["bbox"])] if near else box()
            category = near["category_id"] if near and dice.random() < 0.8 else dice.choice(categories)
            found.append({"image_id": image, "category_id": category, "bbox": bbox,
                          "score": dice.choice(scores) if scores else round(dice.random(), 6)})
    dataset = {"images": [{"id": i, "file_name": f"{i}.jpg", "width": side, "height": side} for i in ids],
               "categories": [{"id": c, "name": f"c{c}"} for c in categories], "annotations": truth}
    return dataset, found


def apart(told, truth, found):
    """The largest difference of COCO's figures, all and per class, and of Darknet's."""
    numbers, each = pycocotools(truth, found)
    rows = {row["category_id"]: row["AP"] for row in told["per_class"]}
    coco = max([abs(told[key] - want) for key, want in zip(KEYS, numbers)] + [abs(rows[c] - ap) for c, ap in each.items()])
    want = darknet(truth, found, told["thresh"])
    return coco, max(abs(told["darknet"][key] - value) for key, value in want.items())


def evaluate(ours, work, truth, found):
    (work / "truth.json").write_text(json.dumps(truth))
    (work / "found.json").write_text(json.dumps(found))
    return json.loads(ours("eval", "--annotations", work / "truth.json", "--results", work / "found.json", "--per-class", "--format", "json"))


def random_case(ours, work, seed):
    """How far apart we are on a generated case, and whether it has crowds, whether it has nothing."""
    own = work / str(os.getpid())
    own.mkdir(exist_ok=True)
    truth, found = case(seed)
    crowded = any(label["iscrowd"] for label in truth["annotations"])
    return *apart(evaluate(ours, own, truth, found), truth, found), crowded, not truth["annotations"] or not found


def random_cases(ours, work, report, count):
    # Forked: the script that asks is no module to begin again.
    with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        rows = list(pool.map(functools.partial(random_case, ours, work), range(count), chunksize=16))
    coco, darknets, crowded, nothing = zip(*rows)
    report(f"eval, {count} random cases, pycocotools", np.max(coco), 1e-9)
    report(f"eval, {count} random cases, Darknet's mAP", np.max(darknets), 1e-9)
    report("eval, cases with crowds, with nothing", min(sum(crowded), sum(nothing)), 20, above=True)


# Folder and file name, names, and how Darknet was asked.
NETWORKS = {
    "yolo-fastest-1.1-xl": ("coco.names", ["--size", "320"]),
    "yolov4-tiny-voc": ("yolov4-tiny-voc/voc.names", ["--size", "416"]),
    "yolov5n": ("coco.names", ["--size", "640", "--letterbox"]),
}
VOC = {"aeroplane": "airplane", "motorbike": "motorcycle", "sofa": "couch", "pottedplant": "potted plant", "diningtable": "dining table",
       "tvmonitor": "tv"}


def decode(photo, work):
    """A PNG with the pixels that Pillow makes of a JPEG; its name."""
    name = f"{photo.stem}.png"
    Image.open(photo).convert("RGB").save(work / name, compress_level=1)
    return name


def photographs(ours, data, work, report):
    """Real annotations and networks: our figures of our boxes, and AP of Darknet's own boxes beside that of ours."""
    annotations, folder = data / "images/coco_instances.json", data / "images/coco"
    truth = json.loads(annotations.read_text())
    (work / "voc.map").write_text("".join(f"{voc} = {coco}\n" for voc, coco in VOC.items()))
    # JPEG decoders differ by a few levels, which decides between two boxes of one score: Darknet's is closer to Pillow's than to ours.
    for image in truth["images"]:
        image["file_name"] = decode(folder / image["file_name"], work)
    decoded = work / "decoded.json"
    decoded.write_text(json.dumps(truth))
    # As a file of Darknet's has it: the shape of each picture by its name.
    shapes = {pathlib.Path(image["file_name"]).stem: (image["id"], image["width"], image["height"]) for image in truth["images"]}
    category = {row["name"]: row["id"] for row in truth["categories"]}
    for name, (names, options) in NETWORKS.items():
        models = data / "models"
        shown = work / f"{name}.json"
        common = ["eval", "--model", models / name / f"{name}.cfg", "--weights",
                  models / name / f"{name}.weights", "--names", models / names, "--format", "json", "--detections", shown,
                  *options, *(["--class-map", work / "voc.map"] if "voc" in name else [])]
        photos = ["--annotations", annotations, "--images", folder]
        whole = json.loads(ours(*common, *photos, "--per-class"))
        kept = {row["category_id"] for row in whole["per_class"]}
        known = dict(truth, categories=[c for c in truth["categories"] if c["id"] in kept],
                     annotations=[a for a in truth["annotations"] if a["category_id"] in kept])
        coco, own = apart(whole, known, json.loads(shown.read_text()))
        report(f"eval {name}, AP {whole['AP']:.3f}, pycocotools", coco, 1e-9)
        report(f"eval {name}, Darknet's mAP {whole['darknet']['ap_area']:.3f}", own, 1e-9)
        strict = json.loads(ours(*common, "--conf", 0.25, "--nms", 0.45, "--annotations", decoded, "--images", work))
        theirs = []
        for picture in json.loads((data / f"images/darknet/{name}.json").read_text()):
            name_of = pathlib.Path(picture["image"]).stem
            if name_of not in shapes:
                continue
            image, width, height = shapes[name_of]
            for row in picture["objects"]:
                c = row["relative_coordinates"]
                left, right = ((c["center_x"] + s * c["width"] / 2) * width for s in (-1, 1))
                top, bottom = ((c["center_y"] + s * c["height"] / 2) * height for s in (-1, 1))
                left, right, top, bottom = max(left, 0), min(right, width), max(top, 0), min(bottom, height)
                theirs.append({"image_id": image, "category_id": category[VOC.get(row["name"], row["name"])],
                               "bbox": [left, top, right - left, bottom - top], "score": row["confidence"]})
        numbers, _ = pycocotools(known, theirs)
        report(f"eval {name}, AP {strict['AP']:.4f} beside Darknet's {numbers[0]:.4f}", abs(strict["AP"] - numbers[0]), 2e-3)
        half = json.loads(ours(*common, *photos, "--player", "gpu", "--precision", "f16"))
        report(f"eval {name}, AP in f16 {half['AP']:.4f} beside {whole['AP']:.4f}", abs(half["AP"] - whole["AP"]), 3e-3)
