"""Adapters to the libraries that read QR code pictures, one each, all of one signature.

An adapter loads its library when it is first used and gives a function from a picture (uint8
height×width) to what was read.  Nothing here judges an answer.
"""

import ctypes.util
import importlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.machinery import PathFinder
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from qrlab.symbols import Symbol

# What an adapter finds: content or None, and why not (or a call that asks the reader why, off the clock).
Found = tuple[bytes | str | None, str | Callable[[], str]]
Read = Callable[[np.ndarray], Found]


@dataclass(frozen=True)
class Decoder:
    """A reader: its library, that library's version, how to get it, and its adapter."""

    library: str
    version: Callable[[], str]
    get: str
    load: Callable[[], Read]


def source_of(module: str) -> Path:
    """Where a module's source is now, whatever was imported before."""
    parent = module.rpartition(".")[0]
    spec = PathFinder.find_spec(module, importlib.import_module(parent).__path__ if parent else None)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    return Path(spec.origin)


def _zxing(is_pure: bool) -> Read:
    import zxingcpp

    # QRCode includes Micro QR, which noise can look like; but pure, nothing is found of QRCodeModel2 alone.
    model_2, any_model = zxingcpp.BarcodeFormat.QRCodeModel2, zxingcpp.BarcodeFormat.QRCode
    formats = zxingcpp.BarcodeFormats(any_model if is_pure else model_2)
    ask = partial(zxingcpp.read_barcode, formats=formats, is_pure=is_pure)
    reasons = {"Checksum": "uncorrectable", "Format": "format unreadable"}

    def why(image: np.ndarray) -> str:
        found = ask(image, return_errors=True, try_rotate=False, try_downscale=False, try_invert=False)
        if found is None or found.error is None:
            return "nothing found"
        return reasons.get(found.error.type.name, found.error.type.name.lower())

    def read(image: np.ndarray) -> Found:
        found = ask(image)  # asked for errors, it stops at the first one and reads a little less
        if found is None or not found.valid or found.format not in (model_2, any_model):  # both if pure
            return None, lambda: why(image)
        return found.bytes, ""

    return read


def _zbar() -> Read:
    _let_zbar_be_found()
    from pyzbar.pyzbar import ZBarSymbol, decode

    def read(image: np.ndarray) -> Found:
        found = decode(image, symbols=[ZBarSymbol.QRCODE])
        return (found[0].data, "") if found else (None, "not read; it gives no reason")

    return read


def _let_zbar_be_found() -> None:
    """ctypes does not look into a conda environment, nor where Homebrew keeps libraries on Apple silicon."""
    zbar_library: Any = importlib.import_module("pyzbar.zbar_library")
    places = [Path(sys.prefix) / "lib", Path("/opt/homebrew/lib"), Path("/usr/local/lib")]
    here = [str(file) for place in places for file in sorted(place.glob("libzbar.*"))]
    if ctypes.util.find_library("zbar") is None and here:
        zbar_library.find_library = lambda name: here[0]


def _zbar_version() -> str:
    _let_zbar_be_found()
    from pyzbar.wrapper import zbar_version

    numbers = [ctypes.c_uint() for _ in range(3)]
    zbar_version(*map(ctypes.byref, numbers))
    return ".".join(str(number.value) for number in numbers)


def _opencv(detector: str) -> Read:
    import cv2

    ask = getattr(cv2, detector)().detectAndDecodeBytes  # detectAndDecode ends a text at its first NUL

    def read(image: np.ndarray) -> Found:
        try:
            content, corners, _ = ask(image)
        except cv2.error as problem:  # its own text begins with the place in the source
            raise RuntimeError(problem.err.lstrip("> ")) from None
        if content:
            return content.decode("utf-8", "surrogateescape"), ""
        return None, "nothing found" if corners is None else "found, not decoded"

    return read


def _boofcv() -> Read:
    """BoofCV in a Java machine of our own; pyboof's module would share one port with other processes."""
    from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

    jar = source_of("pyboof").with_name("PyBoof-all.jar")
    port, token = launch_gateway(jarpath=str(jar), die_on_exit=True, enable_auth=True)
    address = GatewayParameters(port=port, auth_token=token, auto_field=True)
    jvm = JavaGateway(gateway_parameters=address).jvm
    gray = jvm.java.lang.Class.forName("boofcv.struct.image.GrayU8")
    detector = jvm.boofcv.factory.fiducial.FactoryFiducial.qrcode(None, gray)
    reasons = {"ERROR_CORRECTION": "uncorrectable", "FORMAT": "format unreadable"}

    def read(image: np.ndarray) -> Found:
        picture = jvm.boofcv.struct.image.GrayU8(image.shape[1], image.shape[0])
        picture.setData(image.tobytes())
        detector.process(picture)
        for found in detector.getDetections():
            return found.message, ""
        causes = [str(failure.failureCause) for failure in detector.getFailures()]
        cause = causes[0] if causes else "nothing found"
        return None, reasons.get(cause, cause.lower().replace("_", " "))

    return read


def _boofcv_version() -> str:
    source_of("pyboof")
    if shutil.which("java") is None:
        raise ImportError("there is no java")
    return installed("pyboof")


def exact_model(symbol: Symbol | None = None) -> Read:
    """Whether error correction can still restore a symbol, of its damaged modules."""
    if symbol is None:
        return lambda picture: (None, "it judges modules, not pictures")
    from qrlab.model import judge

    def read(modules: np.ndarray) -> Found:
        lost = judge(symbol, modules != symbol.modules).lost.any()
        return (None, "uncorrectable") if lost else (symbol.content, "")

    return read


_CV2_PIP = "pip install opencv-python-headless"
_OPENCV = partial(Decoder, "OpenCV", lambda: importlib.import_module("cv2").__version__, _CV2_PIP)
_ZXING = partial(Decoder, "zxing-cpp", partial(installed, "zxing-cpp"), "pip install zxing-cpp")
_LIBZBAR = "apt install libzbar0 (Debian, Ubuntu), brew install zbar (Mac), conda install -c conda-forge zbar"
_JAVA = "install Java 11 or later, and: pip install pyboof"
DECODERS = {
    "zxing": _ZXING(partial(_zxing, is_pure=False)),
    "zxing-pure": _ZXING(partial(_zxing, is_pure=True)),
    "zbar": Decoder("libzbar, by pyzbar", _zbar_version, _LIBZBAR, _zbar),
    "opencv": _OPENCV(partial(_opencv, "QRCodeDetector")),
    "opencv-aruco": _OPENCV(partial(_opencv, "QRCodeDetectorAruco")),
    "boofcv": Decoder("BoofCV, by pyboof", _boofcv_version, _JAVA, _boofcv),
    "model": Decoder("qrlab", partial(installed, "qrlab"), "", exact_model),
}
