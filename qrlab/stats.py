"""Uncertainty of what was simulated.  Nothing here runs trials or draws."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from qrlab.checks import integer, number, one_of
from qrlab.readers import OUTCOMES
from qrlab.standard import Level


def quantile_interval(values, share: float = 0.5, confidence: float = 0.95) -> tuple[float, float, float]:
    """A quantile of a sample with its interval: (estimate, low, high).

    values: numbers, inf allowed; share: 0 to 1, 0.5 for the median.  The interval is made of order
    statistics and assumes nothing of the distribution (scipy.stats.quantile_test); an end is -inf or
    inf where the sample is too small to have one.
    """
    share, confidence = number("share", share, 0, 1), number("confidence", confidence, 0, 1)
    values = np.sort(np.asarray(values, dtype=float).ravel())
    if not values.size or np.isnan(values).any():
        raise ValueError(
            f"values must be one number or more, without nan, not {values.size} with nan or none"
        )
    low, high = stats.quantile_test(values, p=share).confidence_interval(confidence)
    estimate = float(np.quantile(values, share, method="inverted_cdf"))
    return (
        estimate,
        -np.inf if np.isnan(low) else float(low),
        np.inf if np.isnan(high) else float(high),
    )


def summarize(table: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Median of `value` in each group with its 95 % interval, the middle 90 % of trials, and n.

    Columns: by, median, low, high (the interval of the median), p5, p95, trials.
    """

    def row(values: pd.Series) -> pd.Series:
        median, low, high = quantile_interval(values)
        p5, p95 = np.quantile(values, [0.05, 0.95], method="inverted_cdf")
        return pd.Series(
            {"median": median, "low": low, "high": high, "p5": p5, "p95": p95, "trials": len(values)}
        )

    rows = table.groupby(by, observed=True)[value].apply(row).unstack().reset_index()
    return rows.astype({"trials": int})


def rate_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a rate: (low, high), 0 to 1 (scipy.stats.binomtest); no trials: (0, 1)."""
    trials = integer("trials", trials, 0, 2**53)
    successes = integer("successes", successes, 0, trials)
    return _wilson(successes, trials, number("confidence", confidence, 0, 1 - 1e-9))


def mean_interval(mean: float, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for the mean of so many independent numbers from 0 to 1: (low, high).

    Of all such numbers with that mean, those that are only 0 or 1 vary most; so for the share of several
    readers that read a picture it is never too narrow, however much they agree.
    """
    z2 = stats.norm.ppf((1 + number("confidence", confidence, 0, 1 - 1e-9)) / 2) ** 2 / trials
    middle = (mean + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * (mean * (1 - mean) + z2 / 4)) / (1 + z2)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


