"""Codes in a picture, as zxing-cpp finds them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
import zxingcpp
from zxingcpp import Barcode, BarcodeFormat, BarcodeFormats, Binarizer

_QR = BarcodeFormats(BarcodeFormat.QRCode)  # Model 1, too
_OTHERS = BarcodeFormats([BarcodeFormat.MicroQRCode, BarcodeFormat.RMQRCode])
_SAID = {"Version", "ECLevel", "DataMask"}


class Code(NamedTuple):
    """A code in a picture.  kind: "QR Code", "QR Code Model 1", "Micro QR Code" or "rMQR Code"; valid: it is
    read; content: bytes, and text, as read or misread; corners: 4×2, x and y in px; modules: bool n×n as
    sampled, True = dark, None where it has not been."""

    kind: str
    valid: bool
    content: bytes
    text: str
    corners: np.ndarray
    modules: np.ndarray | None

    def __repr__(self) -> str:  # its content may be a secret
        return f"Code({self.kind}, {'valid' if self.valid else 'not valid'}, {len(self.content)} bytes)"


def find_codes(image: np.ndarray) -> list[Code]:
    """The codes in a picture (uint8 height×width), each once; those that can't be read where none can."""
    for options in ({}, {"return_errors": True}):
        for tried in _looks(image):
            found = _read(tried, _QR, **options)
            if found:
                return found
    return [code for code in _read((image, Binarizer.LocalAverage), _OTHERS) if code.valid]


def _looks(image: np.ndarray) -> Iterator[tuple[np.ndarray, Binarizer]]:
    """The picture as different readers see it: thresholds for each place or for all, and more contrast."""
    yield image, Binarizer.LocalAverage
    low, high = np.percentile(image, [1, 99])
    if 0 < high - low < 100:  # of 255 grey values between ink and paper
        more = cv2.convertScaleAbs(np.clip(image, low, high) - low, alpha=255 / (high - low))
        yield more, Binarizer.LocalAverage
    yield image, Binarizer.GlobalHistogram


def _read(look: tuple[np.ndarray, Binarizer], formats: Any, **options: Any) -> list[Code]:
    codes: list[Code] = []
    for barcode in zxingcpp.read_barcodes(look[0], formats=formats, binarizer=look[1], **options):
        code = _code(barcode)
        middle = code.corners.mean(axis=0)
        same = [x.corners for x in codes if x.content == code.content or not code.valid]
        around = (cv2.pointPolygonTest(x.astype(np.float32), middle.tolist(), False) for x in same)
        if (code.valid or code.modules is not None) and max(around, default=-1) < 0:
            codes.append(code)
    return codes


def _code(barcode: Barcode) -> Code:
    at, said = barcode.position, barcode.extra if isinstance(barcode.extra, dict) else {}
    corners = [(p.x, p.y) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
    kind = "QR Code Model 1" if barcode.symbology_identifier == "]Q0" else str(barcode.format)
    modules = None
    if kind == "QR Code" and set(said) >= _SAID and str(said["Version"]).isdecimal():
        sampled = np.array(barcode.to_image(scale=1, add_quiet_zones=False)) < 128
        modules = sampled if len(sampled) == 17 + 4 * int(said["Version"]) else None
    content = bytes(barcode.bytes)
    return Code(kind, barcode.valid, content, barcode.text, np.array(corners, float), modules)


def pure(image: np.ndarray) -> Code | None:
    """What a flawless picture of one QR code says; None where its data mean nothing."""
    found = [_code(barcode) for barcode in zxingcpp.read_barcodes(image, formats=_QR, is_pure=True)]
    return found[0] if found and found[0].content else None
