"""The exact model of error correction: how much each of the 160 symbols can lose, and when it is lost.

A codeword is wrong from its first wrong module, a block is lost at its (t+1)-th wrong codeword, the symbol
at its first lost block.  Finding the symbol and reading its format and version information are no part of it:
it is an upper bound for a reader that corrects errors, not erasures.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from qrlab.checks import integer, named, number, of_type, one_of
from qrlab.damage import painted
from qrlab.symbols import MODES, VERSIONS, Layout, Level, Symbol, blocks_of, capacity, layout, size_of

if TYPE_CHECKING:  # pandas and scipy are slow to load, and workers don't need them
    import pandas as pd

# Misdecode protection, ISO/IEC 18004, table 9: codewords kept back to detect errors, not to correct them.
PROTECTION = {(1, "L"): 3, (1, "M"): 2, (2, "L"): 2, (1, "Q"): 1, (1, "H"): 1, (3, "L"): 1}


def ordered(levels: "pd.Series") -> "pd.Categorical":
    """Levels as an ordered category, from L to H."""
    import pandas as pd

    return pd.Categorical(levels, [level.value for level in Level], ordered=True)


def capability() -> "pd.DataFrame":
    """What each symbol holds and corrects: 160 rows, by version and level (an ordered category).
    modules: along one side; codewords, data_codewords, blocks: counts; correctable: wrong codewords,
    floor(ec/2) of each block; correctable_iso: the same less the standard's misdecode protection;
    documented_pct: 7, 15, 25 or 30; capability_pct, capability_iso_pct: correctable as percent of all
    codewords; guaranteed_pct: the largest share of codewords that can be wrong whichever they are;
    numeric, alphanumeric, bytes, kanji: what one segment holds."""
    import pandas as pd

    symbols = [(version, level) for version in VERSIONS for level in Level]
    blocks = [blocks_of(*symbol) for symbol in symbols]
    table = pd.DataFrame(symbols, columns=["version", "level"])
    table["modules"] = size_of(table.version)
    table[["codewords", "data_codewords"]] = [np.sum(each, axis=0) for each in blocks]
    table["blocks"] = [len(each) for each in blocks]
    ec = (table.codewords - table.data_codewords) // table.blocks  # as many in every block
    table["correctable"] = table.blocks * (ec // 2)
    table["correctable_iso"] = table.blocks * ((ec - [PROTECTION.get(x, 0) for x in symbols]) // 2)
    table["documented_pct"] = [round(100 * level.documented, 6) for _, level in symbols]
    table["capability_pct"] = 100 * table.correctable / table.codewords
    table["capability_iso_pct"] = 100 * table.correctable_iso / table.codewords
    table["guaranteed_pct"] = 100 * (ec // 2) / table.codewords
    for mode in MODES:
        table[mode] = [capacity(*symbol, mode) for symbol in symbols]
    return table.assign(level=ordered(table.level)).rename(columns={"byte": "bytes"})


def sizes(lengths: Iterable[int], mode: str = "byte") -> "pd.DataFrame":
    """The smallest symbol for content of each length, in units of `mode`, at each level that holds it: rows
    of length, level, version, modules (along one side) and free (the highest level in the same version)."""
    import pandas as pd

    asked = pd.DataFrame({"length": [integer("lengths", length, 1, 10**6) for length in lengths]})
    rows = asked.merge(capability().rename(columns={"bytes": "byte"}), how="cross")
    rows = rows[rows.length <= rows[one_of("mode", mode, MODES)]].drop_duplicates(["length", "level"])
    rows = rows[["length", "level", "version", "modules"]].sort_values(["level", "length"], ignore_index=True)
    return rows.assign(free=rows.groupby(["length", "version"])["level"].transform("max"))


@lru_cache(maxsize=160)
def _blocks(version: int, level: Level) -> tuple[np.ndarray, int]:
    """Flat indices of modules, 8×blocks×longest block, 0 where one is shorter; and what each can correct."""
    here = layout(version, level)
    blocks = [np.flatnonzero(here.block == block) for block in range(len(here.correctable))]
    padded = [np.pad(block, (0, len(blocks[-1]) - len(block)), constant_values=-1) for block in blocks]
    modules = np.vstack([here.places, np.zeros(8, int)])[padded].transpose(2, 0, 1)
    return modules.copy(), int(here.correctable[0])


def break_point(symbol: Symbol, order: np.ndarray, paint: str = "flip") -> float | np.ndarray:
    """The severity at which the first block can no longer be corrected, exactly; inf where it never comes.
    order: float n×n, the severity at which each module is reached, for one answer; or trials×n×n for an array
    of them.  paint: "flip", "dark" or "light": a module of that colour is not wrong."""
    n = of_type("symbol", symbol, Symbol).size
    order = np.asarray(order)
    if order.shape[-2:] != (n, n) or not 2 <= order.ndim <= 3 or order.dtype.kind not in "fiu":
        raise ValueError(f"order must be numbers {n}×{n} or trials×{n}×{n}, not {order.dtype} {order.shape}")
    harmless = np.where(painted(symbol.modules, True, paint) == symbol.modules, np.inf, 0.0).ravel()
    harmless[0] = np.inf  # in no codeword, it stands for what a shorter block lacks
    modules, correctable = _blocks(symbol.version, symbol.level)
    flat = order.reshape(-1, n * n)
    lost = np.empty(len(flat))
    step = max(1, (1 << 15) // (n * n))  # a quarter of a MB: they are looked up in the cache
    for k in range(0, len(flat), step):
        wrong = np.minimum.reduce((flat[k : k + step] + harmless).take(modules, -1), -3)
        if np.isnan(np.vdot(wrong, wrong)):  # a nan anywhere gets through to the sum
            raise ValueError("order must be numbers, inf for never, not nan")
        wrong.partition(correctable)
        lost[k : k + step] = np.minimum.reduce(wrong[..., correctable], -1)
    return lost if order.ndim == 3 else float(lost[0])


def survival(version: int, level: Level | str, module_error_rate: float | np.ndarray) -> float | np.ndarray:
    """The chance that every block can be corrected when each module is wrong independently, at a rate from 0
    to 1, a number or an array, as the answer: the product of the blocks' binomial tails."""
    from scipy import stats

    here = layout(version, level)
    rate = named("module_error_rate must be numbers from 0 to 1: ", np.asarray, module_error_rate, float)
    if not np.all((rate >= 0) & (rate <= 1)):
        raise ValueError(f"module_error_rate must be numbers from 0 to 1, not {module_error_rate!r}")
    wrong = 1 - (1 - rate) ** 8
    blocks = zip(*np.unique(np.bincount(here.block), return_counts=True))
    each = [stats.binom.cdf(here.correctable[0], size, wrong) ** count for size, count in blocks]
    chance = np.prod(each, axis=0)
    return float(chance) if chance.ndim == 0 else chance


