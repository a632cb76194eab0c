"""Scaled-YOLOv4 object detection on any GPU, or on the processor where there is none.

>>> from yolov4 import Detector
>>> detector = Detector("demo")            # part of the package: nothing is downloaded
>>> found = detector("street.jpg")         # a path, bytes, a PIL picture, a numpy array; or a list of these
>>> for box in found:
...     print(box.name, box.score, box.xyxy)

The kernels are those of the program ``yolov4``, and so are the boxes. No CUDA, no PyTorch.
"""

from . import errors
from ._detections import Box, Detections
from ._detector import Detector

__all__ = ["Box", "Detections", "Detector", "errors"]
