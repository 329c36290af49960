"""What a picture of a QR code shows: its modules, and how near it is to being lost.

zxing-cpp finds and samples the symbol, reedsolo corrects its codewords.  Unused error correction is
ISO/IEC 15415's, but on an ordinary picture, of unknown optics and light: it is no verification by that
standard.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial

import cv2
import numpy as np
import pandas as pd
import reedsolo
import zxingcpp
from segno import consts

from qrlab.damage import MODELS
from qrlab.model import PROTECTION
from qrlab.optics import project
from qrlab.placement import codewords_of, layout, with_codewords
from qrlab.standard import (
    MODES,
    Level,
    bits_of,
    blocks_of,
    mode_of,
    ordered,
    size_of,
    smallest_version,
    span_of,
)
from qrlab.symbols import make

GRADES = {"A": 0.62, "B": 0.50, "C": 0.37, "D": 0.25}  # least unused error correction; ISO/IEC 15415
_DARK = 0.35  # of the way from ink to paper: what is darker is no quiet zone
_SPECKS = 0.03  # share of a ring of the quiet zone that may be dark
_SAID = {"Version", "ECLevel", "DataMask"}
_HEADERS = {3: 20, 5: 4, 9: 12}  # bits of structured append, and of FNC1 in both positions
_SAME = 0.7  # of the data modules agree with those of the symbol that it may be; of another, about half
_KINDS = tuple(kind for kind in MODELS if "codewords" not in kind)  # what may happen to a print
_FEWEST = 6  # wrong modules that say something of their cause
_ALIKE = 15  # made-up examples that an answer on the kind of damage rests on


@dataclass(frozen=True, eq=False)
class Measured:
    """A symbol as a picture shows it.

    version, level, mask: as the reader found them; content: bytes, and text: as the reader understands them,
    None if a block is lost; bits: how many the content takes with all that is around it, None if unknown;
    modules: bool n×n, as sampled; wrong: bool n×n, those that differ from the symbol that was printed;
    certain: are they all, or are those of lost blocks left out as unknown; blocks: codewords, correctable
    (wrong ones: floor(ec/2)), wrong (NA: lost), unused (0 to 1); corners: 4×2, x and y in px of the symbol's
    corners, as its modules go: top left, top right, bottom right, bottom left; module_px: the side of a
    module; quiet_zone: light modules all round, 0 to 4; codes: how many symbols the picture shows.
    It prints without content and modules, which may be a credential.
    """

    version: int
    level: Level
    mask: int
    content: bytes | None = field(repr=False)
    text: str | None = field(repr=False)
    bits: int | None
    modules: np.ndarray = field(repr=False)
    wrong: np.ndarray = field(repr=False)
    certain: bool
    blocks: pd.DataFrame = field(repr=False)
    corners: np.ndarray = field(repr=False)
    module_px: float
    quiet_zone: int
    codes: int

    @property
    def unused(self) -> float:
        """Unused error correction of the worst block, 0 to 1."""
        return float(self.blocks.unused.min())

    @property
    def printed(self) -> np.ndarray:
        """The modules as they were printed, bool n×n; those of lost blocks as sampled."""
        return self.modules ^ self.wrong

    @property
    def outlines(self) -> np.ndarray:
        """Where in the picture the wrong modules are: k×4×2, x and y in px of their corners."""
        y, x = np.nonzero(self.wrong)
        square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
        corners = (np.stack([x, y], axis=1)[:, None] + square).reshape(-1, 2)
        return project(to_picture(self.corners, len(self.modules)), corners).reshape(-1, 4, 2)

    @property
    def lost(self) -> int:
        """How many blocks can't be corrected."""
        return int(self.blocks.wrong.isna().sum())

    @property
    def grade(self) -> str:
        """ISO/IEC 15415's letter for that: A to D, F."""
        return next((letter for letter, least in GRADES.items() if self.unused >= least), "F")


