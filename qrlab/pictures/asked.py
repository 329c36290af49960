"""Which readers read a picture, within ten seconds whatever it shows."""

import time
from collections import Counter

import cv2
import numpy as np

from qrlab.pictures.codes import Code, find_codes
from qrlab.readers import PANELS, Reading, character_set, decode, panel, unavailable

# Asked first, the quickest first; the others, which take a second to start, only where none of these reads.
QUICK = ("zxing", "zbar", "qrdec", "quirc", "opencv", "opencv-aruco", "qr", "jsqr")
_MOST_PIXELS = 1_500_000  # that readers are shown: with more some take a minute, with noise or many codes
_SECONDS = 4  # after which no further reader is asked
_AROUND = 0.3  # of a symbol's width, that is shown all round it


def framed(image: np.ndarray, codes: list[Code], known: bytes | None) -> tuple[np.ndarray, list[Code], float]:
    """What is audited of a picture that is large or shows several codes: the one of the known content or else
    the first, with what is round it, or all, smaller; the codes there; its pixels for one of before."""
    if image.size <= _MOST_PIXELS and len(codes) < 2:
        return image, codes, 1.0
    part = image
    if codes:
        best = min(codes, key=lambda code: (known is not None and code.content != known, not code.valid))
        margin = _AROUND * np.ptp(best.corners, axis=0).max()
        left, top = np.maximum(best.corners.min(axis=0) - margin, 0).astype(int)
        right, bottom = np.ceil(best.corners.max(axis=0) + margin).astype(int)
        part = image[top:bottom, left:right]
    zoom = min(1.0, (_MOST_PIXELS / part.size) ** 0.5)
    small = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    found = sorted(find_codes(small), key=lambda code: bool(codes) and code.content != best.content)
    return (small, found, zoom) if found or not codes else (image, codes, 1.0)


def asked_readers(readers: object) -> tuple[tuple[str, ...], ...]:
    """The readers to ask, in turns: a later one only where none of those before reads.  ValueError for one
    that is not there."""
    if readers is None:
        later = tuple(name for name in PANELS["all"] if name not in QUICK)
        return tuple(tuple(name for name in turn if not unavailable(name)) for turn in (QUICK, later))
    names = panel(readers) if readers else ()  # type: ignore[arg-type]
    for reader in names:
        if why_not := unavailable(reader, "readers"):
            raise ValueError(f"readers must be available, not {reader}: {why_not}")
    return (names,)


def read_by(
    image: np.ndarray, turns: tuple[tuple[str, ...], ...], expected: bytes | None, codes: list[Code]
) -> tuple[dict[str, str], bytes | None]:
    """Reader -> what it made of the picture: an outcome, or "another code", or "not asked", as time ran out;
    and the content that was read: the expected one or, None, what most readers say."""
    began, readings, said = time.monotonic(), dict[str, Reading | None](), Counter[bytes | None]()
    for turn in turns:
        for name in turn:
            late = time.monotonic() - began > _SECONDS
            readings[name] = None if late else decode(image, name, expected)
        said = Counter(reading.content for reading in readings.values() if reading and reading.content)
        if said:
            break
    content = expected or next((content for content, _ in said.most_common(1)), None)
    others = {code.content for code in codes} - {content}
    return {name: _outcome(reading, content, others) for name, reading in readings.items()}, content


def _outcome(reading: Reading | None, content: bytes | None, others: set[bytes]) -> str:
    if reading is None:
        return "not asked"
    if reading.content is None or content is None:
        return reading.outcome
    if reading.content == content or character_set(reading.content, content):
        return "ok"
    same = any(reading.content == other or character_set(reading.content, other) for other in others)
    return "another code" if same else "misread"
