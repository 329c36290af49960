"""QR code symbols: content to modules, and which codeword each module belongs to.

Symbols and block tables come from segno; the map of codewords and roles is ours, because segno
labels one data module (row 8, column n-9) as format information.  Nothing here damages or reads.
The checks that every module makes of what users pass in stand at the end.
"""

import io
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import pandas as pd
import segno
from segno import consts, writers

VERSIONS = range(1, 41)
ALPHABETS = {  # of the contents that are made up; for bytes the characters of web addresses
    "numeric": "0123456789",
    "alphanumeric": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:",  # ISO/IEC 18004, table 5
    "byte": "abcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@&=%+",
}
_FINDER = bytes([1, 0, 1, 1, 1, 0, 1])
MODES = {"numeric": 1, "alphanumeric": 2, "byte": 4, "kanji": 8}  # ISO/IEC 18004, table 2
UNITS = {"numeric": "digits", "alphanumeric": "characters", "byte": "bytes", "kanji": "characters"}


class Level(StrEnum):
    """Error-correction level, from least to most: L, M, Q, H."""

    L = "L"
    M = "M"
    Q = "Q"
    H = "H"

    __hash__ = str.__hash__  # enum's own is a Python function, called at every look-up in a cache

    @property
    def documented(self) -> float:
        """Documented recovery, 0 to 1; its source is in data/documented_levels.csv."""
        return {"L": 0.07, "M": 0.15, "Q": 0.25, "H": 0.30}[self.value]

    @classmethod
    def parse(cls, level: "Level | str") -> "Level":
        """The level of that name, in upper or lower case; ValueError for anything else."""
        name = level.upper() if isinstance(level, str) else None
        if name not in cls.__members__:
            raise ValueError(f"level must be one of L, M, Q, H, not {level!r}")
        return cls[name]


def size_of(version: int) -> int:
    """Modules along one side, without the quiet zone: 21 for version 1 to 177 for version 40."""
    return 17 + 4 * version


def blocks_of(version: int, level: Level) -> list[tuple[int, int]]:
    """(codewords, data codewords) of each block, in order (ISO/IEC 18004, table 9)."""
    table = consts.ECC[version][getattr(consts, f"ERROR_LEVEL_{level}")]
    return [(ec.num_total, ec.num_data) for ec in table for _ in range(ec.num_blocks)]


def capacity(version: int, level: Level | str, mode: str = "byte") -> int:
    """Digits, characters or bytes that one segment of `mode` holds; mode: a key of MODES."""
    version, level = integer("version", version, 1, 40), Level.parse(level)
    one_of("mode", mode, MODES)
    count_bits = consts.CHAR_COUNT_INDICATOR_LENGTH[MODES[mode]][span_of(version)]
    bits = bits_in(version, level) - 4 - count_bits
    if mode == "numeric":  # three digits in 10 bits, two in 7, one in 4
        return bits // 10 * 3 + (2 if bits % 10 >= 7 else 1 if bits % 10 >= 4 else 0)
    if mode == "alphanumeric":  # two characters in 11 bits, one in 6
        return bits // 11 * 2 + (bits % 11 >= 6)
    return bits // (13 if mode == "kanji" else 8)


def bits_in(version: int, level: Level) -> int:
    """The bits of data that a symbol holds."""
    return 8 * sum(data for _, data in blocks_of(version, level))


def span_of(version: int) -> int:
    """Which of the three ranges of versions, each with its lengths of counts; segno's numbers, from 1."""
    return 1 if version < 10 else 2 if version < 27 else 3


def bits_of(length: int, mode: int) -> int:
    """The bits that `length` units take, without mode and count; mode: a value of MODES."""
    if mode == MODES["numeric"]:
        return length // 3 * 10 + (0, 4, 7)[length % 3]
    if mode == MODES["alphanumeric"]:
        return length // 2 * 11 + length % 2 * 6
    return length * (13 if mode == MODES["kanji"] else 8)


def smallest_version(length: int, level: Level | str, mode: str = "byte") -> int | None:
    """The smallest version that holds `length` units of `mode`, or None where none does."""
    return next((v for v in VERSIONS if capacity(v, level, mode) >= length), None)


