"""Boxes as `supervision.Detections` takes them: the arrays as they are."""

import pathlib

import pytest

supervision = pytest.importorskip("supervision", reason="SKIPPED: supervision is not installed")

from yolov4 import Detector

SCENE = pathlib.Path(__file__).resolve().parents[3] / "assets/images/crossing.jpg"


def test_the_arrays_drop_into_supervision():
    found = Detector("demo", player="cpu")(SCENE)
    theirs = supervision.Detections(xyxy=found.xyxy, confidence=found.score, class_id=found.class_id)
    assert len(theirs) == len(found) > 2 and len(theirs[theirs.confidence > 2]) == 0
    assert len(theirs.with_nms(threshold=0.5)) <= len(found)
