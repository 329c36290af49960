"""Breaking points of many symbols under much damage, paired: a trial lays the same damage on each."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from qrlab.checks import integer, number, one_of
from qrlab.damage import MODELS, painted
from qrlab.model import break_point, checked, wrong_codewords
from qrlab.placement import places
from qrlab.progress import progress
from qrlab.standard import ordered
from qrlab.symbols import Symbol


def break_points(
    symbols: Symbol | Iterable[Symbol], model: str, *, trials: int, seed: int = 0, **parameters: object
) -> pd.DataFrame:
    """Breaking points of symbols under one kind of damage, paired: trial k lays the same on each.

    symbols: one or several; model: a key of damage.MODELS; parameters: the model's.  A row per symbol
    and trial: symbol (its place in `symbols`), version, level, trial, severity (the breaking point, a
    share of the symbol's area; inf: never) and wrong_codewords (their share at that point).  Trial k
    depends on seed and k alone.  Shows progress.
    """
    rows = []
    for k, symbol, trial, order, paint in _laid(_listed(symbols), model, trials, seed, parameters):
        severity = float(break_point(symbol, order, paint))
        share = wrong_codewords(symbol, order, severity, paint)
        rows.append((k, symbol.version, symbol.level.value, trial, severity, share))
    table = pd.DataFrame(rows, columns=["symbol", "version", "level", "trial", "severity", "wrong_codewords"])
    return table.assign(level=ordered(table.level))


def harm(
    symbols: Symbol | Iterable[Symbol],
    model: str,
    severities: Iterable[float],
    *,
    trials: int,
    seed: int = 0,
    **parameters: object,
) -> pd.DataFrame:
    """What damage does to symbols: the mean shares of modules and of codewords that it makes wrong.

    symbols, model, trials, seed, parameters: as for `break_points`, and the same damage.  A row per
    symbol and severity: symbol, version, level, severity, wrong_modules and wrong_codewords (0 to 1).
    """
    drawn = _listed(symbols)
    at = np.array([number("severities", s, 0, 1) for s in severities])
    shares = np.zeros((len(drawn), len(at), 2))
    for k, symbol, _, order, paint in _laid(drawn, model, trials, seed, parameters):
        modules = np.where(painted(symbol.modules, True, paint) == symbol.modules, np.inf, order).ravel()
        codewords = modules[places(symbol.version)].min(axis=1)
        for column, wrong in enumerate((modules, codewords)):
            shares[k, :, column] += np.searchsorted(np.sort(wrong), at, "right") / wrong.size
    table = pd.DataFrame(
        [(k, x.version, x.level.value, severity) for k, x in enumerate(drawn) for severity in at],
        columns=["symbol", "version", "level", "severity"],
    )
    table[["wrong_modules", "wrong_codewords"]] = shares.reshape(-1, 2) / trials
    return table.assign(level=ordered(table.level))


def _listed(symbols: Symbol | Iterable[Symbol]) -> list[Symbol]:
    return [checked(x) for x in ([symbols] if isinstance(symbols, Symbol) else symbols)]


def _laid(
    symbols: list[Symbol], model: str, trials: int, seed: int, parameters: dict[str, object]
) -> Iterator[tuple[int, Symbol, int, np.ndarray, str]]:
    """Each symbol's place and itself, a trial, and the order and the paint of what the trial lays on it."""
    one_of("model", model, MODELS)
    trials, seed = integer("trials", trials, 1, 10**9), integer("seed", seed, 0, 2**63 - 1)
    sizes = dict.fromkeys(symbol.size for symbol in symbols)
    with progress(trials * len(sizes), model, "trial") as bar:
        for n in sizes:
            alike = [(k, symbol) for k, symbol in enumerate(symbols) if symbol.size == n]
            for trial in range(trials):
                damage = MODELS[model](np.random.default_rng([seed, trial]), **parameters)
                order = damage.order(n)
                for k, symbol in alike:
                    yield k, symbol, trial, order, damage.paint
                bar.update()
