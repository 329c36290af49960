"""Readers of QR code pictures: which there are, what one makes of a picture, and whether it is right.

An adapter loads its library when it is first used, and gives a function from a picture (uint8 height×width)
to what was found.  Nothing here damages, repeats or counts.
"""

import ctypes.util
import hashlib
import importlib
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.metadata import distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
import zxingcpp

from qrlab.checks import named, one_of
from qrlab.imaging import render
from qrlab.model import judge
from qrlab.symbols import Symbol

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("ok", "misread", "unread", "error", "crash", "timeout")
# What readers take bytes for when no character set is declared: ISO/IEC 18004 says ISO 8859-1 (JIS8 in
# its first edition), the world writes UTF-8, and ZBar tries Big5 too.  The variants differ in \ and ~.
_JAPANESE = ("shift_jis", "shift_jis_2004", "cp932")
CHARACTER_SETS = ("utf-8", "iso-8859-1", "cp1252", *_JAPANESE, "big5", "cp950", "big5hkscs", "utf-8-sig")
# What an adapter finds: content or None, and why not (or a call that asks the reader why, off the clock).
Found = tuple[bytes | str | None, str | Callable[[], str]]
Read = Callable[..., Found]
Expected = str | bytes | Symbol | None
_REASONS = {"error correction": "uncorrectable", "checksum": "uncorrectable", "format": "format unreadable"}
installed = lru_cache(version)  # of a package, which takes half a millisecond to find out


class Decoder(NamedTuple):
    """A reader: its library, that library's version, its adapter, and how to get what may be missing."""

    library: str
    version: Callable[[], str]
    load: Callable[[], Read]
    get: str = "install qrlab again"


@dataclass(frozen=True)
class Reading:
    """A reader's answer to one picture; it prints without the content.
    outcome: ok, misread (other content), unread, error (it raised), and in a run crash (it ended its process)
    or timeout; content: what was read, or None; seconds: the reader's own time; detail: why not, or a remark.
    """

    outcome: str
    content: bytes | None = field(repr=False)
    seconds: float
    detail: str


def _zxing(options: dict, image: np.ndarray) -> Found:
    def why() -> str:
        quick = options | {"try_rotate": False, "try_downscale": False, "try_invert": False}
        found = zxingcpp.read_barcode(image, **quick, return_errors=True)
        cause = "nothing found" if found is None or found.error is None else found.error.type.name.lower()
        return _REASONS.get(cause, cause)

    found = zxingcpp.read_barcode(image, **options)  # asked for errors, it stops at the first and reads less
    if found is None or not found.valid or found.format not in (_MODEL_2, _ANY_MODEL):
        return None, why
    return found.bytes, ""


def _pyzbar(module: str) -> Any:
    """A module of pyzbar, which is told where ZBar is if ctypes doesn't find it: with conda, on a Mac."""
    library: Any = importlib.import_module("pyzbar.zbar_library")
    places = [Path(sys.prefix) / "lib", Path("/opt/homebrew/lib"), Path("/usr/local/lib")]
    here = [str(file) for place in places for file in sorted(place.glob("libzbar.*"))]
    library.find_library = lambda name: ctypes.util.find_library(name) or next(iter(here), None)
    return importlib.import_module(f"pyzbar.{module}")


def _zbar(pyzbar: Any, image: np.ndarray) -> Found:
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return (found[0].data, "") if found else (None, "not read; it gives no reason")


def _zbar_version() -> str:
    numbers = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    _pyzbar("wrapper").zbar_version(*map(ctypes.byref, numbers))
    return ".".join(str(number.value) for number in numbers)


def _opencv(detector: Any, image: np.ndarray) -> Found:
    try:
        content, corners, _ = detector.detectAndDecodeBytes(image)  # detectAndDecode ends a text at a NUL
    except cv2.error as problem:  # its own text begins with the place in the source
        raise RuntimeError(problem.err.lstrip("> ")) from None
    return content or None, "nothing found" if corners is None else "found, not decoded"


