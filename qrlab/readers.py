"""Readers of QR code pictures, one adapter each, all of one signature; the exact model beside them.

An adapter loads its library when it is first used and gives a function from a picture (uint8
height×width) to what was read.  Nothing here damages, repeats or counts.
"""

import ctypes
import ctypes.util
import hashlib
import importlib
import importlib.util
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.machinery import PathFinder
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
import pandas as pd

from qrlab.checks import one_of
from qrlab.imaging import render
from qrlab.placement import layout
from qrlab.symbols import Symbol

OUTCOMES = ("ok", "misread", "unread", "error", "crash", "timeout")
# What readers take bytes for when no character set is declared: ISO/IEC 18004 says ISO 8859-1 (JIS8 in
# its first edition), the world writes UTF-8, and ZBar tries Big5 too.  The variants differ in \ and ~.
CHARACTER_SETS = ("utf-8", "iso-8859-1", "cp1252", "shift_jis", "shift_jis_2004", "cp932", "big5", "cp950")
CHARACTER_SETS += ("big5hkscs", "utf-8-sig")

# What an adapter finds: content or None, and why not (or a call that asks the reader why, off the clock).
Found = tuple[bytes | str | None, "str | Callable[[], str]"]
Read = Callable[[np.ndarray], Found]


@dataclass(frozen=True)
class Reading:
    """A reader's answer to one picture.

    outcome: ok, misread (other content than expected), unread, error (it raised), and in a run crash
    (it ended its process) or timeout; content: what was read, bytes, or None; seconds: the reader's own
    time; detail: its reason for not reading, or a remark.  It prints without the content.
    """

    outcome: str
    content: bytes | None = field(repr=False)
    seconds: float
    detail: str


@dataclass(frozen=True)
class _Decoder:
    library: str
    version: Callable[[], str]
    load: Callable[[], Read]
    get: str  # how to get it


def _zxing(**options) -> Read:
    import zxingcpp

    ask = partial(zxingcpp.read_barcode, formats=zxingcpp.BarcodeFormat.QRCode, **options)
    once = {"return_errors": True, "try_rotate": False, "try_downscale": False, "try_invert": False}
    reasons = {"Checksum": "uncorrectable", "Format": "format unreadable"}

    def why(image: np.ndarray) -> str:
        found = ask(image, **once)
        if found is None or found.error is None:
            return "nothing found"
        return reasons.get(found.error.type.name, found.error.type.name.lower())

    def read(image: np.ndarray) -> Found:
        found = ask(image)  # asked for errors, it stops at the first one and reads a little less
        if found is None or not found.valid:  # is_pure: there, and yet invalid
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
    zbar_library = importlib.import_module("pyzbar.zbar_library")
    places = [Path(sys.prefix) / "lib", Path("/opt/homebrew/lib"), Path("/usr/local/lib")]
    here = [str(file) for place in places for file in sorted(place.glob("libzbar.*"))]
    if ctypes.util.find_library("zbar") is None and here:
        zbar_library.find_library = lambda name: here[0]


def _zbar_version() -> str:
    _let_zbar_be_found()
    from pyzbar.wrapper import load_libzbar

    numbers = [ctypes.c_uint() for _ in range(3)]
    load_libzbar().zbar_version(*map(ctypes.byref, numbers))
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

    jar = Path(importlib.util.find_spec("pyboof").origin).with_name("PyBoof-all.jar")
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
    if importlib.util.find_spec("pyboof") is None:
        raise ImportError("pyboof is not installed")
    if shutil.which("java") is None:
        raise ImportError("there is no java")
    return installed("pyboof")


def _model() -> Read:
    return lambda picture: (None, "it judges modules, not pictures")  # decode asks _judge_modules instead


