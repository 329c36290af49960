"""ISO/IEC 18004's tables: levels, versions, modes, and what each symbol holds."""

from enum import StrEnum
from typing import TYPE_CHECKING

from segno import consts

from qrlab.checks import integer, one_of

if TYPE_CHECKING:  # slow to load, and workers don't need it
    import pandas as pd

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

    __hash__ = str.__hash__  # enum's own is a Python function, called at every look-up in a cache

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


def ordered(levels: "pd.Series") -> "pd.Categorical":
    """Levels as an ordered category, from L to H."""
    import pandas as pd

    return pd.Categorical(levels, [level.value for level in Level], ordered=True)
