"""quirc and QRdec, which deqr brings to Python, asked by its decoders' `decode`, without converting bytes.

They have no thorough setting.  Habits: they hand over the very bytes, and give no reason for what they don't
read; quirc reads no clean symbol above version 25 of 4 pixels a module, and nothing that is mirrored.
"""

import importlib
from functools import partial
from typing import Any

import numpy as np

from qrlab.readers.reading import Decoder, Found, installed


def _read(decoder: Any, image: np.ndarray) -> Found:
    found = decoder.decode(image.copy(), convert_data=False)  # it writes on what it is given
    if not found:
        return None, "not read; it gives no reason"
    return b"".join(entry.data for entry in found[0].data_entries), ""


def _deqr() -> Any:
    return importlib.import_module("deqr")


def _version() -> str:
    _deqr()
    return installed("deqr")


_QUIRC = "quirc, by deqr", "ISC, LGPL-2.1-or-later (deqr)", "embedded scanners, OpenMV", _version
_QRDEC = "QRdec, by deqr", "LGPL-2.1-or-later", "what ZBar's reader began as", _version
_GET = "pip install deqr"
DECODERS = {
    "quirc": Decoder(*_QUIRC, lambda: partial(_read, _deqr().QuircDecoder()), _GET),
    "qrdec": Decoder(*_QRDEC, lambda: partial(_read, _deqr().QRdecDecoder()), _GET),
}
