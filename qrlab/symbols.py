"""QR code symbols: ISO/IEC 18004's tables, content to modules, and where a symbol's codewords lie."""

import io
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import product

import numpy as np
import segno
from segno import consts

from qrlab.checks import integer, named, one_of

VERSIONS = range(1, 41)
ALPHABETS = {  # of the contents that are made up; for bytes the characters of web addresses
    "numeric": "0123456789",
    "alphanumeric": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:",  # ISO/IEC 18004, table 5
    "byte": "abcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@&=%+",
}
MODES = {"numeric": 1, "alphanumeric": 2, "byte": 4, "kanji": 8}  # ISO/IEC 18004, table 2
UNITS = {"numeric": "digits", "alphanumeric": "characters", "byte": "bytes", "kanji": "characters"}
_PACKED = {1: (10, 3), 2: (11, 2), 4: (8, 1), 8: (13, 1)}  # so many bits for so many units of a mode


class Level(StrEnum):
    """Error-correction level, from least to most: L, M, Q, H."""

    L = "L"
    M = "M"
    Q = "Q"
    H = "H"

    @property
    def documented(self) -> float:
        """Documented recovery, 0 to 1; its source is in data/documented_levels.csv."""
        return {"L": 0.07, "M": 0.15, "Q": 0.25, "H": 0.30}[self.value]

    @classmethod
    def parse(cls, level: object) -> "Level":
        """The level of that name, in upper or lower case; ValueError for anything else."""
        if isinstance(level, str) and level.upper() in cls.__members__:
            return cls[level.upper()]
        raise ValueError(f"level must be one of L, M, Q, H, not {level!r}")


def size_of(version: int) -> int:
    """Modules along one side, without the quiet zone: 21 for version 1 to 177 for version 40."""
    return 17 + 4 * version


def blocks_of(version: int, level: Level) -> list[tuple[int, int]]:
    """(codewords, data codewords) of each block, in order (ISO/IEC 18004, table 9, from segno)."""
    tables: dict = consts.ECC
    table = tables[version][consts.ERROR_MAPPING[level.value]]
    return [(ec.num_total, ec.num_data) for ec in table for _ in range(ec.num_blocks)]


def bits_in(version: int, level: Level) -> int:
    """The bits of data that a symbol holds."""
    return 8 * sum(data for _, data in blocks_of(version, level))


