"""Intervals cover as often as they claim."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qrlab.stats import quantile_interval, summarize


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_coverage(share):
    """2,000 samples of 60: the true quantile lies inside at least as often as claimed, and not always.

    Order statistics are discrete, so coverage is at least 95 % and somewhat more; the bounds allow
    four standard errors of 2,000 draws.
    """
    rng, truth = np.random.default_rng(5), stats.expon.ppf(share)
    inside = 0
    for _ in range(2000):
        estimate, low, high = quantile_interval(rng.exponential(size=60), share)
        inside += low <= truth <= high
        assert low <= estimate <= high
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / 2000) <= inside / 2000 <= 0.995


def test_small_samples_have_open_ends_and_never_is_allowed():
    assert quantile_interval([1, 2, 3]) == (2, -np.inf, np.inf)
    estimate, low, high = quantile_interval([0.1] * 5 + [np.inf] * 95)
    assert (estimate, low, high) == (np.inf, np.inf, np.inf)


@pytest.mark.parametrize("values", [[], [1, np.nan]])
def test_nothing_and_nan_are_refused(values):
    with pytest.raises(ValueError, match="values must be one number or more"):
        quantile_interval(values)


def test_shares_are_checked():
    with pytest.raises(ValueError, match="share must be a number from 0 to 1, not 2"):
        quantile_interval([1], 2)


def test_summaries_have_a_row_for_each_group():
    table = pd.DataFrame({"level": ["L"] * 50 + ["H"] * 50, "severity": np.r_[0:50, 100:150] / 1000})
    rows = summarize(table, ["level"], "severity").set_index("level")
    assert rows.loc["L", "trials"] == 50
    assert rows.loc["L", "median"] == 0.024
    assert rows.loc["H", "p5"] == 0.102
    assert rows.loc["H", "low"] < rows.loc["H", "median"] < rows.loc["H", "high"]