@lru_cache(maxsize=1 << 14)
def _wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    if not trials:
        return 0.0, 1.0
    low, high = stats.binomtest(successes, trials).proportion_ci(confidence, "wilson")
    return float(low), float(high)


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The rate that is not exceeded, one-sided and exact (Clopper-Pearson): of 0 in n, about 3/n."""
    trials = integer("trials", trials, 1, 2**53)
    test = stats.binomtest(integer("successes", successes, 0, trials), trials, alternative="less")
    return float(test.proportion_ci(number("confidence", confidence, 0, 1 - 1e-9), "exact").high)


def rates(result: pd.DataFrame, by: str | list[str] | None = None, outcome: str = "ok") -> pd.DataFrame:
    """A result with rate, low and high: the share of `outcome` and its 95 % Wilson interval, 0 to 1.

    result: of qr.run, or of qr.readings with by; by: pool the rows that agree in these columns first;
    counts, and seconds where there are any, are added up.
    """
    one_of("outcome", outcome, OUTCOMES)
    if "outcome" in result:
        each = pd.get_dummies(result.outcome, dtype=int).reindex(columns=OUTCOMES, fill_value=0)
        result = pd.concat([result.drop(columns="outcome").assign(trials=1), each], axis=1)
    if by is not None:
        counts = [name for name in ("trials", *OUTCOMES, "seconds") if name in result]
        result = result.groupby(_columns(result, by), observed=True, dropna=False)[counts].sum().reset_index()
    ends = [rate_interval(int(k), int(n)) for k, n in zip(result[outcome], result.trials)]
    low, high = np.array(ends).reshape(-1, 2).T
    return result.assign(rate=result[outcome] / result.trials, low=low, high=high)


def thresholds(
    readings: pd.DataFrame,
    by: str | list[str],
    shares: tuple[float, ...] = (0.99, 0.9, 0.5),
    *,
    x: str = "severity",
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The severity at which recovery first falls to each share, with a 95 % interval.

    readings: as qr.readings gives them; by: the columns that tell curves apart.  Columns: by, share,
    severity, low, high, trials.  Recovery is taken as linear between the severities of the design; inf
    where it never falls so low, and the smallest severity where it begins below; a reader that fails
    here and there before it falls makes it early.  The interval is a
    bootstrap over trials (each with all its severities), widened to where Wilson's intervals of the
    rates cross the share: near 99 % a bootstrap of a few hundred trials alone is far too narrow.
    x: another column to use in place of severity, increasing within a trial.
    """
    rng, rows, by = np.random.default_rng(seed), [], _columns(readings, by)
    shares = [number("shares", share, 0, 1) for share in shares]
    if readings.duplicated([*by, "trial", x]).any():
        raise ValueError(f"by must tell all curves apart; with {', '.join(by)} a trial has a {x} twice")
    for key, group in readings.groupby(by, observed=True, dropna=False):
        ok = group.assign(ok=group.outcome == "ok").pivot(index="trial", columns=x, values="ok")
        if ok.isna().any(axis=None):
            raise ValueError(f"readings must have every {x} for every trial, not so at {key}")
        ok, at = ok.to_numpy(dtype=float), ok.columns.to_numpy(dtype=float)
        trials = len(ok)
        again = rng.multinomial(trials, np.full(trials, 1 / trials), size=resamples) @ ok / trials
        band = np.array([rate_interval(int(k), trials) for k in ok.sum(axis=0)]).T
        for share in shares:
            drawn = np.quantile(_crossing(again, at, share), [0.025, 0.975], method="inverted_cdf")
            low, high = _crossing(band, at, share)
            estimate = _crossing(ok.mean(axis=0)[None], at, share)[0]
            rows.append((*key, share, estimate, min(low, drawn[0]), max(high, drawn[1]), trials))
    return _typed(pd.DataFrame(rows, columns=[*by, "share", "severity", "low", "high", "trials"]), readings)


def _crossing(rates: np.ndarray, at: np.ndarray, share: float) -> np.ndarray:
    """Where each row of rates (curves × severities) first falls to `share`; inf: nowhere."""
    rates = np.minimum.accumulate(rates, axis=-1)
    below = rates <= share
    k = below.argmax(axis=-1)
    before = np.maximum(k - 1, 0)
    upper, lower = (np.take_along_axis(rates, i[:, None], -1)[:, 0] for i in (before, k))
    part = np.where(k > 0, (upper - share) / np.where(upper > lower, upper - lower, 1), 1)
    return np.where(below.any(axis=-1), at[before] + part * (at[k] - at[before]), np.inf)