def measure(image: np.ndarray, known: bytes | None = None) -> Measured | None:
    """What a picture (uint8 height×width) shows of a QR code; None where zxing-cpp samples none.

    known: the content that was printed, if that is known: of several symbols that one is taken, and what is
    wrong in lost blocks is known, too.
    """
    found = _sampled(image, known)
    if not found:
        return None
    said = found[0].extra
    version, level, mask = int(said["Version"]), Level.parse(said["ECLevel"]), int(said["DataMask"])
    blank = make(b"0", level, version=version, mask=mask).modules  # its function patterns are those of all
    sampled = np.array(found[0].to_image(scale=1, add_quiet_zones=False)) < 128
    if sampled.shape != blank.shape:
        return None
    modules, mirrored = _upright(sampled, blank, version)
    corners = np.array([(p.x, p.y) for p in _corners(found[0].position)], dtype=float)
    corners = corners[[0, 3, 2, 1]] if mirrored else corners
    codewords, blocks = _corrected(modules, version, level, mask)
    printed, certain = with_codewords(blank, codewords, version, mask), True
    content, text = bytes(found[0].bytes), found[0].text
    if blocks.wrong.isna().any():
        alike = _as_known(printed, known, version, level, mask) if known else None
        printed, certain = printed if alike is None else alike, alike is not None
        content, text = None, None
    bits = None if content is None else _bits(codewords, version, level)
    px, quiet = _surroundings(image, corners, modules)
    where = modules, printed != modules, certain, blocks, corners
    return Measured(version, level, mask, content, text, bits, *where, px, quiet, len(found))


def _sampled(image: np.ndarray, known: bytes | None) -> list[zxingcpp.Barcode]:
    """The symbols that zxing-cpp samples; first the one of the known content."""
    ask = partial(zxingcpp.read_barcodes, image, formats=zxingcpp.BarcodeFormat.QRCode)
    for found in (ask(), ask(return_errors=True)):
        found = [code for code in found if set(code.extra or {}) >= _SAID]
        found = [code for code in found if str(code.extra["Version"]).isdecimal()]
        if found:
            return sorted(found, key=lambda code: known is not None and bytes(code.bytes) != known)
    return []


def _corners(position) -> tuple:
    return position.top_left, position.top_right, position.bottom_right, position.bottom_left


def _upright(modules: np.ndarray, blank: np.ndarray, version: int) -> tuple[np.ndarray, bool]:
    """The modules of a symbol that may be mirrored or light on dark, as they are meant; is it mirrored."""
    fixed = layout(version, Level.L).codeword < 0  # format information is what tells a mirrored one
    ways = [(modules, False), (modules.T, True), (~modules, False), (~modules.T, True)]
    return max(ways, key=lambda way: np.mean(way[0][fixed] == blank[fixed]))


