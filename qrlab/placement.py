"""Where everything in a symbol lies: function patterns, codewords, blocks, masks.

The map is ours, because segno labels one data module (row 8, column n-9) as format information.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from segno import consts

from qrlab.checks import integer
from qrlab.standard import Level, blocks_of, size_of


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the codewords of every symbol of one version and level lie; all arrays read-only.

    codeword: int n×n, the index in interleaved order of the codeword a module belongs to, else -1;
    block: int per codeword; correctable: int per block, wrong codewords it can correct (floor(ec/2));
    role: str n×n: finder, separator, timing, alignment, format, version, dark, data, remainder;
    places: int codewords×8, flat indices of each codeword's modules.
    """

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
    blocks = blocks_of(version, level)
    codeword, role, places = _modules(version)
    rounds = range(max(data for _, data in blocks))  # ISO/IEC 18004, 7.6: data in turns, then correction
    block = [b for k in rounds for b, (_, data) in enumerate(blocks) if k < data]
    block += list(range(len(blocks))) * (blocks[0][0] - blocks[0][1])  # as many in every block
    correctable = np.array([(total - data) // 2 for total, data in blocks])
    return Layout(version, level, codeword, np.array(block), correctable, role, places)


@lru_cache(maxsize=40)
def _modules(version: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Layout's codeword, role and places, which all levels share (ISO/IEC 18004, 6.3, 7.7.3, 7.9, 7.10)."""
    n = size_of(version)
    role = np.full((n, n), "data", dtype="<U9")
    role[8, :9] = role[:9, 8] = role[8, n - 8 :] = role[n - 8 :, 8] = "format"
    role[6, :] = role[:, 6] = "timing"
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    for row in centres:
        for column in centres:
            if (row, column) not in ((6, 6), (6, n - 7), (n - 7, 6)):
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
    codewords = len(path) // 8
    role.ravel()[path[8 * codewords :]] = "remainder"
    places = path[: 8 * codewords].reshape(codewords, 8)
    codeword = np.full((n, n), -1)
    codeword.ravel()[places] = np.arange(codewords)[:, None]
    return codeword, role, places


def codewords_of(modules: np.ndarray, version: int, mask: int) -> np.ndarray:
    """The codewords that modules (bool n×n) hold: uint8, one for each of Layout.block, in that order."""
    places = layout(version, Level.L).places
    return np.packbits(modules.ravel()[places] ^ _mask(places, version, mask), axis=1).ravel()


def with_codewords(modules: np.ndarray, codewords: np.ndarray, version: int, mask: int) -> np.ndarray:
    """A copy of modules (bool n×n) that holds these codewords (uint8, as `codewords_of` gives them)."""
    places = layout(version, Level.L).places
    changed = modules.copy()
    changed.ravel()[places] = np.unpackbits(codewords[:, None], axis=1) ^ _mask(places, version, mask)
    return changed


def _mask(places: np.ndarray, version: int, mask: int) -> np.ndarray:
    """Which of the modules at flat indices `places` a mask inverts, bool (ISO/IEC 18004, table 10)."""
    i, j = np.divmod(places, size_of(version))
    both = i * j % 2 + i * j % 3
    tests = i + j & 1, i & 1, j % 3, (i + j) % 3, i // 2 + j // 3 & 1, both, both & 1, i + j + i * j % 3 & 1
    return tests[mask] == 0
