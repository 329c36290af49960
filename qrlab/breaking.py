"""Breaking points of many symbols under much damage, paired: a trial lays the same damage on each."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import segno

from qrlab.cache import Cache, code_digest
from qrlab.checks import integer, one_of
from qrlab.damage import MODELS
from qrlab.model import break_point, wrong_codewords
from qrlab.progress import progress
from qrlab.stats import summarize
from qrlab.symbols import VERSIONS, Level, Symbol, capacity, make


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
    versions; kinds: of damage.MODELS; trials: of each, paired over all symbols; contents: different ones of a
    symbol (mask 0), in turn, and a logo's trials: nothing else is random; jobs, cache: as for qr.run.
    A row per damage, version, level and counted (area: the breaking point; codewords: the share wrong there):
    median_pct with its 95 % interval low_pct to high_pct, p5_pct, p95_pct (inf: never lost), trials.
    ValueError for bad input."""
    kinds = tuple(one_of("kinds", kind, MODELS) for kind in kinds)
    versions = sorted(integer("versions", version, 1, 40) for version in versions)
    rest = (kinds, integer("trials", trials, 6, 10**6), integer("contents", contents, 6, 1000), seed)
    made_by = f"numpy {np.__version__} segno {segno.__version__}"
    keys = {v: f"exact model {v} {rest} {code_digest('breaking')} {made_by}" for v in versions}
    with Cache(cache) as store, progress(len(versions), "exact model", "version") as bar:
        rows = {version: store.get(key) for version, key in keys.items()}
        missing = [version for version in reversed(versions) if rows[version] is None]  # the longest first
        bar.update(len(versions) - len(missing))
        work = joblib.Parallel(n_jobs=jobs, return_as="generator")
        for version, made in zip(missing, work(joblib.delayed(_exact)(v, *rest) for v in missing)):
            store.put({keys[version]: made})
            rows[version] = made
            bar.update()
    by = ["damage", "version", "level", "counted"]
    points = pd.DataFrame([row for version in versions for row in rows[version]], columns=[*by, "share"])
    table = summarize(points, by, "share")
    pct = (100 * table[["median", "low", "high", "p5", "p95"]]).round(3).add_suffix("_pct")
    return pd.concat([table[by], pct, table.trials], axis=1)


def _exact(version: int, kinds: tuple[str, ...], trials: int, contents: int, seed: int) -> list[tuple]:
    """One version: damage, version, level, counted, and the share at a breaking point (inf: never)."""
    everything: list[Symbol] = []
    for place, level in enumerate(Level):
        for k in range(contents):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, version, place, k)))
            content = rng.bytes(capacity(version, level))
            everything.append(make(content, level, version=version, mask=0, keep=False))
    rows = []
    for kind in kinds:
        count = contents if kind == "logo" else trials
        parts: list[tuple[list[Symbol], dict]] = [(everything, {})]
        if kind == "worst_codewords":  # the one that depends on the level
            parts = [([x for x in everything if x.level == level], {"level": level}) for level in Level]
        for symbols, parameters in parts:
            for symbol, area, share in _points(symbols, kind, count, contents, seed, parameters):
                name = symbol.level.value
                rows.append((kind, version, name, "area", area))
                rows.append((kind, version, name, "codewords", share if area < np.inf else np.inf))
    return rows


def _points(
    symbols: list[Symbol], kind: str, trials: int, contents: int, seed: int, parameters: dict
) -> Iterator[tuple[Symbol, float, float]]:
    """Symbols of one size, breaking points, and shares of codewords wrong there; paired: trial k lays the
    same damage on each, and takes one of so many contents in turn."""
    for trial in range(trials):
        damage = MODELS[kind](np.random.default_rng([seed, trial]), **parameters)
        order = damage.order(symbols[0].size)
        for symbol in symbols[trial % contents :: contents]:
            severity = float(break_point(symbol, order, damage.paint))
            yield symbol, severity, wrong_codewords(symbol, order, severity, damage.paint)
