"""From modules to pixels.  Nothing here damages or reads."""

import numpy as np

from qrlab.checks import integer


def render(modules: np.ndarray, px_per_module: int = 4, quiet_zone: int = 4) -> np.ndarray:
    """A flawless picture: uint8, 0 dark and 255 light, (n + 2·quiet_zone)·px_per_module pixels square.

    modules: bool n×n, True = dark; px_per_module: 1 to 100; quiet_zone: in modules, 0 to 100.
    """
    modules = np.asarray(modules)
    if modules.dtype != bool or modules.ndim != 2 or len(set(modules.shape)) != 1 or not modules.size:
        raise ValueError(f"modules must be a bool n×n array, not {modules.dtype} {modules.shape}")
    px, margin = integer("px_per_module", px_per_module, 1, 100), integer("quiet_zone", quiet_zone, 0, 100)
    inside = slice(margin, margin + len(modules))
    small = np.full([len(modules) + 2 * margin] * 2, 255, np.uint8)
    small[inside, inside] = ~modules * np.uint8(255)
    return small.repeat(px, axis=1).repeat(px, axis=0)  # rows last: they are copied whole
