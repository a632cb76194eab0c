"""Pictures of every kind as the native part takes them."""

from __future__ import annotations

import os
from typing import Any, Tuple, Union

import numpy as np
from PIL import Image

from . import errors

Samples = Tuple[int, int, int, bytes]
RawInput = Union[str, bytes, Samples]


def raw_input(picture: Any) -> RawInput:
    """A path, the bytes of a file, or columns, rows, channels and samples.

    Raises :class:`yolov4.errors.UsageError` for anything else, which it names.
    """
    if isinstance(picture, (str, os.PathLike)):
        return os.fspath(picture)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    if isinstance(picture, Image.Image):
        # Greys, palettes, CMYK: Pillow knows what they mean. Alpha is ignored, as everywhere.
        picture = np.asarray(picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB"))
    if not isinstance(picture, np.ndarray):
        raise errors.UsageError(
            f"expected a path, bytes, a PIL picture or a numpy array, found {type(picture).__module__}.{type(picture).__qualname__}"
        )
    if picture.dtype != np.uint8:
        raise errors.UsageError(f"an array as a picture: expected uint8, found {picture.dtype}")
    if picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise errors.UsageError(f"an array as a picture: expected rows x columns x 3 or 4 (RGB), found {picture.shape}")
    rows, columns, channels = picture.shape
    return columns, rows, channels, picture.tobytes()


def is_many(pictures: Any) -> bool:
    """Whether these are several pictures and not one."""
    return isinstance(pictures, (list, tuple))
