"""qrlab measures what QR code error-correction levels really buy."""

import platform as _platform
from importlib import import_module as _import
from importlib.metadata import version as _version

from qrlab import capture, damage
from qrlab.capture import Camera, Print, photograph, render
from qrlab.damage import Damage
from qrlab.data import load
from qrlab.decoders import Reading, decode, decoders, unavailable, version_of
from qrlab.scenario import SCENARIOS, Mix, Scenario, Wear
from qrlab.symbols import Layout, Level, Symbol, layout, make

# Loaded when first asked for, as what they need takes seconds to load: the processes that read do without.
_LATE = {
    "correction": ["break_point", "break_points", "capability", "survival"],
    "experiment": ["growing", "readings", "run", "shown"],
    "stats": [],
    "choice": ["Choice", "choose"],
    "graph": [],
    "explorer": ["explore"],
    "plots": [
        "plot_by_length",
        "plot_by_version",
        "plot_choice",
        "plot_damage",
        "plot_free_levels",
        "plot_losses",
        "plot_map",
        "plot_picture",
        "plot_points",
        "plot_recovery",
        "plot_rows",
        "plot_sensitivity",
        "plot_shares",
    ],
}
_HOME = {name: module for module, names in _LATE.items() for name in names}

__version__ = _version("qrlab")
__all__ = [
    "SCENARIOS",
    "Camera",
    "Damage",
    "Layout",
    "Level",
    "Mix",
    "Print",
    "Reading",
    "Scenario",
    "Symbol",
    "Wear",
    "capture",
    "damage",
    "decode",
    "decoders",
    "graph",
    "layout",
    "load",
    "make",
    "photograph",
    "plots",
    "render",
    "stats",
    "versions",
    *_HOME,
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(_import(f"qrlab.{_HOME[name]}"), name)
    if name in _LATE:
        return _import(f"qrlab.{name}")
    raise AttributeError(f"module 'qrlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def versions() -> dict[str, str]:
    """The versions of what could change a result: library -> version."""
    libraries = ("qrlab", "segno", "zxing-cpp", "numpy", "scipy", "pandas", "matplotlib")
    readers = {name: version_of(name) for name in ("zbar", "opencv", "boofcv") if not unavailable(name)}
    return {"python": _platform.python_version()} | {name: _version(name) for name in libraries} | readers
