"""ZXing's core and BoofCV, in one Java machine a process, begun when one of them is first asked.

ZXing is asked as Android apps do: a frame's luminance, a hybrid binarizer, QR codes.  zxing-java-thorough has
its hints TRY_HARDER and ALSO_INVERTED.  Habits: it gives text, whose character set it guesses (UTF-8,
Shift-JIS, ISO 8859-1; UTF-16 where a mark says so); it misses some clean symbols above version 19.

BoofCV, as pyboof brings it, is asked for its default QR code detector, which is its thorough setting.
"""

import importlib
import re
from functools import lru_cache, partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from qrlab.readers.reading import NOTHING, Decoder, Found, Read, installed

_OPTIONS = ("-Xrs", "-XX:+UseSerialGC", "-XX:+SuppressFatalErrorMessage")  # signals are Python's; no files
_ZXING, _BOOFCV = ("zxing", "zxing/java/core.jar"), ("pyboof", "pyboof/PyBoof-all.jar")


def _jar(package: str, file: str) -> Path:
    """The jar that a Python package brings; an error where it, Java or JPype is missing."""
    importlib.import_module("jpype").getDefaultJVMPath()
    return Path(str(distribution(package).locate_file(file)))


def _machine(package: str, file: str) -> Any:
    """JPype, with its machine running and that jar in reach."""
    jpype: Any = importlib.import_module("jpype")
    jpype.addClassPath(_jar(package, file))
    if not jpype.isJVMStarted():
        jpype.startJVM(*_OPTIONS, convertStrings=False, interrupt=False)
    return jpype


def _pixels(jpype: Any, image: np.ndarray) -> Any:
    """A picture as Java's byte[], many times as quickly as JPype's own way."""
    array = jpype.JArray(jpype.JByte)(image.size)
    jpype.nio.convertToDirectBuffer(image.reshape(-1).data).get(array)
    return array


def _zxing(*hints: str) -> Read:
    jpype = _machine(*_ZXING)
    zxing, asked = jpype.JPackage("com").google.zxing, jpype.JClass("java.util.HashMap")()
    formats = jpype.JClass("java.util.List").of(zxing.BarcodeFormat.QR_CODE)
    asked.put(zxing.DecodeHintType.POSSIBLE_FORMATS, formats)
    for hint in hints:
        asked.put(getattr(zxing.DecodeHintType, hint), jpype.JClass("java.lang.Boolean").TRUE)
    reader = zxing.qrcode.QRCodeReader()  # the one that MultiFormatReader asks for these, as often

    def read(image: np.ndarray) -> Found:
        height, width = image.shape
        frame = _pixels(jpype, image), width, height, 0, 0, width, height, False
        source = zxing.PlanarYUVLuminanceSource(*frame)
        seen, causes = zxing.BinaryBitmap(zxing.common.HybridBinarizer(source)), []
        for inverted in (False, True)[: 1 + ("ALSO_INVERTED" in hints)]:
            try:
                if inverted:
                    seen.getBlackMatrix().flip()
                return str(reader.decode(seen, asked).getText()), ""
            except zxing.ReaderException as problem:
                causes.append(type(problem).__name__.rpartition(".")[2])
        return None, causes[0]

    return read


@lru_cache
def _of_manifest(path: Path) -> str:
    about = ZipFile(path).read("META-INF/MANIFEST.MF").decode()
    return re.findall(r"Bundle-Version: (\S+)", about)[0]


def _boofcv() -> Read:
    jpype = _machine(*_BOOFCV)
    jpype.JClass("boofcv.concurrency.BoofConcurrency").USE_CONCURRENT = False  # one thread a process
    gray = jpype.JClass("boofcv.struct.image.GrayU8")
    detector = jpype.JClass("boofcv.factory.fiducial.FactoryFiducial").qrcode(None, gray.class_)

    def read(image: np.ndarray) -> Found:
        picture = gray(image.shape[1], image.shape[0])
        picture.data = _pixels(jpype, image)
        detector.process(picture)
        for found in detector.getDetections():
            return str(found.message), ""
        causes = [str(failure.failureCause) for failure in detector.getFailures()]
        return None, causes[0] if causes else NOTHING

    return read


def _boofcv_version() -> str:
    _jar(*_BOOFCV)
    return installed("pyboof")


_GET = "install Java 11 or later, and: pip install jpype1 pyboof zxing"
_ANDROID = "most Android apps that scan, Barcode Scanner"
_CORE = "ZXing core", "Apache-2.0", _ANDROID, lambda: _of_manifest(_jar(*_ZXING))
_BOOF = "BoofCV, by pyboof", "Apache-2.0", "Java and Android apps, robots", _boofcv_version
DECODERS = {
    "boofcv": Decoder(*_BOOF, _boofcv, _GET),
    "zxing-java": Decoder(*_CORE, _zxing, _GET),
    "zxing-java-thorough": Decoder(*_CORE, partial(_zxing, "TRY_HARDER", "ALSO_INVERTED"), _GET),
}
