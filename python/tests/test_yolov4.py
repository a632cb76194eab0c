"""The wheel as somebody has installed it: its boxes beside the program's, its inputs, its errors, and what threads and forks make of it.

$YOLOV4_PROGRAM is the program `yolov4`, $YOLOV4_TEST_DATA the photographs.
"""

import io
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import yolov4
from yolov4 import Detector, errors

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENES = sorted((ROOT / "assets/images").glob("*.jpg"))
DATA = os.environ.get("YOLOV4_TEST_DATA")


@pytest.fixture(scope="module")
def detector():
    return Detector("demo", player="cpu")


def program(*arguments):
    """What the program finds, picture by picture."""
    command = [os.environ["YOLOV4_PROGRAM"], "detect", *map(str, arguments), "--player", "cpu", "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def same(found, told):
    """To the bit: what the program writes are the shortest texts of its f32."""
    assert (found.width, found.height, len(found)) == (told["width"], told["height"], len(told["detections"]))
    for box, one in zip(found, told["detections"]):
        left, top, width, height = map(np.float32, one["box"])
        assert [np.float32(side) for side in box.xyxy] == [left, top, left + width, top + height]
        assert (np.float32(box.score), box.class_id, box.name) == (np.float32(one["score"]), one["class"], one["name"])


def test_the_first_cell_finds_what_the_program_finds(detector):
    assert len(SCENES) == 4
    told = program(*SCENES, "--model", "demo")
    for found, one in zip(detector(SCENES), told):
        same(found, one)
        assert found.image == one["image"] and found.to_dict() == one
    assert sum(len(one["detections"]) for one in told) > 10


def test_the_oracle_and_the_gpu_are_there_too():
    for player in ("gpu", "oracle"):
        other = Detector("demo", player=player, size=64)
        assert other.size == (64, 64) and len(other.names) == 10
        assert isinstance(other(SCENES[0]), yolov4.Detections)
    assert "oracle" in Detector("demo", player="oracle", size=(96, 64)).player.lower()


def test_a_picture_may_come_as_anything(detector):
    # No loss: all of them have the same pixels.
    picture = Image.open(SCENES[0]).convert("RGB").resize((300, 200))
    png = io.BytesIO()
    picture.save(png, "PNG")
    rgb = np.asarray(picture)
    rgba = np.dstack([rgb, np.full(rgb.shape[:2], 7, np.uint8)])
    wide = np.zeros((400, 900, 3), np.uint8)
    wide[::2, ::3] = rgb
    wanted = detector(png.getvalue())
    assert len(wanted) > 0 and wanted.image == ""
    kinds = [picture, picture.convert("RGBA"), rgb, rgba, np.asfortranarray(rgb), wide[::2, ::3], rgb[::-1][::-1], bytearray(png.getvalue())]
    for kind, found in zip(kinds, detector(kinds)):
        assert np.array_equal(found.xyxy, wanted.xyxy) and np.array_equal(found.score, wanted.score), type(kind)
    grey = detector(picture.convert("L"))
    assert np.array_equal(grey.score, detector(np.asarray(picture.convert("L").convert("RGB"))).score)
    # Read-only arrays, and those that are of somebody else's memory.
    frozen = rgb.copy()
    frozen.flags.writeable = False
    assert np.array_equal(detector(frozen).xyxy, wanted.xyxy)
    assert detector([]) == []
    assert detector(str(SCENES[1])).image == str(SCENES[1])


def test_results_are_arrays_side_by_side(detector):
    found = detector(SCENES[0])
    count = len(found)
    assert (found.xyxy.shape, found.xyxy.dtype) == ((count, 4), np.float32)
    assert (found.score.shape, found.score.dtype) == ((count,), np.float32)
    assert (found.class_id.shape, found.class_id.dtype) == ((count,), np.int64)
    assert found.names == [detector.names[k] for k in found.class_id]
    assert list(found.score) == sorted(found.score, reverse=True)
    found.xyxy[:] = 0
    rows = found.to_coco(7)
    assert len(rows) == count and {row["image_id"] for row in rows} == {7}
    assert [row["category_id"] - 1 for row in rows] == list(found.class_id)
    assert len(found.to_yolo().splitlines()) == count
    assert repr(found).startswith(f"<yolov4.Detections of {SCENES[0]}") and "demo at 320x320" in repr(detector)
    plot = found.plot()
    assert plot.size == (found.width, found.height) and plot != Image.open(SCENES[0]).convert("RGB")
    with pytest.raises(errors.UsageError):
        found.plot(Image.new("RGB", (9, 9)))
    nothing = detector(np.zeros((50, 60, 3), np.uint8))
    assert (len(nothing), nothing.xyxy.shape, nothing.to_coco(1), nothing.to_yolo()) == (0, (0, 4), [], "")


def test_options_are_those_of_the_program():
    strict = Detector("demo", player="cpu", score_threshold=0.9, classes=["stop", 3], max_det=2, batch=3, iou_threshold=0.3)
    told = program(SCENES[0], "--model", "demo", "--conf", "0.9", "--classes", "stop,3", "--max-det", "2", "--nms", "0.3")
    same(strict(SCENES[0]), told[0])
    assert np.allclose(strict.thresholds, (0.9, 0.3)) and any(line.startswith("conf 0.9") for line in strict.choices)
    renamed = Detector("demo", player="cpu", labels=[f"sign {n}" for n in range(10)])
    assert renamed.names[3] == "sign 3"


@pytest.mark.parametrize(
    "arguments, kind, words",
    [
        ({"model": "nowhere.cfg"}, errors.FileError, "nowhere.cfg"),
        ({"model": "demo", "precision": "f8"}, errors.UsageError, "precision: expected f32, f16, found `f8`"),
        ({"model": "demo", "player": "tpu"}, errors.UsageError, "player: expected auto, gpu, cpu, oracle"),
        ({"model": "demo", "batch": 0}, errors.UsageError, "batch: expected 1 or more"),
        ({"model": "demo", "classes": ["unicorn"]}, errors.UsageError, "unicorn"),
        ({"model": "demo", "score_threshold": 7.0}, errors.UsageError, "7"),
        ({"model": "demo", "adapter": "no such card"}, errors.NoAdapterError, "no such card"),
        ({"model": "yolov4-tiny", "offline": True, "cache": "/nowhere"}, errors.NotCachedError, "yolov4-tiny"),
        ({"model": "demo", "labels": ["one"]}, errors.UsageError, "10"),
    ],
)
def test_what_cannot_be_is_told_by_the_librarys_sentence(arguments, kind, words):
    with pytest.raises(kind) as raised:
        Detector(**arguments)
    assert words in str(raised.value) and isinstance(raised.value, errors.Error)


def test_a_cfg_that_cannot_be_names_its_line(tmp_path):
    (tmp_path / "net.cfg").write_text("[net]\nwidth=32\nheight=32\n\n[convolution]\n")
    with pytest.raises(errors.ModelError, match=r"net\.cfg:5"):
        Detector(tmp_path / "net.cfg")


def test_pictures_that_cannot_be_are_told(detector, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    for picture, kind, words in [
        (tmp_path / "bad.jpg", errors.ImageError, "bad.jpg"),
        (tmp_path / "none.jpg", errors.FileError, "none.jpg"),
        (b"no picture", errors.ImageError, "decoded"),
        (np.zeros((5, 5, 3), np.float32), errors.UsageError, "expected uint8, found float32"),
        (np.zeros((5, 5), np.uint8), errors.UsageError, "rows x columns x 3 or 4"),
        (np.zeros((0, 5, 3), np.uint8), errors.UsageError, "0"),
        (7, errors.UsageError, "found builtins.int"),
        (None, errors.UsageError, "found builtins.NoneType"),
    ]:
        with pytest.raises(kind, match=words):
            detector(picture)
    assert issubclass(errors.FileError, OSError) and issubclass(errors.UsageError, ValueError)
    # Among many: raised, or in its place.
    many = [SCENES[0], tmp_path / "bad.jpg", SCENES[1], 7, SCENES[2]]
    with pytest.raises(errors.Error):
        detector(many)
    found = detector(many, errors="return")
    assert [type(one) for one in found[1::2]] == [errors.ImageError, errors.UsageError]
    for one, scene in zip(found[::2], SCENES):
        assert one.image == str(scene) and np.array_equal(one.xyxy, detector(scene).xyxy)
    with pytest.raises(errors.UsageError, match="expected raise or return"):
        detector(SCENES[0], errors="ignore")
    assert str(pickle.loads(pickle.dumps(found[1]))) == str(found[1])


def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="no /proc here")
def test_a_thousand_calls_take_no_more_memory_than_a_hundred():
    small = Detector("demo", player="cpu", size=64)
    picture = np.asarray(Image.open(SCENES[0]).convert("RGB").resize((128, 96)))
    for _ in range(100):
        small(picture)
    before = resident()
    for _ in range(1000):
        small(picture)
    # A picture is 37 kB: a thousand that stay would be 37 MB.
    assert resident() - before < 4 << 20


def test_two_threads_with_a_detector_each_and_one_for_both(detector):
    own = [Detector("demo", player="cpu") for _ in range(2)]
    wanted = [detector(scene) for scene in SCENES]
    outcomes = []

    def work(mine):
        for _ in range(3):
            for found, want in zip(mine(SCENES), wanted):
                outcomes.append(np.array_equal(found.xyxy, want.xyxy))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in own + [detector, detector]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4 * 3 * 4 and all(outcomes)


def test_the_interpreter_is_free_while_the_network_plays(detector):
    done, turns = threading.Event(), []

    def count():
        while not done.is_set():
            turns.append(1)
            # A turn of the interpreter, not of the clock.
            done.wait(0)

    counter = threading.Thread(target=count)
    counter.start()
    while not turns:
        pass
    before = len(turns)
    detector(SCENES * 3)
    during = len(turns) - before
    done.set()
    counter.join()
    # Whoever holds the interpreter for all of the call leaves it not one turn.
    assert during > 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_fork_is_told_that_it_cannot_use_its_parents_detector(detector):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            detector(SCENES[0])
            said = "nothing"
        except BaseException as e:
            said = f"{type(e).__name__}: {e}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert said.startswith("UsageError: this detector was made in process") and "spawn" in said
    # Its parent goes on.
    assert len(detector(SCENES[0])) > 0


@pytest.mark.skipif(os.name == "nt", reason="signals are another thing there")
def test_ctrl_c_stops_between_two_pictures():
    script = (
        "import sys, yolov4\n"
        "detector = yolov4.Detector('demo', player='cpu')\n"
        "print('ready', flush=True)\n"
        f"detector([{str(SCENES[0])!r}] * 1_000_000)\n"
    )
    # Whoever runs the tests in the background has them ignore the signal.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen([sys.executable, "-c", script], **pipes, **heard)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    # A million pictures would take hours.
    _, said = child.communicate(timeout=120)
    assert child.returncode != 0 and "KeyboardInterrupt" in said


@pytest.mark.skipif(not DATA, reason="SKIPPED: photographs need YOLOV4_TEST_DATA")
def test_a_hundred_photographs_are_the_programs_to_the_bit():
    network = pathlib.Path(DATA) / "models/yolov4-tiny-voc"
    files = [network / f"yolov4-tiny-voc.{ending}" for ending in ("cfg", "weights")]
    photos = sorted((pathlib.Path(DATA) / "images").glob("*.jpg")) + sorted((pathlib.Path(DATA) / "images/coco").glob("*.jpg"))
    assert len(photos) == 100
    found = Detector(files[0], files[1], labels_file=network / "voc.names", player="cpu")(photos)
    told = program(*photos, "--model", files[0], "--weights", files[1], "--names", network / "voc.names")
    for one, want in zip(found, told):
        same(one, want)
    assert sum(map(len, found)) > 200
