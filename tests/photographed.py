"""What tests of prints, cameras and photographs share: symbols, cameras, and the light in a picture."""

import re
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

import qrlab as qr
from qrlab.optics import Camera, Print, project

STEADY = {"sway_deg": 0, "noise": 0}

VIEWS = {
    "upright": {},
    "turned": {"rotation_deg": 33},
    "upside down": {"rotation_deg": 180},
    "turned back": {"rotation_deg": -80},
    "tilted about the horizontal": {"tilt_deg": 40},
    "tilted about the vertical": {"tilt_deg": 40, "tilt_axis_deg": 90},
    "tilted the other way": {"tilt_deg": 35, "tilt_axis_deg": -90},
    "tilted about a slant": {"tilt_deg": 60, "tilt_axis_deg": 25},
    "turned and tilted": {"rotation_deg": 20, "tilt_deg": 60, "tilt_axis_deg": 100},
    "swaying": {"sway_deg": 10, "rotation_deg": 45, "tilt_deg": 20},
}


def a_symbol(version: int = 7, level: str = "M") -> qr.Symbol:
    return qr.make(b"photographed", level, version=version, mask=0)


@lru_cache
def drawn_on(size: int, *squares: tuple[int, int, int]) -> qr.Symbol:
    """A light symbol with dark squares on it: (x, y, side) of each, in modules."""
    modules = np.zeros((size, size), bool)
    for x, y, side in squares:
        modules[y : y + side, x : x + side] = True
    return replace(a_symbol((size - 17) // 4), modules=modules)


def light_of(picture: np.ndarray) -> np.ndarray:
    return (picture / 255) ** 2


def uniform(light: float, **settings) -> Print:
    return Print(25, paper=light, contrast=0, **settings)


def across(picture, matrix, start, end, steps: int = 4000) -> np.ndarray:
    """The light on a straight line over the symbol, from and to places in modules."""
    share = np.linspace(0, 1, steps)[:, None]
    points = project(matrix, np.array(start) * (1 - share) + np.array(end) * share) - 0.5
    x, y = points.T.astype(np.float32)[:, None]
    return cv2.remap(light_of(picture).astype(np.float32), x, y, cv2.INTER_LINEAR)[0]


CLOSE = {"frame_width_px": 4000, "frame_height_px": 4000}


def close_up(symbol: qr.Symbol, printed: Print = Print(25), px_per_module: float = 6, **settings) -> Camera:  # noqa: B008
    return Camera(px_per_module / printed.module_mm(symbol.size), **CLOSE | settings)


def complaint(name: str, allowed: object, came: object) -> str:
    """What an error's text must match: it names the parameter, what is allowed and what came."""
    return f"^{re.escape(name)}\\b.* must .*{re.escape(str(allowed))}.*, not {re.escape(str(came))}"