def tolerable_rate(version: int, level: Level | str, chance: float = 0.5) -> float:
    """The module error rate at which `survival` has fallen to `chance`: above 0, below 1."""
    from scipy import optimize

    chance = number("chance", chance, 1e-9, 1 - 1e-9)
    return float(optimize.brentq(lambda rate: survival(version, level, rate) - chance, 0, 1, xtol=1e-12))


class Judgement(NamedTuple):
    """Which codewords are wrong (bool, as in Layout.block), how many of each block, which blocks are lost."""

    codewords: np.ndarray
    counts: np.ndarray
    lost: np.ndarray


def judge(symbol: Symbol | Layout, wrong: np.ndarray) -> Judgement:
    """Wrong modules (bool n×n) to wrong codewords to lost blocks, of a symbol or of a layout."""
    here = layout(symbol.version, symbol.level)
    if wrong.shape != here.codeword.shape or wrong.dtype != bool:
        raise ValueError(f"wrong must be bool {here.codeword.shape}, not {wrong.dtype} {wrong.shape}")
    codewords = wrong.ravel()[here.places].any(axis=1)
    counts = np.bincount(here.block[codewords], minlength=len(here.correctable))
    return Judgement(codewords, counts, counts > here.correctable)


def wrong_codewords(symbol: Symbol, order: np.ndarray, severity: float, paint: str = "flip") -> float:
    """The share of all codewords, 0 to 1, that damage of that order (n×n) makes wrong at `severity`."""
    reached = (np.asarray(order) <= severity) & np.isfinite(order)
    return judge(symbol, painted(symbol.modules, reached, paint) != symbol.modules).codewords.mean()
