"""What a picture of a QR code shows: its modules, and how near it is to being lost.

zxing-cpp finds and samples the symbol, reedsolo corrects its codewords.  Unused error correction is
ISO/IEC 15415's, but on an ordinary picture, of unknown optics and light: it is no verification by that
standard.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import pandas as pd
import reedsolo
import zxingcpp

from qrlab.capture import project
from qrlab.correction import PROTECTION, ordered
from qrlab.damage import MODELS
from qrlab.symbols import Level, blocks_of, codewords_of, layout, make, with_codewords

GRADES = {"A": 0.62, "B": 0.50, "C": 0.37, "D": 0.25}  # least unused error correction; ISO/IEC 15415, table 6
_DARK = 0.35  # of the way from ink to paper: what is darker is no quiet zone
_SPECKS = 0.03  # share of a ring of the quiet zone that may be dark
_KINDS = tuple(kind for kind in MODELS if "codewords" not in kind)  # what may happen to a print
_FEWEST = 6  # wrong modules that say something of their cause
_ALIKE = 15  # made-up examples that an answer on the kind of damage rests on


@dataclass(frozen=True, eq=False)
class Measured:
    """A symbol as a picture shows it.

    version, level, mask: as the reader found them; content: bytes, None if a block is lost;
    modules: bool n×n, as sampled; wrong: bool n×n, those that differ from the symbol that was printed,
    unknown ones of lost blocks left out; blocks: codewords, correctable (wrong ones: floor(ec/2)),
    wrong (NA: lost), unused (0 to 1); corners: 4×2, x and y in px of the symbol's corners, clockwise from
    its top left; module_px: the side of a module; quiet_zone: light modules all round, 0 to 4.
    It prints without content and modules, which may be a credential.
    """

    version: int
    level: Level
    mask: int
    content: bytes | None = field(repr=False)
    modules: np.ndarray = field(repr=False)
    wrong: np.ndarray = field(repr=False)
    blocks: pd.DataFrame = field(repr=False)
    corners: np.ndarray = field(repr=False)
    module_px: float
    quiet_zone: int

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


def measure(image: np.ndarray) -> Measured | None:
    """What a picture (uint8 height×width) shows of a QR code; None where zxing-cpp samples none."""
    formats = zxingcpp.BarcodeFormat.QRCode
    found = zxingcpp.read_barcode(image, formats=formats)
    found = found or zxingcpp.read_barcode(image, formats=formats, return_errors=True)
    said = (found and found.extra) or {}
    if not {"Version", "ECLevel", "DataMask"} <= set(said) or not str(said["Version"]).isdecimal():
        return None
    version, level, mask = int(said["Version"]), Level.parse(said["ECLevel"]), int(said["DataMask"])
    blank = make(b"0", level, version=version, mask=mask).modules  # its function patterns are those of all
    modules = _upright(np.array(found.to_image(scale=1, add_quiet_zones=False)) < 128, blank, version)
    if modules is None:
        return None
    printed, blocks = _corrected(modules, blank, version, level, mask)
    corners = np.array([(p.x, p.y) for p in _corners(found.position)], dtype=float)
    content = bytes(found.bytes) if found.valid else None
    px, quiet = _surroundings(image, corners, modules)
    return Measured(version, level, mask, content, modules, printed != modules, blocks, corners, px, quiet)


def _corners(position) -> tuple:
    return position.top_left, position.top_right, position.bottom_right, position.bottom_left


def _upright(modules: np.ndarray, blank: np.ndarray, version: int) -> np.ndarray | None:
    """The modules of a symbol that may be mirrored or printed light on dark, as they are meant."""
    if modules.shape != blank.shape:
        return None
    fixed = layout(version, Level.L).codeword < 0  # format information is what tells a mirrored one
    ways = [modules, modules.T, ~modules, ~modules.T]
    return max(ways, key=lambda way: np.mean(way[fixed] == blank[fixed]))


def _corrected(
    modules: np.ndarray, blank: np.ndarray, version: int, level: Level, mask: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """The modules that were printed, those of lost blocks as sampled; and what each block needed."""
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
    return with_codewords(blank, codewords, version, mask), table.astype({"wrong": "Int64"})


@lru_cache(maxsize=32)
def _codec(ec: int) -> reedsolo.RSCodec:
    return reedsolo.RSCodec(ec, fcr=0, prim=0x11D, generator=2)  # ISO/IEC 18004, annex A


def to_picture(corners: np.ndarray, n: int) -> np.ndarray:
    """3×3: modules, x right and y down from the symbol's top left corner, to px; see `capture.project`."""
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

    wrong: bool n×n, the modules that it spoilt on a symbol of any size; content: as for `make`.  A row for
    each level that the content fits: level, version, survives and unused (error correction of its worst
    block).  An estimate: damage is known no finer than the modules that it spoilt.
    """
    rows = []
    for level in Level:
        try:
            symbol = make(content, level)
        except ValueError:
            continue
        places = ((np.arange(symbol.size) + 0.5) / symbol.size * len(wrong)).astype(int)
        here = layout(symbol.version, level)
        hit = np.unique(here.codeword[wrong[np.ix_(places, places)]])
        counts = np.bincount(here.block[hit[hit >= 0]], minlength=len(here.correctable))
        unused = (1 - counts / here.correctable).min()
        rows.append((level, symbol.version, unused >= 0, max(0.0, unused)))
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
