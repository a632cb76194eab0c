"""`yolov4.ray.Detect` on a cluster of three nodes, each a process of this machine: what is found, a node that dies, a device that is lost."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ray = pytest.importorskip("ray", reason="SKIPPED: Ray is not installed")

from PIL import Image
from ray.cluster_utils import Cluster

import yolov4.ray
from yolov4 import Detector
from yolov4.errors import DeviceLostError

# Workers do not find this file by its name.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCENES = sorted(map(str, (ROOT / "assets/images").glob("*.jpg")))
DATA = os.environ.get("YOLOV4_TEST_DATA")
DEMO = {"model": "demo", "player": "cpu", "size": 160}


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, logging_level="ERROR")
    cluster.wait_for_nodes()
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def play(rows, options=DEMO, actors=3, step=yolov4.ray.Detect):
    dataset = ray.data.from_items(rows, override_num_blocks=max(1, len(rows) // 4))
    strategy = ray.data.ActorPoolStrategy(size=actors)
    return dataset.map_batches(step, fn_constructor_kwargs=options, batch_size=4, compute=strategy, num_cpus=0.3)


def same(row, found):
    assert np.array_equal(np.array(row["xyxy"], np.float32).reshape(-1, 4), found.xyxy)
    assert np.array_equal(np.array(row["score"], np.float32), found.score)
    assert list(row["class_id"]) == list(found.class_id) and list(row["name"]) == found.names
    assert (row["width"], row["height"], row["error"]) == (found.width, found.height, None)


def test_rows_are_what_the_detector_finds(cluster, tmp_path):
    detector = Detector(**DEMO)
    rows = [{"path": path, "number": n} for n, path in enumerate(SCENES * 6 + ["nowhere.jpg"])]
    play(rows).write_parquet(str(tmp_path / "found"))
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(tmp_path / "found")
    assert table.schema.field("xyxy").type == yolov4.ray.SCHEMA.field("xyxy").type
    told = sorted(table.to_pylist(), key=lambda row: row["number"])
    assert [row["path"] for row in told] == [row["path"] for row in rows]
    for row in told[:-1]:
        same(row, detector(row["path"]))
    assert "nowhere.jpg" in told[-1]["error"] and told[-1]["xyxy"] == []


def test_the_example_reads_a_folder_and_what_it_has_written(cluster, tmp_path):
    import pyarrow.parquet

    def example(source, out):
        command = [sys.executable, ROOT / "python/examples/ray_parquet.py", source, out, "--model", "demo", "--player", "cpu"]
        subprocess.run(command, check=True, env={**os.environ, "RAY_ADDRESS": cluster.address})
        return sorted(pyarrow.parquet.read_table(out).to_pylist(), key=lambda row: row["path"])

    detector = Detector("demo", player="cpu")
    told = example(ROOT / "assets/images", tmp_path / "found")
    assert [row["path"] for row in told] == SCENES and "bytes" not in told[0]
    for row in told:
        same(row, detector(row["path"]))
    # Its rows have paths, and what was found before gives way.
    assert example(tmp_path / "found", tmp_path / "again") == told


def test_pictures_may_be_arrays_or_bytes(cluster):
    detector = Detector(**DEMO)
    picture = np.asarray(Image.open(SCENES[0]).convert("RGB").resize((200, 150)))
    [row] = play([{"image": picture, "id": 5}], actors=1).take_all()
    same(row, detector(picture))
    assert row["id"] == 5 and "image" not in row
    [row] = play([{"photo": pathlib.Path(SCENES[1]).read_bytes()}], {**DEMO, "column": "photo", "keep": True}, 1).take_all()
    same(row, detector(SCENES[1]))
    assert row["photo"] == pathlib.Path(SCENES[1]).read_bytes()
    with pytest.raises(Exception, match="expected a column of pictures"):
        play([{"photo": 7}], actors=1).take_all()


class LosesItsDevice(yolov4.ray.Detect):
    """Its first detector loses the device at the second batch."""

    def __init__(self, **options):
        super().__init__(**options)
        self.built, good = 1, self._build
        state = {"calls": 0}

        def rebuilt():
            self.built += 1
            return good()

        first = self._detector

        def failing(pictures, errors="raise"):
            state["calls"] += 1
            if state["calls"] < 2:
                return first(pictures, errors=errors)
            return [DeviceLostError("a test")] * len(pictures)

        self._build, self._detector = rebuilt, failing

    def __call__(self, rows):
        table = super().__call__(rows)
        return table.append_column("built", [[self.built] * table.num_rows])


def test_a_device_that_is_lost_is_replaced(cluster):
    detector = Detector(**DEMO)
    rows = play([{"path": path, "number": n} for n, path in enumerate(SCENES * 4)], actors=1, step=LosesItsDevice).take_all()
    assert sorted(row["number"] for row in rows) == list(range(16))
    assert {row["built"] for row in rows} == {1, 2}
    for row in rows:
        same(row, detector(row["path"]))


@pytest.mark.skipif(not DATA, reason="SKIPPED: photographs need YOLOV4_TEST_DATA")
def test_a_node_that_dies_half_way_costs_nothing(cluster):
    data = pathlib.Path(DATA)
    network = data / "models/yolov4-tiny-voc"
    options = {"model": str(network / "yolov4-tiny-voc.cfg"), "weights": str(network / "yolov4-tiny-voc.weights"), "player": "cpu"}
    photos = [str(path) for folder in ("images", "images/coco") for path in sorted((data / folder).glob("*.jpg"))]
    assert len(photos) == 100
    rows, killed = [], False
    for row in play([{"path": path} for path in photos], options).iter_rows():
        rows.append(row)
        if not killed:
            # While others are at work.
            cluster.remove_node(cluster.workers.pop(), allow_graceful=False)
            killed = True
    assert sorted(row["path"] for row in rows) == sorted(photos)
    found = dict(zip(photos, Detector(**options)(photos)))
    for row in rows:
        same(row, found[row["path"]])