def mode_of(content: str | bytes) -> str:
    """The mode that `make` uses: byte for bytes; for str the first of numeric, alphanumeric, byte."""
    if isinstance(content, str) and content:
        for mode in ("numeric", "alphanumeric"):
            if set(content) <= set(ALPHABETS[mode]):
                return mode
    return "byte"


@dataclass(frozen=True, eq=False)
class Symbol:
    """A QR code symbol; the same arguments to `make` give an equal one.

    content: bytes; level; version: 1 to 40; mask: 0 to 7;
    modules: read-only bool n×n, True = dark, without the quiet zone.
    It prints without its content, which may be a secret, and shows itself as an SVG in Jupyter.
    """

    content: bytes
    level: Level
    version: int
    mask: int
    modules: np.ndarray

    def __post_init__(self) -> None:
        self.modules.flags.writeable = False

    def __reduce__(self) -> tuple:
        return Symbol, (self.content, self.level, self.version, self.mask, self.modules)

    @property
    def size(self) -> int:
        """Modules along one side, n, without the quiet zone."""
        return len(self.modules)

    def _key(self) -> tuple:
        return self.content, self.level, self.version, self.mask, self.modules.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Symbol({self.version}-{self.level}, mask {self.mask}, {self.size}×{self.size} modules)"

    def picture(self, kind: str = "svg", *, quiet_zone: int = 4, **options) -> bytes:
        """The symbol as a file of `kind` ("svg" or "png"), `quiet_zone` modules wide all round.

        options: of segno's writer, for instance scale (SVG units or PNG pixels a module, 1).
        """
        one_of("kind", kind, ("svg", "png"))
        out = io.BytesIO()
        matrix = [bytearray(row) for row in self.modules.tolist()]
        border = integer("quiet_zone", quiet_zone, 0, 1000)
        writers.save(matrix, (self.size, self.size), out, kind=kind, border=border, **options)
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

    content: str (numeric or alphanumeric mode where every character allows it, else UTF-8 in byte
    mode, without ECI) or bytes (byte mode); not empty.  mask: None chooses by the standard's
    penalties.  boost: raise the level as far as it costs no larger version.
    Raises ValueError for bad input; content that doesn't fit says how much would, at which level.
    Symbols are cached, so that asking again costs nothing, unless keep is False, as for a secret.
    """
    if not isinstance(content, str | bytes) or not content:
        got = "an empty one" if content in ("", b"") else type(content).__name__
        raise ValueError(f"content must be a str or bytes that is not empty, not {got}")
    if mask is not None:
        mask = integer("mask", mask, 0, 7)
    if version is not None:
        version = integer("version", version, 1, 40)
    for name, value in (("boost", boost), ("keep", keep)):
        one_of(name, value, (True, False))
    level, mode = Level.parse(level), mode_of(content)
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as lone:
        raise ValueError(f"content must be text that UTF-8 can encode, not {lone.reason}") from None
    if version is None:
        version = smallest_version(len(data), level, mode)
    if version is None or capacity(version, level, mode) < len(data):
        raise ValueError(too_long(len(data), mode, level, version))
    if boost:
        level = [x for x in Level if x is level or capacity(version, x, mode) >= len(data)][-1]
    return (_make if keep else _make.__wrapped__)(data, mode, level, version, mask)


def too_long(length: int, mode: str, level: Level, version: int | None = None) -> str:
    """What is wrong with content of `length` units that doesn't fit into `version`, None: into any."""
    held = {x: capacity(version or 40, x, mode) for x in Level}
    others = ", ".join(f"{held[x]:,} at {x}" for x in Level if x != level)
    what = "the largest version, 40," if version is None else f"version {version}"
    return (
        f"content must be at most {held[level]:,} {UNITS[mode]} ({mode} mode) "
        f"for {what} at level {level} ({others}), not {length:,}"
    )


@lru_cache(maxsize=1024)
def _make(data: bytes, mode: str, level: Level, version: int, mask: int | None) -> Symbol:
    first = _drawn(data if mode == "byte" else data.decode(), mode, level, version, mask or 0)
    if mask is not None:
        return Symbol(data, level, version, mask, first)
    free = np.isin(_roles(version), ("data", "remainder"))
    masked = first ^ free & (_masks(len(first))[0] ^ _masks(len(first)))
    reserved = np.isin(_roles(version), ("format", "version", "dark"))  # light while masks are judged
    best = int(np.argmin(_penalties(masked & ~reserved)))
    modules, named = masked[best].copy(), _smallest(level, best)  # of the same format information
    modules[8, :9], modules[8, -8:] = named[8, :9], named[8, -8:]
    modules[:9, 8], modules[-8:, 8] = named[:9, 8], named[-8:, 8]
    return Symbol(data, level, version, best, modules)


