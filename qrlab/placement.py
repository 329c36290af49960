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
    role: str n×n: finder, separator, timing, alignment, format, version, dark, data, remainder.
    """

    version: int
    level: Level
    codeword: np.ndarray
    block: np.ndarray
    correctable: np.ndarray
    role: np.ndarray


def layout(version: int, level: Level | str) -> Layout:
    """The map of codewords, blocks and roles for one of the 160 symbols; cached."""
    return _layout(integer("version", version, 1, 40), Level.parse(level))


@lru_cache(maxsize=160)
def _layout(version: int, level: Level) -> Layout:
    blocks, role = blocks_of(version, level), roles(version)
    codeword = np.full(role.shape, -1)
    codeword.ravel()[places(version)] = np.arange(len(places(version)))[:, None]
    rounds = range(max(data for _, data in blocks))  # ISO/IEC 18004, 7.6: data in turns, then correction
    block = [b for k in rounds for b, (_, data) in enumerate(blocks) if k < data]
    block += list(range(len(blocks))) * (blocks[0][0] - blocks[0][1])  # as many in every block
    correctable = np.array([(total - data) // 2 for total, data in blocks])
    return Layout(version, level, _frozen(codeword), _frozen(np.array(block)), _frozen(correctable), role)


@lru_cache(maxsize=40)
def roles(version: int) -> np.ndarray:
    """What each module is for, str n×n (ISO/IEC 18004, 6.3 and 7.9, 7.10)."""
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


@lru_cache(maxsize=40)
def places(version: int) -> np.ndarray:
    """Flat indices of the modules of each codeword: int codewords×8, in the order of Layout.block."""
    return _frozen(_path(roles(version) == "data").reshape(-1, 8))


def codewords_of(modules: np.ndarray, version: int, mask: int) -> np.ndarray:
    """The codewords that modules (bool n×n) hold: uint8, one for each of Layout.block, in that order."""
    return np.packbits((modules ^ masks(len(modules))[mask]).ravel()[places(version)])


def with_codewords(modules: np.ndarray, codewords: np.ndarray, version: int, mask: int) -> np.ndarray:
    """A copy of modules (bool n×n) that holds these codewords (uint8, as `codewords_of` gives them)."""
    bits = np.unpackbits(codewords).astype(bool).reshape(-1, 8)
    changed = modules.copy()
    changed.ravel()[places(version)] = bits ^ masks(len(modules))[mask].ravel()[places(version)]
    return changed


@lru_cache(maxsize=40)
def masks(n: int) -> np.ndarray:
    """The modules that each of the eight masks inverts, bool 8×n×n (ISO/IEC 18004, table 10)."""
    i, j = np.indices((n, n))
    both = i * j % 2 + i * j % 3
    tests = i + j & 1, i & 1, j % 3, (i + j) % 3, i // 2 + j // 3 & 1, both, both & 1, i + j + i * j % 3 & 1
    return _frozen(np.array(tests) == 0)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
