"""OpenCV's two detectors, asked by `detectAndDecodeBytes` (`detectAndDecode` ends a text at a NUL).

They have no thorough setting.  Habits: bytes that are no UTF-8 they take for ISO 8859-1; the first misses
many undamaged symbols above version 16; both can raise, as at Chinese mode.
"""

from functools import partial
from typing import Any

import cv2
import numpy as np

from qrlab.readers.reading import NOTHING, Decoder, Found


def _read(detector: Any, image: np.ndarray) -> Found:
    try:
        content, corners, _ = detector.detectAndDecodeBytes(image)
    except cv2.error as problem:  # its own text begins with the place in the source
        raise RuntimeError(problem.err.lstrip("> ")) from None
    return content or None, NOTHING if corners is None else "found, not decoded"


_ABOUT = "OpenCV", "Apache-2.0", "programs in Python and C++, robots", lambda: cv2.__version__
DECODERS = {
    "opencv": Decoder(*_ABOUT, lambda: partial(_read, cv2.QRCodeDetector())),
    "opencv-aruco": Decoder(*_ABOUT, lambda: partial(_read, cv2.QRCodeDetectorAruco())),
}