def _drawn(content: str | bytes, mode: str, level: Level, version: int, mask: int) -> np.ndarray:
    """The modules that segno gives, of a given mask: choosing it takes segno most of its time."""
    # boost_error is on by default in segno and silently changes the level.
    options = {"version": version, "mode": mode, "mask": mask, "micro": False, "boost_error": False}
    return np.array([list(row) for row in segno.make(content, error=level.value, **options).matrix], bool)


@lru_cache(maxsize=32)
def _smallest(level: Level, mask: int) -> np.ndarray:
    return _drawn("1", "numeric", level, 1, mask)


@lru_cache(maxsize=40)
def _masks(n: int) -> np.ndarray:
    """The modules that each of the eight masks inverts, 8×n×n (ISO/IEC 18004, table 10)."""
    i, j = np.indices((n, n))
    both = i * j % 2 + i * j % 3
    tests = i + j & 1, i & 1, j % 3, (i + j) % 3, i // 2 + j // 3 & 1, both, both & 1, i + j + i * j % 3 & 1
    return np.array(tests) == 0


def _penalties(masked: np.ndarray) -> np.ndarray:
    """The penalty of each of several symbols, k×n×n (ISO/IEC 18004, 7.8.3.1)."""
    lines = np.concatenate([masked, masked.transpose(0, 2, 1)], axis=1)
    alike = lines[..., 1:] == lines[..., :-1]
    five = alike[..., 3:] & alike[..., 2:-1] & alike[..., 1:-2] & alike[..., :-3]
    runs = five[..., 0].sum(axis=1) + (five[..., 1:] & ~five[..., :-1]).sum(axis=(1, 2))
    pairs = alike[:, : masked.shape[1]]
    squares = pairs[:, 1:] & pairs[:, :-1] & (masked[:, 1:, 1:] == masked[:, :-1, 1:])
    finders = np.array([sum(map(_finders_in, map(bytes, rows))) for rows in lines.astype(np.uint8)])
    dark = np.array([int(abs(100 * share - 50) / 5) for share in masked.mean(axis=(1, 2))])
    return five.sum(axis=(1, 2)) + 2 * runs + 3 * squares.sum(axis=(1, 2)) + 40 * finders + 10 * dark


