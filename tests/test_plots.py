"""Figures: colours that stay apart, for the colour-blind and in grey print."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from qrlab.plots import LEVEL_COLOR, READER_STYLE

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", severity 1.0: from linear RGB to what the colour-blind see of it, in linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
WHITE = [0.95047, 1, 1.08883]  # D65
READERS = {name: color for name, (color, _) in READER_STYLE.items() if name != "model"}  # a line, no marker


def lab(color: str, sight: str) -> np.ndarray:
    """CIELAB of a colour as seen with that sight; a distance of 2.3 is just noticeable side by side."""
    srgb = np.array(to_rgb(color))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("colors", "least"), [(LEVEL_COLOR, 15), (READERS, 10)], ids=["levels", "readers"])
def test_colours_stay_apart_for_the_colour_blind(colors, least, sight):
    for one, other in combinations(colors, 2):
        assert np.linalg.norm(lab(colors[one], sight) - lab(colors[other], sight)) >= least, (one, other)


@pytest.mark.parametrize("sight", SIGHT)
def test_levels_keep_their_order_in_grey_print(sight):
    lightness = [lab(LEVEL_COLOR[level], sight)[0] for level in "LMQH"]
    assert np.all(np.diff(lightness) <= -7)


def test_every_reader_has_a_marker_of_its_own():
    markers = [READER_STYLE[name][1] for name in READERS]
    assert "" not in markers
    assert len(set(markers)) == len(markers)
