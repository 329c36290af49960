"""qrlab measures what QR code error-correction levels really buy."""

import platform as _platform
from importlib.metadata import version as _version

from qrlab import capture, damage, plots, stats
from qrlab.capture import Camera, Print, photograph, render
from qrlab.correction import break_point, break_points, capability, survival
from qrlab.damage import Damage
from qrlab.decoders import Reading, decode, decoders, unavailable, version_of
from qrlab.experiment import readings, run, shown
from qrlab.plots import (
    plot_by_length,
    plot_by_version,
    plot_damage,
    plot_free_levels,
    plot_map,
    plot_picture,
    plot_points,
    plot_recovery,
    plot_rows,
    plot_shares,
)
from qrlab.symbols import Layout, Level, Symbol, layout, make

__version__ = _version("qrlab")
__all__ = [
    "Camera",
    "Damage",
    "Layout",
    "Level",
    "Print",
    "Reading",
    "Symbol",
    "break_point",
    "break_points",
    "capability",
    "capture",
    "damage",
    "decode",
    "decoders",
    "layout",
    "make",
    "photograph",
    "plot_by_length",
    "plot_by_version",
    "plot_damage",
    "plot_free_levels",
    "plot_map",
    "plot_picture",
    "plot_points",
    "plot_recovery",
    "plot_rows",
    "plot_shares",
    "plots",
    "readings",
    "render",
    "run",
    "shown",
    "stats",
    "survival",
    "versions",
]


def versions() -> dict[str, str]:
    """The versions of what could change a result: library -> version."""
    libraries = ("qrlab", "segno", "zxing-cpp", "numpy", "scipy", "pandas", "matplotlib")
    readers = {name: version_of(name) for name in ("zbar", "opencv", "boofcv") if not unavailable(name)}
    return {"python": _platform.python_version()} | {name: _version(name) for name in libraries} | readers
