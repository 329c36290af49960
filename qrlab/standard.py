"""ISO/IEC 18004's tables: levels, versions, modes, and what each symbol holds.

Block tables come from segno.
"""

from bisect import bisect
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
_GROUPS = {1: (0, 4, 7, 10), 2: (0, 6, 11), 4: (0, 8), 8: (0, 13)}  # bits of 0, 1, … units, the last a group


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
    """(codewords, data codewords) of each block, in order (ISO/IEC 18004, table 9)."""
    tables: dict = consts.ECC
    table = tables[version][consts.ERROR_MAPPING[level.value]]
    return [(ec.num_total, ec.num_data) for ec in table for _ in range(ec.num_blocks)]


def bits_in(version: int, level: Level) -> int:
    """The bits of data that a symbol holds."""
    return 8 * sum(data for _, data in blocks_of(version, level))


def bits_of(length: int, mode: int) -> int:
    """The bits that `length` units take, without mode and count; mode: a value of MODES."""
    groups, rest = divmod(length, len(_GROUPS[mode]) - 1)
    return groups * _GROUPS[mode][-1] + _GROUPS[mode][rest]


def span_of(version: int) -> int:
    """Which of the three ranges of versions, each with its lengths of counts; segno's numbers, from 1."""
    return 1 if version < 10 else 2 if version < 27 else 3


def capacity(version: int, level: Level | str, mode: str = "byte") -> int:
    """Digits, characters or bytes that one segment of `mode` holds; mode: a key of MODES."""
    version, level = integer("version", version, 1, 40), Level.parse(level)
    one_of("mode", mode, MODES)
    head = 4 + consts.CHAR_COUNT_INDICATOR_LENGTH[MODES[mode]][span_of(version)]
    group = _GROUPS[MODES[mode]]
    groups, rest = divmod(bits_in(version, level) - head, group[-1])
    return groups * (len(group) - 1) + bisect(group, rest) - 1


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


def too_long(length: int, mode: str, level: Level, version: int | None = None) -> str:
    """What is wrong with content of `length` units that doesn't fit into `version`, None: into any."""
    held = {x: capacity(version or 40, x, mode) for x in Level}
    others = ", ".join(f"{held[x]:,} at {x}" for x in Level if x != level)
    which = "the largest version, 40," if version is None else f"version {version}"
    return (
        f"content must be at most {held[level]:,} {UNITS[mode]} ({mode} mode) "
        f"for {which} at level {level} ({others}), not {length:,}"
    )


def ordered(levels: "pd.Series") -> "pd.Categorical":
    """Levels as an ordered category, from L to H."""
    import pandas as pd

    return pd.Categorical(levels, [level.value for level in Level], ordered=True)
