"""The exact model as a reader: of the damaged modules, whether error correction can still restore them."""

from functools import partial

import numpy as np

from qrlab.model import judge
from qrlab.readers.reading import Decoder, Found, installed
from qrlab.symbols import Symbol


def _read(modules: np.ndarray, symbol: Symbol) -> Found:
    lost = judge(symbol, modules != symbol.modules).lost.any()
    return (None, "uncorrectable") if lost else (symbol.content, "")


_ABOUT = "qrlab", "MIT", "nothing: it is error correction alone", partial(installed, "qrlab")
DECODERS = {"model": Decoder(*_ABOUT, lambda: _read)}
