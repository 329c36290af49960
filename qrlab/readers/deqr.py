"""quirc and QRdec, which deqr brings to Python, asked by its decoders' `decode`, without converting bytes.

They have no thorough setting.  Habits: they hand over the very bytes, and give no reason for what they don't
read; quirc misses most clean symbols from version 25 on and all from 30, and reads nothing that is mirrored.
"""

import importlib
from functools import partial
from typing import Any

import numpy as np

from qrlab.readers.reading import NO_REASON, Decoder, Found, installed


def _version() -> str:
    importlib.import_module("deqr")
    return installed("deqr")


def _read(decoder: Any, image: np.ndarray) -> Found:
    found = decoder.decode(image.copy(), convert_data=False)  # it writes on what it is given
    return (b"".join(entry.data for entry in found[0].data_entries), "") if found else (None, NO_REASON)


def _decoder(name: str, licence: str, found_in: str) -> Decoder:
    load = lambda: partial(_read, getattr(importlib.import_module("deqr"), f"{name}Decoder")())  # noqa: E731
    return Decoder(f"{name}, by deqr", licence, found_in, _version, load, "pip install deqr")


DECODERS = {
    "quirc": _decoder("Quirc", "ISC, LGPL-2.1-or-later (deqr)", "embedded scanners, OpenMV"),
    "qrdec": _decoder("QRdec", "LGPL-2.1-or-later", "what ZBar's reader began as"),
}
