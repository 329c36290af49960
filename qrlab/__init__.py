"""qrlab measures what QR code error-correction levels really buy."""

from importlib.metadata import version as _version

from qrlab import damage
from qrlab.correction import break_point, break_points, capability, survival
from qrlab.damage import Damage
from qrlab.symbols import Layout, Level, Symbol, layout, make

__version__ = _version("qrlab")
__all__ = [
    "Damage",
    "Layout",
    "Level",
    "Symbol",
    "break_point",
    "break_points",
    "capability",
    "damage",
    "layout",
    "make",
    "survival",
]
