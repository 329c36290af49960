"""ZXing-C++, which its users ask by `zxingcpp.read_barcode`: turned, smaller and light on dark, too.

That default is its thorough setting.  zxing-quick leaves these three out; zxing-pure takes the picture for
nothing but a symbol.  Habits: it hands over the very bytes.  Asked for QR codes it also takes noise for
Micro QR ones, so it is asked for Model 2; but pure, nothing is found of that alone.
"""

from functools import partial

import numpy as np
import zxingcpp

from qrlab.readers.reading import NOTHING, Decoder, Found, installed

_MODEL_2, _ANY_MODEL = zxingcpp.BarcodeFormat.QRCodeModel2, zxingcpp.BarcodeFormat.QRCode
_QUICK = {"try_rotate": False, "try_downscale": False, "try_invert": False}


def _read(options: dict, image: np.ndarray) -> Found:
    def why() -> str:
        found = zxingcpp.read_barcode(image, **options | _QUICK, return_errors=True)
        return NOTHING if found is None or found.error is None else found.error.type.name

    found = zxingcpp.read_barcode(image, **options)  # asked for errors, it stops at the first and reads less
    if found is None or not found.valid or found.format not in (_MODEL_2, _ANY_MODEL):
        return None, why
    return found.bytes, ""


_version = partial(installed, "zxing-cpp")
_ABOUT = "zxing-cpp", "Apache-2.0", "KDE's scanners, web pages (barcode-detector)", _version
DECODERS = {
    "zxing": Decoder(*_ABOUT, lambda: partial(_read, {"formats": _MODEL_2})),
    "zxing-quick": Decoder(*_ABOUT, lambda: partial(_read, {"formats": _MODEL_2} | _QUICK)),
    "zxing-pure": Decoder(*_ABOUT, lambda: partial(_read, {"formats": _ANY_MODEL, "is_pure": True})),
}
