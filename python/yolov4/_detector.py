"""Pictures in, boxes out."""

from __future__ import annotations

import os
import warnings
from typing import Any, List, Optional, Sequence, Tuple, Union, overload

from . import _yolov4, errors
from ._detections import Detections
from ._picture import is_many, raw_input

Path = Union[str, "os.PathLike[str]"]


class Detector:
    """A network, its weights and whoever plays it: a GPU, or the processor where none answers.

    It may be used from any thread; threads that share one take turns. It does not outlive a fork.
    """

    def __init__(
        self,
        model: Path = "yolov4-tiny",
        weights: Optional[Path] = None,
        *,
        size: Union[None, int, Tuple[int, int]] = None,
        precision: str = "f32",
        player: str = "auto",
        backend: Optional[str] = None,
        adapter: Optional[str] = None,
        batch: int = 1,
        score_threshold: Optional[float] = None,
        iou_threshold: Optional[float] = None,
        nms_kind: Optional[str] = None,
        max_det: Optional[int] = None,
        classes: Sequence[Union[str, int]] = (),
        agnostic: bool = False,
        tta: bool = False,
        labels: Optional[Sequence[str]] = None,
        labels_file: Optional[Path] = None,
        data: Optional[Path] = None,
        resize: Optional[str] = None,
        letterbox: Optional[bool] = None,
        decode: str = "auto",
        tune: str = "auto",
        offline: bool = False,
        mirror: Optional[str] = None,
        cache: Optional[Path] = None,
    ):
        """What is not said comes with the model.

        :param model: the name of a network ("demo" is part of the package; "yolov4-tiny" is fetched once, 24 MB), a Darknet ``.cfg``,
            or a network in one ``.safetensors`` file
        :param weights: Darknet's ``.weights`` of that network
        :param size: columns and rows of the network's input: one side, or both
        :param precision: "f32", or "f16" on a GPU that has it
        :param player: "auto", "gpu", "cpu", or "oracle" (slow: the definition of right)
        :param backend: "vulkan", "metal", "dx12" or "gl"
        :param adapter: a part of a GPU's name, or its number
        :param batch: pictures that are played at once
        :param score_threshold: minimum score, 0 to 1
        :param iou_threshold: overlap above which the lower-scoring box is removed, 0 to 1
        :param nms_kind: how overlap is measured: "iou", "greedynms" or "diounms"
        :param max_det: at most this many boxes a picture
        :param classes: only these, by name or number
        :param agnostic: boxes of different classes suppress each other
        :param tta: test-time augmentation: three looks at every picture, whose boxes are put together before NMS
        :param labels: class names by class index; or a file of them, ``labels_file``; or Darknet's ``.data`` that names it, ``data``
        :param resize: "darknet-file", "darknet-video" or "pytorch"
        :param letterbox: fit pictures (True) or stretch them (False)
        :param decode: how the heads are read: "auto", "darknet" or "scaled"
        :param tune: whether kernels are measured first: "auto", "off", "quick" or "full"
        :param offline: fetch nothing
        :param mirror: fetch from this address
        :param cache: the folder of fetched files
        :raises yolov4.errors.Error: one of its kinds, with a sentence that names the file, line, layer or limit
        """
        if isinstance(size, int):
            size = (size, size)
        if batch < 1:
            raise errors.UsageError(f"batch: expected 1 or more, found {batch}")
        self._native = _yolov4.NativeDetector(
            {
                "model": os.fspath(model),
                "weights": weights,
                "size": size,
                "precision": precision,
                "player": player,
                "backend": backend,
                "adapter": adapter,
                "batch": batch,
                "score_threshold": score_threshold,
                "iou_threshold": iou_threshold,
                "nms_kind": nms_kind,
                "max_det": max_det,
                "classes": [str(one) for one in classes],
                "agnostic": agnostic,
                "tta": tta,
                "labels": None if labels is None else list(labels),
                "labels_file": labels_file,
                "data": data,
                "resize": resize,
                "letterbox": letterbox,
                "decode": decode,
                "tune": tune,
                "offline": offline,
                "mirror": mirror or os.environ.get("YOLOV4_MIRROR") or None,
                "cache": cache,
            }
        )
        for note in self._native.notes():
            warnings.warn(note, stacklevel=2)

    @overload
    def __call__(self, pictures: Union[list, tuple], *, errors: str = "raise") -> List[Detections]: ...

    @overload
    def __call__(self, pictures: Any, *, errors: str = "raise") -> Detections: ...

    def __call__(self, pictures: Any, *, errors: str = "raise") -> Any:
        """The objects in a picture: a path, the bytes of a file, a PIL picture, or a numpy array of rows x columns x 3 or 4 uint8
        (RGB; the fourth is ignored). Of a list or tuple of these, a list, in their order: they are decoded on all cores, and
        played ``batch`` at a time.

        Files are turned as their EXIF says; PIL pictures and arrays are taken as they are. The interpreter is free meanwhile.

        :param errors: "raise" the first one; or "return" it in its picture's place, so that the others are found all the same
        :raises yolov4.errors.Error: one of its kinds
        """
        if errors not in ("raise", "return"):
            raise _usage(f"errors: expected raise or return, found {errors}")
        many = is_many(pictures)
        sources = list(pictures) if many else [pictures]
        raws, found = [], [None] * len(sources)
        for at, source in enumerate(sources):
            try:
                raws.append((at, raw_input(source)))
            except Exception as e:
                if errors == "raise":
                    raise
                found[at] = e
        outcomes = self._native.detect([raw for _, raw in raws])
        for (at, _), outcome in zip(raws, outcomes):
            failed = isinstance(outcome, Exception)
            if failed and errors == "raise":
                raise outcome
            found[at] = outcome if failed else Detections(outcome, sources[at])
        # The device was lost: nothing was found from there on.
        for at, _ in raws[len(outcomes):]:
            found[at] = outcomes[-1]
        return found if many else found[0]

    @property
    def names(self) -> List[str]:
        """Class names by class index, or the indexes where there are none."""
        return self._native.class_names()

    @property
    def player(self) -> str:
        """Who plays, in words: the adapter, its back end and precision, or the processor."""
        return self._native.player()

    @property
    def model(self) -> str:
        """The model's name."""
        return self._native.about()[0]

    @property
    def size(self) -> Tuple[int, int]:
        """Columns and rows of the network's input."""
        return self._native.about()[1]

    @property
    def batch(self) -> int:
        """Pictures that are played at once."""
        return self._native.about()[2]

    @property
    def thresholds(self) -> Tuple[float, float]:
        """Minimum score, and the overlap above which the lower-scoring box is removed; both 0 to 1."""
        return self._native.about()[3]

    @property
    def choices(self) -> List[str]:
        """What was chosen - size, weights, thresholds, player - and why, a line each."""
        return self._native.choices()

    def __repr__(self) -> str:
        width, height = self.size
        return f"<yolov4.Detector {self.model} at {width}x{height} on {self.player}>"


def _usage(message: str) -> Exception:
    # Not by its own name: the argument of `__call__` is called so too.
    return errors.UsageError(message)
