"""Detection as a step of Ray Data: pictures in, rows of boxes out, one detector an actor.

>>> import ray
>>> from yolov4.ray import Detect
>>> found = ray.data.read_parquet("pictures.parquet").map_batches(
...     Detect, fn_constructor_kwargs={"model": "yolov4-csp", "batch": 8}, batch_size=32, num_gpus=1, concurrency=4)
>>> found.write_parquet("found")

Needs ``ray[data]``, which the package does not bring.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np
import pyarrow

from . import errors
from ._detector import Detector
from ._detections import Detections

#: Where a picture is looked for in a row, the first that is there: decoded, the bytes of a file, its path.
PICTURES = ("image", "bytes", "path")

#: The columns that are added to a row. Those of one row are side by side: a box is `xyxy[i]`, `score[i]`, `class_id[i]`, `name[i]`.
SCHEMA = pyarrow.schema(
    [
        # Left, top, right, bottom in pixels of the picture, clipped to it.
        ("xyxy", pyarrow.list_(pyarrow.list_(pyarrow.float32()))),
        ("score", pyarrow.list_(pyarrow.float32())),
        ("class_id", pyarrow.list_(pyarrow.int64())),
        ("name", pyarrow.list_(pyarrow.string())),
        # Of the picture, in pixels; nothing where it could not be read.
        ("width", pyarrow.int64()),
        ("height", pyarrow.int64()),
        # Why there are no boxes, or nothing.
        ("error", pyarrow.string()),
    ]
)


class Detect:
    """For ``ray.data.Dataset.map_batches``: an actor has one detector, whose weights are read once.

    A picture that cannot be read costs the others nothing: its row has a sentence in ``error``. If the device is lost, the actor takes a new
    one and begins its batch again.
    """

    def __init__(self, model: Any = "yolov4-tiny", weights: Any = None, *, column: Optional[str] = None, keep: bool = False, **options: Any):
        """
        :param column: the column with the picture: an array of rows x columns x 3 or 4 uint8, the bytes of a file, or a path
            [default: the first of "image", "bytes", "path" that is there]
        :param keep: leave arrays and bytes of pictures in the rows; paths stay in any case
        :param options: those of :class:`yolov4.Detector`, whose ``model`` and ``weights`` these are too
        """
        self._build = lambda: Detector(model, weights, **options)
        self._column = column
        self._keep = keep
        self._detector = self._build()

    def __call__(self, rows: Dict[str, np.ndarray]) -> pyarrow.Table:
        """A batch of rows, by column; the same rows with the columns of ``SCHEMA``."""
        column = self._column or next((name for name in PICTURES if name in rows), None)
        if column not in rows:
            expected = self._column or ", ".join(PICTURES)
            raise errors.UsageError(f"expected a column of pictures ({expected}), found {', '.join(rows)}")
        found = self._detect([_picture(one) for one in rows[column]])
        table: Dict[str, Any] = {}
        for name, values in rows.items():
            if name != column or self._keep or isinstance(values[0] if len(values) else "", str):
                table[name] = pyarrow.array(list(values) if values.ndim == 1 else values.tolist())
        table.update(_columns(found))
        return pyarrow.table(table)

    def _detect(self, pictures: List[Any]) -> List[Any]:
        found = self._detector(pictures, errors="return")
        if any(isinstance(one, errors.DeviceLostError) for one in found):
            # Once: a device that is lost again is somebody else's to see to.
            self._detector = self._build()
            found = self._detector(pictures, errors="return")
            for lost in (one for one in found if isinstance(one, errors.DeviceLostError)):
                raise lost
        return found


def _picture(one: Any) -> Any:
    return bytes(one) if isinstance(one, (bytes, np.bytes_)) else one


def _columns(found: List[Any]) -> Dict[str, pyarrow.Array]:
    def each(of_boxes: Any, of_nothing: Any) -> List[Any]:
        return [of_boxes(one) if isinstance(one, Detections) else of_nothing for one in found]

    values = {
        "xyxy": each(lambda one: one.xyxy.tolist(), []),
        "score": each(lambda one: one.score.tolist(), []),
        "class_id": each(lambda one: one.class_id.tolist(), []),
        "name": each(lambda one: one.names, []),
        "width": each(lambda one: one.width, None),
        "height": each(lambda one: one.height, None),
        "error": [None if isinstance(one, Detections) else str(one) for one in found],
    }
    return {field.name: pyarrow.array(values[field.name], field.type) for field in SCHEMA}
