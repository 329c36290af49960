"""Readers of QR code pictures: which there are, and what one makes of a picture.

One adapter a file; it loads its library when it is first used.  Nothing here damages, repeats or counts.
"""

import hashlib
import importlib
import platform
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrlab.checks import named, one_of
from qrlab.imaging import render
from qrlab.readers import deqr, exact, java, node, opencv, zbar, zxing
from qrlab.readers.reading import CHARACTER_SETS as CHARACTER_SETS
from qrlab.readers.reading import OUTCOMES as OUTCOMES
from qrlab.readers.reading import Read, Reading, installed, read_picture
from qrlab.readers.reading import character_set as character_set
from qrlab.symbols import Symbol, make

if TYPE_CHECKING:
    import pandas as pd

Expected = str | bytes | Symbol | None
_ADAPTERS = (zxing, zbar, opencv, java, node, deqr, exact)
DECODERS = {name: decoder for adapter in _ADAPTERS for name, decoder in adapter.DECODERS.items()}
# Readers that are asked together, by name.  The default is what every set-up has, so that what is recommended
# does not depend on what happens to be installed; all: each by the settings that its users begin with.
PANELS = {
    "default": ("zxing", "zbar"),
    "phones": ("zxing-java", "wechat", "boofcv"),
    "web": ("jsqr", "qr", "zbar"),
    "all": tuple(x for x in DECODERS if not x.endswith(("-quick", "-pure", "-thorough", "model"))),
}
_loaded = lru_cache(lambda name: DECODERS[name].load())


def decoders(*, timed: bool = False) -> "pd.DataFrame":
    """The readers: name, library, version ("" if unavailable), available, why_not (with how to get it),
    licence, found_in (apps and libraries), panels; timed: also ms, the median that one takes here for a clean
    version 5 of 4 pixels a module, once it is warm.
    """
    import pandas as pd

    said = pd.DataFrame(DECODERS.values(), index=pd.Index(DECODERS, name="name")).reset_index()
    why_not = said.name.map(unavailable)
    version = [said.version[k]() if why == "" else "" for k, why in enumerate(why_not)]
    table = said[["name", "library"]].assign(version=version, available=why_not == "", why_not=why_not)
    table[["licence", "found_in"]] = said[["licence", "found_in"]]
    table["panels"] = [", ".join(panel for panel in PANELS if name in PANELS[panel]) for name in table.name]
    if timed:
        table["ms"] = table.name[table.available].map(_milliseconds)
    return table


def _milliseconds(name: str) -> float:
    symbol = make("https://www.example.org/" + "a" * 60, "M", version=5)
    return 1e3 * float(np.median([decode(symbol.modules, name, symbol).seconds for _ in range(30)][15:]))


def panel(readers: str | Iterable[str], parameter: str = "readers") -> tuple[str, ...]:
    """The readers, each once, of names of readers and panels, in a list or in a text with commas between.
    ValueError, which names the parameter, for others, and for none."""
    names = [
        name for text in ([readers] if isinstance(readers, str) else readers) for name in text.split(",")
    ]
    every = [reader for name in names for reader in PANELS.get(name.strip(), [name.strip()])]
    for reader in every or [None]:
        if ":" not in str(reader):
            one_of(f"{parameter}, unless module:function,", reader, [*PANELS, *DECODERS])
    return tuple(dict.fromkeys(every))


def unavailable(name: str, parameter: str = "reader") -> str:
    """Why a reader can't be used here and how to get it; "" if it can.
    name: a key of DECODERS, or "module:function" for a reader of your own, a function from a picture
    (uint8 height×width) to bytes, str or None; ValueError, which names the parameter, for another.
    """
    if ":" not in str(name):
        one_of(f"{parameter}, unless module:function,", name, DECODERS)
    try:
        version_of(name) if name in DECODERS else load(name)
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
    others = [name for name in PANELS["all"] if name not in ("zxing", "opencv-aruco")]
    readers = {name: version_of(name) for name in others if not unavailable(name)}
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