_JAVA = "install Java 11 or later, and: pip install pyboof"
_OPENCV_PIP = "pip install opencv-python-headless"
_LIBZBAR = "apt install libzbar0 (Debian, Ubuntu), brew install zbar (Mac), conda install -c conda-forge zbar"
_OPENCV = partial(_Decoder, "OpenCV", lambda: importlib.import_module("cv2").__version__)
_ZXING = partial(_Decoder, "zxing-cpp", partial(installed, "zxing-cpp"))
DECODERS = {
    "zxing": _ZXING(_zxing, "pip install zxing-cpp"),
    "zxing-pure": _ZXING(partial(_zxing, is_pure=True), "pip install zxing-cpp"),
    "zbar": _Decoder("libzbar, by pyzbar", _zbar_version, _zbar, _LIBZBAR),
    "opencv": _OPENCV(partial(_opencv, "QRCodeDetector"), _OPENCV_PIP),
    "opencv-aruco": _OPENCV(partial(_opencv, "QRCodeDetectorAruco"), _OPENCV_PIP),
    "boofcv": _Decoder("BoofCV, by pyboof", _boofcv_version, _boofcv, _JAVA),
    "model": _Decoder("qrlab", partial(installed, "qrlab"), _model, ""),
}


def decoders() -> pd.DataFrame:
    """The readers: name, library, version ("" if unavailable), available and why_not (with how to get it)."""
    rows = []
    for name, decoder in DECODERS.items():
        why_not = unavailable(name)
        rows.append((name, decoder.library, "" if why_not else decoder.version(), not why_not, why_not))
    return pd.DataFrame(rows, columns=["name", "library", "version", "available", "why_not"])


def unavailable(name: str, parameter: str = "reader") -> str:
    """Why a reader can't be used here and how to get it; "" if it can.

    name: a key of DECODERS, or "module:function" for a reader of your own, a function from a picture
    (uint8 height×width) to bytes, str or None.
    """
    if ":" not in str(name):
        one_of(f"{parameter}, unless module:function,", name, DECODERS)
    try:
        version_of(name)
        if name != "boofcv":  # Java takes a while, and was looked for
            load(name)
    except Exception as problem:  # whatever a module of one's own may raise
        return (
            f"{problem}; {DECODERS[name].get}" if name in DECODERS else f"{type(problem).__name__}: {problem}"
        )
    return ""


def version_of(name: str) -> str:
    """The version of a reader's library; for one of your own, a digest of its source file."""
    if name in DECODERS:
        return DECODERS[name].version()
    module = name.partition(":")[0]
    parent = module.rpartition(".")[0]
    places = importlib.import_module(parent).__path__ if parent else None
    spec = PathFinder.find_spec(module, places)  # as it is now, not as it was imported
    if spec is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()[:12]


def versions() -> dict[str, str]:
    """The versions of what could change a result: library -> version."""
    libraries = ("qrlab", "segno", "zxing-cpp", "numpy", "scipy", "pandas", "matplotlib")
    readers = {name: version_of(name) for name in ("zbar", "opencv", "boofcv") if not unavailable(name)}
    return {"python": platform.python_version()} | {name: installed(name) for name in libraries} | readers


def load(name: str) -> Read:
    """The function of a reader from a picture to what it found; ImportError if it is not available."""
    return _load(name, "" if name in DECODERS else version_of(name))


@lru_cache(maxsize=32)
def _load(name: str, version: str) -> Read:
    if name in DECODERS:
        return DECODERS[name].load()
    module, _, function = name.partition(":")
    module = importlib.import_module(module)
    if vars(module).setdefault("__qrlab_version__", version) != version:  # edited since
        module = importlib.reload(module)
        module.__qrlab_version__ = version
    call = getattr(module, function)
    return lambda image: (call(image), "")


def decode(
    image: np.ndarray, decoder: str = "zxing", expected: str | bytes | Symbol | None = None
) -> Reading:
    """What a reader makes of a picture: a Reading.

    image: uint8 height×width, gray, or bool n×n modules, which are rendered for readers of pictures.
    decoder: a name from decoders(), or "module:function".  expected: the right content, or its Symbol;
    without it whatever is read counts as ok.  The decoder "model" answers whether error correction can
    still restore the symbol: it needs modules, and a Symbol as expected.  Text counts as the expected
    bytes if it is those bytes in one of CHARACTER_SETS: choosing another is no misreading.
    Raises ValueError for bad input and for a reader that is not available (why, and how to get it).
    """
    image = _checked(image)
    if not isinstance(expected, str | bytes | Symbol | None):
        raise ValueError(f"expected must be a str, bytes or a Symbol, not {type(expected).__name__}")
    if why_not := unavailable(decoder, "decoder"):
        raise ValueError(f"decoder {decoder} is not available: {why_not}")
    if decoder == "model":
        return _judge_modules(image, expected)
    picture = render(image) if image.dtype == bool else np.ascontiguousarray(image)
    return read_picture(load(decoder), picture, _data(expected))


