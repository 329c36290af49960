"""Readers of QR code pictures: which there are, what one makes of a picture, and whether it is right.

Nothing here damages, repeats or counts.
"""

import hashlib
import importlib
import platform
import re
import time
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

import numpy as np

from qrlab.adapters import DECODERS, Read, exact_model, source_of
from qrlab.checks import one_of
from qrlab.symbols import Symbol

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("ok", "misread", "unread", "error", "crash", "timeout")
# What readers take bytes for when no character set is declared: ISO/IEC 18004 says ISO 8859-1 (JIS8 in
# its first edition), the world writes UTF-8, and ZBar tries Big5 too.  The variants differ in \ and ~.
_JAPANESE = ("shift_jis", "shift_jis_2004", "cp932")
CHARACTER_SETS = ("utf-8", "iso-8859-1", "cp1252", *_JAPANESE, "big5", "cp950", "big5hkscs", "utf-8-sig")


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
        if name != "boofcv":  # Java takes a while, and was looked for
            load(name)
    except Exception as problem:  # whatever a module of one's own may raise
        own = f"{type(problem).__name__}: {problem}"
        return f"{problem}; {DECODERS[name].get}" if name in DECODERS else own
    return ""


def version_of(name: str) -> str:
    """The version of a reader's library; for one of your own, a digest of its source file."""
    if name in DECODERS:
        return DECODERS[name].version()
    return hashlib.sha256(source_of(name.partition(":")[0]).read_bytes()).hexdigest()[:12]


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
    place, _, function = name.partition(":")
    module = importlib.import_module(place)
    if vars(module).setdefault("__qrlab_version__", version) != version:  # edited since
        module = importlib.reload(module)
        vars(module)["__qrlab_version__"] = version
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
    image = np.asarray(image)
    if image.dtype not in (np.uint8, bool) or image.ndim != 2 or not image.size:
        raise ValueError(f"image must be uint8 height×width or bool n×n, not {image.dtype} {image.shape}")
    content = _bytes_of(expected)
    if why_not := unavailable(decoder, "decoder"):
        raise ValueError(f"decoder {decoder} is not available: {why_not}")
    if decoder == "model":
        if image.dtype != bool or not isinstance(expected, Symbol) or image.shape != expected.modules.shape:
            allowed = "decoder model must have bool n×n modules as image and their Symbol as expected"
            came = f"{image.dtype} {image.shape} and {type(expected).__name__}"
            raise ValueError(f"{allowed}, not {came}")
        return read_picture(exact_model(expected), image, content)
    if image.dtype == bool:
        from qrlab.imaging import render  # which brings OpenCV

        image = render(image)
    return read_picture(load(decoder), np.ascontiguousarray(image), content)


def _bytes_of(expected: str | bytes | Symbol | None) -> bytes | None:
    if isinstance(expected, str):
        try:
            return expected.encode()
        except UnicodeEncodeError as lone:
            raise ValueError(f"expected must be text that UTF-8 can encode, not {lone.reason}") from None
    if not isinstance(expected, bytes | Symbol | None):
        raise ValueError(f"expected must be a str, bytes or a Symbol, not {type(expected).__name__}")
    return expected.content if isinstance(expected, Symbol) else expected


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


def _judge(content: object, seconds: float, reason: str, expected: bytes | None) -> Reading:
    if content is None:
        return Reading("unread", None, seconds, reason)
    if not isinstance(content, bytes | str):
        said = f"it gave neither bytes, str nor None, but {type(content).__name__}"
        return Reading("error", None, seconds, said)
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    if expected is None or data == expected:
        return Reading("ok", data, seconds, "")
    taken_for = _character_set(data, expected)
    if taken_for is None and _marked(data) == _marked(expected):
        taken_for = "damaged utf-8"
    if taken_for is None:
        return Reading("misread", data, seconds, "")
    return Reading("ok", expected, seconds, f"as {taken_for}")


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


def _marked(data: bytes) -> str:
    """Text of UTF-8, with one mark for bytes that are none: how many marks they get, differs."""
    return re.sub("\ufffd+", "\ufffd", data.decode(errors="replace"))