def _boofcv() -> Read:
    """BoofCV in a Java machine of our own; pyboof's module would share one port with other processes."""
    java: Any = importlib.import_module("py4j.java_gateway")
    jar = distribution("pyboof").locate_file("pyboof/PyBoof-all.jar")
    jvm = java.JavaGateway.launch_gateway(jarpath=str(jar), die_on_exit=True, enable_auth=True).jvm
    gray = jvm.java.lang.Class.forName("boofcv.struct.image.GrayU8")
    detector = jvm.boofcv.factory.fiducial.FactoryFiducial.qrcode(None, gray)

    def read(image: np.ndarray) -> Found:
        picture = jvm.boofcv.struct.image.GrayU8(image.shape[1], image.shape[0])
        picture.setData(image.tobytes())
        detector.process(picture)
        for found in detector.getDetections():
            return java.get_field(found, "message"), ""
        causes = [str(java.get_field(x, "failureCause")) for x in detector.getFailures()] or ["nothing found"]
        cause = causes[0].lower().replace("_", " ")
        return None, _REASONS.get(cause, cause)

    return read


def _model(modules: np.ndarray, symbol: Symbol) -> Found:
    """Whether error correction can still restore a symbol, of its damaged modules."""
    lost = judge(symbol, modules != symbol.modules).lost.any()
    return (None, "uncorrectable") if lost else (symbol.content, "")


# QRCode includes Micro QR, which noise can look like; but pure, nothing is found of QRCodeModel2 alone.
_MODEL_2, _ANY_MODEL = zxingcpp.BarcodeFormat.QRCodeModel2, zxingcpp.BarcodeFormat.QRCode
_LIBZBAR = "apt install libzbar0 (Debian, Ubuntu), brew install zbar (Mac), conda install -c conda-forge zbar"
_JAVA = "install Java 11 or later, and: pip install pyboof"
_ZXING = partial(Decoder, "zxing-cpp", partial(installed, "zxing-cpp"))
_OPENCV = partial(Decoder, "OpenCV", lambda: cv2.__version__)
DECODERS = {
    "zxing": _ZXING(lambda: partial(_zxing, {"formats": _MODEL_2})),
    "zxing-pure": _ZXING(lambda: partial(_zxing, {"formats": _ANY_MODEL, "is_pure": True})),
    "zbar": Decoder("libzbar, by pyzbar", _zbar_version, lambda: partial(_zbar, _pyzbar("pyzbar")), _LIBZBAR),
    "opencv": _OPENCV(lambda: partial(_opencv, cv2.QRCodeDetector())),
    "opencv-aruco": _OPENCV(lambda: partial(_opencv, cv2.QRCodeDetectorAruco())),
    "boofcv": Decoder("BoofCV, by pyboof", lambda: installed("pyboof"), _boofcv, _JAVA),
    "model": Decoder("qrlab", partial(installed, "qrlab"), lambda: _model),
}
_loaded = lru_cache(lambda name: DECODERS[name].load())


def decoders() -> "pd.DataFrame":
    """The readers: name, library, version ("" if unavailable), available and why_not (with how to get it)."""
    import pandas as pd

    rows = []
    for name, decoder in DECODERS.items():
        why_not = unavailable(name)
        rows.append((name, decoder.library, "" if why_not else decoder.version(), not why_not, why_not))
    return pd.DataFrame(rows, columns=["name", "library", "version", "available", "why_not"])


def unavailable(name: str, parameter: str = "reader") -> str:
    """Why a reader can't be used here and how to get it; "" if it can.
    name: a key of DECODERS, or "module:function" for a reader of your own, a function from a picture
    (uint8 height×width) to bytes, str or None; ValueError, which names the parameter, for another.
    """
    if ":" not in str(name):
        one_of(f"{parameter}, unless module:function,", name, DECODERS)
    try:
        version_of(name)
        if name != "boofcv":  # whose Java takes a while to start
            load(name)
        elif shutil.which("java") is None:
            raise ImportError("there is no java")
    except Exception as problem:  # whatever a module of one's own may raise
        own = f"{type(problem).__name__}: {problem}"
        return f"{problem}; {DECODERS[name].get}" if name in DECODERS else own
    return ""