def differences(
    readings: pd.DataFrame, between: str, by: str | list[str] | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Paired differences of the read rate between each two values of a column, with their intervals.

    readings: as qr.readings gives them; between: "level" or "reader", for instance; by: columns to keep
    apart, all others are pooled trial by trial.  Columns: by, a, b, difference (rate of b less that of
    a, -1 to 1), low, high, only_a, only_b (readings that only one of them got right), pairs, trials.
    One pair a trial: the interval of Bonett and Price (2012), which holds for few discordant pairs;
    several: Student's for the trials' mean differences.
    """
    by, rows = _columns(readings, by or []), []
    for key, wide in _paired(readings, between, by):
        for a, b in combinations(wide.columns, 2):
            pairs = wide[[a, b]].dropna()
            rows.append((*key, a, b, *_difference(pairs[a], pairs[b], confidence)))
    columns = ["a", "b", "difference", "low", "high", "only_a", "only_b", "pairs", "trials"]
    return _typed(pd.DataFrame(rows, columns=[*by, *columns]), readings)


def best_levels(readings: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """The level that reads most often in each group, and whether it can be told from the next best.

    readings: as qr.readings gives them; by: the columns to keep apart, all others are pooled.  Columns: by,
    level, version, rate, low, high (its read rate with Wilson's interval), next, lead, lead_low, lead_high
    (the paired difference to the next best, as in `differences`) and tie: whether that interval holds 0.
    Of levels that read equally often the smallest symbol is named, and of equal symbols the highest level.
    """
    by, rows = _columns(readings, by), []
    versions = readings.groupby([*by, "level"], observed=True, dropna=False).version.max()
    for key, wide in _paired(readings, "level", by):
        counts, version = wide.sum(), {level: versions[(*key, level)] for level in wide}
        order = sorted(wide, key=lambda x: (-counts[x], version[x], -Level(x).documented))
        best, second = order[:2]
        lead, low, high, *_ = _difference(wide[second], wide[best])
        ends = rate_interval(int(counts[best]), len(wide))
        rate = counts[best] / len(wide)
        rows.append((*key, best, version[best], rate, *ends, second, lead, low, high, low <= 0))
    columns = ["level", "version", "rate", "low", "high", "next", "lead", "lead_low", "lead_high", "tie"]
    return _typed(pd.DataFrame(rows, columns=[*by, *columns]), readings)


def _paired(readings: pd.DataFrame, between: str, by: list[str]) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """For each group its name, and a table: a row for each pair, 0 or 1 for each value of `between`."""
    (between,) = _columns(readings, between)
    same = [c for c in readings if c not in (between, "outcome", "seconds", "detail", "read", "version")]
    if readings.duplicated([*same, between]).any():  # the version does not just follow from the level
        same += ["version"]
    table = readings.assign(ok=readings.outcome == "ok")
    for key, group in table.groupby(by, observed=True, dropna=False) if by else [((), table)]:
        yield key, group.pivot(index=same, columns=between, values="ok").astype(float).sort_index(axis=1)


def _difference(a: pd.Series, b: pd.Series, confidence: float = 0.95) -> tuple:
    """Mean difference of b less a with its interval, discordant pairs each way, pairs and trials."""
    gain = b - a
    only_a, only_b, n = int((gain < 0).sum()), int((gain > 0).sum()), len(gain)
    means = gain.groupby("trial").mean()
    upper = (1 + confidence) / 2
    ends = _bonett_price(only_a, only_b, n, upper) if len(means) == n else _student(means, n, upper)
    return (means.mean(), *ends, only_a, only_b, n, len(means))


def _typed(table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """`table` with levels an ordered category where they are one in `like`."""
    return table.astype({"level": like.level.dtype}) if "level" in table else table


def _bonett_price(only_a: int, only_b: int, n: int, upper: float) -> tuple[float, float]:
    """Adjusted Wald interval of a paired difference of proportions, British J. Math. Stat. Psych. 65, 479."""
    a, b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = stats.norm.ppf(upper) * np.sqrt((a + b - (b - a) ** 2) / (n + 2))
    return max(-1.0, b - a - half), min(1.0, b - a + half)


def _student(means: pd.Series, pairs: int, upper: float) -> tuple[float, float]:
    """Student's, but no narrower than with a discordant pair more each way, as there."""
    if len(means) < 2:
        return -1.0, 1.0
    one = len(means) / pairs
    more = stats.t.ppf(upper, len(means) + 1) * stats.sem([*means, one, -one])
    half = max(more, stats.t.ppf(upper, len(means) - 1) * stats.sem(means))
    return max(-1.0, means.mean() - half), min(1.0, means.mean() + half)


def _columns(table: pd.DataFrame, names: str | list[str]) -> list[str]:
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        one_of("columns to group by", name, table.columns)
    return names
