"""The exact model of error correction: how much each of the 160 symbols can lose, and when it is lost.

A codeword is wrong from its first wrong module, a block is lost at its (t+1)-th wrong codeword, the
symbol at its first lost block.  Finding the symbol, and reading its format and version information,
are not part of the model: it is an upper bound for a reader that corrects errors, not erasures.
Nothing here draws damage or an image.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qrlab.checks import integer, number
from qrlab.damage import painted
from qrlab.placement import Layout, layout, places
from qrlab.standard import MODES, VERSIONS, Level, blocks_of, capacity, ordered, size_of
from qrlab.symbols import Symbol

if TYPE_CHECKING:  # pandas and scipy are slow to load, and workers don't need them
    import pandas as pd

# Misdecode protection, ISO/IEC 18004, table 9: codewords kept back to detect errors, not to correct them.
PROTECTION = {(1, "L"): 3, (1, "M"): 2, (2, "L"): 2, (1, "Q"): 1, (1, "H"): 1, (3, "L"): 1}
_CHUNK = 1 << 16  # modules taken up at a time, whatever the number of trials: half a MB


def capability() -> "pd.DataFrame":
    """What each symbol holds and corrects: 160 rows, by version and level (an ordered category).

    modules: along one side; codewords, data_codewords, blocks: counts; correctable: wrong codewords,
    floor(ec/2) of each block; correctable_iso: the same less the standard's misdecode protection;
    documented_pct: 7, 15, 25 or 30; capability_pct, capability_iso_pct: correctable as percent of all
    codewords; guaranteed_pct: the largest share of codewords that can be wrong whichever they are;
    numeric, alphanumeric, bytes, kanji: what one segment holds.
    """
    import pandas as pd

    table = pd.DataFrame([_capability_of(version, level) for version in VERSIONS for level in Level])
    return table.assign(level=ordered(table.level)).rename(columns={"byte": "bytes"})


def _capability_of(version: int, level: Level) -> dict[str, str | float]:
    blocks = blocks_of(version, level)
    codewords = sum(total for total, _ in blocks)
    correctable = sum((total - data) // 2 for total, data in blocks)
    kept_back = PROTECTION.get((version, level), 0)
    correctable_iso = sum((total - data - kept_back) // 2 for total, data in blocks)
    return {
        "version": version,
        "level": level.value,
        "modules": size_of(version),
        "codewords": codewords,
        "data_codewords": sum(data for _, data in blocks),
        "blocks": len(blocks),
        "correctable": correctable,
        "correctable_iso": correctable_iso,
        "documented_pct": round(100 * level.documented, 6),
        "capability_pct": 100 * correctable / codewords,
        "capability_iso_pct": 100 * correctable_iso / codewords,
        "guaranteed_pct": 100 * min((total - data) // 2 for total, data in blocks) / codewords,
    } | {mode: capacity(version, level, mode) for mode in MODES}


def sizes(lengths: Iterable[int], mode: str = "byte") -> "pd.DataFrame":
    """The smallest symbol for payloads of each length: a row per level and length where one fits.

    lengths: in units of `mode`, 1 or more.  Columns: length, level (an ordered category), version,
    modules (along one side, without quiet zone) and free (the highest level that this version holds).
    """
    import pandas as pd

    asked = np.array([integer("lengths", length, 1, 10**6) for length in lengths], dtype=int)
    held = np.array([[capacity(v, level, mode) for v in VERSIONS] for level in Level])
    versions = 1 + np.array([np.searchsorted(row, asked) for row in held])  # it grows with the version
    levels = np.repeat([level.value for level in Level], len(asked))
    table = pd.DataFrame({"length": np.tile(asked, 4), "level": levels, "version": versions.ravel()})
    table = table[table.version <= VERSIONS[-1]].reset_index(drop=True)
    fits = held[:, table.version - 1] >= table.length.to_numpy()
    free = np.array([level.value for level in Level])[fits.sum(axis=0) - 1]
    return table.assign(level=ordered(table.level), modules=size_of(table.version), free=ordered(free))


@dataclass(frozen=True, eq=False)
class _Plan:
    """Where to look for the breaking point of a version and level.

    modules: int 8 × (blocks · longest block), the flat index of each codeword's eight modules, block
    by block; shape: blocks × longest block; short: how many blocks, the first ones, lack one codeword.
    """

    modules: np.ndarray
    shape: tuple[int, int]
    short: int
    correctable: int


@lru_cache(maxsize=160)
def _plan(version: int, level: Level) -> _Plan:
    here = layout(version, level)
    counts = np.bincount(here.block)
    rows = [np.flatnonzero(here.block == block) for block in range(len(counts))]
    padded = np.array([np.pad(row, (0, counts.max() - len(row)), mode="edge") for row in rows])
    modules = places(version)[padded.ravel()].T.copy()
    return _Plan(modules, padded.shape, int(np.sum(counts < counts.max())), int(here.correctable[0]))


def break_point(symbol: Symbol, order: np.ndarray, paint: str = "flip") -> float | np.ndarray:
    """The severity at which error correction gives out, exactly; inf where it never does.

    order: float n×n, the severity at which each module is reached, for one answer; or trials×n×n for
    an array of them.  paint: what a reached module becomes, the damage's own paint: "flip", "dark" or
    "light"; one that has that colour already is not wrong.  Just below the answer every block can
    still be corrected.
    """
    order, n = np.asarray(order), checked(symbol).size
    if order.shape[-2:] != (n, n) or not 2 <= order.ndim <= 3 or order.dtype.kind not in "fiu":
        raise ValueError(f"order must be numbers {n}×{n} or trials×{n}×{n}, not {order.dtype} {order.shape}")
    unharmed = (painted(symbol.modules, True, paint) == symbol.modules).ravel()
    plan, flat = _plan(symbol.version, symbol.level), order.reshape(-1, n * n)
    if order.ndim == 2:
        return float(_first_loss(plan, flat[0], unharmed))
    lost, step = np.empty(len(flat)), max(1, _CHUNK // (n * n))
    for k in range(0, len(flat), step):  # a fresh copy is in the cache when its modules are looked up
        lost[k : k + step] = _first_loss(plan, flat[k : k + step].copy(), unharmed)
    return lost


def checked(symbol: object) -> Symbol:
    """`symbol`; ValueError where it is none."""
    if not isinstance(symbol, Symbol):
        raise ValueError(f"symbol must be a Symbol, as make gives it, not {type(symbol).__name__}")
    return symbol


def _first_loss(plan: _Plan, order: np.ndarray, unharmed: np.ndarray) -> np.ndarray:
    """Breaking points along the last axis of `order`, float or int."""
    if unharmed.any() or order.dtype.kind != "f":
        order = np.where(unharmed, np.inf, order)
    wrong = np.minimum.reduce(order.take(plan.modules, -1), -2)
    flat = wrong.reshape(-1)
    if math.isnan(flat.dot(flat)):  # a nan anywhere gets through to the sum
        raise ValueError("order must be numbers, inf for never, not nan")
    wrong = wrong.reshape(wrong.shape[:-1] + plan.shape)
    if plan.short:
        wrong[..., : plan.short, -1] = np.inf
    wrong.partition(plan.correctable)
    return np.minimum.reduce(wrong[..., plan.correctable], -1)


def survival(version: int, level: Level | str, module_error_rate: float | np.ndarray) -> float | np.ndarray:
    """The chance that every block can be corrected when each module is wrong independently.

    module_error_rate: 0 to 1, a number or an array; the answer has its shape.  A codeword is wrong
    with 1 - (1 - rate)^8; each block is a binomial tail, the symbol their product.
    """
    from scipy import stats

    here = layout(version, level)
    try:
        rate = np.asarray(module_error_rate, dtype=float)
    except (TypeError, ValueError):
        rate = np.array(np.nan)
    if not np.all((rate >= 0) & (rate <= 1)):
        raise ValueError(f"module_error_rate must be numbers from 0 to 1, not {module_error_rate!r}")
    wrong = 1 - (1 - rate) ** 8
    chance = np.ones(rate.shape)
    for size, count in zip(*np.unique(np.bincount(here.block), return_counts=True)):
        chance = chance * stats.binom.cdf(here.correctable[0], size, wrong) ** count
    return float(chance) if chance.ndim == 0 else chance


def tolerable_rate(version: int, level: Level | str, chance: float = 0.5) -> float:
    """The module error rate at which `survival` has fallen to `chance`: above 0, below 1."""
    from scipy import optimize

    chance = number("chance", chance, 1e-9, 1 - 1e-9)
    return float(optimize.brentq(lambda rate: survival(version, level, rate) - chance, 0, 1, xtol=1e-12))


@dataclass(frozen=True, eq=False)
class Judgement:
    """What wrong modules do to a symbol.

    codewords: bool per codeword, in the order of Layout.block: is it wrong; counts: wrong codewords of each
    block; lost: bool per block: more of them are wrong than it can correct.
    """

    codewords: np.ndarray
    counts: np.ndarray
    lost: np.ndarray


def judge(symbol: Symbol | Layout, wrong: np.ndarray) -> Judgement:
    """Wrong modules (bool n×n) to wrong codewords to lost blocks, of a symbol or of a layout."""
    here = layout(symbol.version, symbol.level)
    if wrong.shape != here.codeword.shape or wrong.dtype != bool:
        size = len(here.codeword)
        raise ValueError(f"wrong must be bool {size}×{size}, not {wrong.dtype} {wrong.shape}")
    codewords = np.zeros(len(here.block) + 1, bool)
    codewords[here.codeword[wrong]] = True  # -1, no codeword, falls on the last place
    counts = np.bincount(here.block[codewords[:-1]], minlength=len(here.correctable))
    return Judgement(codewords[:-1], counts, counts > here.correctable)


def wrong_codewords(symbol: Symbol, order: np.ndarray, severity: float, paint: str = "flip") -> float:
    """The share of all codewords, 0 to 1, that damage of that order (n×n) makes wrong at `severity`."""
    reached = (np.asarray(order) <= severity) & np.isfinite(order)
    return judge(symbol, painted(symbol.modules, reached, paint) != symbol.modules).codewords.mean()