def version_of(name: str) -> str:
    """The version of a reader's library; for one of your own, a digest of its source file."""
    if name in DECODERS:
        return DECODERS[name].version()
    module = importlib.import_module(name.partition(":")[0])
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()[:12]


def versions() -> dict[str, str]:
    """The versions of what could change a result: library -> version."""
    libraries = ("qrlab", "segno", "zxing-cpp", "numpy", "scipy", "pandas", "matplotlib")
    readers = {name: version_of(name) for name in ("zbar", "opencv", "boofcv") if not unavailable(name)}
    return {"python": platform.python_version()} | {name: installed(name) for name in libraries} | readers


def load(name: str) -> Read:
    """The function of a reader from a picture to what it found; ImportError if it is not available."""
    if name in DECODERS:
        return _loaded(name)
    place, _, function = name.partition(":")
    module, digest = importlib.import_module(place), version_of(name)
    if vars(module).setdefault("__qrlab_digest__", digest) != digest:  # edited since
        vars(importlib.reload(module))["__qrlab_digest__"] = digest
    call = getattr(module, function)
    return lambda image: (call(image), "")


def decode(image: np.ndarray, decoder: str = "zxing", expected: Expected = None) -> Reading:
    """What a reader makes of a picture: a Reading.
    image: uint8 height×width, gray, or bool n×n modules, which are rendered for readers of pictures; decoder:
    a name from decoders(), or "module:function"; expected: the right content, or its Symbol; without it
    whatever is read counts as ok.  "model" answers whether error correction can still restore it: that needs
    modules, and a Symbol as expected.  Text counts as the expected bytes if it is these in one of
    CHARACTER_SETS.  ValueError for bad input and for a reader that is not there (and how to get it).
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, bool) or image.ndim != 2 or not image.size:
        raise ValueError(f"image must be uint8 height×width or bool n×n, not {image.dtype} {image.shape}")
    if not isinstance(expected, Expected):
        raise ValueError(f"expected must be a str, bytes or a Symbol, not {type(expected).__name__}")
    content = expected.content if isinstance(expected, Symbol) else expected
    content = named("expected ", content.encode) if isinstance(content, str) else content
    if why_not := unavailable(decoder, "decoder"):
        raise ValueError(f"decoder {decoder} is not available: {why_not}")
    read = load(decoder)
    if decoder == "model":
        if image.dtype != bool or not isinstance(expected, Symbol) or image.shape != expected.modules.shape:
            came = f"{image.dtype} {image.shape} and {type(expected).__name__}"
            raise ValueError(f"decoder model must have a bool n×n image and its Symbol expected, not {came}")
        read = partial(read, symbol=expected)
    elif image.dtype == bool:
        image = render(image)
    return read_picture(read, np.ascontiguousarray(image), content)


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
    if content is None:
        return Reading("unread", None, seconds, reason)
    if not isinstance(content, bytes | str):
        said = f"it gave neither bytes, str nor None, but {type(content).__name__}"
        return Reading("error", None, seconds, said)
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    if expected is None or data == expected:
        return Reading("ok", data, seconds, "")
    one, other = (re.sub("\ufffd+", "\ufffd", each.decode(errors="replace")) for each in (data, expected))
    taken_for = "damaged utf-8" if one == other else None  # how many marks stand for its bytes, differs
    if taken_for := character_set(data, expected) or taken_for:
        return Reading("ok", expected, seconds, f"as {taken_for}")
    return Reading("misread", data, seconds, "")


def character_set(data: bytes, expected: bytes) -> str | None:
    """The one in which the expected bytes are the text whose UTF-8 is `data`, if any."""
    texts = {name: expected.decode(name, "surrogateescape") for name in CHARACTER_SETS}
    return next((name for name, text in texts.items() if text.encode(errors="surrogatepass") == data), None)
