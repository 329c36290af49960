"""Witnesses: zxing-cpp's pure decoding, a real reader without finding; and python-qrcode's tables."""

import numpy as np
import qrcode
import zxingcpp

LIB = {"L": qrcode.ERROR_CORRECT_L, "M": qrcode.ERROR_CORRECT_M}
LIB |= {"Q": qrcode.ERROR_CORRECT_Q, "H": qrcode.ERROR_CORRECT_H}


def picture(modules: np.ndarray, px_per_module: int = 1, quiet_zone: int = 4) -> np.ndarray:
    """uint8 image of bool modules, dark on light."""
    image = np.where(np.pad(modules, quiet_zone), 0, 255).astype(np.uint8)
    return image.repeat(px_per_module, axis=0).repeat(px_per_module, axis=1)


def read_pure(image: np.ndarray) -> bytes | None:
    """The content that zxing-cpp reads, or None; the reading can be there and yet be invalid."""
    found = zxingcpp.read_barcode(image, formats=zxingcpp.BarcodeFormat.QRCode, is_pure=True)
    return found.bytes if found is not None and found.valid else None