def _corrected(modules: np.ndarray, version: int, level: Level, mask: int) -> tuple[np.ndarray, pd.DataFrame]:
    """The codewords that were printed, those of lost blocks as sampled; and what each block needed."""
    here, rows = layout(version, level), []
    codewords = codewords_of(modules, version, mask)
    for block, (total, data) in enumerate(blocks_of(version, level)):
        at, ec = np.flatnonzero(here.block == block), total - data
        try:
            _, fixed, _ = _codec(ec).decode(codewords[at].tobytes())
            right = np.frombuffer(bytes(fixed), np.uint8)
            wrong = int(np.sum(right != codewords[at]))
            codewords[at] = right
            unused = max(0.0, 1 - 2 * wrong / (ec - PROTECTION.get((version, level), 0)))
        except reedsolo.ReedSolomonError:
            wrong, unused = pd.NA, 0.0
        rows.append((block, total, ec // 2, wrong, unused))
    table = pd.DataFrame(rows, columns=["block", "codewords", "correctable", "wrong", "unused"])
    return codewords, table.astype({"wrong": "Int64"})


def _as_known(printed: np.ndarray, known: bytes, version: int, level: Level, mask: int) -> np.ndarray | None:
    """The symbol of the known content, if the printed one, of which blocks are lost, may be it."""
    data = layout(version, level).codeword >= 0
    for content in {known, text_or_bytes(known)}:
        with suppress(ValueError):  # it doesn't fit
            symbol = make(content, level, version=version, mask=mask, keep=False)
            if np.mean(symbol.modules[data] == printed[data]) > _SAME:
                return symbol.modules
    return None


def text_or_bytes(content: bytes) -> str | bytes:
    """Content as `make` takes it: as text where that is packed tighter."""
    text = content.decode() if content.isascii() else ""
    return content if mode_of(text) == "byte" else text


def _bits(codewords: np.ndarray, version: int, level: Level) -> int | None:
    """The bits that the segments take (ISO/IEC 18004, 7.4), without a terminator; None if that is unknown."""
    here, blocks = layout(version, level), blocks_of(version, level)
    data = [codewords[here.block == k][:count] for k, (_, count) in enumerate(blocks)]
    bits, at, span = "".join(f"{byte:08b}" for byte in np.concatenate(data)), 0, span_of(version)
    end, bits = len(bits), bits + "0" * 32  # a header may be cut off
    while end - at >= 4 and (mode := int(bits[at : at + 4], 2)):
        if mode in _HEADERS:
            at += _HEADERS[mode]
        elif mode == 7:  # the designator of an ECI has one byte, two or three
            ones = bits[at + 4 : at + 7]
            at += 4 + 8 * (1 if ones[0] == "0" else 2 if ones[1] == "0" else 3)
        elif mode in MODES.values():
            digits = consts.CHAR_COUNT_INDICATOR_LENGTH[mode][span]
            count = int(bits[at + 4 : at + 4 + digits], 2)
            at += 4 + digits + bits_of(count, mode)
        else:
            return None
    return at if at <= end else None


@lru_cache(maxsize=32)
def _codec(ec: int) -> reedsolo.RSCodec:
    return reedsolo.RSCodec(ec, fcr=0, prim=0x11D, generator=2)  # ISO/IEC 18004, annex A


def to_picture(corners: np.ndarray, n: int) -> np.ndarray:
    """3×3: modules, x right and y down from the symbol's top left corner, to px; see `optics.project`."""
    square = np.array([(0, 0), (n, 0), (n, n), (0, n)], np.float32)
    return cv2.getPerspectiveTransform(square, corners.astype(np.float32))


def _surroundings(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> tuple[float, int]:
    """The side of a module in px, and how many rings of modules round the symbol are light."""
    n, matrix = len(modules), to_picture(corners, len(modules))
    centres = np.stack(np.meshgrid(*[np.arange(n) + 0.5] * 2), axis=-1).reshape(-1, 2)
    seen = _values(image, project(matrix, centres))
    ink, paper = np.nanmedian(seen[modules.ravel()]), np.nanmedian(seen[~modules.ravel()])
    dark, quiet = ink + _DARK * (paper - ink), 0
    for ring in (0.5, 1.5, 2.5, 3.5):
        along = np.arange(-ring, n + ring + 1e-9, 0.5)
        low, high = np.full(along.size, -ring), np.full(along.size, n + ring)
        sides = [(along, low), (along, high), (low, along), (high, along)]
        around = _values(image, project(matrix, np.concatenate([np.stack(side, 1) for side in sides])))
        spoilt = np.isnan(around) | ((around < dark) if paper > ink else (around > dark))
        if spoilt.mean() > _SPECKS:
            break
        quiet += 1
    return float(np.sqrt(cv2.contourArea(corners.astype(np.float32))) / n), quiet


def _values(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The picture at points (k×2: x, y in px), nan outside of it."""
    x, y = np.floor(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < image.shape[1]) & (y < image.shape[0])
    values = np.full(len(points), np.nan)
    values[inside] = image[y[inside], x[inside]]
    return values


def survivors(wrong: np.ndarray, content: str | bytes) -> pd.DataFrame:
    """Which levels would have survived the same damage on the same width.

    wrong: bool n×n, the modules that it spoilt; content: bytes, or ASCII text.  A row for each level that it
    fits: level, version (that of n, or the smallest if that is larger), survives and unused (error correction
    of the worst block).  An estimate: damage is known no finer than the modules that it spoilt, and whether a
    reader would find the symbol is not asked.
    """
    rows = []
    for level in Level:
        smallest = smallest_version(len(content), level, mode_of(content))
        if smallest is None:
            continue
        version = max(smallest, (len(wrong) - size_of(0)) // 4)
        n, here = size_of(version), layout(version, level)
        places = ((np.arange(n) + 0.5) / n * len(wrong)).astype(int)
        hit = np.unique(here.codeword[wrong[np.ix_(places, places)]])
        counts = np.bincount(here.block[hit[hit >= 0]], minlength=len(here.correctable))
        unused = (1 - counts / here.correctable).min()
        rows.append((level, version, unused >= 0, max(0.0, unused)))
    table = pd.DataFrame(rows, columns=["level", "version", "survives", "unused"])
    return table.assign(level=ordered(table.level))


def likely_damage(wrong: np.ndarray, modules: np.ndarray, *, draws: int = 60, seed: int = 0) -> pd.DataFrame:
    """Which kinds of damage look most like these wrong modules: kind and share, the likeliest first.

    wrong, modules: bool n×n, as in Measured.  Every kind of damage.MODELS is drawn `draws` times, each time
    until as many modules are wrong; share: of the most similar ones.  Empty for fewer than 6 wrong modules.
    """
    n, count = len(wrong), int(wrong.sum())
    if count < _FEWEST:
        return pd.DataFrame({"kind": [], "share": []})
    printed, examples = modules ^ wrong, []
    for kind in _KINDS:
        for draw in range(draws):
            damage = MODELS[kind](np.random.default_rng([seed, draw]))
            order = damage.order(n)
            order[damage.paint_over(printed, np.ones((n, n), bool)) == printed] = np.inf
            if np.isfinite(order).sum() >= count:
                reached = order <= np.partition(order, count - 1, axis=None)[count - 1]
                examples.append((kind, *_features(reached, printed)))
    made = np.array([features for _, *features in examples])
    distance = np.square((made - _features(wrong, printed)) / (made.std(axis=0) + 1e-9)).sum(axis=1)
    nearest = np.argsort(distance, kind="stable")[:_ALIKE]
    shares = pd.Series([examples[k][0] for k in nearest]).value_counts(normalize=True, sort=True)
    return shares.rename_axis("kind").reset_index(name="share")


def _features(wrong: np.ndarray, printed: np.ndarray) -> list[float]:
    """What tells kinds of damage apart: colour, place, spread, direction and grain of the wrong modules."""
    n, (y, x) = len(wrong), np.nonzero(wrong) / np.float64(len(wrong))
    spread, axes = np.linalg.eigh(np.cov(np.stack([x, y])) + 1e-9 * np.eye(2))
    across = np.abs((x - x.mean()) * axes[0, 0] + (y - y.mean()) * axes[1, 0])
    neighbours = cv2.filter2D(wrong.astype(np.float32), -1, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    corner = np.hypot(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    lines = max(wrong.sum(axis=0).max(), wrong.sum(axis=1).max()) / len(x)
    return [
        2 * printed[wrong].mean(),
        np.hypot(x.mean() - 0.5, y.mean() - 0.5),
        np.sqrt(spread.sum()),
        np.sqrt(spread[0] / spread[1]),
        float(np.median(across)) * np.sqrt(n),
        (neighbours[wrong].mean() - 1) / 4,
        edge.mean(),
        corner.min(),
        corner.mean(),
        lines,
    ]
