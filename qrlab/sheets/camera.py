"""What photographs of known symbols tell of lens, sensor, light and ink, in the terms of Camera and Print."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from scipy.optimize import least_squares

from qrlab.optics import project
from qrlab.pictures.corners import to_picture

_SAMPLES = 8_000  # pixels of a symbol that are compared with what they should show
_RIM = 3  # modules of the quiet zone that are looked at
_GROWN = 4  # fine pixels that ink may be grown or shrunk by
_STEP = 0.1  # by which a guess is changed to see what follows
_LEVEL = 0.01  # so near to ink or paper nothing is left of an edge: what differs there is noise


class Fitted(NamedTuple):
    """A symbol as the simulation would have to photograph it.
    corners: 4×2 px; px_per_module: along the axis that no tilt shortens; tilt_deg, tilt_axis_deg and
    rotation_deg as of Camera; blur_px: standard deviation of lens and sensor; ink, paper: light, 0 to 1 of
    what a pixel holds; spread: of the ink at each edge, modules; noise: standard deviation of the light;
    explained: share of the variance between modules that the simulation accounts for."""

    corners: np.ndarray
    px_per_module: float
    tilt_deg: float
    tilt_axis_deg: float
    rotation_deg: float
    blur_px: float
    ink: float
    paper: float
    spread: float
    noise: float
    explained: float


def fitted(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> Fitted:
    """The symbol of these modules (bool n×n, True = ink), which an image (uint8 height×width) shows about
    there, by least squares: where it is, how blurred, how much its ink has spread; light falls off across it
    as a plane does."""
    n = len(modules)
    at = _places(corners, n, image.shape)
    light = (image[at[:, 1], at[:, 0]] / 255.0) ** 2  # the square of a grey is close to sRGB's light
    middles, size = at + 0.5, np.sqrt(cv2.contourArea(corners.astype(np.float32))) / n
    fine = int(np.clip(np.ceil(2 * size), 8, 24))
    grown = _inks(modules.tobytes(), n, fine)
    plane = np.column_stack([np.ones(len(at)), (middles - middles.mean(axis=0)) / (n * size)])

    def meant(guess: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Corners, blur in px and spread in modules, from numbers of about 1."""
        where = corners + 0.1 * size * guess[:8].reshape(4, 2)
        return where, max(0.25 * size, 0.7) * float(np.exp(0.2 * guess[8])), 0.05 * float(guess[9])

    def seen(guess: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How dark each pixel should be, 0 to 1, the light of it, and how that follows from a plane for paper
        and one for ink."""
        where, blur, spread = meant(guess)
        there = project(np.linalg.inv(to_picture(where, n)), middles)
        dark = _sampled(grown, there, spread, blur / size, fine)
        parts = np.hstack([plane * (1 - dark[:, None]), plane * dark[:, None]])
        planes = np.linalg.solve(parts.T @ parts + 1e-9 * np.eye(6), parts.T @ light)
        return dark, parts @ planes, planes

    def slopes(guess: np.ndarray) -> np.ndarray:
        ways = [seen(guess + step)[1] for step in _STEP * np.eye(10)]
        return (np.column_stack(ways) - seen(guess)[1][:, None]) / _STEP

    best = least_squares(
        lambda guess: seen(guess)[1] - light, np.zeros(10), slopes, method="lm", max_nfev=30
    ).x
    (where, blur, spread), (dark, shown, (paper, _, _, ink, _, _)) = meant(best), seen(best)
    rest = light - shown
    alone = float(np.sqrt(max(blur**2 - 1 / 12, 0)))  # without a pixel's own width, as Camera has it
    module = np.floor(project(np.linalg.inv(to_picture(where, n)), middles)).astype(int) @ [1, 2 * n]
    _, module = np.unique(module, return_inverse=True)
    means = [np.bincount(module, of) / np.bincount(module) for of in (rest, light)]  # noise is none of these
    told = float(ink), float(paper), spread, _noise(rest, dark), 1 - float(means[0].var() / means[1].var())
    return Fitted(where, *pose(where, n), alone, *told)


def _noise(rest: np.ndarray, dark: np.ndarray) -> float:
    """Its standard deviation, the mean over ink and paper, by medians, which know no outliers."""
    levels = (rest[level] for level in (dark < _LEVEL, dark > 1 - _LEVEL) if level.any())
    spreads = [1.4826 * np.median(np.abs(of - np.median(of))) for of in levels]
    return float(np.sqrt(np.mean(np.square(spreads)))) if spreads else np.nan


def tilt_of(matrix: np.ndarray, focal_px: float, shape: tuple[int, ...]) -> float:
    """The angle between a page and the picture, degrees: from the 3×3 projection of the page's mm to px."""
    to_lens = np.array([[1, 0, -shape[1] / 2], [0, 1, -shape[0] / 2], [0, 0, focal_px]])
    x, y, _ = (to_lens @ matrix).T
    normal = np.cross(x, y)
    return float(np.degrees(np.arccos(abs(normal[2]) / np.linalg.norm(normal))))


def _places(corners: np.ndarray, n: int, shape: tuple[int, ...]) -> np.ndarray:
    """Some pixels (k×2: x, y) of the symbol and of its quiet zone, evenly spread, of those in the picture."""
    near, far = -_RIM, n + _RIM
    outer = project(to_picture(corners, n), [(near, near), (far, near), (far, far), (near, far)])
    low = np.maximum(np.floor(outer.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(outer.max(axis=0)), [shape[1] - 1, shape[0] - 1]).astype(int)
    step = max(1, int(np.sqrt(np.prod(high - low) / _SAMPLES)))
    x, y = np.meshgrid(np.arange(low[0], high[0], step), np.arange(low[1], high[1], step))
    at = np.column_stack([x.ravel(), y.ravel()])
    modules = project(np.linalg.inv(to_picture(corners, n)), at + 0.5)
    return at[((modules > -_RIM) & (modules < n + _RIM)).all(axis=1)]


@lru_cache(maxsize=8)
def _inks(modules: bytes, n: int, fine: int) -> list[np.ndarray]:
    """The symbol, 1 for ink, `fine` pixels a module with a rim, its ink shrunk and grown step by step."""
    ink = np.frombuffer(modules, bool).reshape(n, n).astype(np.uint8)
    ink = np.pad(ink, _RIM + 1).repeat(fine, axis=0).repeat(fine, axis=1)
    steps = range(-_GROWN, _GROWN + 1)
    ways = [(cv2.erode if k < 0 else cv2.dilate, np.ones([2 * abs(k) + 1] * 2, np.uint8)) for k in steps]
    return [way(ink, kernel).astype(np.float32) for way, kernel in ways]


def _sampled(grown: list[np.ndarray], there: np.ndarray, spread: float, blur: float, fine: int) -> np.ndarray:
    """How dark the symbol is at points (k×2, modules), with so much ink more at each edge, blurred; both in
    modules."""
    place = float(np.clip(spread * fine + _GROWN, 0, 2 * _GROWN - 1e-6))
    k, part = int(place), place % 1
    ink = cv2.addWeighted(grown[k], 1 - part, grown[k + 1], part, 0)
    sigma = float(np.sqrt(max((blur * fine) ** 2 - 1 / 12, 0.01)))  # linear sampling blurs as a pixel does
    ink = cv2.GaussianBlur(ink, (0, 0), sigma)
    at = ((there + _RIM + 1) * fine - 0.5).astype(np.float32)
    return cv2.remap(ink, at[:, :1], at[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()


def pose(corners: np.ndarray, n: int) -> tuple[float, float, float, float]:
    """Pixels a module, tilt, its axis and the rotation, degrees: in the middle of the symbol, where a tilt
    shortens one direction by its cosine and turns none."""
    matrix = to_picture(corners, n)
    steps = np.array([(-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)])
    near = project(matrix, n / 2 + steps)
    turn, (longest, shortest), axes = np.linalg.svd(np.column_stack([near[1] - near[0], near[3] - near[2]]))
    both = turn @ axes
    tilt = np.degrees(np.arccos(min(shortest / longest, 1)))
    axis, rotation = np.arctan2(turn[1, 0], turn[0, 0]), np.arctan2(both[1, 0], both[0, 0])
    return float(longest), float(tilt), float(np.degrees(axis)), float(np.degrees(rotation))
