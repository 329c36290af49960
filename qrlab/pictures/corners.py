"""Where a symbol is in a picture: its corners, to a fraction of a module, and what they frame."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from qrlab.imaging import render
from qrlab.optics import project
from qrlab.symbols import VERSIONS, Level, layout, make, size_of

_ALIKE = 0.8  # of its function patterns agree with a symbol's, or it is none; at random about half do
_FITS = 0.97  # as a correlation, of greys and modules, where there is no shadow to look through
_SHARP = 240  # pixels across, at which a symbol is laid on its picture


@lru_cache(maxsize=320)
def blank(version: int, level: Level = Level.L, mask: int = 0) -> np.ndarray:
    """Modules of some symbol: its function patterns and format information are those of all."""
    return make(b"0", level, version=version, mask=mask, keep=False).modules


def to_picture(corners: np.ndarray, n: int) -> np.ndarray:
    """3×3: modules, x right and y down from the symbol's top left corner, to px; see `optics.project`."""
    square = np.array([(0, 0), (n, 0), (n, n), (0, n)], np.float32)
    return cv2.getPerspectiveTransform(square, corners.astype(np.float32))


def view(image: np.ndarray, corners: np.ndarray, n: int, margin: int, px: int) -> np.ndarray:
    """The symbol from straight above with so many modules round it: float32, px pixels a module, nan outside
    of the picture."""
    side = (n + 2 * margin) * px
    to_modules = np.array([[1 / px, 0, -margin], [0, 1 / px, -margin], [0, 0, 1]])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from the middle of a pixel
    matrix = np.linalg.inv(half) @ to_picture(corners, n) @ to_modules @ half
    size: Any = (side, side)
    seen, inside = (
        cv2.warpPerspective(one, matrix, size, flags=flags | cv2.WARP_INVERSE_MAP).astype(np.float32)
        for one, flags in ((image, cv2.INTER_LINEAR), (np.ones_like(image), cv2.INTER_NEAREST))
    )
    return np.where(inside > 0, seen, np.nan)


def in_view(image: np.ndarray, corners: np.ndarray, n: int) -> np.ndarray:
    """The mean grey of the middle of each module, n×n."""
    seen = view(image, corners, n, 0, 4).reshape(n, 4, n, 4)[:, 1:3, :, 1:3]
    return np.nan_to_num(seen, nan=127.0).mean(axis=(1, 3))


def way(
    image: np.ndarray, sampled: np.ndarray | None, corners: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool, Level, int] | None:
    """Modules (bool n×n, True = ink) as they go, their corners, whether they are mirrored, level and mask,
    from what was sampled or, None, from the picture; None where nothing of the kind is there."""
    best: tuple = (0.0, None)
    for version in VERSIONS if sampled is None else [(len(sampled) - 17) // 4]:
        role, right = layout(version, "L").role, blank(version)
        fixed = ~np.isin(role, ["data", "remainder", "format"])  # the same at every level and mask
        modules = sampled
        if modules is None:
            greys = in_view(image, corners, size_of(version))
            modules = greys <= cv2.threshold(greys.astype(np.uint8), 0, 255, cv2.THRESH_OTSU)[0]
        for turn in range(4):
            for mirrored, its in ((False, np.rot90(modules, turn)), (True, np.rot90(modules, turn).T)):
                agree = np.mean(its[fixed] == right[fixed])
                its, agree = (its, agree) if agree > 0.5 else (~its, 1 - agree)
                if agree > _ALIKE:
                    alike, level, mask = _format(its)  # alone it tells a symbol from its mirror image
                    if agree + alike > best[0]:
                        best = agree + alike, its, turn, mirrored, level, mask
    _, modules, *which = best
    if modules is None:
        return None
    corners = np.roll(corners, -which[0], axis=0)
    return modules, corners[[0, 3, 2, 1]] if which[1] else corners, *which[1:]


def _format(modules: np.ndarray) -> tuple[float, Level, int]:
    """Level and mask by the format information: of the 32 that there are the one that agrees most, and how
    much of it does."""
    agree = (_formats() == _ends(modules)).mean(axis=1)
    level, mask = divmod(int(agree.argmax()), 8)
    return float(agree.max()), list(Level)[level], mask


def _ends(of: np.ndarray) -> np.ndarray:
    """Both copies of the format information, which lie alike in every version."""
    corners = np.ix_(*2 * [np.r_[:9, -8:0]])
    return of[corners][layout(1, Level.L).role[corners] == "format"]


@lru_cache
def _formats() -> np.ndarray:
    return np.array([_ends(blank(1, level, mask)) for level in Level for mask in range(8)])


def located(image: np.ndarray) -> Iterator[np.ndarray]:
    """Corners (4×2) of what may be a symbol that zxing-cpp doesn't sample: where OpenCV sees one, and round
    all that is dark, as in a flawless picture that has lost a finder pattern."""
    for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
        found, corners = detector.detect(image)
        if found:
            yield corners.reshape(-1, 4, 2)[0].astype(float)
    dark = image <= cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0]
    for inked in (dark, ~dark):
        rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        if rows.size and columns.size:
            top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
            if 0.8 < (bottom - top) / (right - left) < 1.25:
                yield np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def refined(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> np.ndarray:
    """The corners, moved until the symbol, drawn, lies on the picture as well as it can (OpenCV's ECC), with
    its shadows or without; where they were, if that is no better."""
    px = int(np.clip(_SHARP // (n := len(modules)), 2, 8))
    drawn = cv2.GaussianBlur(render(modules, px, 1), (0, 0), px / 3).astype(np.float32)
    seen = cv2.GaussianBlur(np.nan_to_num(view(image, corners, n, 1, px), nan=127.0), (0, 0), px / 3)
    seen = 255 - seen if np.corrcoef(drawn.ravel(), seen.ravel())[0, 1] < 0 else seen
    paper = np.maximum(cv2.dilate(seen, np.ones((8 * px, 8 * px))), 1)
    square = np.array([(1, 1), (n + 1, 1), (n + 1, n + 1), (1, n + 1)], float) * px
    how = cv2.MOTION_HOMOGRAPHY, (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 1e-3)
    ways = [corners]
    for shown in (seen, seen / paper):
        if len(ways) == 2 and _fit(in_view(image, ways[1], n), modules) > _FITS:
            break
        with suppress(cv2.error):  # it doesn't come to rest
            moved = cv2.findTransformECC(drawn, shown, np.eye(3, dtype=np.float32), *how)[1].astype(float)
            ways.append(project(to_picture(corners, n), project(moved, square) / px - 1))
    return max(ways, key=lambda way: _fit(in_view(image, way, n), modules))


def _fit(greys: np.ndarray, modules: np.ndarray) -> float:
    """How well greys are those of modules, against their neighbours, as a correlation, by its size."""
    both = [of - cv2.blur(of, (7, 7)) for of in (greys.astype(np.float32), modules.astype(np.float32))]
    return abs(float(np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1]))
