"""Uncertainty of what was simulated.  Nothing here runs trials or draws."""

import numpy as np
import pandas as pd
from scipy import stats

from qrlab.checks import number


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