def bits_of(length: int, mode: int) -> int:
    """The bits that `length` units take, without mode and count; mode: a value of MODES."""
    bits, units = _PACKED[mode]
    return -(-length * bits // units)  # rounded up


def count_bits(mode: int, version: int) -> int:
    """The bits of a segment's count of units (ISO/IEC 18004, table 3); mode: a value of MODES."""
    return consts.CHAR_COUNT_INDICATOR_LENGTH[mode][1 if version < 10 else 2 if version < 27 else 3]


def capacity(version: int, level: Level | str, mode: str = "byte") -> int:
    """Digits, characters or bytes that one segment of `mode` holds; mode: a key of MODES."""
    version, level = integer("version", version, 1, 40), Level.parse(level)
    number = MODES[one_of("mode", mode, MODES)]
    bits, units = _PACKED[number]
    return (bits_in(version, level) - 4 - count_bits(number, version)) * units // bits


def smallest_version(length: int, level: Level | str, mode: str = "byte") -> int | None:
    """The smallest version that holds `length` units of `mode`, or None where none does."""
    return next((v for v in VERSIONS if capacity(v, level, mode) >= length), None)


def mode_of(content: str | bytes) -> str:
    """The mode that `make` uses: byte for bytes; for str the first of numeric, alphanumeric, byte."""
    text = content if isinstance(content, str) else ""
    packed = (mode for mode in ("numeric", "alphanumeric") if text and set(text) <= set(ALPHABETS[mode]))
    return next(packed, "byte")


def too_long(length: int, mode: str, level: Level, version: int | None = None) -> str:
    """What is wrong with content of `length` units that doesn't fit into `version`, None: into any."""
    held = {x: f"{capacity(version or 40, x, mode):,}" for x in Level}
    others = ", ".join(f"{held[x]} at {x}" for x in Level if x != level)
    which = "the largest version, 40," if version is None else f"version {version}"
    most = f"{held[level]} {UNITS[mode]} ({mode} mode) for {which} at level {level} ({others})"
    return f"content must be at most {most}, not {length:,}"


@dataclass(frozen=True)
class Symbol:
    """A QR code symbol, which prints without its content and shows itself as an SVG in Jupyter.
    content: bytes, maybe a secret; mode: "numeric", "alphanumeric" or "byte"; version: 1 to 40; mask: 0 to 7;
    modules: read-only bool n×n, True = dark, without the quiet zone."""

    content: bytes
    mode: str
    level: Level
    version: int
    mask: int
    modules: np.ndarray = field(compare=False)  # it follows from the others

    def __post_init__(self) -> None:
        self.modules.flags.writeable = False

    @property
    def size(self) -> int:
        """Modules along one side, n, without the quiet zone."""
        return len(self.modules)

    def __repr__(self) -> str:
        return f"Symbol({self.version}-{self.level}, mask {self.mask}, {self.size}×{self.size} modules)"

    def picture(self, kind: str = "svg", *, quiet_zone: int = 4, **options: object) -> bytes:
        """The symbol as a file of `kind`, "svg" or "png", with `quiet_zone` modules round it (0 to 1000);
        options: of segno's writer, for instance scale (SVG units or PNG pixels a module, 1)."""
        one_of("kind", kind, ("svg", "png"))
        options["border"] = integer("quiet_zone", quiet_zone, 0, 1000)
        out = io.BytesIO()
        segno.writers.save(self.modules.astype(np.uint8), self.modules.shape, out, kind=kind, **options)  # type: ignore[attr-defined]
        return out.getvalue()

    def _repr_svg_(self) -> str:
        return self.picture("svg", scale=4, light="white", xmldecl=False).decode()


def make(
    content: str | bytes,
    level: Level | str = "M",
    *,
    version: int | None = None,
    mask: int | None = None,
    boost: bool = False,
    keep: bool = True,
) -> Symbol:
    """The symbol for `content`: one segment, in the smallest version that fits unless one is given.
    content: str (numeric or alphanumeric mode where every character allows it, else UTF-8 in byte mode,
    without ECI) or bytes (byte mode), not empty; mask: None chooses by the standard's penalties; boost: raise
    the level as far as it costs no larger version; keep: cache the symbol, False for a secret.
    ValueError for bad input; where content doesn't fit it says how much would, at which level."""
    if not isinstance(content, str | bytes) or not content:
        got = "an empty one" if content in ("", b"") else type(content).__name__
        raise ValueError(f"content must be a str or bytes that is not empty, not {got}")
    mask = None if mask is None else integer("mask", mask, 0, 7)
    one_of("boost", boost, (True, False))
    level, mode = Level.parse(level), mode_of(content)
    data = content if isinstance(content, bytes) else named("content must be UTF-8 text: ", content.encode)
    length = len(data)
    version = smallest_version(length, level, mode) if version is None else integer("version", version, 1, 40)
    if version is None or capacity(version, level, mode) < length:
        raise ValueError(too_long(length, mode, level, version))
    if boost:
        level = [x for x in Level if x is level or capacity(version, x, mode) >= length][-1]
    return (_make if keep else _make.__wrapped__)(data, mode, level, version, mask)


@lru_cache(maxsize=1024)
def _make(data: bytes, mode: str, level: Level, version: int, mask: int | None) -> Symbol:
    code = segno.make(data, level.value, version, mode, mask, micro=False, boost_error=False)
    return Symbol(data, mode, level, version, code.mask, np.array([list(row) for row in code.matrix], bool))


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the codewords of every symbol of one version and level lie; all arrays read-only.
    codeword: int n×n, the index in interleaved order of the codeword a module belongs to, else -1;
    block: int per codeword; correctable: int per block, wrong codewords it can correct (floor(ec/2));
    role: str n×n: finder, separator, timing, alignment, format, version, dark, data, remainder;
    places: int codewords×8, flat indices of each codeword's modules."""

    version: int
    level: Level
    codeword: np.ndarray
    block: np.ndarray
    correctable: np.ndarray
    role: np.ndarray
    places: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.codeword, self.block, self.correctable, self.role, self.places):
            array.flags.writeable = False


def layout(version: int, level: Level | str) -> Layout:
    """The map of codewords, blocks and roles for one of the 160 symbols; cached."""
    return _layout(integer("version", version, 1, 40), Level.parse(level))


@lru_cache(maxsize=160)
def _layout(version: int, level: Level) -> Layout:
    """ISO/IEC 18004, 6.3, 7.6, 7.7.3, 7.9 and 7.10."""
    n = size_of(version)
    role = np.full((n, n), "data", dtype="<U9")  # not segno's, which calls (8, n - 9) format information
    role[8, :9] = role[:9, 8] = role[8, n - 8 :] = role[n - 8 :, 8] = "format"
    role[6, :] = role[:, 6] = "timing"
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    for row, column in set(product(centres, centres)) - {(6, 6), (6, n - 7), (n - 7, 6)}:
        role[row - 2 : row + 3, column - 2 : column + 3] = "alignment"
    if version >= 7:
        role[:6, n - 11 : n - 8] = role[n - 11 : n - 8, :6] = "version"
    role[n - 8, 8] = "dark"
    role[:8, :8] = role[:8, n - 8 :] = role[n - 8 :, :8] = "separator"
    role[:7, :7] = role[:7, n - 7 :] = role[n - 7 :, :7] = "finder"
    index = np.arange(n * n).reshape(n, n)
    right = [c if c > 6 else c - 1 for c in range(n - 1, 0, -2)]  # of two columns; column 6 is timing
    path = np.concatenate([index[:: 1 if k % 2 else -1, [c, c - 1]].ravel() for k, c in enumerate(right)])
    path = path[role.ravel()[path] == "data"]
    places = path[: len(path) // 8 * 8].reshape(-1, 8)
    role.ravel()[path[places.size :]] = "remainder"
    codeword = np.full((n, n), -1)
    codeword.ravel()[places] = np.arange(len(places))[:, None]
    blocks = blocks_of(version, level)
    rounds = range(max(data for _, data in blocks))  # data in turns, then correction
    block = [b for k in rounds for b, (_, data) in enumerate(blocks) if k < data]
    block += list(range(len(blocks))) * (blocks[0][0] - blocks[0][1])  # as many in every block
    correctable = np.array([(total - data) // 2 for total, data in blocks])
    return Layout(version, level, codeword, np.array(block), correctable, role, places)
