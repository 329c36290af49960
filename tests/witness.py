"""A real reader as the model's witness: zxing-cpp's pure decoding, without finding."""

import numpy as np
import zxingcpp


def picture(modules: np.ndarray, px_per_module: int = 1, quiet_zone: int = 4) -> np.ndarray:
    """uint8 image of bool modules, dark on light."""
    image = np.where(np.pad(modules, quiet_zone), 0, 255).astype(np.uint8)
    return image.repeat(px_per_module, axis=0).repeat(px_per_module, axis=1)


def read_pure(image: np.ndarray) -> bytes | None:
    """The content that zxing-cpp reads, or None; the reading can be there and yet be invalid."""
    found = zxingcpp.read_barcode(image, formats=zxingcpp.BarcodeFormat.QRCode, is_pure=True)
    return found.bytes if found is not None and found.valid else None
