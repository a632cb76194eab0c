"""What is found in a picture."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
from PIL import Image

from . import _yolov4
from ._picture import raw_input


class Box(NamedTuple):
    """One object."""

    xyxy: Tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the picture, clipped to it."""
    score: float
    """Objectness times class probability, 0 to 1."""
    class_id: int
    """Class index, from 0."""
    name: str
    """Class name, or the index where there are no names."""


class Detections:
    """The objects in one picture, best first: arrays side by side, and a sequence of :class:`Box`.

    The arrays drop into ``supervision.Detections(xyxy=d.xyxy, confidence=d.score, class_id=d.class_id)`` as they are.
    """

    xyxy: np.ndarray
    """float32, N x 4: left, top, right, bottom in pixels of the picture, clipped to it."""
    score: np.ndarray
    """float32, N: objectness times class probability, 0 to 1."""
    class_id: np.ndarray
    """int64, N: class index, from 0."""
    names: List[str]
    """N: the class name of each box."""
    image: str
    """The path of the picture, or nothing."""
    width: int
    """Columns of the picture, in pixels."""
    height: int
    """Rows of the picture, in pixels."""

    def __init__(self, native: "_yolov4.NativeDetections", source: Any):
        self._native = native
        self._source = source
        # Copies: what is read from bytes cannot be written to.
        self.xyxy = np.frombuffer(native.xyxy(), np.float32).reshape(-1, 4).copy()
        self.score = np.frombuffer(native.score(), np.float32).copy()
        self.class_id = np.frombuffer(native.class_id(), np.int64).copy()
        self.names = native.names()
        self.image, self.width, self.height = native.picture()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, at: int) -> Box:
        left, top, right, bottom = (float(side) for side in self.xyxy[at])
        return Box((left, top, right, bottom), float(self.score[at]), int(self.class_id[at]), self.names[at])

    def __iter__(self) -> Iterator[Box]:
        return (self[at] for at in range(len(self)))

    def __repr__(self) -> str:
        return f"<yolov4.Detections of {self.image or 'a picture'}, {self.width}x{self.height}: {self._native.to_counts()}>"

    def to_dict(self) -> Dict[str, Any]:
        """What ``yolov4 detect --format json`` writes of a picture."""
        return json.loads(self._native.to_json())

    def to_coco(self, image_id: int) -> List[Dict[str, Any]]:
        """Rows of COCO's results, for pycocotools: categories go through COCO's table of 80 to 91 where the network knows 80
        classes, and count from 1 elsewhere."""
        return json.loads(self._native.to_coco(image_id))

    def to_yolo(self) -> str:
        """A line a box: class, centre x, centre y, width, height as fractions of the picture, score."""
        return self._native.to_yolo()

    def plot(self, picture: Any = None) -> Image.Image:
        """The picture with its boxes, as PIL has it; `picture` is another one of the same size to draw on.

        Raises :class:`yolov4.errors.UsageError` for one of another size.
        """
        width, height, samples = self._native.draw(raw_input(self._source if picture is None else picture))
        return Image.frombytes("RGBA", (width, height), samples).convert("RGB")
