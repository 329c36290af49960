"""Breaking points of many symbols under much damage, paired: a trial lays the same damage on each."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from qrlab.cache import Cache, code_digest
from qrlab.checks import integer, number, one_of
from qrlab.damage import MODELS, painted
from qrlab.model import break_point, checked, wrong_codewords
from qrlab.placement import places
from qrlab.progress import progress
from qrlab.standard import VERSIONS, Level, capacity, ordered
from qrlab.stats import summarize
from qrlab.symbols import Symbol, make

_BY = ["damage", "version", "level", "counted"]


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


def exact_model(
    versions: Iterable[int] = VERSIONS,
    kinds: Iterable[str] = tuple(MODELS),
    *,
    trials: int,
    contents: int,
    seed: int = 1,
    jobs: int = -1,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """What defeats error correction, for symbols of all levels filled with random bytes.

    versions, kinds: which symbols, and which of damage.MODELS; trials: of each, paired over all symbols;
    contents: how many different ones of a symbol (mask 0), in turn; a logo has nothing else that is random,
    so as many trials.  jobs, cache: as for qr.run.  A row per damage, version, level and counted (area: the
    breaking point; codewords: the share wrong there, of which the last ones to go were too many): median_pct
    with its 95 % interval low_pct to high_pct, p5_pct and p95_pct (inf: never lost), and trials.
    Raises ValueError for bad input.
    """
    kinds, versions = tuple(kinds), sorted(versions)
    for kind in kinds:
        one_of("kinds", kind, MODELS)
    for version in versions:
        integer("versions", version, 1, 40)
    integer("trials", trials, 6, 10**6)
    integer("contents", contents, 6, 1000)
    rest = (kinds, trials, contents, seed)
    keys = {v: f"exact model {v} {rest} {code_digest('breaking')} numpy {np.__version__}" for v in versions}
    with Cache(cache) as store, progress(len(versions), "exact model", "version") as bar:
        rows = {version: store.get(key) for version, key in keys.items()}
        missing = [version for version in reversed(versions) if rows[version] is None]  # the longest first
        bar.update(len(versions) - len(missing))
        work = joblib.Parallel(n_jobs=jobs, return_as="generator")
        for version, made in zip(missing, work(joblib.delayed(_exact)(v, *rest) for v in missing)):
            store.put({keys[version]: made})
            rows[version] = made
            bar.update()
    every = [row for version in versions for row in rows[version]]
    points = pd.DataFrame(every, columns=["damage", "version", "level", "area", "codewords"])
    long = points.melt(_BY[:3], ["area", "codewords"], "counted", "share")
    table, numbers = summarize(long, _BY, "share"), ["median", "low", "high", "p5", "p95"]
    table[numbers] = (100 * table[numbers]).round(3)
    ranks = {name: {x: k for k, x in enumerate(long[name].unique())} for name in _BY}
    by = ["version", "damage", "level", "counted"]
    table = table.sort_values(by, key=lambda column: column.map(ranks[column.name]), ignore_index=True)
    return table.rename(columns={name: f"{name}_pct" for name in numbers})


def _exact(version: int, kinds: tuple[str, ...], trials: int, contents: int, seed: int) -> list[tuple]:
    """Of one version, each trial's breaking point by area and by codewords (inf: never)."""
    rows = []
    filled = {level: [_filled(version, level, k, seed) for k in range(contents)] for level in Level}
    everything = [symbol for of_level in filled.values() for symbol in of_level]
    for kind in kinds:
        parts: list[tuple] = [(everything, {})]
        if kind == "worst_codewords":  # the one that depends on the level
            parts = [(of_level, {"level": level}) for level, of_level in filled.items()]
        for symbols, parameters in parts:
            count = contents if kind == "logo" else trials
            for k, symbol, trial, order, paint in _laid(symbols, kind, count, seed, parameters, quiet=True):
                if k % contents == trial % contents:
                    area = float(break_point(symbol, order, paint))
                    wrong = wrong_codewords(symbol, order, area, paint) if area < np.inf else np.inf
                    rows.append((kind, version, symbol.level.value, area, wrong))
    return rows


def _filled(version: int, level: Level, number: int, seed: int) -> Symbol:
    key = (2, version, list(Level).index(level), number)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    return make(rng.bytes(capacity(version, level)), level, version=version, mask=0, keep=False)


def _listed(symbols: Symbol | Iterable[Symbol]) -> list[Symbol]:
    return [checked(x) for x in ([symbols] if isinstance(symbols, Symbol) else symbols)]


def _laid(
    symbols: list[Symbol],
    model: str,
    trials: int,
    seed: int,
    parameters: dict[str, object],
    quiet: bool = False,
) -> Iterator[tuple[int, Symbol, int, np.ndarray, str]]:
    """Each symbol's place and itself, a trial, and the order and the paint of what the trial lays on it."""
    one_of("model", model, MODELS)
    trials, seed = integer("trials", trials, 1, 10**9), integer("seed", seed, 0, 2**63 - 1)
    sizes = dict.fromkeys(symbol.size for symbol in symbols)
    with progress(trials * len(sizes), model, "trial", quiet) as bar:
        for n in sizes:
            alike = [(k, symbol) for k, symbol in enumerate(symbols) if symbol.size == n]
            for trial in range(trials):
                damage = MODELS[model](np.random.default_rng([seed, trial]), **parameters)
                order = damage.order(n)
                for k, symbol in alike:
                    yield k, symbol, trial, order, damage.paint
                bar.update()
