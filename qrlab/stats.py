"""Uncertainty of what was simulated.  Nothing here runs trials or draws."""

from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qrlab.checks import number, one_of
from qrlab.readers import OUTCOMES

Columns = str | Sequence[str]  # to group by, one or several


def summarize(table: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Median of `value` (numbers, inf allowed) by group, as they come, with its 95 % interval low to high;
    p5, p95; trials, their number.  Low and high are order statistics and assume nothing of the distribution
    (scipy.stats.quantile_test); -inf or inf where a group is too small to have them."""
    from scipy import stats  # here, as it takes a second

    rows = []
    for key, values in table.groupby(by, observed=True, sort=False)[value]:
        if values.isna().any():
            raise ValueError(f"{value} must be numbers, not nan, as at {key}")
        p5, median, p95 = np.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf")
        low, high = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
        ends = -np.inf if np.isnan(low) else low, np.inf if np.isnan(high) else high
        rows.append((*key, median, *ends, p5, p95, len(values)))
    return _table(rows, [*by, "median", "low", "high", "p5", "p95", "trials"], table)


def rate_interval(successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> tuple[Any, Any]:
    """Wilson's interval for a rate, or for the mean of independent numbers from 0 to 1: (low, high), 0 to 1.
    successes: how many of `trials`, or the numbers' sum; both may be arrays; no trials: (0, 1).  For the mean
    of several readers it is not too narrow, however much they agree: numbers of 0 or 1 vary most."""
    successes, trials = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    if not np.all((successes >= 0) & (successes <= trials * (1 + 1e-12))):
        raise ValueError(f"successes must be from 0 to trials, {trials}, not {successes}")
    z2 = NormalDist().inv_cdf((1 + number("confidence", confidence, 0, 1 - 1e-9)) / 2) ** 2
    variance = successes * (trials - successes) / np.maximum(trials, 1)
    middle = (successes + z2 / 2) / (trials + z2)
    half = np.sqrt(z2 * (variance.clip(0) + z2 / 4)) / (trials + z2)
    low = np.where(successes == 0, 0.0, middle - half)
    return low[()], np.where(successes == trials, 1.0, middle + half)[()]


class Strata(NamedTuple):
    """What was sampled by stratum.  values: trials×columns, from 0 to 1; stratum: each trial's, from 0;
    shares: of each stratum in the whole, adding up to 1."""

    values: np.ndarray
    stratum: np.ndarray
    shares: np.ndarray

    def resampled(self, rng: np.random.Generator) -> "Strata":
        """A bootstrap resample of the trials, within strata."""
        each = [np.flatnonzero(self.stratum == k) for k in range(len(self.shares))]
        places = np.concatenate([rng.choice(mine, len(mine)) for mine in each])
        return self._replace(values=self.values[places], stratum=self.stratum[places])

    def rates(self, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each column with its interval: rate, low, high.  The interval is Wilson's for as many trials as
        would, unstratified, have that variance; half a trial more of 0 and of 1 a stratum keeps it up."""
        share, count, mean, square = self._moments(self.values)
        middle, more = (mean * count + 0.5) / (count + 1), (square * count + 0.5) / (count + 1)
        rate, smooth = (share * mean).sum(axis=0).clip(0, 1), (share * middle).sum(axis=0)
        trials = smooth * (1 - smooth) / (share**2 * (more - middle**2) / count).sum(axis=0)
        return rate, *rate_interval(rate * trials, trials, confidence)

    def gaps(self, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How far each column's rate is behind each other's, paired: points (-1 to 1), low, high, columns×
        columns.  Each end holds with that confidence: Bonett and Price's interval, as if each way one pair
        more had differed, in each stratum by its share."""
        pairs = self.values[:, None, :] - self.values[:, :, None]
        share, count, mean, square = self._moments(pairs.reshape(len(pairs), -1))
        variance = (share**2 * (square - mean**2).clip(0) / (count - 1).clip(1)).sum(axis=0)
        variance = (variance + 2 * (share**3 / count**2).sum()).reshape(pairs.shape[1:])
        points, more = (share * mean).sum(axis=0).reshape(variance.shape), 1 + 2 * (share**2 / count).sum()
        half = NormalDist().inv_cdf(confidence) * np.sqrt(variance)
        np.fill_diagonal(half, 0)  # not behind itself
        return points, (points - half) / more, (points + half) / more

    def _moments(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each stratum, a row: its share, its trials, mean and mean square of the values."""
        member = (self.stratum == np.arange(len(self.shares))[:, None]).astype(float)
        count = member.sum(axis=1, keepdims=True)
        return self.shares[:, None], count, member @ values / count, member @ values**2 / count


def rates(result: pd.DataFrame, by: Columns | None = None, outcome: str = "ok") -> pd.DataFrame:
    """A result, of qr.run or, with by, of qr.readings, with rate, low, high: the share of `outcome`, 0 to 1,
    and its 95 % Wilson interval.

    by: columns: what agrees in them is pooled: outcomes are added up; trials are those that are independent:
    all conditions share a trial's content, damage and camera.  The interval follows from how much trials'
    means vary; of counts, as if all conditions agreed in each trial: often too wide."""
    one_of("outcome", outcome, OUTCOMES)
    if "outcome" in result:
        each = pd.get_dummies(result.outcome, dtype=int).reindex(columns=OUTCOMES, fill_value=0)
        result = pd.concat([result.drop(columns="outcome").assign(trials=1), each], axis=1)
    read = worth = result.trials.to_numpy()
    if by is not None:
        by = _columns(result, by)
        groups = result.groupby(by, observed=True, dropna=False)
        trials = worth = groups.trials.max().to_numpy()
        if "trial" in result:
            trials, worth = clustered(result, by, outcome)
        counts = [name for name in ("trials", *OUTCOMES, "seconds") if name in result]
        result = groups[counts].sum().reset_index()
        read, result["trials"] = result.trials.to_numpy(), trials
    low, high = rate_interval(result[outcome].to_numpy() * worth / np.maximum(read, 1), worth)
    return result.assign(rate=result[outcome] / read, low=low, high=high)


def clustered(result: pd.DataFrame, by: list[str], outcome: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each group its trials, and how many with a single reading would tell its rate as well: from the
    variance of the trials' means with half a trial more of 0 and of 1, as in `Strata.rates`."""
    each = result.groupby([*by, "trial"], observed=True, dropna=False)[outcome].mean()
    means, squares = (x.groupby(level=by, observed=True, dropna=False) for x in (each, each**2))
    count = means.size().to_numpy()
    middle, square = ((x.sum().to_numpy() + 0.5) / (count + 1) for x in (means, squares))
    return count, count * middle * (1 - middle) / (square - middle**2)


def thresholds(
    readings: pd.DataFrame, by: Columns, shares: Sequence[float] = (0.99, 0.9, 0.5), x: str = "severity"
) -> pd.DataFrame:
    """The severity at which recovery first falls to each share, with a 95 % interval.

    readings: as qr.readings gives them; by: the columns that tell curves apart; x: a column in place of
    severity, increasing within a trial.  Columns: by, share, severity, low, high, above, below (it lies above
    the one and up to the other of those tried, -inf or inf: of none), again (later it surely reads more once
    more), trials.  Recovery is linear between severities; inf where it never falls so low, the smallest where
    it begins below.  The interval is a bootstrap over trials (1,000 times, of seed 0), widened to where
    Wilson's of the rates cross the share: near 99 % a bootstrap of a few hundred trials is too narrow."""
    rng, rows, by = np.random.default_rng(0), [], _columns(readings, by)
    if readings.duplicated([*by, "trial", x]).any():
        raise ValueError(f"by must tell all curves apart; with {', '.join(by)} a trial has a {x} twice")
    for key, group in readings.groupby(by, observed=True, dropna=False):
        ok = group.assign(ok=group.outcome == "ok").pivot(index="trial", columns=x, values="ok")
        if ok.isna().any(axis=None):
            raise ValueError(f"readings must have every {x} for every trial, not so at {key}")
        ok, at = ok.to_numpy(dtype=float), ok.columns.to_numpy(dtype=float)
        trials = len(ok)
        again = rng.multinomial(trials, np.full(trials, 1 / trials), size=1000) @ ok / trials
        least, most = rate_interval(ok.sum(axis=0), trials)
        curves = np.minimum.accumulate(np.vstack([ok.mean(axis=0), least, most, again]), axis=1)
        each = np.arange(len(curves))
        for share in shares:
            k = (curves <= number("shares", share, 0, 1)).argmax(axis=1)  # where each first falls to it
            before = np.maximum(k - 1, 0)
            upper, lower = curves[each, before], curves[each, k]
            part = (upper - share) / np.where(upper > lower, upper - lower, 1)
            falls = np.where(lower <= share, at[before] + part * (at[k] - at[before]), np.inf)
            first, last = np.quantile(falls[3:], [0.025, 0.975], method="inverted_cdf")
            fell, low, high = falls[0] < np.inf, min(falls[1], first), max(falls[2], last)
            above = at[before[0]] if k[0] else at[-1] if not fell else -np.inf
            between = above, at[k[0]] if fell else np.inf, fell and (least[k[0] :] > share).any()
            rows.append((*key, share, falls[0], low, high, *between, trials))
    columns = ["share", "severity", "low", "high", "above", "below", "again", "trials"]
    return _table(rows, [*by, *columns], readings)


def differences(
    readings: pd.DataFrame, between: str, by: Columns = (), confidence: float = 0.95
) -> pd.DataFrame:
    """Paired differences of the read rate between each two values of a column, with their intervals.

    readings: as qr.readings gives them; between: "level" or "reader", for instance; by: columns to keep
    apart, others are pooled trial by trial.  Columns: by, a, b, difference (rate of b less that of a, -1 to
    1), low, high, only_a, only_b (readings that only one of them got right), pairs, trials."""
    by, (between,), rows = _columns(readings, by), _columns(readings, between), []
    same = [c for c in readings if c not in (between, "outcome", "seconds", "detail", "read", "version")]
    if readings.duplicated([*same, between]).any():  # the version does not just follow from the level
        same += ["version"]
    table = readings.assign(ok=readings.outcome == "ok")
    for key, group in table.groupby(by, observed=True, dropna=False) if by else [((), table)]:
        wide = group.pivot(index=same, columns=between, values="ok").astype(float).sort_index(axis=1)
        for a, b in combinations(wide.columns, 2):
            pairs = wide[[a, b]].dropna()
            rows.append((*key, a, b, *_difference(pairs[a], pairs[b], confidence)))
    columns = ["a", "b", "difference", "low", "high", "only_a", "only_b", "pairs", "trials"]
    return _table(rows, [*by, *columns], readings)


def _difference(a: pd.Series, b: pd.Series, confidence: float = 0.95) -> tuple:
    """Mean of b less a, its interval, discordant pairs each way, pairs, trials.  One pair a trial: Bonett and
    Price's (Br. J. Math. Stat. Psych. 65 (2012), 479), for few discordant pairs; several: Student's for the
    trials' means, no narrower than with a discordant pair more each way."""
    gain = b - a
    only_a, only_b, n = int((gain < 0).sum()), int((gain > 0).sum()), len(gain)
    means, upper = gain.groupby("trial").mean(), (1 + confidence) / 2
    trials, centre, half = len(means), means.mean(), 2.0  # one trial says nothing
    if trials == n:
        less, more = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
        centre = more - less
        half = NormalDist().inv_cdf(upper) * np.sqrt((less + more - centre**2) / (n + 2))
    elif trials > 1:
        from scipy import stats

        one_more = stats.t.ppf(upper, trials + 1) * stats.sem([*means, trials / n, -trials / n])
        half = max(one_more, stats.t.ppf(upper, trials - 1) * stats.sem(means))
    return means.mean(), max(-1.0, centre - half), min(1.0, centre + half), only_a, only_b, n, trials


def _table(rows: list[tuple], columns: list[str], like: pd.DataFrame) -> pd.DataFrame:
    """Rows as a table, with levels an ordered category where they are one in `like`."""
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"level": like.level.dtype}) if "level" in table else table


def _columns(table: pd.DataFrame, names: Columns) -> list[str]:
    names = [names] if isinstance(names, str) else names
    return [one_of("columns to group by", name, table.columns) for name in names]
