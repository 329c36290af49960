"""ZXing's own core, in Java, asked as Android apps do: a frame's luminance, a hybrid binarizer, QR codes.

zxing-java-thorough has its hints TRY_HARDER and ALSO_INVERTED.  Habits: it gives text, whose character set it
guesses (UTF-8, Shift-JIS, ISO 8859-1; UTF-16 where a mark says so).
"""

from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from qrlab.readers import java
from qrlab.readers.reading import NOTHING, Decoder, Found, Read

_REASONS = {"NotFoundException": NOTHING, "ChecksumException": "uncorrectable"}
_REASONS |= {"FormatException": "format unreadable"}
_jar = partial(java.library, "zxing", "zxing/java/core.jar")


def _version() -> str:
    return _of_jar(_jar())


@lru_cache
def _of_jar(path: Path) -> str:
    with ZipFile(path) as jar:
        about = jar.read("META-INF/MANIFEST.MF").decode()
    return dict(line.split(": ", 1) for line in about.splitlines() if ": " in line)["Bundle-Version"]


def _load(*hints: str) -> Read:
    jpype = java.machine(_jar())
    zxing, asked = jpype.JPackage("com").google.zxing, jpype.JClass("java.util.HashMap")()
    formats = jpype.JClass("java.util.List").of(zxing.BarcodeFormat.QR_CODE)
    asked.put(zxing.DecodeHintType.POSSIBLE_FORMATS, formats)
    for hint in hints:
        asked.put(getattr(zxing.DecodeHintType, hint), jpype.JClass("java.lang.Boolean").TRUE)
    reader, plain = zxing.MultiFormatReader(), zxing.qrcode.QRCodeReader()

    def seen(source: Any) -> Any:
        return zxing.BinaryBitmap(zxing.common.HybridBinarizer(source))

    def read(image: np.ndarray) -> Found:
        height, width = image.shape
        frame = java.pixels(jpype, image), width, height, 0, 0, width, height, False
        source = zxing.PlanarYUVLuminanceSource(*frame)

        def why() -> str:
            try:
                plain.decode(seen(source), asked)  # seen anew: ALSO_INVERTED turns it round
            except zxing.ReaderException as problem:  # which the other keeps to itself
                return _REASONS[type(problem).__name__.rpartition(".")[2]]
            return "read only the second time"

        try:
            return str(reader.decode(seen(source), asked).getText()), ""
        except zxing.NotFoundException:
            return None, why

    return read


_ABOUT = "ZXing core", "Apache-2.0", "most Android apps that scan, Barcode Scanner", _version
_THOROUGH = partial(_load, "TRY_HARDER", "ALSO_INVERTED")
DECODERS = {
    "zxing-java": Decoder(*_ABOUT, _load, java.GET),
    "zxing-java-thorough": Decoder(*_ABOUT, _THOROUGH, java.GET),
}
