"""Where a photograph shows the symbols of a sheet: by its marks, and by the symbols that can be read."""

import re
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from qrlab.optics import project
from qrlab.pictures.codes import find_codes
from qrlab.sheets.sheet import MARKS
from qrlab.symbols import size_of

_REACH = 3  # times the extent of what was seen: so far from its middle a symbol may lie, each way
_ASTRAY_MM = 1.0  # a point that is further from where all others say is left out
_MOST_PX = 5_000_000  # of a picture in which marks are looked for: of a larger one half, each way


class Located(NamedTuple):
    """Symbols of the plan in a photograph.
    corners: a symbol's number -> 4×2, x and y in px of its corners, clockwise from the top left one; read:
    numbers of those that were read on the way; matrix: 3×3, from mm on the page of most of them to px, or
    None; marks: how many were found; others: codes of no such sheet; unsure: symbols that may be in view,
    but too little was seen to tell where."""

    corners: dict[int, np.ndarray]
    read: frozenset[int]
    matrix: np.ndarray | None
    marks: int
    others: int
    unsure: int


def locate(image: np.ndarray, plan: pd.DataFrame) -> Located:
    """The symbols of a plan in a photograph (uint8 height×width), all of them that with their quiet zones are
    whole in it; a page counts as seen by a single mark, or symbol that is read."""
    symbols = plan[plan.what == "symbol"].set_index("number")
    numbers = dict(zip(symbols.content.str.encode("utf-8"), symbols.index))
    codes = [code for code in find_codes(image) if code.valid]
    read = {numbers[code.content]: code.corners for code in codes if code.content in numbers}
    rows = plan[plan.what == "mark"].set_index("number")
    strange = any(re.search(rb"\d{6}$", code.content) for code in codes) and not read  # of another sheet
    marks = {} if strange else {k: at for k, at in _marks(image).items() if k in rows.index}
    seen = [(of.loc[k], at) for of, found in ((rows, marks), (symbols, read)) for k, at in found.items()]
    corners: dict[int, np.ndarray] = {}
    unsure, matrices = 0, []
    for page in {row.page for row, _ in seen}:
        there = [(square(row), at) for row, at in seen if row.page == page]
        matrix, its, far = _on_page(image.shape, symbols[symbols.page == page], there, read)
        matrices += [] if matrix is None else [(len(its), matrix)]
        unsure += far
        corners |= its
    matrix = max(matrices, key=lambda page: page[0])[1] if matrices else None
    return Located(corners, frozenset(read), matrix, len(marks), len(codes) - len(read), unsure)


def square(row: pd.Series, more: float = 0.0) -> np.ndarray:
    """The corners of a symbol or mark on its page, 4×2 in mm, and so many mm more on each side."""
    near, far = -more, row.side_mm + more
    corners = np.array([(near, near), (far, near), (far, far), (near, far)])
    return corners + np.array([row.x_mm, row.y_mm])


def quiet_mm(row: pd.Series) -> float:
    """The quiet zone of a symbol, mm."""
    return 4 * row.side_mm / size_of(int(row.version))


def _marks(image: np.ndarray) -> dict[int, np.ndarray]:
    """Number of a mark -> its corners, 4×2 px."""
    less = 1 if image.size <= _MOST_PX else 2
    options = cv2.aruco.DetectorParameters()
    options.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    corners, numbers, _ = cv2.aruco.ArucoDetector(MARKS, options).detectMarkers(image[::less, ::less])
    found = [] if numbers is None else [int(number) for number in numbers.ravel()]
    # OpenCV counts from the middle of a pixel
    return {k: at.reshape(4, 2).astype(float) * less + 0.5 for k, at in zip(found, corners)}


def _on_page(
    shape: tuple[int, ...], symbols: pd.DataFrame, seen: list[tuple[np.ndarray, np.ndarray]], read: dict
) -> tuple[np.ndarray | None, dict[int, np.ndarray], int]:
    """The projection of a page, from mm to px; where its symbols are, as far as they are whole in the
    picture; and how many more may be, too far from what was seen for it to tell where.  A lens bends what it
    sees: where all that was seen says that a symbol is, is moved as what was seen nearest lies astray."""
    on_page, there = (np.concatenate(points) for points in zip(*seen))
    px_per_mm = np.median([np.ptp(at, axis=0).max() / np.ptp(mm, axis=0).max() for mm, at in seen])
    matrix, _ = cv2.findHomography(on_page, there, cv2.RANSAC, _ASTRAY_MM * px_per_mm)
    if matrix is None:
        return None, {}, 0
    astray, corners, unsure = there - project(matrix, on_page), {}, 0
    middle, reach = on_page.mean(axis=0), _REACH * np.ptp(on_page, axis=0)
    known = np.hypot(*astray.T) < 2 * _ASTRAY_MM * px_per_mm
    for number, row in symbols.iterrows():
        mm = square(row)
        moved = astray[known][np.hypot(*(on_page[known] - mm.mean(axis=0)).T).argmin()] if known.any() else 0
        outer = project(matrix, square(row, quiet_mm(row))) + moved
        if (outer >= 0).all() and (outer <= [shape[1], shape[0]]).all():
            if (np.abs(mm.mean(axis=0) - middle) > reach).any():
                unsure += 1
            else:
                corners[int(number)] = read.get(number, project(matrix, mm) + moved)
    return matrix, corners, unsure