def _finders_in(line: bytes) -> int:
    """How often a line has a finder's 1:1:3:1:1 with four light modules, or the edge, on a side of it."""
    count, at = 0, line.find(_FINDER)
    while at >= 0:
        end = at + 7
        found = (
            not at or end == len(line) or not any(line[max(at - 4, 0) : at]) or not any(line[end : end + 4])
        )
        count, at = count + found, line.find(_FINDER, end if found else at + 4)
    return count


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the codewords of every symbol of one version and level lie; all arrays read-only.

    codeword: int n×n, the index in interleaved order of the codeword a module belongs to, else -1;
    block: int per codeword; correctable: int per block, wrong codewords it can correct (floor(ec/2));
    role: str n×n: finder, separator, timing, alignment, format, version, dark, data, remainder.
    """

    version: int
    level: Level
    codeword: np.ndarray
    block: np.ndarray
    correctable: np.ndarray
    role: np.ndarray


@lru_cache(maxsize=160)
def _layout(version: int, level: Level) -> Layout:
    blocks = blocks_of(version, level)
    block = _frozen(np.array(_interleave(blocks)))
    correctable = _frozen(np.array([(total - data) // 2 for total, data in blocks]))
    role = _roles(version)
    return Layout(version, level, _codewords(version), block, correctable, role)


def layout(version: int, level: Level | str) -> Layout:
    """The map of codewords, blocks and roles for one of the 160 symbols; cached."""
    return _layout(integer("version", version, 1, 40), Level.parse(level))


def _interleave(blocks: list[tuple[int, int]]) -> list[int]:
    """The block of each codeword in the order of placement (ISO/IEC 18004, 7.6)."""
    rounds = range(max(data for _, data in blocks))
    data = [b for k in rounds for b, (_, count) in enumerate(blocks) if k < count]
    ec = blocks[0][0] - blocks[0][1]  # the same for every block of a symbol
    return data + list(range(len(blocks))) * ec


@lru_cache(maxsize=40)
def _roles(version: int) -> np.ndarray:
    """What each module is for (ISO/IEC 18004, 6.3 and 7.9, 7.10)."""
    n = size_of(version)
    role = np.full((n, n), "data", dtype="<U9")
    role[6, :] = role[:, 6] = "timing"
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    for row in centres:
        for column in centres:
            if (row, column) not in ((6, 6), (6, n - 7), (n - 7, 6)):
                role[row - 2 : row + 3, column - 2 : column + 3] = "alignment"
    if version >= 7:
        role[:6, n - 11 : n - 8] = role[n - 11 : n - 8, :6] = "version"
    role[8, :9] = role[:9, 8] = role[8, n - 8 :] = role[n - 8 :, 8] = "format"
    role[8, 6] = role[6, 8] = "timing"
    role[n - 8, 8] = "dark"
    role[:8, :8] = role[:8, n - 8 :] = role[n - 8 :, :8] = "separator"
    role[:7, :7] = role[:7, n - 7 :] = role[n - 7 :, :7] = "finder"
    path = _path(role == "data")
    role.ravel()[path[len(path) // 8 * 8 :]] = "remainder"
    return _frozen(role)


def _path(free: np.ndarray) -> np.ndarray:
    """Flat indices of the free modules in the order of placement (ISO/IEC 18004, 7.7.3)."""
    n = len(free)
    right = [c if c > 6 else c - 1 for c in range(n - 1, 0, -2)]  # column 6 is timing
    index = np.arange(n * n).reshape(n, n)
    strips = [index[:: -1 if k % 2 == 0 else 1, [c, c - 1]].ravel() for k, c in enumerate(right)]
    path = np.concatenate(strips)
    return path[free.ravel()[path]]


def codewords_of(modules: np.ndarray, version: int, mask: int) -> np.ndarray:
    """The codewords that modules (bool n×n) hold: uint8, one for each of Layout.block, in that order."""
    path = _path(_roles(version) == "data")
    return np.packbits((modules ^ _masks(len(modules))[mask]).ravel()[path])


def with_codewords(modules: np.ndarray, codewords: np.ndarray, version: int, mask: int) -> np.ndarray:
    """A copy of modules (bool n×n) that holds these codewords (uint8, as `codewords_of` gives them)."""
    path, modules = _path(_roles(version) == "data"), modules.copy()
    modules.ravel()[path] = np.unpackbits(codewords).astype(bool) ^ _masks(len(modules))[mask].ravel()[path]
    return modules


@lru_cache(maxsize=40)
def _codewords(version: int) -> np.ndarray:
    role = _roles(version)
    path = _path(role == "data")
    codeword = np.full(role.size, -1)
    codeword[path] = np.arange(len(path)) // 8
    return _frozen(codeword.reshape(role.shape))


def ordered(levels: pd.Series) -> pd.Categorical:
    """Levels as an ordered category, from L to H."""
    return pd.Categorical(levels, [level.value for level in Level], ordered=True)


def integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int from `low` to `high`; ValueError that names the parameter otherwise."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise ValueError(f"{name} must be an integer from {low} to {high}, not {value!r}")
    return number


def number(name: str, value: object, low: float, high: float = np.inf) -> float:
    """`value` as a float from `low` to `high`; ValueError that names the parameter otherwise."""
    plain = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not plain or not low <= value <= high or value == np.inf:
        allowed = f"from {low:g} to {high:g}" if np.isfinite(high) else f"of {low:g} or more"
        raise ValueError(f"{name} must be a number {allowed}, not {value!r}")
    return float(value)


def one_of(name: str, value: object, allowed) -> None:
    """ValueError that names the parameter unless `value` is one of `allowed`."""
    if value not in list(allowed):  # a list: what came may not be hashable
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")


def named(family: str, call: Callable, *values, **settings):
    """call(…); its errors, which begin with the setting's name, name their family too."""
    try:
        return call(*values, **settings)
    except ValueError as problem:
        raise ValueError(f"{family}{problem}") from None
