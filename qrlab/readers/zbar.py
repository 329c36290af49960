"""ZBar, which its users ask by pyzbar's `decode`.

It has no thorough setting that pyzbar offers.  Habits: it guesses the character set of bytes (UTF-8,
Shift-JIS, Big5, ISO 8859-1) and gives the guess in UTF-8; it gives no reason; as the standard wants, it
corrects fewer errors in the smallest symbols; it misses some undamaged ones; at structured append it raises.
"""

import ctypes
import ctypes.util
import importlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qrlab.readers.reading import NO_REASON, Decoder, Found

_GET = "apt install libzbar0 (Debian, Ubuntu), brew install zbar (Mac), conda install -c conda-forge zbar"


def _pyzbar(module: str) -> Any:
    """A module of pyzbar, which is told where ZBar is if ctypes doesn't find it: with conda, on a Mac."""
    library: Any = importlib.import_module("pyzbar.zbar_library")
    places = [Path(sys.prefix) / "lib", Path("/opt/homebrew/lib"), Path("/usr/local/lib")]
    here = [str(file) for place in places for file in sorted(place.glob("libzbar.*"))]
    library.find_library = lambda name: ctypes.util.find_library(name) or next(iter(here), None)
    return importlib.import_module(f"pyzbar.{module}")


def _read(pyzbar: Any, image: np.ndarray) -> Found:
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return (found[0].data, "") if found else (None, NO_REASON)


def _version() -> str:
    numbers = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    _pyzbar("wrapper").zbar_version(*map(ctypes.byref, numbers))
    return ".".join(str(number.value) for number in numbers)


_ABOUT = "libzbar, by pyzbar", "LGPL-2.1-or-later", "zbarimg, desktop scanners and wallets on Linux"
DECODERS = {"zbar": Decoder(*_ABOUT, _version, lambda: partial(_read, _pyzbar("pyzbar")), _GET)}