def _data(expected: str | bytes | Symbol | None) -> bytes | None:
    if isinstance(expected, str):
        try:
            return expected.encode()
        except UnicodeEncodeError as lone:
            raise ValueError(f"expected must be text that UTF-8 can encode, not {lone.reason}") from None
    return expected.content if isinstance(expected, Symbol) else expected


def _checked(image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype not in (np.uint8, bool) or image.ndim != 2 or not image.size:
        raise ValueError(f"image must be uint8 height×width or bool n×n, not {image.dtype} {image.shape}")
    return image


def read_picture(read: Read, picture: np.ndarray, expected: bytes | None) -> Reading:
    """One timed call of an adapter, its answer judged; whatever it raises is an outcome, error."""
    start = time.perf_counter()
    try:
        content, reason = read(picture)
        seconds = time.perf_counter() - start
        reason = reason() if callable(reason) else reason
    except (Exception, SystemExit) as problem:
        said = re.sub(r"\s+", " ", f"{type(problem).__name__}: {problem}")[:200]
        return Reading("error", None, time.perf_counter() - start, said)
    return _judge(content, seconds, reason, expected)


def _judge(content: bytes | str | None, seconds: float, reason: str, expected: bytes | None) -> Reading:
    if content is None:
        return Reading("unread", None, seconds, reason)
    if not isinstance(content, bytes | str):
        said = f"it gave neither bytes, str nor None, but {type(content).__name__}"
        return Reading("error", None, seconds, said)
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    if expected is None or data == expected:
        return Reading("ok", data, seconds, "")
    taken_for = _taken_for(data, expected)
    if taken_for:
        return Reading("ok", expected, seconds, f"as {taken_for}")
    return Reading("misread", data, seconds, "")


def same_text(one: bytes, other: bytes) -> bool:
    """Are these the same bytes, or either the UTF-8 of the other, read in one of CHARACTER_SETS?"""
    return one == other or bool(_character_set(one, other) or _character_set(other, one))


def _character_set(data: bytes, expected: bytes) -> str | None:
    """The one in which the expected bytes are the text whose UTF-8 is `data`, if any."""
    for name in CHARACTER_SETS:
        try:
            if expected.decode(name).encode() == data:
                return name
        except UnicodeError:
            continue
    return None


def _taken_for(data: bytes, expected: bytes) -> str | None:
    """What the expected bytes were taken for, where `data` is the UTF-8 of that: no misreading."""
    if name := _character_set(data, expected):
        return name
    marks = re.compile("\ufffd+")  # what stands for bytes that are no UTF-8; how many of them, differs
    if (
        marks.sub("\ufffd", expected.decode(errors="replace")).encode()
        == marks.sub("\ufffd", data.decode(errors="replace")).encode()
    ):
        return "damaged utf-8"
    return None


def _judge_modules(modules: np.ndarray, symbol: Symbol) -> Reading:
    start = time.perf_counter()
    if not isinstance(symbol, Symbol) or modules.dtype != bool or modules.shape != symbol.modules.shape:
        raise ValueError(
            "decoder model must have bool n×n modules as image and their Symbol as expected, "
            f"not {modules.dtype} {modules.shape} and {type(symbol).__name__}"
        )
    here = layout(symbol.version, symbol.level)
    spoilt = np.zeros(len(here.block) + 1, bool)
    spoilt[here.codeword[modules != symbol.modules]] = True  # -1, no codeword, falls on the last place
    wrong = np.bincount(here.block[spoilt[:-1]], minlength=len(here.correctable))
    lost = int(np.sum(wrong > here.correctable))
    seconds = time.perf_counter() - start
    if lost:
        return Reading("unread", None, seconds, "uncorrectable")
    return Reading("ok", symbol.content, seconds, "")
